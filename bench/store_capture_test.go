package bench

import (
	"context"
	"errors"
	"strings"
	"testing"

	"gorm.io/gorm"

	"sotto.chat/internal/database"
)

// captureBare gives the statements of one transaction with their values, and the rows that the job queue put down beside
// them as plain inserts.
func captureBare(b testing.TB, db *database.DB, f func(database.Tx) error) []bareStatement {
	b.Helper()
	ctx := context.Background()
	var list []bareStatement
	var failed error
	watch := func(g *gorm.DB) {
		s := bareStatement{sql: g.Statement.SQL.String()}
		for _, v := range g.Statement.Vars {
			p, err := plain(v)
			failed = errors.Join(failed, err)
			s.values = append(s.values, p)
		}
		list = append(list, s)
	}
	on := db.Read(ctx).Callback()
	must(b, errors.Join(on.Create().After("gorm:create").Register("bench", watch), on.Query().After("gorm:query").Register("bench", watch),
		on.Update().After("gorm:update").Register("bench", watch), on.Delete().After("gorm:delete").Register("bench", watch),
		on.Row().After("gorm:row").Register("bench", watch), on.Raw().After("gorm:raw").Register("bench", watch)))
	last := lastJob(b, db)
	must(b, db.InTx(ctx, f))
	must(b, failed)
	jobs := []map[string]any{}
	captured := list // what follows is captured too
	must(b, db.Read(ctx).Raw("select * from river_job where id > ? order by id", last).Scan(&jobs).Error)
	for _, job := range jobs {
		var columns, marks []string
		var values []any
		for c, v := range job {
			if c != "id" && v != nil {
				columns, marks, values = append(columns, c), append(marks, "?"), append(values, v)
			}
		}
		captured = append(captured, bareStatement{"insert into river_job (" + strings.Join(columns, ", ") + ") values (" + strings.Join(marks, ", ") + ")", values})
	}
	return captured
}

func lastJob(b testing.TB, db *database.DB) (id int64) {
	b.Helper()
	must(b, db.Read(context.Background()).Raw("select coalesce(max(id), 0) from river_job").Scan(&id).Error)
	return id
}
