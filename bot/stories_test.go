package bot_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sotto.chat/bot/words"
	"sotto.chat/catalog"
	"sotto.chat/channels"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/money"
	"sotto.chat/internal/testkit"
	"sotto.chat/merchants"
	"sotto.chat/payments"
	"sotto.chat/payments/byhand"
)

// The stories in testdata/*.chat are transcripts that a shopkeeper can read. Lines are:
//
//	shop: shop-en.json, USD, US, en, pickup, delivery, formal, shipping 300, tax 10%, cash, transfer   the shop, before anything else
//	customer: some words            the customer writes
//	customer: [Label]               the customer presses this button
//	burst: one | two                messages that come before the bot can answer
//	basket: 2 COLA, 1 WATER         an order from a platform's own basket
//	bot: words                      the last answer holds these words (any capitals)
//	bot never: words                the last answer does not
//	buttons: A | B                  the last answer offers these
//	cards: SKU, SKU                 the last answer shows these products
//	cart: 2 COLA, 1 PIZZA (SIZE=L) = $9.00      or: cart: empty
//	orders: awaiting_payment $9.00, paid $4.00   the orders, the newest first; or: orders: none
//	pays                            the customer pays with the last link
//	arrives: cash                   staff register the cash, or the transfer, of the last order
//	dead: link 1                    the first link that was sent leads nowhere
//	later: 20m                      time passes
//	stock: COLA 3 · price: COLA 300 the merchant changes something
//	hears: words                    sooner or later the bot says these words
//	once: words                     exactly one message of the bot has these words
//	answers: 3                      so many messages of the bot there are
//	person                          a person has the conversation now;  bot again    the bot has it back
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.chat")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".chat"), func(t *testing.T) {
			testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) { play(t, db, clock, file) })
		})
	}
}

type story struct {
	*world
	voice words.Voice
}

func play(t *testing.T, db *database.DB, clock *testkit.Clock, file string) {
	raw, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = raw.Close() }()
	var s *story
	lines := bufio.NewScanner(raw)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		what, rest, _ := strings.Cut(line, ":")
		rest = strings.TrimSpace(rest)
		if what == "shop" {
			s = &story{world: newWorld(t, db, clock, settingOf(t, rest))}
			book, err := words.Open()
			s.must(err)
			s.voice = book.Voice(s.m.Country, false, s.m.Language)
			s.takes(strings.Contains(rest, ", cash"), strings.Contains(rest, ", transfer"))
			continue
		}
		if problem := s.step(what, rest); problem != "" {
			t.Fatalf("%s:%d: %s\n%s\nthe talk:\n%s", file, n, line, problem, s.transcript())
		}
	}
	if s.conv != "" && len(s.botSaid()) > 0 {
		s.noApology()
	}
}

func settingOf(t *testing.T, line string) setting {
	words := strings.Split(line, ",")
	for i := range words {
		words[i] = strings.TrimSpace(words[i])
	}
	s := setting{file: words[0], NewMerchant: merchants.NewMerchant{Name: "Tiny Shop", Currency: words[1], Country: words[2], Language: words[3], HoldMinutes: 30}}
	for _, w := range words[4:] {
		name, value, _ := strings.Cut(w, " ")
		switch name {
		case "pickup":
			s.Settings.Pickup = true
		case "delivery":
			s.Settings.Delivery = true
		case "formal":
			s.Settings.Formal = true
		case "shipping":
			s.ShippingAmount, _ = strconv.ParseInt(value, 10, 64)
		case "tax":
			percent, _ := strconv.ParseInt(strings.TrimSuffix(value, "%"), 10, 64)
			s.TaxPPM = percent * 10_000
		case "cash", "transfer": // see takes
		default:
			t.Fatalf("the shop cannot be %q", w)
		}
	}
	return s
}

// step does one line and gives what is wrong with it.
func (s *story) step(what, rest string) string {
	switch what {
	case "customer":
		if strings.HasPrefix(rest, "[") {
			s.tapLabel(strings.Trim(rest, "[]"))
		} else {
			s.says(channels.Incoming{Text: rest})
		}
	case "burst":
		var texts []string
		for _, t := range strings.Split(rest, "|") {
			texts = append(texts, strings.TrimSpace(t))
		}
		s.burst(texts...)
		s.turn()
	case "basket":
		s.basket(rest)
	case "pays":
		s.pays()
	case "arrives":
		s.work()
		ord := s.order()
		s.receives(ord.Payments[0].ID, map[string]string{"cash": payments.MethodCash, "transfer": payments.MethodBank}[rest], ord.Total, "")
	case "later":
		d, err := time.ParseDuration(rest)
		s.must(err)
		s.clock.Advance(d)
		_, err = s.orders.Sweep(s.t.Context())
		s.must(err)
	case "stock", "price":
		s.change(what, rest)
	case "bot again":
		s.must(s.db.InTx(jobs.Eager(s.t.Context()), func(tx database.Tx) error {
			c, err := s.inbox.Lock(tx, s.m.ID, s.conv)
			if err != nil {
				return err
			}
			return s.inbox.Handoff(tx, &c, inbox.ByBot)
		}))
	default:
		return s.check(what, rest)
	}
	return ""
}

// takes has the shop be paid by hand, too.
func (s *story) takes(cash, transfer bool) {
	terms := byhand.Terms{Cash: cash, Bank: transfer}
	if transfer {
		terms.BankDetails, terms.BankDays = "IBAN GB33 BUKB 2020 1555 5555 55", 4
	}
	s.tx(func(tx database.Tx) error { return s.pay.SetTerms(tx, s.m.ID, terms) })
}

func (s *story) basket(rest string) {
	var items []channels.OrderItem
	for _, part := range strings.Split(rest, ",") {
		n, sku, _ := strings.Cut(strings.TrimSpace(part), " ")
		quantity, _ := strconv.ParseInt(n, 10, 64)
		items = append(items, channels.OrderItem{SKU: sku, Quantity: quantity})
	}
	s.says(channels.Incoming{Order: items})
}

func (s *story) change(what, rest string) {
	sku, value, _ := strings.Cut(rest, " ")
	n, err := strconv.ParseInt(value, 10, 64)
	s.must(err)
	p, err := s.cat.BySKU(s.t.Context(), s.m.ID, sku)
	s.must(err)
	s.tx(func(tx database.Tx) error {
		if what == "stock" {
			_, err := s.cat.SetStock(tx, s.m.ID, p.Variants[0].ID, &n)
			return err
		}
		return s.reprice(tx, p, n)
	})
}

// check compares what is with what the story says.
func (s *story) check(what, rest string) string {
	switch what {
	case "bot":
		if !holds(s.last(), rest) {
			return "the bot did not say that"
		}
	case "bot never":
		if holds(s.last(), rest) {
			return "the bot said that"
		}
	case "buttons":
		return missing(rest, "|", labels(s.last()))
	case "cards":
		var skus []string
		for _, c := range s.last().Products {
			skus = append(skus, c.SKU)
		}
		return missing(rest, ",", skus)
	case "cart":
		return differ(rest, s.cartLine())
	case "orders":
		return differ(rest, s.ordersLine())
	case "dead":
		return s.deadLink(rest)
	case "hears":
		s.work()
		testkit.Eventually(s.t, "the bot says "+rest, func() bool {
			return slices.ContainsFunc(s.botSaid(), func(m inbox.Message) bool { return holds(m.Content, rest) })
		})
	case "once":
		return s.once(rest)
	case "answers":
		return differ(rest, strconv.Itoa(len(s.botSaid())))
	case "person":
		c, err := s.inbox.Get(s.t.Context(), s.m.ID, s.conv)
		s.must(err)
		return differ(inbox.ByPerson, c.Answering)
	default:
		return "nobody knows what " + what + " means"
	}
	return ""
}

func (s *story) once(words string) string {
	n := 0
	for _, m := range s.botSaid() {
		if holds(m.Content, words) {
			n++
		}
	}
	return differ("1", strconv.Itoa(n))
}

func (s *story) deadLink(rest string) string {
	n, _ := strconv.Atoi(strings.TrimPrefix(rest, "link "))
	var all []string
	for _, m := range s.botSaid() {
		for _, l := range m.Content.Links {
			if !slices.Contains(all, l.URL) {
				all = append(all, l.URL)
			}
		}
	}
	if n < 1 || n > len(all) {
		return fmt.Sprintf("there are %d links", len(all))
	}
	if _, err := s.session(all[n-1]); err == nil {
		return "the link is alive"
	}
	return ""
}

// cartLine writes the cart as the stories do.
func (s *story) cartLine() string {
	q, ok := s.cart()
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
	return strings.Join(lines, ", ") + " = " + s.voice.Money(money.Of(q.Total, q.Currency))
}

func (s *story) ordersLine() string {
	var list []string
	for _, o := range s.allOrders() {
		list = append(list, string(o.Status)+" "+s.voice.Money(money.Of(o.Total, o.Currency)))
	}
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

func (s *story) noApology() {
	for _, m := range s.botSaid() {
		if holds(m.Content, s.voice.Say("apology", nil)) {
			s.t.Errorf("the bot apologized:\n%s", s.transcript())
		}
	}
}

// transcript writes the talk for who must find the fault.
func (s *story) transcript() string {
	if s.conv == "" {
		return ""
	}
	var b strings.Builder
	for _, m := range s.talk() {
		fmt.Fprintf(&b, "%s: %s%s %v\n", m.Sender, m.Content.Text, m.Tap, labels(m.Content))
		for _, l := range m.Content.Links {
			fmt.Fprintf(&b, "   -> %s\n", l.Label)
		}
		for _, c := range m.Content.Products {
			fmt.Fprintf(&b, "   # %s %s\n", c.Name, c.Price)
		}
	}
	return b.String()
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

func differ(want, got string) string {
	if want != got {
		return "it is: " + got
	}
	return ""
}

// reprice changes what a product costs.
func (s *story) reprice(tx database.Tx, p catalog.Product, price int64) error {
	_, err := s.cat.Patch(tx, s.m.ID, p.ID, 0, catalog.Edit{Price: &price})
	return err
}
