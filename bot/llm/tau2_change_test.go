package llm_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"sotto.chat/channels"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/orders"
)

// nobodyIsLookedUp wants no way from words to a customer: who somebody is, the session knows alone.
func (p *replayed) nobodyIsLookedUp(a goldAction) {
	p.t.Helper()
	who := strings.TrimSpace(a.Arguments.First + " " + a.Arguments.Last + a.Arguments.Email)
	arguments, _ := json.Marshal(a.Arguments)
	p.riddle("this is "+who, call{a.Name, string(arguments)})
	if len(p.last().Links) > 0 || strings.Contains(p.last().Text, who) {
		p.t.Errorf("somebody was looked up: %s", p.last().Text)
	}
	p.counts["refused to look somebody up"]++
	p.afresh()
}

// swap has the customer change what waits for its money: the order is made anew with the customer's yes, and not before.
func (p *replayed) swap(a goldAction) {
	p.t.Helper()
	old := p.find(a.Arguments.Order)
	p.riddle("", p.instead(a)...)
	p.noOrderBut(a.Name, old)
	p.yesMakes(a.Name, old, replacedItems(itemsOf(old), a.Arguments.Items, a.Arguments.NewItems))
}

// instead is the calls that take things out of the cart and put others in.
func (p *replayed) instead(a goldAction) (calls []call) {
	p.t.Helper()
	cart, ok, err := p.Cart(p.t.Context())
	p.must(err)
	if !ok {
		p.t.Fatalf("%s: there is no cart", a.Name)
	}
	gone := slices.Clone(a.Arguments.Items)
	for _, l := range cart.Lines {
		n := 0
		for range l.Quantity {
			if at := slices.Index(gone, l.SKU); at >= 0 {
				gone = slices.Delete(gone, at, at+1)
				n++
			}
		}
		if n > 0 {
			calls = append(calls, call{"remove", fmt.Sprintf(`{"line":%q,"quantity":%d}`, l.ID, n)})
		}
	}
	for _, item := range a.Arguments.NewItems {
		calls = append(calls, call{"add", `{"sku":"` + item + `"}`})
	}
	return calls
}

// redirect has the customer write another address for what waits for its money.
func (p *replayed) redirect(a goldAction) {
	p.t.Helper()
	old := p.find(a.Arguments.Order)
	p.riddle(a.address(), call{"set_address", `{"text":"` + copied + `"}`})
	p.noOrderBut(a.Name, old)
	ord := p.yesMakes(a.Name, old, itemsOf(old))
	p.must(p.db.InTx(p.t.Context(), func(tx database.Tx) error {
		d, err := p.Orders.FindDelivery(tx, ord)
		if err == nil && (d.Address == nil || d.Address.Text != a.address()) {
			p.t.Errorf("%s goes to %v, want %s", a.Arguments.Order, d.Address, a.address())
		}
		return err
	}))
}

// orderInstead has the customer order what shall come in the place of what a person took back.
func (p *replayed) orderInstead(a goldAction) {
	p.t.Helper()
	old := p.find(a.Arguments.Order)
	var calls []call
	var names []string
	for _, item := range a.Arguments.NewItems {
		calls, names = append(calls, call{"add", `{"sku":"` + item + `"}`}), append(names, p.nameOf(item))
	}
	p.riddle(strings.Join(names, " "), append(calls, call{"simple", `{"kind":"checkout"}`})...)
	p.noOrderBut(a.Name, old)
	p.yesMakes(a.Name, orders.Order{}, slices.Sorted(slices.Values(a.Arguments.NewItems)))
}

// noOrderBut wants no order since another one, before and after a model's own yes.
func (p *replayed) noOrderBut(what string, old orders.Order) {
	p.t.Helper()
	for _, own := range []bool{false, true} {
		if own {
			p.riddle("", call{"simple", `{"kind":"confirm"}`})
		}
		if last := p.orders()[0]; last.ID != old.ID {
			p.t.Errorf("%s made the order %s without a yes", what, last.Number)
		}
		p.counts["refused without a yes"]++
	}
	p.afresh()
}

// yesMakes says yes to what is asked, and wants an order of just these items in the place of the old one.
func (p *replayed) yesMakes(what string, old orders.Order, items []string) orders.Order {
	p.t.Helper()
	p.says(channels.Incoming{Tap: "checkout"})
	p.says(channels.Incoming{Text: "yes"})
	ord, err := p.Orders.Get(p.t.Context(), p.Merchant.ID, p.orders()[0].ID)
	p.must(err)
	total := int64(0)
	for _, item := range items {
		total += p.priceOf(item)
	}
	if got := itemsOf(ord); ord.ID == old.ID || ord.Status != orders.AwaitingPayment || !slices.Equal(got, items) || ord.Total != total {
		p.t.Errorf("%s: %s with %v for %d, want %v for %d: %s", what, ord.Status, got, ord.Total, items, total, p.last().Text)
	}
	if old.ID != "" {
		if now, err := p.Orders.Get(p.t.Context(), p.Merchant.ID, old.ID); err != nil || now.Status != orders.Cancelled {
			p.t.Errorf("%s: what it was instead of is %s (%v)", what, now.Status, err)
		}
	}
	return ord
}

func itemsOf(ord orders.Order) (items []string) {
	for _, l := range ord.Lines {
		for range l.Quantity {
			items = append(items, l.SKU)
		}
	}
	slices.Sort(items)
	return items
}

// replacedItems takes some out of a list and puts others in.
func replacedItems(items, gone, came []string) []string {
	out := slices.Clone(items)
	for _, item := range gone {
		if at := slices.Index(out, item); at >= 0 {
			out = slices.Delete(out, at, at+1)
		}
	}
	out = append(out, came...)
	slices.Sort(out)
	return out
}

func (p *replayed) nameOf(item string) string {
	for _, product := range p.r.Products {
		if _, ok := product.Variants[item]; ok {
			return product.Name
		}
	}
	return "?"
}

func (p *replayed) priceOf(item string) int64 {
	for _, product := range p.r.Products {
		if v, ok := product.Variants[item]; ok {
			return int64(math.Round(v.Price * 100))
		}
	}
	return 0
}

// atPerson wants the talk with a person, and gives it back for what comes next.
func (p *replayed) atPerson(what string) {
	p.t.Helper()
	c, err := p.Inbox.Get(p.t.Context(), p.Merchant.ID, p.Conversation)
	p.must(err)
	if c.Answering != inbox.ByPerson {
		p.t.Errorf("%s did not bring a person: %s", what, p.last().Text)
	}
	p.backToBot()
}

// afresh ends what was not understood.
func (p *replayed) afresh() {
	p.t.Helper()
	p.backToBot()
	p.says(channels.Incoming{Tap: "help"})
}

func (p *replayed) backToBot() {
	p.t.Helper()
	p.must(p.db.InTx(p.t.Context(), func(tx database.Tx) error {
		c, err := p.Inbox.Lock(tx, p.Merchant.ID, p.Conversation)
		if err != nil {
			return err
		}
		return p.Inbox.Handoff(tx, &c, inbox.ByBot)
	}))
}

// every is how many of the tasks are solved: all on SQLite, each fourth on Postgres, where only the rows are other ones.
func every(db *database.DB) int {
	if db.Engine == database.Postgres {
		return 4
	}
	return 1
}
