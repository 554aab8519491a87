package words

import "strings"

// Command gives the tap that a whole message stands for, in any language: whoever was told to write "human" is
// understood in every conversation.
func (b *Book) Command(message string) (tap string, ok bool) {
	if tap, ok = b.commands[fold(message)]; ok {
		return tap, ok
	}
	// "do you deliver?" asks for it; "cash?" and "stop?" only ask.
	bare := strings.Trim(fold(message), " ?¿؟？")
	if tap, ok = b.commands[bare]; ok && bare != "" && strings.HasPrefix(tap, "way:") {
		return tap, true
	}
	return "", false
}

// fold takes case, outer punctuation and double spaces away, and writes one apostrophe for all.
func fold(s string) string {
	s = strings.ReplaceAll(strings.Trim(s, " \t\n.,;:!¡\"'“”«»。，！"), "’", "'")
	return strings.ToLower(strings.Join(strings.Fields(s), " "))
}

// spread writes out every phrase that "[a|b|] c" stands for.
func spread(phrase string) []string {
	before, rest, found := strings.Cut(phrase, "[")
	choices, after, closed := strings.Cut(rest, "]")
	if !found || !closed {
		return []string{phrase}
	}
	var out []string
	ends := spread(after)
	for _, choice := range strings.Split(choices, "|") {
		for _, end := range ends {
			out = append(out, before+choice+end)
		}
	}
	return out
}
