package transcript

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sotto.chat/channels"
	"sotto.chat/inbox"
	"sotto.chat/internal/money"
	"sotto.chat/orders"
	"sotto.chat/payments"
)

// check compares what is with what the script says, and gives the difference.
func (s *Stage) check(ctx context.Context, what, text string) (string, error) {
	switch what {
	case "bot", "bot never", "buttons", "cards", "note":
		last, err := s.last(ctx)
		if err != nil {
			return "", err
		}
		return answered(what, text, last), nil
	case "hears":
		return s.hears(ctx, text)
	case "once", "answers":
		return s.counted(ctx, what, text)
	case "dead":
		return s.deadLink(ctx, text)
	case "person":
		c, err := s.Inbox.Get(ctx, s.Merchant.ID, s.Conversation)
		if err == nil && c.Answering != inbox.ByPerson {
			return "the bot still has the conversation", nil
		}
		return "", err
	}
	return s.goods(ctx, what, text)
}

// goods compares the cart, the orders, the money and the stock.
func (s *Stage) goods(ctx context.Context, what, text string) (string, error) {
	switch what {
	case "cart":
		q, ok, err := s.Cart(ctx)
		if err != nil {
			return "", err
		}
		return differ(text, s.cartLine(q, ok, strings.Contains(text, " = "))), nil
	case "orders":
		list, err := s.AllOrders(ctx)
		if err != nil {
			return "", err
		}
		return differ(text, s.ordersLine(list, strings.ContainsAny(text, "0123456789"))), nil
	case "paid":
		list, err := s.AllOrders(ctx)
		if err != nil {
			return "", err
		}
		return differ(text, s.paid(list)), nil
	case "left":
		return s.left(ctx, text)
	}
	return unknown(what), nil
}

// answered compares the last answer.
func answered(what, text string, last channels.Content) string {
	switch what {
	case "bot":
		if !holds(last, text) {
			return "the bot did not say that; it said: " + last.Text
		}
	case "bot never":
		if holds(last, text) {
			return "the bot said that"
		}
	case "note":
		if !strings.Contains(strings.ToLower(last.Note), strings.ToLower(text)) {
			return "the team was not told that; it was told: " + last.Note
		}
	case "buttons":
		return missing(text, "|", labels(last))
	case "cards":
		var skus []string
		for _, c := range last.Products {
			skus = append(skus, c.SKU)
		}
		return missing(text, ",", skus)
	}
	return ""
}

func (s *Stage) hears(ctx context.Context, words string) (string, error) {
	if err := s.Work(ctx); err != nil {
		return "", err
	}
	return "", eventually(ctx, func() (bool, error) {
		list, err := s.BotSaid(ctx)
		return slices.ContainsFunc(list, func(m inbox.Message) bool { return holds(m.Content, words) }), err
	})
}

func (s *Stage) counted(ctx context.Context, what, text string) (string, error) {
	list, err := s.BotSaid(ctx)
	if err != nil {
		return "", err
	}
	if what == "answers" {
		return differ(text, strconv.Itoa(len(list))), nil
	}
	n := 0
	for _, m := range list {
		if holds(m.Content, text) {
			n++
		}
	}
	if n != 1 {
		return fmt.Sprintf("%d messages have these words", n), nil
	}
	return "", nil
}

func (s *Stage) deadLink(ctx context.Context, text string) (string, error) {
	n, err := strconv.Atoi(strings.TrimPrefix(text, "link "))
	if err != nil {
		return "", err
	}
	list, err := s.BotSaid(ctx)
	if err != nil {
		return "", err
	}
	var all []string
	for _, m := range list {
		for _, l := range m.Content.Links {
			if !slices.Contains(all, l.URL) {
				all = append(all, l.URL)
			}
		}
	}
	if n < 1 || n > len(all) {
		return fmt.Sprintf("there are %d links", len(all)), nil
	}
	if _, err := s.Session(ctx, all[n-1]); err == nil {
		return "the link is alive", nil
	}
	return "", nil
}

func (s *Stage) left(ctx context.Context, text string) (string, error) {
	sku, want := lastWord(text)
	p, err := s.Catalog.BySKU(ctx, s.Merchant.ID, sku)
	if err != nil {
		return "", err
	}
	have := "-"
	if free := variant(p, sku).Stock().Available; free != nil {
		have = strconv.FormatInt(*free, 10)
	}
	return differ(want, have), nil
}

// cartLine writes the cart as scripts do.
func (s *Stage) cartLine(q orders.Quote, ok, withTotal bool) string {
	if !ok || len(q.Lines) == 0 {
		return "empty"
	}
	var lines []string
	for _, l := range q.Lines {
		line := fmt.Sprintf("%d %s", l.Quantity, l.SKU)
		var options []string
		for _, o := range l.Options {
			option := o.Group + "=" + o.Choice
			if o.Amount != "" {
				option += ":" + o.Amount
			}
			options = append(options, option)
		}
		if len(options) > 0 {
			line += " (" + strings.Join(options, " ") + ")"
		}
		lines = append(lines, line)
	}
	line := strings.Join(lines, ", ")
	if withTotal {
		line += " = " + s.money(q.Total)
	}
	return line
}

func (s *Stage) ordersLine(all []orders.Order, withSums bool) string {
	var list []string
	for _, o := range all {
		line := string(o.Status)
		if withSums {
			line += " " + s.money(o.Total)
		}
		list = append(list, line)
	}
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

func (s *Stage) paid(all []orders.Order) string {
	var sum int64
	for _, o := range all {
		for _, p := range o.Payments {
			if p.Status == payments.Paid {
				sum += p.Amount
			}
		}
	}
	return s.money(sum)
}

func (s *Stage) money(n int64) string { return s.voice.Money(money.Of(n, s.Merchant.Currency)) }

// last gives the newest answer of the bot; an empty one where it has said nothing.
func (s *Stage) last(ctx context.Context) (channels.Content, error) {
	list, err := s.BotSaid(ctx)
	if err != nil || len(list) == 0 {
		return channels.Content{}, err
	}
	return list[len(list)-1].Content, nil
}

func holds(c channels.Content, words string) bool {
	all := c.Text
	for _, l := range c.Links {
		all += "\n" + l.Label
	}
	return strings.Contains(strings.ToLower(all), strings.ToLower(words))
}

func labels(c channels.Content) []string {
	var out []string
	for _, b := range c.Buttons {
		out = append(out, b.Label)
	}
	return out
}

func missing(wanted, sep string, have []string) string {
	for _, w := range strings.Split(wanted, sep) {
		if !slices.Contains(have, strings.TrimSpace(w)) {
			return fmt.Sprintf("%q is not among %q", strings.TrimSpace(w), have)
		}
	}
	return ""
}

// differ tells what is where it is not what was wanted.
func differ(want, got string) string {
	if want != got {
		return "it is: " + got
	}
	return ""
}
