// Package sotto_test holds the code to the laws of the house.
//
// The tables of this file are the plan: who enters whom, and where each foreign library lives. Change the plan
// first, with the reason, then the code. laws_test.go holds the laws that need no plan.
package sotto_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

// anyRoom, in a list of grants, stands for every room.
const anyRoom = "*"

// rooms tells which folders a folder may enter, besides its own sub-folders and internal/*. A sub-folder with a
// row of its own has only what the row says; every other belongs to the folder above.
var rooms = map[string][]string{
	"migrations": {},
	"privacy":    {},
	"merchants":  {"privacy"},
	"customers":  {"privacy"},
	"catalog":    {},
	"payments":   {"merchants", "privacy"}, // what staff write about money, and what a provider calls a customer, is sealed
	"channels":   {"merchants", "privacy"},
	"orders":     {"catalog", "customers", "payments"},
	"inbox":      {"channels", "customers", "merchants", "privacy"},
	"bot":        {"inbox", "orders", "catalog", "customers", "lessons", "privacy/cards"},
	"lessons":    {"catalog", "inbox", "privacy"}, // what the bot could not read, and what it is taught from that; web shows it and may not enter bot
	"rehearsals": {"privacy"},                     // what became of written conversations; who plays them is given by the wiring
	"campaigns":  {"inbox", "channels", "customers", "catalog"},
	"agents":     {"orders", "catalog", "payments", "customers", "merchants"},
	"web":        {anyRoom, "-agents", "-bot"},
	"cmd":        {anyRoom},
	"scripts":    {},        // for those who build; knows nothing of the shop
	"bench":      {anyRoom}, // tests alone: the product beside the physical limit
	"histories":  {anyRoom}, // tests alone: whatever happens to money, beside a model of what must become of it

	// one platform knows its translator's contract and nothing else, so a platform can be written from it alone
	"channels/whatsapp":  {"channels"},
	"channels/telegram":  {"channels"},
	"channels/wechat":    {"channels"},
	"channels/messenger": {"channels"},
	// the other side of a platform and of Stripe: they must not learn from the code that they test
	"channels/standin":           {},
	"channels/telegram/standin":  {},
	"channels/wechat/standin":    {},
	"payments/wechatpay/standin": {},
	"payments/sandbox":           {},
	// a shop of its own, with every room in it, on which written conversations are played
	"bot/transcript": {"bot", "catalog", "channels", "customers", "inbox", "lessons", "merchants", "migrations", "orders", "payments", "privacy"},
	// finds the numbers of payment cards in a text, and knows of nothing else
	"privacy/cards": {},
	// what an understander gives; it has no price and no customer to lie about
	"bot/reading": {},
}

// internalRooms tells which folders the plumbing may enter.
var internalRooms = map[string][]string{
	"internal/database": {},
	"internal/fault":    {},
	"internal/id":       {},
	"internal/jobs":     {"internal/database"},
	"internal/live":     {"internal/database", "internal/id"},
	"internal/logs":     {},
	"internal/metrics":  {},
	"internal/money":    {},
	"internal/outbound": {},
	"internal/testkit":  {"internal/database", "migrations"}, // for tests alone
	"internal/trace":    {},
}

// library is a foreign library, where it may be imported, and why it is worth its weight.
type library struct {
	homes  []string // a folder with all below it, or a file pattern that ends in .go; no slash: a file name in any folder
	reason string
}

// stores are the files that speak to the database.
var stores = []string{"store.go", "store_*.go"}

var libraries = map[string]library{
	"gorm.io/gorm":               {append([]string{"internal/database"}, stores...), "one SQL subset on two engines; the rest of the house sees store functions"},
	"gorm.io/driver/postgres":    {[]string{"internal/database"}, "GORM's way to Postgres"},
	"github.com/jackc/pgx/v5":    {[]string{"internal/database", "internal/jobs", "internal/live", "internal/testkit"}, "the Postgres driver; GORM and River share its pool, LISTEN needs its connection"},
	"modernc.org/sqlite":         {[]string{"internal/database"}, "SQLite in pure Go: one binary, no C"},
	"github.com/pressly/goose":   {[]string{"internal/database"}, "schema steps in plain SQL"},
	"github.com/riverqueue":      {[]string{"internal/database", "internal/jobs", "jobs.go", "cmd/sotto"}, "promises that commit with the transaction that made them"},
	"github.com/gin-gonic/gin":   {[]string{"web", "agents", "bench/floor_test.go"}, "routes; only the doors speak HTTP, and the floor that they are measured against"},
	"github.com/danielgtaylor":   {[]string{"web", "agents"}, "OpenAPI 3.1 and validation from Go types"},
	"github.com/stripe":          {[]string{"payments/stripe.go", "payments/accounts", "payments/*_test.go", "payments/sandbox/*_test.go"}, "Stripe's own types and signature check; the sandbox is proved against Stripe's client"},
	"github.com/tmc/langchaingo": {[]string{"bot/llm"}, "one face for the language models"},
	"github.com/tink-crypto":     {[]string{"privacy"}, "sealing that cannot be misused easily, with rotation"},
	"github.com/maypok86/otter":  {[]string{"privacy", "web"}, "bounded caches of what can be read again"},
	"golang.org/x/time":          {[]string{"web", "channels"}, "rates: what comes in per key, what goes out per platform"},
	"github.com/failsafe-go":     {[]string{"internal/outbound", "bot/llm"}, "retries and circuit breakers for calls out"},
	"github.com/standard-webhooks": {[]string{"web"},
		"calls to merchants, signed as their libraries expect"},
	"github.com/alexedwards/scs": {[]string{"web"}, "console sessions"},
	"github.com/google/uuid":     {[]string{"internal/id"}, "UUIDv7"},
	"golang.org/x/text":          {[]string{"merchants", "customers", "catalog", "bot", "web"}, "languages, regions, Unicode forms"},
	"github.com/prometheus":      {[]string{"internal/metrics"}, "metrics"},
	"go.opentelemetry.io":        {[]string{"internal/trace", "web"}, "traces, only where an operator asks for them"},
	"github.com/alecthomas/kong": {[]string{"cmd/sotto"}, "the command line"},
	"github.com/schollz":         {[]string{"cmd/sotto"}, "the progress bar of import and export"},
	"pgregory.net/rapid":         {[]string{"*_test.go"}, "properties over random inputs"},
	"github.com/chromedp":        {[]string{"*_test.go"}, "the pages in a real browser"},
	"github.com/santhosh-tekuri": {[]string{"*_test.go"}, "outside schemas that our messages must match"},
}

const module = "sotto.chat/"

// source is one Go file of the house.
type source struct {
	file    string // from the root, with slashes
	dir     string
	test    bool
	text    string
	fset    *token.FileSet
	tree    *ast.File
	imports []string
}

// at gives the place of a node for a message.
func (s source) at(n ast.Node) string { return s.fset.Position(n.Pos()).String() }

// house reads every Go file.
func house(t *testing.T) []source {
	t.Helper()
	var list []source
	err := fs.WalkDir(os.DirFS("."), ".", func(file string, d fs.DirEntry, err error) error {
		name := path.Base(file)
		switch {
		case err != nil:
			return err
		case d.IsDir() && file != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		s := source{file: file, dir: path.Dir(file), text: string(text), fset: token.NewFileSet()}
		s.test = strings.HasSuffix(name, "_test.go") || strings.HasSuffix(s.dir, "test") // web/webtest serves tests alone
		if s.tree, err = parser.ParseFile(s.fset, file, text, parser.ParseComments|parser.SkipObjectResolution); err != nil {
			return err
		}
		for _, i := range s.tree.Imports {
			s.imports = append(s.imports, strings.Trim(i.Path.Value, `"`))
		}
		list = append(list, s)
		return nil
	})
	if err != nil || len(list) < 50 {
		t.Fatalf("read the house: %d files, %v", len(list), err)
	}
	return list
}

// row gives the plan's row for a folder: its own, or that of the nearest folder above.
func row(dir string) (name string, grants []string, ok bool) {
	for name = dir; name != "."; name = path.Dir(name) {
		if grants, ok = rooms[name]; ok {
			return name, grants, true
		}
		if grants, ok = internalRooms[name]; ok {
			return name, grants, true
		}
	}
	return "", nil, false
}

func within(dir, room string) bool { return dir == room || strings.HasPrefix(dir, room+"/") }

// Law 1. A room enters only the rooms that the plan grants; a grant never used fails.
func TestRoomsEnterOnlyWhatThePlanGrants(t *testing.T) {
	list := house(t)
	used, built := map[string]bool{}, map[string]bool{}
	for _, s := range list {
		if s.test || s.dir == "." {
			continue
		}
		from, grants, ok := row(s.dir)
		if !ok {
			t.Errorf("%s is not on the plan: move its code into a room, or add the folder to the plan in architecture_test.go with what it may enter", s.dir)
			continue
		}
		built[from] = true
		for _, i := range s.imports {
			to, inside := strings.CutPrefix(i, module)
			if !inside || within(to, from) {
				continue
			}
			if within(to, "internal/testkit") {
				t.Errorf("%s imports internal/testkit: only tests may", s.file)
			}
			if within(to, "internal") && !within(from, "internal") {
				continue
			}
			grant := granted(grants, to)
			if grant == "" && !used[from+" !"+to] { // once for each pair of rooms
				used[from+" !"+to] = true
				t.Errorf("%s enters %s, which the plan does not grant to %s: have the wiring in cmd/sotto pass what is needed, announce news, or change the plan with its reason", s.file, to, from)
			}
			used[from+" "+grant] = true
		}
	}
	for _, table := range []map[string][]string{rooms, internalRooms} {
		for from, grants := range table {
			for _, to := range grants {
				if built[from] && built[to] && !used[from+" "+to] {
					t.Errorf("the plan lets %s enter %s, and it never does: use the grant or take it out of the plan", from, to)
				}
			}
		}
	}
}

// granted gives the grant that lets somebody into the folder, or nothing.
func granted(grants []string, to string) string {
	top, _, _ := strings.Cut(to, "/")
	for _, g := range grants {
		if within(to, g) || g == anyRoom && !slices.Contains(grants, "-"+top) {
			return g
		}
	}
	return ""
}

// Law 2. Each foreign library has one home.
func TestForeignLibrariesStayAtHome(t *testing.T) {
	for _, s := range house(t) {
		for _, i := range s.imports {
			first, _, _ := strings.Cut(i, "/")
			if strings.HasPrefix(i, module) || !strings.Contains(first, ".") {
				continue
			}
			name, lib := libraryOf(i)
			switch {
			case name == "":
				t.Errorf("%s imports %s, which has no home: do without it, or give it a row in the plan with the reason", s.file, i)
			case !slices.ContainsFunc(lib.homes, func(home string) bool { return livesIn(s.file, home) }):
				t.Errorf("%s imports %s, whose home is %s: call what lives there, or add a home in the plan with the reason", s.file, i, strings.Join(lib.homes, ", "))
			}
		}
	}
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	direct, _, _ := strings.Cut(string(mod), "// indirect")
	for name, lib := range libraries {
		if !strings.Contains(direct, "\t"+name) {
			t.Errorf("%s has a home in the plan and go.mod does not require it: take the row out", name)
		}
		if lib.reason == "" {
			t.Errorf("%s has no reason in the plan: write why it is worth its weight", name)
		}
	}
}

func libraryOf(path string) (string, library) {
	for name, lib := range libraries {
		if within(path, name) {
			return name, lib
		}
	}
	return "", library{}
}

func livesIn(file, home string) bool {
	if !strings.HasSuffix(home, ".go") {
		return within(path.Dir(file), home)
	}
	if !strings.Contains(home, "/") {
		file = path.Base(file)
	}
	ok, err := path.Match(home, file)
	return ok && err == nil
}
