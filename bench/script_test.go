package bench

import (
	"fmt"
	"log/slog"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// digits is how many at the end of an id are counted, the same for all ids, so that none changes its length.
const digits = 13

// firstUse is the first number of digits digits; every transaction of every run has a number of its own.
const firstUse = 1_000_000_000_000

// varying is a text of the captured transaction that is another one in each transaction, and how to write it in SQL.
type varying struct{ text, sql string }

var idShape = regexp.MustCompile(`[a-z]{2,6}_[0-9a-f]{32}`)

// counted varies an id by the transaction's number: ord_0192…, with the last digits replaced.
func counted(id string) varying {
	return varying{id, quote(id[:len(id)-digits]) + " || :u"}
}

// ids finds the ids that the transaction made up itself: all but those that are kept.
func ids(list []statement, kept ...string) []varying {
	var out []varying
	seen := map[string]bool{}
	for _, k := range kept {
		seen[k] = true
	}
	for _, s := range list {
		for _, p := range s.params {
			if p == nil {
				continue
			}
			for _, id := range idShape.FindAllString(*p, -1) {
				if !seen[id] {
					seen[id] = true
					out = append(out, counted(id))
				}
			}
		}
	}
	return out
}

// script writes the captured transaction for pgbench, with the varying texts varied wherever they stand, also inside others.
func script(head string, list []statement, vary []varying) string {
	var out strings.Builder
	out.WriteString(head)
	place := regexp.MustCompile(`\$(\d+)`)
	for _, s := range list {
		out.WriteString(place.ReplaceAllStringFunc(s.sql, func(p string) string {
			n, _ := strconv.Atoi(p[1:]) // the pattern has digits alone
			if n > len(s.params) {
				return p
			}
			return literal(s.params[n-1], vary)
		}))
		out.WriteString(";\n")
	}
	return out.String()
}

// literal writes a value: as one text, or as several put together where something in it varies.
func literal(v *string, vary []varying) string {
	if v == nil {
		return "NULL"
	}
	parts := split(*v, vary)
	if len(parts) == 0 {
		return quote(*v)
	}
	return "(" + strings.Join(parts, " || ") + ")"
}

// split cuts a value where it varies, and gives nothing where it does not.
func split(v string, vary []varying) (parts []string) {
	at, found := -1, varying{}
	for _, x := range vary {
		if i := strings.Index(v, x.text); i >= 0 && (at < 0 || i < at) {
			at, found = i, x
		}
	}
	if at < 0 {
		return nil
	}
	if at > 0 {
		parts = append(parts, quote(v[:at]))
	}
	parts = append(parts, found.sql)
	rest := v[at+len(found.text):]
	if more := split(rest, vary); more != nil {
		return append(parts, more...)
	}
	if rest != "" {
		parts = append(parts, quote(rest))
	}
	return parts
}

// quote writes a text without colons, which pgbench would take for variables.
func quote(s string) string {
	q := strings.ReplaceAll(s, "'", "''")
	if !strings.ContainsAny(q, `:\`) {
		return "'" + q + "'"
	}
	return "E'" + strings.NewReplacer(`\`, `\\`, ":", `\x3a`).Replace(q) + "'"
}

func TestTheLogBecomesAScript(t *testing.T) {
	const one, two = "ord_0192f0c1a2b37c4d8e5f60718293a4b5", "cart_0192f0c1a2b37c4d8e5f60718293ffff"
	log := "2026-01-01 00:00:00.000 UTC [7] LOG:  duration: 0.1 ms  statement: begin\n" +
		"2026-01-01 00:00:00.001 UTC [8] LOG:  duration: 0.1 ms  statement: select 'somebody else'\n" +
		"2026-01-01 00:00:00.001 UTC [7] LOG:  duration: 0.1 ms  parse stmtcache_1: insert into t\n\tvalues ($1, $2, $3)\n" +
		"2026-01-01 00:00:00.001 UTC [7] LOG:  duration: 0.1 ms  execute stmtcache_1: -- name: Insert :many\n\tinsert into t\n\tvalues ($1, $2, $3::jsonb, '{1:2}')\n" +
		"2026-01-01 00:00:00.001 UTC [7] DETAIL:  parameters: $1 = '" + one + "', $2 = NULL, $3 = '{\"cart\":\"" + two + "\",\"it''s\":1}'\n" +
		"2026-01-01 00:00:00.002 UTC [7] LOG:  duration: 0.1 ms  bind stmtcache_2: select $1\n" +
		"2026-01-01 00:00:00.002 UTC [7] DETAIL:  parameters: $1 = 'not of the insert'\n" +
		"2026-01-01 00:00:00.002 UTC [7] LOG:  duration: 0.1 ms  statement: commit\n" +
		"2026-01-01 00:00:00.003 UTC [7] LOG:  duration: 0.1 ms  statement: begin\n"
	list := transaction(parseLog([]byte(log)))
	if len(list) != 3 || len(list[1].params) != 3 {
		t.Fatalf("%+v", list)
	}
	got := script("", list, ids(list, two))
	want := "begin;\ninsert into t\nvalues (('" + one[:len(one)-digits] + "' || :u), NULL, E'{\"cart\"\\x3a\"" + two + "\",\"it''s\"\\x3a1}'::jsonb, '{1:2}');\ncommit;\n"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	got = literal(list[1].params[2], ids(list))
	if want := fmt.Sprintf(`(E'{"cart"\x3a"' || '%s' || :u || E'","it''s"\x3a1}')`, two[:len(two)-digits]); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
