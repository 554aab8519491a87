package wechatpay

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sotto.chat/internal/money"
	"sotto.chat/internal/testkit"
)

// node is a piece of the transcribed specification. Its files are YAML of the plainest kind: maps, lists, texts.
type node struct {
	text string
	maps map[string]*node
	list []*node
}

func (n *node) at(keys ...string) *node {
	for _, k := range keys {
		if n == nil {
			return nil
		}
		n = n.maps[k]
	}
	return n
}

type line struct {
	indent int
	text   string
}

// readYAML reads the subset that the files use. What is indented below a text goes on with it, and is left out.
func readYAML(raw string) *node {
	var lines []line
	for _, l := range strings.Split(raw, "\n") {
		t := strings.TrimLeft(l, " ")
		if i := strings.Index(t, " #"); i >= 0 && !strings.ContainsAny(t, `'"`) {
			t = t[:i]
		}
		if t = strings.TrimRight(t, " \r"); t != "" && !strings.HasPrefix(t, "#") {
			lines = append(lines, line{len(l) - len(strings.TrimLeft(l, " ")), t})
		}
	}
	n, _ := block(lines, 0)
	return n
}

func block(lines []line, from int) (*node, int) {
	n := &node{maps: map[string]*node{}}
	indent, i := lines[from].indent, from
	for i < len(lines) && lines[i].indent >= indent {
		if lines[i].indent > indent {
			i++ // goes on with a text
			continue
		}
		if rest, ok := strings.CutPrefix(lines[i].text, "- "); ok {
			if !strings.Contains(rest, ": ") && !strings.HasSuffix(rest, ":") {
				n.list, i = append(n.list, &node{text: plain(rest)}), i+1
				continue
			}
			lines[i] = line{indent + 2, rest}
			var child *node
			child, i = block(lines, i)
			n.list = append(n.list, child)
			continue
		}
		key, value, _ := strings.Cut(lines[i].text, ":")
		key, value = plain(key), strings.TrimSpace(value)
		i++
		switch {
		case value != "":
			n.maps[key] = inline(value)
		case i < len(lines) && (lines[i].indent > indent || lines[i].indent == indent && strings.HasPrefix(lines[i].text, "- ")):
			if lines[i].indent == indent {
				i = sameIndent(lines, i, indent)
			}
			n.maps[key], i = block(lines, i)
		}
	}
	return n, i
}

// sameIndent pushes a list that stands as far left as its key one step in.
func sameIndent(lines []line, from, indent int) int {
	for i := from; i < len(lines) && (lines[i].indent > indent || strings.HasPrefix(lines[i].text, "- ") && lines[i].indent == indent); i++ {
		lines[i].indent++
	}
	return from
}

func plain(s string) string { return strings.Trim(strings.TrimSpace(s), `'"`) }

func inline(s string) *node {
	n := &node{text: plain(s), maps: map[string]*node{}}
	if strings.HasPrefix(s, "[") {
		for _, item := range strings.Split(strings.Trim(s, "[]"), ",") {
			n.list = append(n.list, &node{text: plain(item)})
		}
	}
	return n
}

// spec is the folder of the transcription.
type spec struct {
	t    *testing.T
	root string
	read map[string]*node
}

func (s *spec) file(path string) *node {
	s.t.Helper()
	if n := s.read[path]; n != nil {
		return n
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	s.read[path] = readYAML(string(raw))
	return s.read[path]
}

// resolve follows a reference to another place or file.
func (s *spec) resolve(n *node, in string) (*node, string) {
	for n.at("$ref") != nil {
		file, name, _ := strings.Cut(n.at("$ref").text, "#")
		if file != "" {
			in = filepath.Join(filepath.Dir(in), file)
		}
		to := s.file(in).at(strings.TrimPrefix(name, "/"))
		if to == nil {
			s.t.Fatalf("%s has no %s", in, name)
		}
		n = to
	}
	return n, in
}

// demand walks a schema beside a value: what is required must be there. It counts what it demanded, and gives the names it knows.
func (s *spec) demand(n *node, in, where string, value any) (demanded int, known map[string]bool) {
	n, in = s.resolve(n, in)
	known = map[string]bool{}
	object, _ := value.(map[string]any)
	if all := n.at("allOf"); all != nil {
		for _, part := range all.list {
			d, k := s.demand(part, in, where, value)
			demanded += d
			for name := range k {
				known[name] = true
			}
		}
	}
	if r := n.at("required"); r != nil {
		for _, name := range r.list {
			demanded++
			if _, ok := object[name.text]; !ok {
				s.t.Errorf("%s lacks %s", where, name.text)
			}
		}
	}
	if p := n.at("properties"); p != nil {
		for name, child := range p.maps {
			known[name] = true
			if v, ok := object[name]; ok {
				d, _ := s.demand(child, in, where+"."+name, v)
				demanded += d
			}
		}
	}
	return demanded, known
}

func TestRequestsHaveWhatTheSpecificationRequires(t *testing.T) {
	root := testkit.Shared(t, "fixtures", "wechat", "wechatpay-openapi", "docs")
	srv, c := server(t)
	acct := opened(t, c)
	api := apiOf(t, srv)
	ctx := t.Context()
	expires := time.Now().Add(time.Hour)
	order := func(no string) Order {
		return Order{Number: no, Description: "Tea", Amount: money.Of(100, "CNY"), ExpiresAt: expires, NotifyURL: "https://shop.example/hooks/wechatpay/x"}
	}
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(api.JSAPI(ctx, acct, order("number1"), "oPerson"))
	must(api.H5(ctx, acct, order("number2"), "127.0.0.1", "iOS"))
	must(api.Native(ctx, acct, order("number3")))
	if err := srv.PayQuietly("number3"); err != nil {
		t.Fatal(err)
	}
	paid, err := api.ByNumber(ctx, acct, "number3")
	must(paid, err)
	must(api.ByTransaction(ctx, acct, paid.TransactionID))
	must(nil, api.Close(ctx, acct, "number1"))
	must(api.Refund(ctx, acct, Refund{Number: "ref_1", TransactionID: paid.TransactionID, Reason: "late", NotifyURL: "https://shop.example/x", Amount: 40, Total: 100}))
	must(api.RefundByNumber(ctx, acct, "ref_1"))
	if _, _, err := srv.Rotate(); err != nil {
		t.Fatal(err)
	}
	must(api.Certificates(ctx, acct))
	_, _ = api.Bill(ctx, acct, time.Now().Add(-48*time.Hour)) // the signer has changed; only the request counts here

	s := &spec{t: t, root: root, read: map[string]*node{}}
	seen, demanded := map[string]bool{}, 0
	for _, call := range srv.Calls() {
		u, err := url.Parse(call.Path)
		if err != nil {
			t.Fatal(err)
		}
		file := s.fileOf(u.Path)
		op := s.file(file).at(strings.ToLower(call.Method))
		if op == nil {
			t.Fatalf("%s has no %s", file, call.Method)
		}
		seen[file] = true
		if op.at("parameters") == nil {
			continue
		}
		for _, p := range op.at("parameters").list {
			p, in := s.resolve(p, file)
			name, place := p.at("name").text, p.at("in").text
			required := p.at("required") != nil && p.at("required").text == "true"
			switch {
			case place == "query" && required:
				demanded++
				if !u.Query().Has(name) {
					t.Errorf("%s lacks %s", call.Path, name)
				}
			case place == "header" && required:
				demanded++
				if call.Header.Get(name) == "" {
					t.Errorf("%s lacks the header %s", call.Path, name)
				}
			case place == "body":
				var value map[string]any
				if err := json.Unmarshal(call.Body, &value); err != nil {
					t.Fatal(err)
				}
				d, known := s.demand(p.at("schema"), in, call.Path, value)
				demanded += d
				for field := range value {
					if !known[field] {
						t.Errorf("%s sends %s, which the specification does not know", call.Path, field)
					}
				}
			}
		}
	}
	if len(seen) < 9 || demanded < 30 {
		t.Errorf("only %d operations and %d demands were read: the reading of the specification is broken", len(seen), demanded)
	}
}

// fileOf finds the file of a path; a part in braces fits any.
func (s *spec) fileOf(path string) string {
	dir := s.root
	parts := strings.Split(strings.Trim(path, "/"), "/")
	for i, part := range parts {
		last := i == len(parts)-1
		name := part
		if last {
			name += ".yaml"
		}
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			dir = filepath.Join(dir, name)
			continue
		}
		found, _ := filepath.Glob(filepath.Join(dir, "{*}")) // the pattern is a good one
		if last {
			found, _ = filepath.Glob(filepath.Join(dir, "{*}.yaml"))
		}
		if len(found) == 0 {
			s.t.Fatalf("the specification has no %s", path)
		}
		dir = found[0]
	}
	return dir
}
