package llm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tmc/langchaingo/llms"

	"sotto.chat/bot"
	"sotto.chat/bot/reading"
)

// The bounds of an answer.
const (
	maxCalls    = 20
	maxWords    = 300
	maxQuantity = 999
	// modelSure is the confidence of every model reading: it is validated, but a guess.
	modelSure = 0.7
)

// proposal is every argument that any tool takes. A field that it lacks, such as a price, refuses the answer.
type proposal struct {
	Kind     string           `json:"kind"`
	SKU      string           `json:"sku"`
	Quantity *int             `json:"quantity"`
	Options  []reading.Option `json:"options"`
	Note     string           `json:"note"`
	Line     string           `json:"line"`
	Query    string           `json:"query"`
	Category string           `json:"category"`
	Code     string           `json:"code"`
	Order    string           `json:"order"`
	About    string           `json:"about"`
	Text     string           `json:"text"`
	Method   string           `json:"method"`
	Language string           `json:"language"`
	Number   int              `json:"number"`
	Question string           `json:"question"`
	Score    *int             `json:"score"`
	Outcome  string           `json:"outcome"`
}

// decode turns the calls of every choice into a reading, or refuses them all.
func decode(answer *llms.ContentResponse, q bot.Question, s *menu, h hidden) (reading.Reading, error) {
	out := reading.Reading{Language: q.Locale, Confidence: modelSure, Actions: []reading.Action{}, Unread: []string{}}
	nothing := false // it said that it understood nothing
	for _, choice := range answer.Choices {
		for _, call := range choice.ToolCalls {
			if call.FunctionCall == nil || len(out.Actions) >= maxCalls {
				return reading.Reading{}, ErrRefused
			}
			if call.FunctionCall.Name == word && len(s.texts) > 0 {
				if err := wording(&out, call.FunctionCall.Arguments, s); err != nil {
					return reading.Reading{}, err
				}
				continue
			}
			a, err := validate(call.FunctionCall, q, s, h)
			if err != nil {
				return reading.Reading{}, err
			}
			if a.Kind == notUnderstood {
				nothing = true
				continue
			}
			out.Actions = append(out.Actions, a)
		}
	}
	switch {
	case len(out.Actions) > 0:
		return out, nil
	case nothing:
		return reading.Reading{}, fmt.Errorf("%w: %w", ErrRefused, bot.ErrNoAction)
	}
	return reading.Reading{}, fmt.Errorf("%w: no action", ErrRefused)
}

func validate(call *llms.FunctionCall, q bot.Question, s *menu, h hidden) (reading.Action, error) {
	p, err := arguments(call.Arguments)
	if err != nil {
		return reading.Action{}, fmt.Errorf("%w: arguments of %s", ErrRefused, nameOf(call.Name, s))
	}
	c := check{q: q, s: s, h: h, p: p}
	a, ok := c.action(call.Name)
	if !ok {
		return reading.Action{}, fmt.Errorf("%w: %s", ErrRefused, nameOf(call.Name, s))
	}
	return a, nil
}

// nameOf keeps a name that the model made up out of the log.
func nameOf(name string, s *menu) string {
	for _, t := range tools(s) {
		if t.Function.Name == name {
			return name
		}
	}
	return "an unknown function"
}

// arguments decodes strictly: unknown fields, fractions and trailing words are refused.
func arguments(raw string) (proposal, error) {
	var p proposal
	if strings.TrimSpace(raw) == "" {
		return p, nil
	}
	d := json.NewDecoder(bytes.NewReader([]byte(raw)))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return p, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return p, ErrRefused
	}
	return p, nil
}

type check struct {
	q bot.Question
	s *menu
	h hidden
	p proposal
}

// action checks one call: the ids against the candidates, copied words against the message.
func (c *check) action(name string) (reading.Action, bool) {
	p := c.p
	switch name {
	case "simple":
		return reading.Action{Kind: p.Kind}, slices.Contains(simple(), p.Kind)
	case "order":
		return reading.Action{Kind: p.Kind, Order: c.h.restore(p.Order)}, slices.Contains(orderKinds(), p.Kind) && c.copied(p.Order)
	case reading.Add:
		a := reading.Action{Kind: name, SKU: p.SKU, Quantity: c.quantity(1), Options: p.Options, Note: c.h.restore(p.Note)}
		return a, slices.Contains(c.s.skus, p.SKU) && a.Quantity > 0 && c.options(p.SKU) && c.copied(p.Note)
	case reading.Change:
		a := reading.Action{Kind: name, Line: p.Line, Quantity: c.quantity(0), Options: p.Options, Note: c.h.restore(p.Note)}
		return a, slices.Contains(c.s.lines, p.Line) && a.Quantity >= 0 && c.options(c.skuOf(p.Line)) && c.copied(p.Note)
	case reading.Remove:
		a := reading.Action{Kind: name, Line: p.Line, Quantity: c.quantity(0)}
		return a, slices.Contains(c.s.lines, p.Line) && a.Quantity >= 0
	case reading.ShowProduct:
		return reading.Action{Kind: name, SKU: p.SKU}, slices.Contains(c.s.skus, p.SKU)
	case reading.Choose:
		return reading.Action{Kind: name, Number: p.Number}, p.Number >= 1 && p.Number <= c.s.shown
	case reading.Browse:
		return reading.Action{Kind: name, Category: p.Category}, p.Category == "" || slices.Contains(c.s.shelves, p.Category)
	case reading.Ask:
		return reading.Action{Kind: name, Question: p.Question}, slices.Contains(c.s.questions, p.Question)
	}
	return c.words(name)
}

// words checks the calls that carry words of the customer.
func (c *check) words(name string) (reading.Action, bool) {
	p := c.p
	switch name {
	case reading.Search:
		query := c.h.restore(p.Query)
		return reading.Action{Kind: name, Query: query}, query != "" && len(query) <= maxWords
	case reading.SetAddress:
		return reading.Action{Kind: name, Text: c.h.restore(p.Text)}, p.Text != "" && c.copied(p.Text)
	case reading.ApplyCode:
		return reading.Action{Kind: name, Code: c.h.restore(p.Code)}, p.Code != "" && c.copied(p.Code)
	case reading.SetDelivery:
		known := p.Method == reading.Delivery || p.Method == reading.Pickup || p.Method == reading.EatIn
		return reading.Action{Kind: name, Method: p.Method}, known
	case reading.SetLanguage:
		return reading.Action{Kind: name, Language: p.Language}, len(p.Language) == 2
	case reading.Privacy:
		return reading.Action{Kind: name, About: p.About}, slices.Contains(privacyKinds(), p.About)
	case reading.Rate:
		return reading.Action{Kind: name, Score: max(deref(p.Score), 0)}, p.Score != nil && *p.Score >= 0 && *p.Score <= 10
	}
	return reading.Action{}, false
}

// quantity is the asked one, otherwise where none is, -1 where it is out of range.
func (c *check) quantity(otherwise int) int {
	switch q := c.p.Quantity; {
	case q == nil:
		return otherwise
	case *q < 1 || *q > maxQuantity:
		return -1
	default:
		return *q
	}
}

func (c *check) options(sku string) bool {
	for _, o := range c.p.Options {
		sound := o.Amount == "" || o.Amount == reading.Extra || o.Amount == reading.Light || o.Amount == reading.None
		if !sound || o.Count < 0 || o.Count > 20 || !c.q.Goods.Offers(sku, o.Group, o.Choice) {
			return false
		}
	}
	return len(c.p.Options) <= 40
}

func (c *check) skuOf(line string) string {
	for _, l := range c.q.State.Cart {
		if l.Line == line {
			return l.SKU
		}
	}
	return ""
}

// copied tells whether words stand in the message: a model must not put words into a customer's mouth.
func (c *check) copied(words string) bool {
	return len(words) <= maxWords && strings.Contains(plain(c.h.text), plain(words))
}

func plain(s string) string { return strings.Join(strings.Fields(strings.ToLower(s)), " ") }

func deref(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}
