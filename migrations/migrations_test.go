package migrations_test

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/migrations"
)

// schema is what a migrated database has, in words that are the same for both engines: "orders.total" → "number,
// not null", and "index orders_number" → "unique on orders (merchant_id, number)".
type schema map[string]string

// sameType puts the names that the engines give to one thing under one word.
var sameType = map[string]string{
	"text": "text", "boolean": "boolean",
	"bigint": "number", "integer": "number",
	"bytea": "bytes", "blob": "bytes",
	"timestamp with time zone": "time", "timestamp": "time",
	"double precision": "float", "real": "float",
}

// ours tells tables of the shop from those that the job queue and the migrations keep for themselves.
func ours(table string) bool {
	return !strings.HasPrefix(table, "river_") && !strings.HasPrefix(table, "goose_") && !strings.HasPrefix(table, "sqlite_")
}

// TestTheEnginesHaveOneSchema compares tables, columns, keys and indexes after all steps.
func TestTheEnginesHaveOneSchema(t *testing.T) {
	lite := read(t, database.SQLite, columnsOfSQLite, indexesOfSQLite)
	post := read(t, database.Postgres, columnsOfPostgres, indexesOfPostgres)
	if len(lite) < 150 || len(post) < 150 {
		t.Fatalf("only %d and %d facts were read: this test proves nothing", len(lite), len(post))
	}
	all := slices.Sorted(maps.Keys(lite))
	for what := range post {
		if _, both := lite[what]; !both {
			all = append(all, what)
		}
	}
	for _, what := range all {
		if lite[what] != post[what] {
			t.Errorf("%s: sqlite has %q and postgres has %q; write the same in migrations/sqlite and migrations/postgres", what, lite[what], post[what])
		}
	}
}

// column is one column in an engine's own words.
type column struct {
	TableName, Name, Type string
	Required              bool
}

// index is one column of an index, in order. What a table's own key or unique rule made has an engine's name, no name of ours.
type index struct {
	TableName, Name, Column      string
	IsUnique, IsPartial, IsNamed bool
}

const columnsOfSQLite = `select m.name as table_name, c.name as name, lower(c.type) as type, c."notnull" = 1 or c.pk > 0 as required
 from sqlite_master m, pragma_table_info(m.name) c where m.type = 'table'`

const columnsOfPostgres = `select table_name as table_name, column_name as name, data_type as type, is_nullable = 'NO' as required
 from information_schema.columns where table_schema = 'public'`

const indexesOfSQLite = `select m.name as table_name, l.name as name, l.origin = 'c' as is_named,
 coalesce(i.name, '') as "column", l."unique" = 1 as is_unique, l.partial = 1 as is_partial
 from sqlite_master m, pragma_index_list(m.name) l, pragma_index_info(l.name) i where m.type = 'table' order by m.name, l.name, i.seqno`

const indexesOfPostgres = `select t.relname as table_name, x.relname as name, k.oid is null as is_named,
 coalesce(a.attname, '') as "column", i.indisunique as is_unique, i.indpred is not null as is_partial
 from pg_index i join pg_class x on x.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
 join pg_namespace n on n.oid = t.relnamespace and n.nspname = 'public'
 left join pg_constraint k on k.conindid = i.indexrelid
 cross join lateral unnest(i.indkey) with ordinality c(number, place)
 left join pg_attribute a on a.attrelid = t.oid and a.attnum = c.number order by t.relname, x.relname, c.place`

func read(t *testing.T, engine, columnQuery, indexQuery string) schema {
	t.Helper()
	q := testkit.Open(t, testkit.URL(t, engine), &testkit.Clock{}).Read(t.Context())
	var columns []column
	if err := q.Raw(columnQuery).Scan(&columns).Error; err != nil {
		t.Fatal(err)
	}
	s := schema{}
	for _, c := range columns {
		if !ours(c.TableName) {
			continue
		}
		kind, known := sameType[c.Type]
		if !known {
			t.Errorf("%s: %s.%s is of type %q, which has no counterpart on the other engine: choose one of sameType", engine, c.TableName, c.Name, c.Type)
		}
		if c.Required {
			kind += ", not null"
		}
		s[c.TableName+"."+c.Name] = kind
	}
	var indexes []index
	if err := q.Raw(indexQuery).Scan(&indexes).Error; err != nil {
		t.Fatal(err)
	}
	addIndexes(s, indexes)
	return s
}

// addIndexes joins the columns of each index.
func addIndexes(s schema, list []index) {
	for len(list) > 0 {
		first, columns := list[0], []string{}
		for ; len(list) > 0 && list[0].TableName == first.TableName && list[0].Name == first.Name; list = list[1:] {
			columns = append(columns, list[0].Column)
		}
		if !ours(first.TableName) {
			continue
		}
		on := fmt.Sprintf("%s (%s)", first.TableName, strings.Join(columns, ", "))
		what := "index " + first.Name
		if !first.IsNamed {
			what = "key " + on
		}
		s[what] = fmt.Sprintf("unique %v, partial %v, on %s", first.IsUnique, first.IsPartial, on)
	}
}

// TestStepsHaveTheSameNames keeps the two folders in step.
func TestStepsHaveTheSameNames(t *testing.T) {
	names := map[string][]string{}
	for _, engine := range []string{database.SQLite, database.Postgres} {
		list, err := fs.Glob(migrations.Files, engine+"/*.sql")
		if err != nil || len(list) < 9 {
			t.Fatal(list, err)
		}
		for _, file := range list {
			names[engine] = append(names[engine], strings.TrimPrefix(file, engine+"/"))
		}
	}
	if !slices.Equal(names[database.SQLite], names[database.Postgres]) {
		t.Errorf("sqlite has %v, postgres has %v", names[database.SQLite], names[database.Postgres])
	}
}

func TestMigratingAgainChangesNothing(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		if err := db.Migrate(t.Context(), migrations.Files); err != nil {
			t.Fatal(err)
		}
		steps, err := db.Steps(t.Context(), migrations.Files)
		if err != nil || len(steps) < 9 || slices.ContainsFunc(steps, func(s database.Step) bool { return !s.Applied }) {
			t.Fatal(steps, err)
		}
	})
}
