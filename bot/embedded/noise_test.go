package embedded_test

import (
	"fmt"
	"hash/fnv"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"sotto.chat/bot/reading"
	"sotto.chat/catalog/search"
	"sotto.chat/internal/testkit"
)

// steady is the share of the messages that a harmless noise changes whose reading it may not change.
const steady = 0.95

// mostLines bounds the messages of one shop that are read with each noise.
const mostLines = 250

// noise changes how a message is written and not what it says; it gives the message back where there is nothing to change.
type noise struct {
	name  string
	apply func(text, locale string) string
}

var noises = []noise{
	{name: "all capitals", apply: func(s, _ string) string { return strings.ToUpper(s) }},
	{name: "no capitals", apply: func(s, _ string) string { return strings.ToLower(s) }},
	{name: "no commas", apply: func(s, _ string) string { return without(s, ",;") }},
	{name: "no stop", apply: func(s, _ string) string { return strings.TrimRight(s, ".! ") }},
	{name: "no sign at all", apply: func(s, _ string) string { return without(s, ".,!;") }},
	{name: "no apostrophes", apply: func(s, locale string) string {
		if locale == "fr" {
			return s // there they stand between two words
		}
		return without(s, "'’")
	}},
	{name: "more at the end", apply: func(s, _ string) string { return strings.TrimRight(s, ".") + "!!" }},
	{name: "dots at the end", apply: func(s, _ string) string { return strings.TrimRight(s, ".") + "..." }},
	{name: "an emoji behind", apply: func(s, _ string) string { return s + " 😊" }},
	{name: "an emoji glued on", apply: func(s, _ string) string { return s + "✨✨" }},
	{name: "spaces doubled", apply: func(s, _ string) string { return "  " + strings.ReplaceAll(s, " ", "  ") + "\n" }},
	{name: "a space missing", apply: glue},
	{name: "a typing error", apply: mistype},
	{name: "please before", apply: func(s, locale string) string { return courtesies[locale][0] + ", " + s }},
	{name: "please behind", apply: func(s, locale string) string { return strings.TrimRight(s, ".! ") + " " + courtesies[locale][0] }},
	{name: "a greeting", apply: func(s, locale string) string { return courtesies[locale][1] + ", " + s }},
	{name: "thanks behind", apply: func(s, locale string) string {
		if strings.HasSuffix(s, "?") {
			return s + " " + courtesies[locale][2]
		}
		return strings.TrimRight(s, ".! ") + ", " + courtesies[locale][2]
	}},
	{name: "a filler before", apply: func(s, locale string) string { return courtesies[locale][3] + " " + s }},
	{name: "a filler inside", apply: func(s, locale string) string { return hesitate(s, courtesies[locale][3]) }},
	{name: "accents dropped", apply: func(s, _ string) string { return unaccented(s) }},
}

// courtesies are, in each language: please, a greeting, thanks, and a sound of thinking.
var courtesies = map[string][4]string{
	"en": {"please", "hi there", "thanks", "um"}, "es": {"por favor", "hola", "gracias", "eh"}, "pt": {"por favor", "oi", "obrigado", "hum"},
	"de": {"bitte", "hallo", "danke", "ähm"}, "fr": {"s'il vous plaît", "bonjour", "merci", "euh"}, "id": {"tolong", "halo", "terima kasih", "eh"},
	"hi": {"please", "namaste", "dhanyavaad", "hmm"}, "zh": {"请", "你好", "谢谢", "嗯"}, "ar": {"من فضلك", "مرحبا", "شكرا", "امم"}}

// without takes signs out of a text, but not those inside a number.
func without(s, signs string) string {
	var b strings.Builder
	for i, r := range s {
		if strings.ContainsRune(signs, r) && (i+1 >= len(s) || s[i+1] < '0' || s[i+1] > '9') {
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// chance is a number made of a text, the same each time.
func chance(s string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s))
	return int(h.Sum32() >> 1)
}

// letters tells whether a word is of Latin letters alone; what a slip is in other scripts is another matter.
func letters(w string) bool {
	return !strings.ContainsFunc(w, func(r rune) bool { return !unicode.Is(unicode.Latin, r) })
}

// glue leaves out one space between two words of some length.
func glue(s, _ string) string {
	words := strings.Split(s, " ")
	var at []int
	for i := 1; i < len(words); i++ {
		if len(words[i-1]) > 3 && len(words[i]) > 3 && letters(words[i-1]) && letters(words[i]) {
			at = append(at, i)
		}
	}
	if len(at) == 0 {
		return s
	}
	i := at[chance(s)%len(at)]
	return strings.Join(words[:i], " ") + strings.Join(words[i:], " ")
}

// mistype makes one slip in one word of at least seven letters, not in its first.
func mistype(s, _ string) string {
	words := strings.Split(s, " ")
	var at []int
	for i, w := range words {
		if len(w) > 6 && letters(w) && len(w) == utf8.RuneCountInString(w) {
			at = append(at, i)
		}
	}
	if len(at) == 0 {
		return s
	}
	n := chance(s)
	w := words[at[n%len(at)]]
	k := 2 + n/7%(len(w)-4)
	switch n / 3 % 4 {
	case 0:
		w = w[:k] + w[k+1:k+2] + w[k:k+1] + w[k+2:]
	case 1:
		w = w[:k] + w[k+1:]
	case 2:
		w = w[:k] + w[k:k+1] + w[k:]
	default:
		w = w[:k] + string("aeiorstn"[n/5%8]) + w[k+1:]
	}
	words[at[n%len(at)]] = w
	return strings.Join(words, " ")
}

// hesitate puts a sound between two words.
func hesitate(s, sound string) string {
	words := strings.Split(s, " ")
	if len(words) < 3 {
		return s
	}
	i := 1 + chance(s)%(len(words)-1)
	return strings.Join(words[:i], " ") + " " + sound + " " + strings.Join(words[i:], " ")
}

func unaccented(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r > 0x7f && unicode.IsLetter(r) {
			b.WriteString(search.Fold(string(r)))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// gist writes what a reading does, without the courtesies that a noise brings and the letters of free texts.
func gist(r reading.Reading) string {
	var out []string
	for _, a := range r.Actions {
		if a.Kind == reading.Greet || a.Kind == reading.Thanks || a.Kind == reading.SetDelivery && a.Method == "" {
			continue
		}
		slices.SortFunc(a.Options, func(x, y reading.Option) int { return strings.Compare(x.Group+x.Choice, y.Group+y.Choice) })
		a.Query, a.Note, a.Text, a.Code = bare(a.Query), bare(a.Note), bare(a.Text), bare(a.Code)
		out = append(out, fmt.Sprintf("%+v", a))
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}

// bare leaves the letters and digits of a text. What was noted may hold the slip itself, so of a long text only the length counts.
func bare(s string) string {
	if s == "" {
		return ""
	}
	return "said"
}

// TestNoise holds that harmless noise changes nothing: reading(noise(message)) is reading(message). The race detector is
// there for the races, and sees some messages of some shops only.
func TestNoise(t *testing.T) {
	sets, most, least := "food,coffee,questions,intents", mostLines, steady
	if testkit.Race {
		sets, most, least = "food,coffee", 20, 0.9
	}
	batches := append(ownBatches(t), devBatches(t, sets)...)
	show := os.Getenv("SOTTO_NOISE") // the noise whose changed readings are told
	plain := make([][]string, len(batches))
	for b := range batches {
		plain[b] = plainly(&batches[b], most)
	}
	t.Logf("%-20s %8s %8s %8s %8s", "noise", "lines", "changed", "steady", "of those")
	for _, n := range noises {
		lines, changed, same := 0, 0, 0
		for b := range batches {
			c, s := steadyIn(t, &batches[b], plain[b], n, show == n.name)
			lines, changed, same = lines+len(plain[b]), changed+c, same+s
		}
		all, those := 1-float64(changed-same)/float64(lines), float64(same)/float64(max(changed, 1))
		t.Logf("%-20s %8d %8d %7.2f%% %7.2f%%", n.name, lines, changed, 100*all, 100*those)
		if changed == 0 || those < least {
			t.Errorf("%s: of %d readings %d changed", n.name, changed, changed-same)
		}
	}
}

// plainly gives what the messages of a shop mean without a noise, and leaves the batch with as many as that.
func plainly(b *devBatch, most int) []string {
	var kept []devLine
	var out []string
	for i := 0; i < len(b.lines); i += 1 + len(b.lines)/most {
		kept = append(kept, b.lines[i])
		out = append(out, gist(b.lexicon.Read(b.lines[i].Text, b.lines[i].State, b.locale)))
	}
	b.lines = kept
	return out
}

func steadyIn(t *testing.T, b *devBatch, plain []string, n noise, show bool) (changed, same int) {
	t.Helper()
	for i, line := range b.lines {
		noisy := n.apply(line.Text, b.locale)
		if noisy == line.Text {
			continue
		}
		changed++
		if got := gist(b.lexicon.Read(noisy, line.State, b.locale)); plain[i] == got {
			same++
		} else if show {
			t.Logf("%s (%s)\n  %s\n  was %s\n  is  %s", b.name, b.locale, noisy, plain[i], got)
		}
	}
	return changed, same
}
