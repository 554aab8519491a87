package console

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"html/template"
	"strings"
	"time"

	"sotto.chat/customers"
	"sotto.chat/inbox"
	"sotto.chat/internal/money"
	"sotto.chat/merchants"
	"sotto.chat/orders"
	"sotto.chat/web/assets"
)

//go:embed pages
var files embed.FS

// view is what the pages show; each uses its own part.
type view struct {
	Page, Title, Sentence, Next string
	Actor                       merchants.Actor
	Shop                        merchants.Merchant
	Search, Status, NextPage    string
	Filters                     []filter
	Orders                      []orderLine
	Chart                       *chart
	Order                       *detail
	Beside                      []detail
	Talks                       []talkRow
	Talk                        *talkView
	Customer                    *person
	Money                       *moneyView
	Try                         *tryView
	Lessons                     *lessonsView
	Disagreements               *disagreementsView
	Rehearsals                  *rehearsalsView
	Questions                   *questionsView
}

type filter struct {
	Name, Href string
	Current    bool
}

type orderLine struct {
	ID, Number, Status, StatusName, Payment, Total, Goods string
	Review                                                bool
	At                                                    time.Time
}

type detail struct {
	orderLine
	Lines, Sums, Payments []pair
	Events                []event
	Method                string
	Address               []string
	Forgotten             bool
	Conversation          string
	Expires               *time.Time
}

type pair struct{ Name, More, Value string }

type event struct {
	At         time.Time
	What, Who  string
	NeedsWords bool
}

type talkRow struct {
	ID, Href, Platform, Language, Name string
	Person, Closed, Current            bool
	At                                 time.Time
}

type talkView struct {
	ID, Platform, Language string
	Person, Closed         bool
	Messages               []said
}

type said struct {
	From, Who, Title, Text string
	Note                   string // for staff alone
	Tapped                 string // the button that the customer chose
	Buttons, Products      []string
	Links                  []pair
	Forgotten              bool
	At                     time.Time
}

type person struct {
	ID, Name, Phone, Email, Language string
	Address                          []string
	Since                            time.Time
	Forgotten                        bool
}

func show(m merchants.Merchant, n int64, currency string) string {
	return assets.Money(m.Language, money.Of(n, currency))
}

func statusName(s string) string {
	for _, known := range statuses {
		if known.Code == s {
			return known.Name
		}
	}
	return words(s)
}

// words makes a code readable: needs_review → needs review.
func words(code string) string { return strings.ReplaceAll(code, "_", " ") }

func orderRow(m merchants.Merchant, o orders.Order) orderLine {
	row := orderLine{ID: o.ID, Number: o.Number, Status: string(o.Status), StatusName: statusName(string(o.Status)), Total: show(m, o.Total, o.Currency), At: o.CreatedAt.UTC()}
	if p, ok := o.Payment(); ok {
		row.Payment, row.Review = words(string(p.Status)), p.Status == "needs_review"
	}
	var goods []string
	for _, l := range o.Lines {
		goods = append(goods, fmt.Sprintf("%d × %s", l.Quantity, l.Name))
	}
	row.Goods = strings.Join(goods, ", ")
	return row
}

func orderDetail(m merchants.Merchant, o orders.Order) detail {
	of := func(n int64) string { return show(m, n, o.Currency) }
	d := detail{orderLine: orderRow(m, o), Method: words(string(o.Method)), Conversation: o.ConversationID, Expires: o.ExpiresAt}
	for _, l := range o.Lines {
		var options []string
		for _, opt := range l.Options {
			options = append(options, strings.TrimSpace(opt.Amount+" "+opt.ChoiceName))
		}
		d.Lines = append(d.Lines, pair{fmt.Sprintf("%d × %s", l.Quantity, l.Name), strings.Join(options, ", "), of(l.Total)})
	}
	sum := func(name string, n int64) {
		if n != 0 {
			d.Sums = append(d.Sums, pair{Name: name, Value: of(n)})
		}
	}
	if o.Subtotal != o.Total {
		sum("Subtotal", o.Subtotal)
	}
	sum("Discount", -o.Discount)
	sum("Delivery", o.Shipping)
	if o.TaxInclusive {
		sum("Tax, included", o.Tax)
	} else {
		sum("Tax", o.Tax)
	}
	for _, p := range o.Payments {
		more := words(string(p.Status))
		if p.Reason != "" && p.Reason != string(p.Status) {
			more += ": " + words(p.Reason)
		}
		d.Payments = append(d.Payments, pair{show(m, p.Amount, p.Currency), p.ID, more})
	}
	for _, e := range o.Events {
		what := statusName(string(e.ToStatus))
		if e.Reason != "" && e.Reason != string(e.ToStatus) {
			what += " (" + words(e.Reason) + ")"
		}
		d.Events = append(d.Events, event{At: e.At.UTC(), What: what, Who: e.Actor})
	}
	return d
}

func addressLines(a customers.Address) []string {
	var out []string
	for _, l := range []string{a.Text, a.Line1, a.Line2, strings.TrimSpace(a.PostalCode + " " + a.City), a.Region, a.Country} {
		if l != "" {
			out = append(out, l)
		}
	}
	return out
}

var platforms = map[string]string{"web": "Web chat", "whatsapp": "WhatsApp", "telegram": "Telegram", "wechat": "WeChat", "messenger": "Messenger", "instagram": "Instagram"}

func platform(code string) string {
	if name := platforms[code]; name != "" {
		return name
	}
	return code
}

// said writes messages for the talk, with the names of the staff.
func (h *console) said(ctx context.Context, m merchants.Merchant, list []inbox.Message) ([]said, error) {
	staff, err := h.Merchants.Staff(ctx, m.ID)
	if err != nil {
		return nil, err
	}
	names := map[string]string{inbox.Customer: "Customer", inbox.Bot: "Bot"}
	for _, s := range staff {
		names[s.ID] = s.Name
	}
	out, labels := make([]said, 0, len(list)), map[string]string{}
	for _, msg := range list {
		who := names[msg.Sender]
		if msg.Sender == inbox.Staff {
			if who = names[msg.Author]; who == "" {
				who = "Staff"
			}
		}
		s := said{From: msg.Sender, Who: who, Title: msg.Content.Title, Text: msg.Content.Text, Note: msg.Content.Note, Forgotten: msg.Forgotten, At: msg.At.UTC()}
		switch {
		case msg.Tap != "":
			if s.Tapped = labels[msg.Tap]; s.Tapped == "" {
				s.Tapped = msg.Tap
			}
		case msg.Sensed != nil && msg.Sensed.Heard && s.Text != "":
			s.Text = "⟨heard⟩ " + s.Text
		case msg.Unsupported != "":
			s.Text = "⟨" + words(msg.Unsupported) + "⟩"
		}
		for _, b := range msg.Content.Buttons {
			labels[b.Tap] = b.Label
			s.Buttons = append(s.Buttons, b.Label)
		}
		for _, p := range msg.Content.Products {
			labels[p.Tap] = p.Name
			s.Products = append(s.Products, p.Name+" · "+p.Price)
		}
		for _, l := range msg.Content.Links {
			s.Links = append(s.Links, pair{Name: l.Label})
		}
		out = append(out, s)
	}
	return out, nil
}

func (v view) render() ([]byte, error) {
	t, err := template.New("frame.html").Funcs(template.FuncMap{
		"asset": assets.URL, "words": words, "stamp": func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"utc": func(t time.Time) string { return t.UTC().Format("2 Jan 15:04") + " UTC" },
	}).ParseFS(files, "pages/*.html")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, v)
	return b.Bytes(), err
}
