package practice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"

	"sotto.chat/bot/transcript"
	"sotto.chat/catalog"
)

// TestCmd plays written conversations.
type TestCmd struct {
	Files   []string `arg:"" optional:"" type:"path" help:"Conversations (*.chat), or folders with them."`
	Starter bool     `help:"Play the starter set, which fits any catalog."`
	Copy    string   `placeholder:"DIR" help:"Write the starter set in the shop's language into a folder, to write more like it."`
	Words   bool     `help:"Show every step that a conversation can have, and end."`
	JSON    bool     `name:"json" help:"Print one line of JSON for each conversation."`
	place
}

// Help shows an example.
func (TestCmd) Help() string {
	return `Each conversation plays in a shop of its own, with pretended money; no live row is touched.

  sotto test --starter                     over the live catalog
  sotto test --starter --catalog menu.json over a file
  sotto test my/*.chat

A conversation is a text file:

  # Two colas, paid.
  customer: two colas please
  cart: 2 COLA = $5.00
  customer: checkout
  customer: yes
  pays
  orders: paid $5.00

Exit code 0 where all is as written, 1 where not.`
}

var errNothing = errors.New("there is nothing to play: name *.chat files, or give --starter")

// Run plays the conversations and prints a table.
func (c *TestCmd) Run(ctx context.Context, live *Live) error {
	if c.Words {
		return writeWords(os.Stdout)
	}
	scripts, err := c.scripts()
	if err != nil {
		return err
	}
	t := &transcript.Theatre{Goods: besides}
	if c.needsShop(scripts) {
		shop, err := c.shop(ctx, live)
		if err != nil {
			return err
		}
		t.Shop = &shop
	}
	if c.Copy != "" {
		return copyStarter(c.Copy, c.languageOf(t.Shop))
	}
	if c.Starter {
		more, err := transcript.Starter(c.languageOf(t.Shop))
		if err != nil {
			return err
		}
		scripts = append(scripts, more...)
	}
	if len(scripts) == 0 {
		return errNothing
	}
	t.Progress = progress(len(scripts))
	results, err := t.Play(ctx, scripts)
	if err != nil {
		return err
	}
	return c.report(os.Stdout, results)
}

func (c *TestCmd) needsShop(scripts []transcript.Script) bool {
	return c.Starter || c.Copy != "" || c.Catalog != "" || slices.ContainsFunc(scripts, func(s transcript.Script) bool { return s.Shop == nil })
}

func (c *TestCmd) languageOf(shop *transcript.Shop) string {
	if shop == nil {
		return c.Language
	}
	return shop.Language
}

// scripts reads the files, and names all that cannot be read at once.
func (c *TestCmd) scripts() ([]transcript.Script, error) {
	var out []transcript.Script
	var bad []error
	for _, name := range c.Files {
		files := []string{name}
		if info, err := os.Stat(name); err == nil && info.IsDir() {
			if files, err = filepath.Glob(filepath.Join(name, "*.chat")); err != nil {
				return nil, err
			}
		}
		for _, file := range files {
			s, err := readScript(file)
			bad = append(bad, err)
			out = append(out, s)
		}
	}
	return out, errors.Join(bad...)
}

func readScript(file string) (transcript.Script, error) {
	f, err := os.Open(file)
	if err != nil {
		return transcript.Script{}, err
	}
	s, err := transcript.Parse(shorter(file), f)
	return s, errors.Join(err, f.Close())
}

// shorter gives a file's name from here, where that is shorter.
func shorter(file string) string {
	here, err := os.Getwd()
	if err != nil {
		return file
	}
	if rel, err := filepath.Rel(here, file); err == nil && len(rel) < len(file) {
		return rel
	}
	return file
}

// besides finds the catalog that a script names, beside the script.
func besides(script, file string) (catalog.File, error) {
	if !filepath.IsAbs(file) {
		file = filepath.Join(filepath.Dir(script), file)
	}
	return openCatalog(file)
}

// progress draws a bar where somebody watches.
func progress(total int) func(done, total int) {
	info, err := os.Stderr.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	bar := progressbar.NewOptions(total, progressbar.OptionSetDescription("playing"), progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
	return func(done, _ int) { _ = bar.Set(done) } // a bar that cannot be drawn stops nobody
}

// line is one result as JSON.
type line struct {
	Name    string `json:"name"`
	Outcome string `json:"outcome"`
	Steps   int    `json:"steps"`
	Millis  int64  `json:"milliseconds"`
	Line    int    `json:"line,omitempty"`
	Step    string `json:"step,omitempty"`
	Message string `json:"message,omitempty"`
	Talk    string `json:"talk,omitempty"`
}

func lineOf(r transcript.Result) line {
	l := line{Name: r.Name, Outcome: "passed", Steps: r.Steps, Millis: r.Took.Milliseconds(), Step: r.Step, Talk: r.Talk}
	switch {
	case r.Problem != nil:
		l.Outcome, l.Line, l.Message = "failed", r.Problem.Line, r.Problem.Message
	case r.Skipped != "":
		l.Outcome, l.Message = "left out", r.Skipped
	}
	return l
}

// report prints what became of the conversations; the error says how many are not as written.
func (c *TestCmd) report(w io.Writer, results []transcript.Result) error {
	failed, out := 0, tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	if !c.JSON {
		_, _ = fmt.Fprintln(out, "conversation\tsteps\ttime\t")
	}
	for _, r := range results {
		l := lineOf(r)
		if r.Problem != nil {
			failed++
		}
		if c.JSON {
			if err := json.NewEncoder(w).Encode(l); err != nil {
				return err
			}
			continue
		}
		what := l.Outcome
		if r.Skipped != "" {
			what += ": " + r.Skipped
		}
		_, _ = fmt.Fprintf(out, "%s\t%d\t%s\t%s\n", r.Name, r.Steps, r.Took.Round(time.Millisecond), what)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if !c.JSON {
		explain(w, results)
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d conversations are not as written", failed, len(results))
	}
	return nil
}

// explain prints each difference with the talk that led to it.
func explain(w io.Writer, results []transcript.Result) {
	for _, r := range results {
		if r.Problem != nil {
			_, _ = fmt.Fprintf(w, "\n%s\n  %s\n%s", r.Problem, r.Step, indented(r.Talk))
		}
	}
}

func indented(text string) string {
	var b strings.Builder
	for l := range strings.Lines(text) {
		b.WriteString("    " + l)
	}
	return b.String()
}

func writeWords(w io.Writer) error {
	out := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, word := range transcript.Words() {
		_, _ = fmt.Fprintf(out, "%s\t%s\n", word.Form, word.Meaning)
	}
	_, _ = fmt.Fprintln(out, "# words\ta remark\n\t")
	for _, p := range transcript.Places() {
		_, _ = fmt.Fprintf(out, "%s\t%s\n", p.Form, p.Meaning)
	}
	return out.Flush()
}

// copyStarter writes the starter set into a folder; a file that is there already stays.
func copyStarter(dir, language string) error {
	scripts, err := transcript.Starter(language)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	for _, s := range scripts {
		raw, err := fs.ReadFile(transcript.StarterFiles(), s.Name)
		if err != nil {
			return err
		}
		to := filepath.Join(dir, filepath.Base(s.Name))
		f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			fmt.Println("kept   ", to)
			continue
		}
		if err != nil {
			return err
		}
		_, err = f.Write(raw)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
		fmt.Println("written", to)
	}
	return nil
}
