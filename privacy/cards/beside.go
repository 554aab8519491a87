package cards

import (
	"regexp"
	"strings"
)

// near is how far from a number its code and its date are looked for.
const near = 64

const digitClass = `[\p{Nd}]`

var (
	// codeForm is a card's code with its name, in the languages of the shop.
	codeForm = regexp.MustCompile(`(?i)(?:cv[cvn]2?|csc|cid|c[óo]d(?:igo|e)?|code|security|seguran[çc]a|seguridad|pr[üu]f\w*|sicherheit\w*|cryptogramme|keamanan|kode|安全码|验证码|رمز)` +
		`[^\p{Nd}\n]{0,16}(` + digitClass + `{3,4})(?:\P{Nd}|$)`)
	dateForm = regexp.MustCompile(`(?:^|\P{Nd})((?:0?[1-9]|1[0-2])\s{0,2}[/\-.\x{2013}٫،\\ ]\s{0,2}(?:20)?[2-5][0-9])(?:\P{Nd}|$)`)
	// anyDate is a date in the digits of any script.
	anyDate  = regexp.MustCompile(`(?:^|\P{Nd})(` + digitClass + `{1,2}\s{0,2}[/\-.\x{2013}٫،\\]\s{0,2}(?:` + digitClass + `{2}|` + digitClass + `{4}))(?:\P{Nd}|$)`)
	bareForm = regexp.MustCompile(`(?:^|\P{Nd})(` + digitClass + `{3,4})(?:\P{Nd}|$)`)
	// trackForm is the rest of a magnetic strip behind the number.
	trackForm = regexp.MustCompile(`^([\^=][^\s]{3,80})`)
)

// besides gives the codes and dates that stand near numbers. They are of no use to anybody without them, so what looks like one is one.
func besides(text string, numbers []span) (list []span) {
	add := func(offset int, part string, forms ...*regexp.Regexp) {
		for _, form := range forms {
			list = append(list, matches(offset, part, form)...)
		}
	}
	add(0, text, codeForm)
	for _, n := range numbers {
		before := lastOf(text[:n.from], near)
		add(n.from-len(before), before, dateForm, anyDate)
		add(n.to, firstOf(text[n.to:], near), trackForm, dateForm, anyDate, bareForm)
	}
	out := list[:0]
	for _, s := range list {
		if !overlaps(s, numbers) {
			out = append(out, s)
		}
	}
	return out
}

// matches gives the first group of each match. Matches may share the sign between them.
func matches(offset int, part string, form *regexp.Regexp) (list []span) {
	for at := 0; at <= len(part); {
		m := form.FindStringSubmatchIndex(part[at:])
		if m == nil || m[3] == m[2] {
			break
		}
		list = append(list, span{offset + at + m[2], offset + at + m[3], dots})
		at += m[3]
	}
	return list
}

func overlaps(s span, list []span) bool {
	for _, n := range list {
		if s.from < n.to && n.from < s.to {
			return true
		}
	}
	return false
}

// Follow masks what follows a card number in a message of its own: its date, its code. Text of any other kind stays.
func Follow(text string) (masked string, found bool) {
	if list := matches(0, text, codeForm); len(list) > 0 {
		return replace(text, append(list, matches(0, text, dateForm)...)), true
	}
	rest := text
	for _, form := range []*regexp.Regexp{dateForm, anyDate, bareForm} {
		rest = replace(rest, matches(0, rest, form))
	}
	if rest == text || strings.ContainsFunc(strings.ReplaceAll(rest, dots, ""), func(r rune) bool { return kindOf(r) == over && !invisible(r) }) {
		return text, false
	}
	return rest, true
}

// Burst masks a number that is spread over messages, oldest first. It gives the messages as they should be kept, and which have a part.
func Burst(messages []string) (masked []string, found []bool) {
	masked, found = append([]string(nil), messages...), make([]bool, len(messages))
	all := strings.Join(messages, string(boundary))
	if !mayHold(all) {
		return masked, found
	}
	var parts []span
	for _, n := range find(all) {
		if strings.ContainsRune(all[n.from:n.to], boundary) {
			parts = append(parts, n)
		}
	}
	start := 0
	for i, m := range messages {
		end := start + len(m)
		var here []span
		for _, p := range parts {
			if p.from < end && start < p.to {
				here = append(here, span{max(p.from, start) - start, min(p.to, end) - start, pieceOf(p, end)})
			}
		}
		if len(here) > 0 {
			if p := here[len(here)-1]; p.to < len(m) {
				here = append(here, besides(m, here[len(here)-1:])...)
			}
			masked[i], found[i] = replace(m, here), true
		}
		start = end + len(string(boundary))
	}
	return masked, found
}

// pieceOf is what stands for the part of a number in one message: its last digits only in the last one.
func pieceOf(p span, end int) string {
	if p.to > end {
		return "••••"
	}
	return p.by
}

// Piece tells whether a text may be a part of a number that is spread over messages: it ends or begins with digits.
func Piece(text string) bool {
	text = strings.TrimFunc(text, func(r rune) bool { return kindOf(r) != over || invisible(r) })
	if text == "" {
		return false
	}
	rs := []rune(text)
	_, first := digit(rs[0])
	_, last := digit(rs[len(rs)-1])
	return first || last
}
