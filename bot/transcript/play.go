package transcript

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"sotto.chat/catalog"
	"sotto.chat/channels"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/money"
	"sotto.chat/payments"
)

// Result is what became of one script.
type Result struct {
	Name    string
	Steps   int
	Skipped string   // why it was not played; empty where it was
	Problem *Problem // what is not as written; nil where all is
	Step    string   // the step that it is about, as it was played
	Talk    string   // what was said until then, where there is a problem
	Took    time.Duration
}

// Passed tells whether everything is as written.
func (r Result) Passed() bool { return r.Problem == nil && r.Skipped == "" }

// Play plays a script on a stage that nobody has played on.
func (s *Stage) Play(ctx context.Context, script Script) Result {
	start := time.Now()
	r := Result{Name: script.Name, Steps: len(script.Steps)}
	for _, step := range script.Steps {
		message, err := s.step(ctx, step)
		if err != nil {
			message = explained(err)
		}
		if message != "" {
			r.Problem, r.Step = &Problem{script.Name, step.Line, message}, step.String()
			break
		}
	}
	if r.Problem == nil {
		if sorry, err := s.apologized(ctx); sorry || err != nil {
			last := script.Steps[len(script.Steps)-1]
			r.Problem, r.Step = &Problem{script.Name, last.Line, "the bot apologized for a failure of its own"}, last.String()
		}
	}
	if r.Problem != nil {
		r.Talk = s.Transcript(ctx)
	}
	r.Took = time.Since(start)
	return r
}

// explained words a failure of the machinery for who wrote the script.
func explained(err error) string {
	switch {
	case errors.Is(err, errPatience), errors.Is(err, errNoLink):
		return err.Error()
	case errors.Is(err, catalog.ErrUnknownSKU), errors.Is(err, catalog.ErrNotFound):
		return "the catalog has no such sku"
	}
	return "this could not be played: " + err.Error()
}

// String writes the step as a line.
func (s Step) String() string {
	if s.Text == "" {
		return s.What
	}
	return s.What + ": " + s.Text
}

// step does one line and gives what is not as written.
func (s *Stage) step(ctx context.Context, step Step) (string, error) {
	switch step.What {
	case "customer":
		return s.customer(ctx, step.Text)
	case "burst":
		var texts []string
		for _, t := range strings.Split(step.Text, "|") {
			texts = append(texts, strings.TrimSpace(t))
		}
		if err := s.Burst(ctx, texts...); err != nil {
			return "", err
		}
		return "", s.Turn(ctx)
	case "basket":
		return "", s.basket(ctx, step.Text)
	case "pays":
		return "", s.Pays(ctx)
	case "arrives":
		return s.arrives(ctx, step.Text)
	case "later":
		return "", s.later(ctx, step.Text)
	case "stock", "price":
		return "", s.change(ctx, step.What, step.Text)
	case "bot again":
		return "", s.botAgain(ctx)
	}
	return s.check(ctx, step.What, step.Text)
}

func (s *Stage) customer(ctx context.Context, text string) (string, error) {
	label, found := strings.CutPrefix(text, "[")
	if !found {
		return "", s.Says(ctx, channels.Incoming{Text: text})
	}
	label = strings.TrimSuffix(label, "]")
	if there, err := s.Tap(ctx, label); there || err != nil {
		return "", err
	}
	last, err := s.last(ctx)
	return fmt.Sprintf("there is no button %q; the last answer has %q", label, labels(last)), err
}

func (s *Stage) basket(ctx context.Context, text string) error {
	var items []channels.OrderItem
	for _, part := range strings.Split(text, ",") {
		n, sku, _ := strings.Cut(strings.TrimSpace(part), " ")
		quantity, err := strconv.ParseInt(n, 10, 64)
		if err != nil {
			return err
		}
		items = append(items, channels.OrderItem{SKU: strings.TrimSpace(sku), Quantity: quantity})
	}
	return s.Says(ctx, channels.Incoming{Order: items})
}

// arrives has staff register the money of the newest order.
func (s *Stage) arrives(ctx context.Context, how string) (string, error) {
	list, err := s.AllOrders(ctx)
	if err != nil {
		return "", err
	}
	if len(list) == 0 {
		return "there is no order", nil
	}
	ord, err := s.Orders.Get(ctx, s.Merchant.ID, list[0].ID)
	if err != nil {
		return "", err
	}
	p, ok := ord.Payment()
	if !ok {
		return "nobody waits for the money of this order", nil
	}
	if err := s.Work(ctx); err != nil {
		return "", err
	}
	method := payments.MethodCash
	if how == "transfer" {
		method = payments.MethodBank
	}
	return "", s.Payments.Receive(jobs.Eager(ctx), s.Merchant.ID, p.ID, payments.Received{Method: method, Amount: money.Of(ord.Total, ord.Currency)})
}

func (s *Stage) later(ctx context.Context, text string) error {
	d, err := time.ParseDuration(text)
	if err != nil {
		return err
	}
	s.Advance(d)
	_, err = s.Orders.Sweep(ctx)
	return err
}

func (s *Stage) change(ctx context.Context, what, text string) error {
	sku, number := lastWord(text)
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return err
	}
	p, err := s.Catalog.BySKU(ctx, s.Merchant.ID, sku)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx database.Tx) error {
		if what == "price" {
			_, err := s.Catalog.Patch(tx, s.Merchant.ID, p.ID, 0, catalog.Edit{Price: &n})
			return err
		}
		_, err := s.Catalog.SetStock(tx, s.Merchant.ID, variant(p, sku).ID, &n)
		return err
	})
}

// variant gives the one that a sku names, else the first.
func variant(p catalog.Product, sku string) catalog.Variant {
	for _, v := range p.Variants {
		if v.SKU == sku {
			return v
		}
	}
	return p.Variants[0]
}

func (s *Stage) botAgain(ctx context.Context) error {
	return s.DB.InTx(jobs.Eager(ctx), func(tx database.Tx) error {
		c, err := s.Inbox.Lock(tx, s.Merchant.ID, s.Conversation)
		if err != nil {
			return err
		}
		return s.Inbox.Handoff(tx, &c, inbox.ByBot)
	})
}

// apologized tells whether the bot failed at an answer.
func (s *Stage) apologized(ctx context.Context) (bool, error) {
	list, err := s.BotSaid(ctx)
	for _, m := range list {
		if holds(m.Content, s.voice.Say("apology", nil)) {
			return true, err
		}
	}
	return false, err
}

// Transcript writes the talk for who must find the fault.
func (s *Stage) Transcript(ctx context.Context) string {
	var b strings.Builder
	all, err := s.Talk(ctx)
	if err != nil {
		return "the talk cannot be read: " + err.Error()
	}
	for _, m := range all {
		fmt.Fprintf(&b, "%s: %s%s", m.Sender, m.Content.Text, m.Tap)
		if names := labels(m.Content); len(names) > 0 {
			fmt.Fprintf(&b, "   [%s]", strings.Join(names, "] ["))
		}
		b.WriteByte('\n')
		for _, l := range m.Content.Links {
			fmt.Fprintf(&b, "   -> %s\n", l.Label)
		}
		for _, c := range m.Content.Products {
			fmt.Fprintf(&b, "   # %s  %s  %s\n", c.SKU, c.Name, c.Price)
		}
	}
	return b.String()
}
