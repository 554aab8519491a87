package lessons

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"sotto.chat/catalog"
	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/lessons/faq"
)

// ErrNoQuestions is the answer to a page in which nothing was found.
var ErrNoQuestions = fault.New(fault.Invalid, "no_questions_found", "No question with an answer was found there: they are looked for in schema.org's FAQPage, in details with a summary, in dt with dd, and in headings that end with a question mark.")

// What an import does with a question.
const (
	Created   = "created"
	Updated   = "updated"
	Unchanged = "unchanged"
)

// Imported is a question that was found on a page, and what becomes of it.
type Imported struct{ Code, Question, Answer, Becomes string }

// longestCode keeps codes readable.
const longestCode = 40

// Import puts questions that were found on a page beside the merchant's own. One that is there already gets the page's
// answer and keeps its examples. A dry run only tells what would become of each.
func (l *Lessons) Import(tx database.Tx, merchant string, found []faq.Found, dry bool) ([]Imported, error) {
	if len(found) == 0 {
		return nil, ErrNoQuestions
	}
	have, err := l.catalog.FindQuestions(tx, merchant)
	if err != nil {
		return nil, err
	}
	var out []Imported
	for _, f := range found {
		q, becomes := merged(have, f)
		out = append(out, Imported{q.Code, f.Question, f.Answer, becomes})
		if dry || becomes == Unchanged {
			continue
		}
		if q, err = l.catalog.PutQuestion(tx, merchant, q); err != nil {
			return nil, err
		}
		if becomes == Created {
			have = append(have, q)
		}
	}
	return out, nil
}

// merged gives the question as it shall be.
func merged(have []catalog.Question, f faq.Found) (catalog.Question, string) {
	code := codeOf(f.Question)
	i := slices.IndexFunc(have, func(q catalog.Question) bool { return q.Code == code || slices.Contains(q.Examples, f.Question) })
	if i < 0 {
		return catalog.Question{Code: code, Answer: f.Answer, Examples: []string{f.Question}}, Created
	}
	q := have[i]
	q.Examples = slices.Clone(q.Examples)
	if !slices.Contains(q.Examples, f.Question) {
		q.Examples = append(q.Examples, f.Question)
	}
	if q.Answer == f.Answer && len(q.Examples) == len(have[i].Examples) {
		return q, Unchanged
	}
	q.Answer = f.Answer
	return q, Updated
}

// codeOf makes a code that the same question gets each time: its first plain words with a piece of its hash.
func codeOf(question string) string {
	var b strings.Builder
	for _, r := range strings.ToUpper(question) {
		switch {
		case r >= 'A' && r <= 'Z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= longestCode {
			break
		}
	}
	sum := sha256.Sum256([]byte(strings.ToLower(question)))
	return strings.TrimLeft(strings.TrimRight(b.String(), "-")+"-"+hex.EncodeToString(sum[:3]), "-")
}

// Fetch reads a page on the public internet. It gives the page's text and what kind of text the other side says it is.
type Fetch func(ctx context.Context, address string) (text, kind string, err error)

// ErrPage is the answer to an address that gives no page.
var ErrPage = fault.New(fault.Upstream, "page_unreadable", "The page cannot be read. Check that its address is whole, public and not moved, or send the page's text.")

// Reads has pages read from the public internet; without it only their texts can be sent.
func (l *Lessons) Reads(f Fetch) { l.fetch = f }

// Page gives the questions of a page: of the text that was sent, or of the one at an address.
func (l *Lessons) Page(ctx context.Context, address, page, markdown string) ([]faq.Found, error) {
	if address != "" {
		if l.fetch == nil {
			return nil, ErrPage
		}
		text, kind, err := l.fetch(ctx, address)
		if err != nil {
			return nil, ErrPage.Because(err)
		}
		path, _, _ := strings.Cut(address, "?")
		if strings.HasPrefix(kind, "text/markdown") || strings.HasSuffix(path, ".md") && !strings.HasPrefix(kind, "text/html") {
			return faq.FromMarkdown(text), nil
		}
		return faq.FromHTML(text), nil
	}
	if markdown != "" {
		return faq.FromMarkdown(markdown), nil
	}
	return faq.FromHTML(page), nil
}
