package bot

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"sotto.chat/bot/guard"
	"sotto.chat/bot/words"
	"sotto.chat/inbox"
	"sotto.chat/orders"
)

// maxButtons is the most answers that every platform can offer at once in some form.
const maxButtons = 10

// draft is an answer in the making: words from templates, and beside them the facts that back their numbers.
type draft struct {
	voice   words.Voice
	blocks  []string
	heard   []string // what was heard, so that a wrong hearing shows; it stands before all else and answers nothing
	content inbox.Content
	facts   guard.Facts
	// wordings are a model's words for what may be said, by the name of the text.
	wordings map[string]string
	// reference and details are what a bank transfer for the order needs; empty where it is not paid that way.
	reference, details string
	// back is what the news of a refund is about.
	back orders.GivenBack
}

// say adds a paragraph.
func (d *draft) say(key string, f words.Facts) {
	if other, ok := d.wordings[key]; ok && sound(d.voice, key, other) {
		d.put(fillIn(d.voice, other, f))
		return
	}
	d.put(d.word(key, f))
}

// wordable lists the texts that claim nothing beyond their facts, and may so be said in other words.
func wordable(v words.Voice) map[string]string {
	out := map[string]string{}
	for _, key := range []string{"greet", "thanks", "bye", "fine", "help", "ready", "added", "removed", "changed", "cleared", "not_found", "rated"} {
		if bare := v.Say(key, nil); len(v.Claims(bare)) == 0 {
			out[key] = bare
		}
	}
	return out
}

// sound tells whether a model's words can stand for a text: the same placeholders, no figure, no claim, no address, no
// other script, and not much longer. What is not sound is said in the text's own words.
func sound(v words.Voice, key, other string) bool {
	bare, ok := wordable(v)[key]
	if !ok || len(other) > 3*len(bare)+60 || !slices.Equal(holesOf(bare), holesOf(other)) {
		return false
	}
	rest := placeholder.ReplaceAllString(other, " ")
	if strings.ContainsFunc(rest, guard.Figure) || strings.ContainsAny(rest, "{}<>[]`\\|_=\n") || addressLike.MatchString(rest) || len(v.Claims(rest)) > 0 {
		return false
	}
	return !strings.ContainsFunc(rest, func(r rune) bool { return unicode.IsLetter(r) && !strings.ContainsFunc(bare, sameScript(r)) })
}

var (
	placeholder = regexp.MustCompile(`\{[a-z_]+\}`)
	addressLike = regexp.MustCompile(`://|@|\pL\.\pL|\pL{26,}`)
)

// holesOf lists the placeholders of a text in order of name, each as often as it stands there.
func holesOf(text string) []string {
	list := placeholder.FindAllString(text, -1)
	slices.Sort(list)
	return list
}

func sameScript(r rune) func(rune) bool {
	for _, script := range unicode.Scripts {
		if unicode.Is(script, r) {
			return func(other rune) bool { return unicode.Is(script, other) }
		}
	}
	return func(rune) bool { return false }
}

// fillIn puts the facts into other words; what a fact says is never looked through for more of them.
func fillIn(v words.Voice, text string, f words.Facts) string {
	pairs := make([]string, 0, 2*len(f))
	for name, value := range f {
		pairs = append(pairs, "{"+name+"}", v.Write(value))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// word gives a template's words, and vouches for what they claim by themselves.
func (d *draft) word(key string, f words.Facts) string {
	d.facts.Template(d.voice, d.voice.Say(key, nil))
	return d.voice.Say(key, f)
}

// warn adds the fixed warning about card numbers.
func (d *draft) warn(languages ...string) {
	text := d.voice.CardWarning(languages...)
	d.facts.Template(d.voice, text)
	d.put(text)
}

// add adds a line to the last paragraph.
func (d *draft) add(key string, f words.Facts) {
	line := d.word(key, f)
	if len(d.blocks) == 0 {
		d.put(line)
		return
	}
	d.blocks[len(d.blocks)-1] += "\n" + line
}

// put adds a paragraph once: two messages of a burst may want the same said.
func (d *draft) put(text string) {
	if text != "" && !slices.Contains(d.blocks, text) {
		d.blocks = append(d.blocks, text)
	}
}

// maxRepeated is how much of what was heard is said again, in characters.
const maxRepeated = 300

// repeatHeard shows what was heard.
func (d *draft) repeatHeard(text string) {
	if r := []rune(text); len(r) > maxRepeated {
		text = string(r[:maxRepeated]) + "…"
	}
	d.facts.Text(text)
	d.heard = append(d.heard, d.word("heard", words.Facts{"words": text}))
}

// first puts a paragraph before all others.
func (d *draft) first(key string, f words.Facts) {
	d.blocks = slices.Insert(d.blocks, 0, d.word(key, f))
}

func (d *draft) button(label, tap string) {
	if slices.ContainsFunc(d.content.Buttons, func(b inbox.Button) bool { return b.Tap == tap || b.Label == label }) {
		return
	}
	d.content.Buttons = append(d.content.Buttons, inbox.Button{Label: label, Tap: tap})
}

// offer adds a button whose label is a template.
func (d *draft) offer(key, tap string) { d.button(d.word(key, nil), tap) }

// only replaces the buttons: a question's answers stand alone.
func (d *draft) only() { d.content.Buttons = nil }

func (d *draft) link(label, url string) {
	d.content.Links = append(d.content.Links, inbox.Link{Label: label, URL: url})
}

// payLinks adds the links of an order, each with the sum that it is about.
func (d *draft) payLinks(list []orders.PayLink) {
	for _, l := range list {
		d.facts.Amount(l.Amount)
		d.link(d.word("pay_link", words.Facts{"total": l.Amount}), l.URL)
	}
}

func (d *draft) card(c inbox.Card) {
	if !slices.ContainsFunc(d.content.Products, func(o inbox.Card) bool { return o.SKU == c.SKU }) {
		d.content.Products = append(d.content.Products, c)
	}
}

// finish gives the message, within what platforms can carry.
func (d *draft) finish() inbox.Content {
	c := d.content
	c.Text = strings.Join(slices.Concat(d.heard, d.blocks), "\n\n")
	if len(c.Buttons) > maxButtons {
		c.Buttons = c.Buttons[:maxButtons]
	}
	if len(c.Buttons) > 0 {
		c.Choose = d.word("choose", nil)
	}
	return c
}

func (d *draft) silent() bool {
	return len(d.blocks) == 0 && len(d.content.Products) == 0 && len(d.content.Links) == 0
}
