// Package faq finds questions with their answers in a page that somebody has written already, as HTML or Markdown.
package faq

import (
	"encoding/json"
	"html"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of what is taken from one page.
const (
	MaxFound    = 100
	maxQuestion = 200
	maxAnswer   = 1500
	deepest     = 12 // of nested JSON
)

// Found is a question with its answer, in plain words.
type Found struct{ Question, Answer string }

// finder collects what is found, each question once.
type finder struct {
	list []Found
	seen map[string]bool
}

// put takes a question with its answer, where both have a fitting size.
func (f *finder) put(question, answer string) {
	question, answer = plain(question), plain(answer)
	key := strings.ToLower(question)
	if question == "" || answer == "" || utf8.RuneCountInString(question) > maxQuestion || f.seen[key] || len(f.list) >= MaxFound {
		return
	}
	if runes := []rune(answer); len(runes) > maxAnswer {
		answer = cut(runes)
	}
	f.seen[key] = true
	f.list = append(f.list, Found{question, answer})
}

// cut ends a long answer at the end of a sentence, or else of a word.
func cut(runes []rune) string {
	text := string(runes[:maxAnswer])
	if at := strings.LastIndexAny(text, ".!?。"); at > len(text)/2 {
		_, size := utf8.DecodeRuneInString(text[at:])
		return text[:at+size]
	}
	if at := strings.LastIndexByte(text, ' '); at > 0 {
		text = text[:at]
	}
	return text + "…"
}

// plain joins the words of a text with single spaces.
func plain(s string) string {
	return strings.Join(strings.Fields(strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "")), " ")
}

// asks tells whether a heading is a question: only its mark says so in every language.
func asks(heading string) bool {
	heading = strings.TrimRight(plain(heading), `"'»”*_# `)
	return strings.HasSuffix(heading, "?") || strings.HasSuffix(heading, "？") || strings.HasSuffix(heading, "؟") || strings.HasSuffix(heading, ";") && greek(heading)
}

// greek tells whether the letters are Greek, whose question mark is a semicolon.
func greek(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x370 && r < 0x400 }) >= 0
}

// FromHTML reads schema.org's FAQPage, details with a summary, terms with descriptions, and headings that ask with what
// follows them. Where the page says the same twice, the first way counts.
func FromHTML(page string) []Found {
	f := &finder{seen: map[string]bool{}}
	all := tokens(page)
	for _, t := range all {
		if t.name == "script" && t.text != "" && strings.Contains(strings.ToLower(t.attributes), "ld+json") {
			f.linked(t.text)
		}
	}
	f.details(all)
	f.terms(all)
	f.headings(all)
	return f.list
}

// linked reads questions out of JSON-LD.
func (f *finder) linked(text string) {
	var v any
	if json.Unmarshal([]byte(text), &v) == nil {
		f.walk(v, 0)
	}
}

func (f *finder) walk(v any, depth int) {
	if depth > deepest {
		return
	}
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			f.walk(x, depth+1)
		}
	case map[string]any:
		if is(v["@type"], "Question") {
			question, _ := v["name"].(string)
			f.put(words(question), words(answerOf(v["acceptedAnswer"])))
			return
		}
		for _, key := range slices.Sorted(keys(v)) {
			f.walk(v[key], depth+1)
		}
	}
}

func keys(m map[string]any) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// is tells whether a type of JSON-LD is, or has, the name.
func is(v any, name string) bool {
	switch v := v.(type) {
	case string:
		return v == name || strings.HasSuffix(v, "/"+name)
	case []any:
		return slices.ContainsFunc(v, func(x any) bool { return is(x, name) })
	}
	return false
}

func answerOf(v any) string {
	switch v := v.(type) {
	case []any:
		if len(v) > 0 {
			return answerOf(v[0])
		}
	case map[string]any:
		text, _ := v["text"].(string)
		return text
	}
	return ""
}

// words gives the text of a piece of HTML.
func words(piece string) string {
	var b strings.Builder
	for _, t := range tokens(piece) {
		if t.name == "" {
			b.WriteString(t.text)
		} else if t.breaks() {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// details reads <details><summary>question</summary>answer</details>.
func (f *finder) details(all []token) {
	var question, answer strings.Builder
	inside, asking := 0, false
	for _, t := range all {
		switch {
		case t.name == "details" && !t.end:
			if inside++; inside == 1 {
				question.Reset()
				answer.Reset()
			}
		case t.name == "details" && inside > 0:
			if inside--; inside == 0 {
				f.put(question.String(), answer.String())
			}
		case t.name == "summary" && inside == 1:
			asking = !t.end
		case inside > 0 && asking:
			t.write(&question)
		case inside > 0:
			t.write(&answer)
		}
	}
}

// terms reads <dt>question</dt><dd>answer</dd>; several dd belong to one dt.
func (f *finder) terms(all []token) {
	var question, answer strings.Builder
	at := ""
	for _, t := range all {
		switch {
		case t.name == "dt" && !t.end, t.name == "dl":
			f.put(question.String(), answer.String())
			question.Reset()
			answer.Reset()
			at = ""
			if t.name == "dt" {
				at = "dt"
			}
		case t.name == "dd" && !t.end:
			at = "dd"
			answer.WriteByte(' ')
		case t.name == "dt" || t.name == "dd":
			at = ""
		case at == "dt":
			t.write(&question)
		case at == "dd":
			t.write(&answer)
		}
	}
	f.put(question.String(), answer.String())
}

// headings reads a heading that asks, with the words up to the next heading.
func (f *finder) headings(all []token) {
	var question, answer strings.Builder
	asking := false
	done := func() {
		if asks(question.String()) {
			f.put(question.String(), answer.String())
		}
		question.Reset()
		answer.Reset()
	}
	for _, t := range all {
		switch {
		case t.heading() && !t.end:
			done()
			asking = true
		case t.heading():
			asking = false
		case t.ends():
			done()
		case asking:
			t.write(&question)
		default:
			t.write(&answer)
		}
	}
	done()
}

// FromMarkdown reads headings, and lines in bold, that ask, with the words up to the next one.
func FromMarkdown(text string) []Found {
	f := &finder{seen: map[string]bool{}}
	question, answer, fenced := "", []string{}, false
	done := func() {
		if asks(question) {
			f.put(question, strings.Join(answer, " "))
		}
		question, answer = "", nil
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		heading := strings.HasPrefix(line, "#")
		bold := strings.HasPrefix(line, "**") && strings.HasSuffix(line, "**") && len(line) > 4
		switch {
		case strings.HasPrefix(line, "```"):
			fenced = !fenced
		case fenced:
		case heading || bold:
			done()
			question = strings.Trim(line, "#* ")
		case strings.Trim(line, "-=_* ") == "": // empty, or a line drawn across
		default:
			answer = append(answer, html.UnescapeString(unmarked(line)))
		}
	}
	done()
	return f.list
}

// unmarked takes the marks out of a line of Markdown; a link keeps its words.
func unmarked(line string) string {
	line = strings.TrimLeft(line, ">-*+ ")
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(line, "](")
		open := strings.LastIndexByte(before, '[')
		_, after, closed := strings.Cut(rest, ")")
		if !found || open < 0 || !closed {
			b.WriteString(line)
			break
		}
		b.WriteString(strings.TrimSuffix(before[:open], "!") + before[open+1:])
		line = after
	}
	return strings.NewReplacer("**", "", "__", "", "`", "").Replace(b.String())
}
