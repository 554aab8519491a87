package bench

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"sotto.chat/internal/testkit"
)

// server is the one Postgres of a run, with fsync on.
type server struct {
	template, dir, log string
	admin              *sql.DB
	made               int
}

// postgres starts the server, once for all goals.
func (l *lab) postgres(b *testing.B) *server {
	b.Helper()
	if l.pg == nil {
		if testkit.Program("pgbench") == "" {
			b.Skip("pgbench is not installed: on Debian, apt-get install postgresql")
		}
		s := &server{}
		s.template, s.dir, s.log = testkit.Server(l.b, "fsync=on", "synchronous_commit=on", "shared_buffers=256MB", "max_connections=150", "max_wal_size=2GB")
		var err error
		s.admin, err = sql.Open("pgx", strings.Replace(s.template, "/template_sotto?", "/postgres?", 1))
		must(b, err)
		l.b.Cleanup(func() { _ = s.admin.Close() })
		l.pg = s
	}
	return l.pg
}

// fresh makes a migrated database and gives its name and address.
func (s *server) fresh(b testing.TB) (name, url string) {
	b.Helper()
	s.made++
	name = fmt.Sprintf("bench%d", s.made)
	s.do(b, "create database "+name+" template template_sotto")
	return name, strings.Replace(s.template, "/template_sotto?", "/"+name+"?", 1)
}

func (s *server) do(b testing.TB, sql string) {
	b.Helper()
	_, err := s.admin.ExecContext(context.Background(), sql)
	must(b, err)
}

// statement is what the product sent, with the text forms of its parameters; nil is NULL.
type statement struct {
	sql    string
	params []*string
}

// capture gives the statements of the first transaction that f makes on the database, as the server's log tells them.
func (s *server) capture(b testing.TB, name, url string, f func(*rooms)) []statement {
	b.Helper()
	s.do(b, "alter database "+name+" set log_min_duration_statement = 0")
	defer s.do(b, "alter database "+name+" reset log_min_duration_statement")
	r, err := openRooms(context.Background(), url, quiet())
	must(b, err)
	before, err := os.Stat(s.log)
	must(b, err)
	f(r)
	must(b, r.DB.Close())
	text, err := os.ReadFile(s.log)
	must(b, err)
	list := transaction(parseLog(text[before.Size():]))
	if len(list) < 3 {
		b.Fatalf("the server's log %s tells %d statements", s.log, len(list))
	}
	return list
}

var (
	logLine  = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \S+ \[(\d+)\] ([A-Z]+):  `)
	executed = regexp.MustCompile(`(?s)^duration: [\d.]+ ms  (?:statement|execute [^:]+): (.*)$`)
	detailed = regexp.MustCompile(`(?is)^parameters: (.*)$`)
	given    = regexp.MustCompile(`(?s)^(?:, )?\$\d+ = (NULL|'((?:[^']|'')*)')`)
	comment  = regexp.MustCompile(`(?m)^\s*--.*$`)
)

type logged struct {
	pid string
	statement
}

// parseLog reads the executed statements out of Postgres's log, whose continuation lines begin with a tab.
func parseLog(text []byte) []logged {
	var list []logged
	var pid, level string
	var record strings.Builder
	ran := false // the record before this one; parsing and binding have details too
	end := func() {
		switch m := executed.FindStringSubmatch(record.String()); {
		case level == "LOG":
			if ran = m != nil; ran {
				list = append(list, logged{pid, statement{sql: strings.TrimSpace(comment.ReplaceAllString(m[1], ""))}})
			}
		case level == "DETAIL" && ran && list[len(list)-1].pid == pid:
			if m := detailed.FindStringSubmatch(record.String()); m != nil {
				list[len(list)-1].params = parseParameters(m[1])
			}
		}
		record.Reset()
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		line := lines.Text()
		if m := logLine.FindStringSubmatch(line); m != nil {
			end()
			pid, level = m[1], m[2]
			record.WriteString(line[len(m[0]):])
		} else {
			record.WriteString("\n" + strings.TrimPrefix(line, "\t"))
		}
	}
	end()
	return list
}

func parseParameters(text string) []*string {
	var list []*string
	for {
		m := given.FindStringSubmatch(text)
		if m == nil {
			return list
		}
		text = text[len(m[0]):]
		if m[1] == "NULL" {
			list = append(list, nil)
			continue
		}
		v := strings.ReplaceAll(m[2], "''", "'")
		list = append(list, &v)
	}
}

// transaction cuts out the first one, from begin to commit.
func transaction(all []logged) []statement {
	var list []statement
	pid := ""
	for _, s := range all {
		word, _, _ := strings.Cut(strings.ToLower(s.sql), " ")
		if pid == "" && word == "begin" {
			pid = s.pid
		}
		if pid == "" || s.pid != pid {
			continue
		}
		list = append(list, s.statement)
		if word == "commit" {
			return list
		}
	}
	return nil
}

// pgbench runs a script: each client so many times, or all of them so many seconds. It gives transactions a second.
func (s *server) pgbench(b testing.TB, database, script string, count []string, variables ...string) float64 {
	b.Helper()
	file := filepath.Join(b.TempDir(), "script.sql")
	must(b, os.WriteFile(file, []byte(script), 0o644))
	args := append([]string{"-h", s.dir, "-U", "postgres", "-n", "-M", "prepared", "-c", strconv.Itoa(clients), "-j", "2", "-f", file}, count...)
	for _, v := range variables {
		args = append(args, "-D", v)
	}
	out, err := exec.Command(testkit.Program("pgbench"), append(args, database)...).CombinedOutput()
	text := string(out)
	if err != nil || !strings.Contains(text, "number of failed transactions: 0 ") {
		b.Fatalf("pgbench: %v\n%s", err, text[max(0, len(text)-3000):])
	}
	m := regexp.MustCompile(`(?m)^tps = ([\d.]+)`).FindStringSubmatch(text)
	if m == nil {
		b.Fatalf("pgbench tells no rate:\n%s", text)
	}
	rate, err := strconv.ParseFloat(m[1], 64)
	must(b, err)
	return rate
}

func eachTimes(n int) []string { return []string{"-t", strconv.Itoa(n)} }

func forSeconds(n float64) []string {
	return []string{"-T", strconv.Itoa(int(math.Ceil(n)))}
}
