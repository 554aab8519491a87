package practice

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"sotto.chat/bot"
	"sotto.chat/bot/embedded"
	"sotto.chat/bot/reading"
	"sotto.chat/lessons"
)

// TryCmd shows what the bot makes of a message, and why.
type TryCmd struct {
	Message []string `arg:"" optional:"" help:"The message; without one, a message a line from stdin."`
	Locale  string   `help:"The language to assume where the message does not tell; the shop's by default."`
	Asked   string   `enum:"none,confirm_order,choose_product,choose_option,quantity,address" default:"none" help:"The question that is open when the message comes."`
	JSON    bool     `name:"json" help:"Print one line of JSON for each message."`
	place
}

// Help shows an example.
func (TryCmd) Help() string {
	return "Nothing is done and nothing is kept:\n  sotto try 'two large teas please'\n  sotto try --catalog menu.json --json < messages.txt"
}

// Run reads messages and prints how each was understood.
func (c *TryCmd) Run(ctx context.Context, live *Live) error {
	shop, err := c.shop(ctx, live)
	if err != nil {
		return err
	}
	locale := c.Locale
	if locale == "" {
		locale = shop.Language
	}
	lexicon := embedded.Compile(shop.Goods)
	try := func(text string) error {
		return write(os.Stdout, text, Try(lexicon, text, locale, c.Asked), c.JSON)
	}
	if len(c.Message) > 0 {
		return try(strings.Join(c.Message, " "))
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if err := try(lines.Text()); err != nil {
			return err
		}
	}
	return lines.Err()
}

// Try reads one message and tells how.
func Try(l *embedded.Lexicon, text, locale, asked string) lessons.Trial {
	e := l.Explain(text, reading.State{Asked: asked}, locale)
	r := e.Understood
	t := lessons.Trial{Language: r.Language, Languages: []lessons.Weighed{}, Words: e.Words, Stretches: []lessons.Stretch{}, Confidence: r.Confidence,
		Actions: []lessons.TrialDeed{}, Unread: r.Unread, Others: others(e), Asks: bot.Asks(r, e.Others)}
	if t.Words == nil {
		t.Words = []string{}
	}
	for _, w := range e.Languages {
		if w.Weight > 0 {
			t.Languages = append(t.Languages, lessons.Weighed{Name: w.Name, Weight: lessons.Round(w.Weight)})
		}
	}
	for _, s := range e.Stretches {
		t.Stretches = append(t.Stretches, lessons.Stretch{Text: s.Text, Meaning: s.Meaning, Weight: lessons.Round(s.Weight), Chosen: s.Chosen})
	}
	if e.Question.Name != "" {
		t.Question = &lessons.Weighed{Name: e.Question.Name, Weight: lessons.Round(e.Question.Weight)}
	}
	for _, a := range r.Actions {
		raw, err := json.Marshal(a)
		if err == nil {
			t.Actions = append(t.Actions, lessons.TrialDeed{Kind: a.Kind, Deed: string(raw)})
		}
	}
	t.Why = why(e)
	return t
}

// mostOthers bounds how many other readings are shown.
const mostOthers = 4

// others lists what else the whole message could mean, down to what is hardly worth a thought.
func others(e embedded.Explanation) []lessons.TrialDeed {
	out := []lessons.TrialDeed{}
	for _, o := range e.Others {
		raw, err := json.Marshal(o.Reading.Actions)
		if err != nil || lessons.Round(o.Weight) == 0 || len(out) == mostOthers {
			continue
		}
		kinds := make([]string, len(o.Reading.Actions))
		for i, a := range o.Reading.Actions {
			kinds[i] = a.Kind
		}
		out = append(out, lessons.TrialDeed{Kind: strings.Join(kinds, ", "), Deed: string(raw), Weight: lessons.Round(o.Weight)})
	}
	return out
}

// why says in sentences what decided.
func why(e embedded.Explanation) []string {
	r := e.Understood
	out := []string{fmt.Sprintf("The language is %s: most words of it are there, or nothing speaks against the shop's own.", r.Language)}
	if len(r.Unread) > 0 {
		out = append(out, "Nobody knows these words: "+strings.Join(r.Unread, ", ")+".")
	}
	out = append(out, reasons(e)...)
	for _, a := range r.Actions {
		if a.Kind == reading.Ask && a.Question != "" {
			out = append(out, fmt.Sprintf("It is like the examples of your question %s (%.2f of 1).", a.Question, e.Question.Weight))
		}
	}
	switch {
	case len(r.Actions) == 0 && len(r.Unread) > 0:
		out = append(out, "It was not understood: the bot offers the goods that come nearest to these words, or asks to say it in other words; the second time in a row a person is called.")
	case len(r.Actions) == 0:
		out = append(out, "It was not understood: the words are known, and together they ask for nothing that the bot can do.")
	case !bot.Sure(r):
		out = append(out, fmt.Sprintf("Of a hundred readings like this one about %.0f are right: a language model would be asked, where one is configured and allowed.", 100*r.Confidence))
	}
	switch {
	case len(r.Actions) == 0:
	case bot.Asks(r, e.Others):
		out = append(out, "The bot asks what is meant, with a button for each reading, before it changes anything.")
	default:
		out = append(out, "It is sure enough to act on its own.")
	}
	return out
}

// reasons says why the first reading won, and what its confidence was made of: the signs that weigh most.
func reasons(e embedded.Explanation) []string {
	if len(e.Understood.Actions) == 0 {
		return nil
	}
	first := "Nothing else that the whole message could mean was found."
	if len(e.Others) > 0 {
		first = fmt.Sprintf("It won because what it was made of is worth the most together: it is right with %.2f, the next one with %.2f.", e.Understood.Confidence, e.Others[0].Weight)
	}
	if len(e.Signs) == 0 {
		return []string{first}
	}
	moved := make([]string, len(e.Signs))
	for i, s := range e.Signs {
		moved[i] = fmt.Sprintf("%s (%+.1f)", s.Name, s.Weight)
	}
	return []string{first, "What moved its confidence most: " + strings.Join(moved, ", ") + "."}
}

// write prints one trial for people, or as JSON.
func write(w io.Writer, text string, t lessons.Trial, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return e.Encode(t)
	}
	out := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	p := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format, args...) } // Flush tells of a failure
	p("» %s\n", text)
	p("language\t%s\n", weights(t.Languages))
	p("words\t%s\n", strings.Join(t.Words, " · "))
	for _, s := range t.Stretches {
		mark := " "
		if s.Chosen {
			mark = "*"
		}
		p("  %s %s\t%.2f\t%s\n", mark, s.Text, s.Weight, s.Meaning)
	}
	if t.Question != nil {
		p("nearest question\t%s %.2f\n", t.Question.Name, t.Question.Weight)
	}
	for _, a := range t.Actions {
		p("action\t%s\n", a.Deed)
	}
	if len(t.Actions) == 0 {
		p("action\tnone\n")
	}
	p("confidence\t%.2f\n", t.Confidence)
	for _, o := range t.Others {
		p("it could also mean\t%s (%.2f)\n", o.Deed, o.Weight)
	}
	for _, y := range t.Why {
		p("why\t%s\n", y)
	}
	return out.Flush()
}

func weights(list []lessons.Weighed) string {
	var out []string
	for _, w := range list {
		out = append(out, fmt.Sprintf("%s %.2f", w.Name, w.Weight))
	}
	return strings.Join(out, ", ")
}
