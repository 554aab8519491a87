package sotto_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// notByMerchant are the tables that do not begin their keys with merchant_id, and the unique rules that do not.
var notByMerchant = map[string]string{
	"merchants":      "the row is the merchant",
	"merchants.slug": "finds the merchant by the address of its web chat",
	"api_keys.hash":  "the key tells which merchant asks",
	"channels.id":    "a platform's call names the channel alone",
	"sessions":       "the session library's table; the cookie tells the merchant",
}

// withoutMerchant are the store functions that take no merchant, and why they may.
var withoutMerchant = map[string]string{
	"catalog.goodsWhere":       "the condition stands in forSale, the merchant in rows",
	"merchants.findAll":        "for the operator and for periodic work",
	"merchants.findBySlug":     "the slug tells the merchant",
	"merchants.oneMerchant":    "finishes the queries above",
	"merchants.updateMerchant": "the row is the merchant",
	"jobs.takeBack":            "the queue is everybody's",
	"console.FindCtx":          "the session tells the merchant",
	"console.CommitCtx":        "the session tells the merchant",
	"console.DeleteCtx":        "the session tells the merchant",
	"catalog.analyze":          "touches no rows: the planner's statistics",
	"channels.wipeEvents":      "the operator's housekeeping",
	"lessons.wipe":             "the operator's housekeeping",
	"llm.forget":               "the operator's housekeeping",
	"door.Sweep":               "the operator's housekeeping",
	"orders.some":              "finishes queries that name the merchant",
}

// parameters tells whether a function takes a context, and whether a transaction.
func parameters(f *ast.FuncType) (ctx, tx bool) {
	for _, p := range f.Params.List {
		switch exprOf(p.Type) {
		case "context.Context":
			ctx = true
		case "database.Tx", "Tx":
			tx = true
		}
	}
	return ctx, tx
}

// exprOf writes names like "context.Context" and "k.db.Read"; nothing for other expressions.
func exprOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return exprOf(e.X) + "." + e.Sel.Name
	case *ast.CallExpr:
		return exprOf(e.Fun) + "()"
	}
	return ""
}

// Law 3. A transaction is a value you can see.
func TestTransactionsAreVisible(t *testing.T) {
	for _, s := range house(t) {
		if within(s.dir, "internal/database") {
			continue
		}
		ast.Inspect(s.tree, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncType:
				if ctx, tx := parameters(n); ctx && tx {
					t.Errorf("%s takes a context and a transaction: take the transaction to join the caller's, or the context to open one", s.at(n))
				}
			case *ast.FuncDecl:
				if n.Body != nil {
					noSecond(t, s, n.Type, n.Body)
				}
			case *ast.FuncLit:
				noSecond(t, s, n.Type, n.Body)
			case *ast.CompositeLit:
				if exprOf(n.Type) == "database.Tx" {
					t.Errorf("%s makes a database.Tx by hand: only InTx makes one", s.at(n))
				}
			}
			return true
		})
	}
}

// noSecond demands that what runs in a transaction opens no other and reads through its own.
func noSecond(t *testing.T, s source, f *ast.FuncType, body *ast.BlockStmt) {
	if _, tx := parameters(f); !tx {
		return
	}
	ast.Inspect(body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		switch name := exprOf(call.Fun); {
		case strings.HasSuffix(name, ".InTx"):
			t.Errorf("%s opens a transaction inside one: hand on the Tx", s.at(n))
		case (strings.HasSuffix(name, "db.Read")) && !s.test:
			t.Errorf("%s reads beside its transaction: use tx.DB()", s.at(n))
		case name == "tx.Context" && !within(s.dir, "internal"):
			t.Errorf("%s takes the context out of its transaction: call what takes the Tx", s.at(n))
		}
		return true
	})
}

var (
	// sqlText is a statement, or the start of one.
	sqlText = regexp.MustCompile(`(?is)^\s*(select\s.+\sfrom\s|insert\s+into\s|update\s+\S+\s+set\s|delete\s+from\s)`)
	writes  = []string{"Create", "Save", "Update", "Updates", "UpdateColumn", "UpdateColumns", "Delete", "Exec", "FirstOrCreate"}
	queries = []string{"Raw", "Exec", "Where", "Update", "Updates", "Delete", "Take", "First", "Find", "Scan", "Table"}
)

func isStore(file string) bool {
	return slices.ContainsFunc(stores, func(home string) bool { return livesIn(file, home) })
}

// Law 7. SQL only in store files; what is stored has no JSON shape.
func TestSQLStaysInStoreFiles(t *testing.T) {
	for _, s := range house(t) {
		if s.test || within(s.dir, "internal") || s.dir == "." {
			continue
		}
		ast.Inspect(s.tree, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				if n.Kind == token.STRING && sqlText.MatchString(strings.Trim(n.Value, "`\"")) && !isStore(s.file) {
					t.Errorf("%s writes SQL: move it into a function of %s/store.go", s.at(n), s.dir)
				}
			case *ast.StructType:
				var tags strings.Builder
				for _, f := range n.Fields.List {
					if f.Tag != nil {
						tags.WriteString(f.Tag.Value)
					}
				}
				if strings.Contains(tags.String(), `gorm:"`) && strings.Contains(tags.String(), `json:"`) {
					t.Errorf("%s is stored and has JSON names: give its JSON shape a struct of its own beside the handler in web", s.at(n))
				}
			}
			return true
		})
	}
}

// Laws 3 and 9. Every store function takes the merchant, and one that writes takes the transaction.
func TestStoreFunctionsTakeTheMerchant(t *testing.T) {
	excused := map[string]bool{}
	for _, s := range house(t) {
		if s.test || !isStore(s.file) {
			continue
		}
		for _, d := range s.tree.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			name := path.Base(s.dir) + "." + f.Name.Name
			if on := callsOn(f, writes); slices.ContainsFunc(on, outside) && withoutMerchant[name] == "" {
				t.Errorf("%s: %s writes without a transaction: take a database.Tx and use tx.DB()", s.at(f), f.Name.Name)
			}
			if len(callsOn(f, queries)) == 0 && !asks(f) || namesMerchant(s, f) {
				continue
			}
			if withoutMerchant[name] == "" {
				t.Errorf("%s: %s asks for rows without the merchant: take it and put merchant_id into the condition, or excuse %s in laws_test.go with the reason", s.at(f), f.Name.Name, name)
			}
			excused[name] = true
		}
	}
	for name := range withoutMerchant {
		if !excused[name] {
			t.Errorf("laws_test.go excuses %s, which needs it no more: take the row out", name)
		}
	}
}

// namesMerchant tells whether the function has a parameter merchant or a condition on merchant_id.
func namesMerchant(s source, f *ast.FuncDecl) bool {
	for _, p := range f.Type.Params.List {
		for _, n := range p.Names {
			if strings.HasPrefix(n.Name, "merchant") {
				return true
			}
		}
	}
	body := s.text[s.fset.Position(f.Body.Pos()).Offset:s.fset.Position(f.Body.End()).Offset]
	return strings.Contains(body, "merchant_id") || strings.Contains(body, "MerchantID")
}

// callsOn gives what the function calls these GORM methods on: "tx.DB()", "q", "p.db.Read()".
func callsOn(f *ast.FuncDecl, names []string) (roots []string) {
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok && slices.Contains(names, sel.Sel.Name) {
				if root := exprOf(sel.X); inside(root) || outside(root) {
					roots = append(roots, root)
				}
			}
		}
		return true
	})
	return roots
}

// asks tells whether a function writes a question down that goes to the database with others.
func asks(f *ast.FuncDecl) (found bool) {
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if l, ok := n.(*ast.CompositeLit); ok && exprOf(l.Type) == "database.Ask" {
			found = true
		}
		return true
	})
	return found
}

func inside(root string) bool { return strings.Contains(root, "tx.DB()") }

func outside(root string) bool {
	return root == "q" || strings.HasPrefix(root, "q.") || strings.Contains(root, ".Read()")
}

var (
	tableText  = regexp.MustCompile(`(?is)create table (\w+) \((.*?)\n\);`)
	keyText    = regexp.MustCompile(`(?i)(?:primary key|unique) \(([^)]*)\)`)
	columnKey  = regexp.MustCompile(`(?im)^\s*(\w+) [^,(]*?\b(primary key|unique)\b`)
	uniqueText = regexp.MustCompile(`(?i)create unique index (\w+) on (\w+) \(([^)]*)\)`)
)

// Law 9. Every key begins with the merchant.
func TestKeysBeginWithTheMerchant(t *testing.T) {
	files, err := filepath.Glob("migrations/*/*.sql")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	check := func(file, place, columns string) {
		table, _, _ := strings.Cut(place, ".")
		if !strings.HasPrefix(columns, "merchant_id") && notByMerchant[place] == "" && notByMerchant[table] == "" {
			t.Errorf("%s: a key of %s is (%s): begin it with merchant_id, or excuse %q in laws_test.go with the reason", file, table, columns, place)
		}
	}
	for _, file := range files {
		sql, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range tableText.FindAllStringSubmatch(string(sql), -1) {
			for _, k := range keyText.FindAllStringSubmatch(m[2], -1) {
				check(file, m[1], k[1])
			}
			for _, k := range columnKey.FindAllStringSubmatch(m[2], -1) {
				check(file, fmt.Sprintf("%s.%s", m[1], k[1]), k[1])
			}
		}
		for _, m := range uniqueText.FindAllStringSubmatch(string(sql), -1) {
			check(file, m[2]+"."+m[1], m[3])
		}
	}
}

// Laws 8 and 10. Nothing happens before main, no test waits by the clock, nothing is left for later.
func TestNoInitNoSleepNoPromisesInComments(t *testing.T) {
	later := regexp.MustCompile(`\b(TODO|FIXME|XXX|HACK)\b`)
	for _, s := range house(t) {
		for _, d := range s.tree.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s has an init: do it where the value is made", s.at(f))
			}
		}
		ast.Inspect(s.tree, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && exprOf(call.Fun) == "time.Sleep" && s.test && !within(s.dir, "internal/testkit") {
				t.Errorf("%s sleeps in a test: wait for the fact with testkit.Eventually, or advance the clock", s.at(n))
			}
			return true
		})
		for _, c := range s.tree.Comments {
			if s.dir != "." && later.MatchString(c.Text()) {
				t.Errorf("%s leaves work in a comment: do it, or take the comment out", s.at(c))
			}
		}
	}
}

// Law 10. No file above 400 lines; small folders; a sentence that opens each package.
func TestFilesAndPackagesStaySmall(t *testing.T) {
	const most, crowd = 400, 18 // "about 15" files, tests not counted
	files, openings := map[string]int{}, map[string][]string{}
	for _, s := range house(t) {
		if n := strings.Count(s.text, "\n"); n > most {
			t.Errorf("%s has %d lines, more than %d: split it by subject", s.file, n, most)
		}
		if s.dir == "." {
			continue
		}
		if !s.test {
			files[s.dir]++
			openings[s.dir] = append(openings[s.dir], "")
			if s.tree.Doc != nil {
				openings[s.dir][len(openings[s.dir])-1] = s.tree.Doc.Text()
			}
		}
		if slices.Contains([]string{"utils", "util", "common", "models", "model", "manager", "helpers", "types", "misc"}, s.tree.Name.Name) {
			t.Errorf("%s is in package %s: name the package after its subject", s.file, s.tree.Name.Name)
		}
	}
	for dir, n := range files {
		if n > crowd {
			t.Errorf("%s has %d files, more than about 15: move a subject into a sub-package", dir, n)
		}
		docs := slices.DeleteFunc(openings[dir], func(d string) bool { return d == "" })
		if len(docs) != 1 {
			t.Errorf("%s has %d package comments: write exactly one, in the file named after the package", dir, len(docs))
			continue
		}
		first, _, _ := strings.Cut(docs[0], "\n\n")
		if !opening.MatchString(strings.ReplaceAll(strings.TrimSpace(first), "\n", " ")) {
			t.Errorf("%s opens with %q: open with one sentence that says what it does, then an empty line", dir, first)
		}
	}
}

// opening is "Package x does something." or "Command x …", one sentence.
var opening = regexp.MustCompile(`^(Package|Command) \w+ .*[^.]\.$`)
