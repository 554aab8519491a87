package faq

import (
	"html"
	"slices"
	"strings"
)

// token is a tag of a page (name), or words between tags (text). A script has its text with it.
type token struct {
	name, attributes, text string
	end                    bool
}

// maxTokens bounds the work on one page.
const maxTokens = 200_000

// tokens cuts a page into tags and words. It forgives what browsers forgive, and leaves out comments, scripts and styles.
func tokens(page string) []token {
	var out []token
	for page != "" && len(out) < maxTokens {
		before, rest, found := strings.Cut(page, "<")
		if before != "" {
			out = append(out, token{text: html.UnescapeString(before)})
		}
		if !found {
			break
		}
		if after, comment := strings.CutPrefix(rest, "!--"); comment {
			_, page, _ = strings.Cut(after, "-->")
			continue
		}
		inside, after, closed := cutTag(rest)
		if !closed || inside == "" || !tagStart(inside[0]) { // a lone sign that is no tag
			out = append(out, token{text: "<"})
			page = rest
			continue
		}
		page = after
		t := tag(inside)
		if !t.end && slices.Contains([]string{"script", "style", "template", "noscript"}, t.name) {
			t.text, page = untilEnd(page, t.name)
		}
		out = append(out, t)
	}
	return out
}

func tagStart(c byte) bool {
	return c == '/' || c == '!' || c == '?' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// cutTag gives what stands before the sign that closes a tag; a sign inside quotes closes nothing.
func cutTag(s string) (inside, after string, closed bool) {
	quote := byte(0)
	for i := range len(s) {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return s[:i], s[i+1:], true
		}
	}
	return "", s, false
}

func tag(inside string) token {
	t := token{end: inside[0] == '/'}
	inside = strings.TrimPrefix(inside, "/")
	at := strings.IndexAny(inside, " \t\r\n/")
	if at < 0 {
		at = len(inside)
	}
	t.name, t.attributes = strings.ToLower(inside[:at]), inside[at:]
	if t.name == "" {
		t.name = "?"
	}
	return t
}

// untilEnd cuts what stands before the end of an element whose words are not the page's.
func untilEnd(page, name string) (text, after string) {
	at := strings.Index(strings.ToLower(page), "</"+name)
	if at < 0 || at > len(page) { // lower case may be longer in rare scripts
		return "", ""
	}
	_, after, _ = strings.Cut(page[at:], ">")
	return page[:at], after
}

// write adds the token's words, or the space that a tag makes.
func (t token) write(b *strings.Builder) {
	switch {
	case t.name == "":
		b.WriteString(t.text)
	case t.breaks():
		b.WriteByte(' ')
	}
}

// breaks tells whether a tag parts words.
func (t token) breaks() bool {
	return !slices.Contains([]string{"a", "abbr", "b", "code", "em", "i", "mark", "small", "span", "strong", "sub", "sup", "u", "wbr"}, t.name)
}

func (t token) heading() bool {
	return len(t.name) == 2 && t.name[0] == 'h' && t.name[1] >= '1' && t.name[1] <= '6'
}

// ends tells whether what follows belongs to the page and not to its last heading.
func (t token) ends() bool {
	return slices.Contains([]string{"footer", "nav", "aside", "form", "body", "details", "dl", "main"}, t.name)
}
