package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sotto.chat/internal/money"
	"sotto.chat/merchants"
	"sotto.chat/payments/reconcile"
)

// Report is what became of the shop's money.
type Report struct {
	From       time.Time        `json:"from"`
	To         time.Time        `json:"to"`
	Accounts   []Account        `json:"accounts" doc:"What is owned or spent has a plus, what is owed or earned a minus: sales stand in it with a minus, and all accounts sum to zero."`
	Totals     []Totals         `json:"totals" doc:"One for each currency."`
	Orders     []OrderMargin    `json:"orders" doc:"What is left of each order that money moved for, over its whole life; 500 at most."`
	AllOrders  bool             `json:"all_orders"`
	Waiting    []PaymentWaiting `json:"waiting" doc:"The payments that need a person."`
	Statements []Spoken         `json:"statements" doc:"Which providers have spoken about these days: only then is known what is missing there."`
	Difference []Difference     `json:"differences"`
	Payouts    []BankPayout     `json:"payouts" doc:"Made in these days, or come back in them."`
	Note       string           `json:"note"`
}

// BankPayout is money that a provider sent to the shop's bank, as its events tell.
type BankPayout struct {
	ID        string      `json:"id"`
	Amount    money.Money `json:"amount"`
	Status    string      `json:"status" doc:"pending, in_transit, paid, failed or canceled: of the last two the money is back at the provider."`
	Failure   string      `json:"failure,omitempty"`
	ArrivesAt time.Time   `json:"arrives_at"`
	CreatedAt time.Time   `json:"created_at"`
}

// Account is one account of the ledger, in one currency.
type Account struct {
	Account  string `json:"account"`
	Currency string `json:"currency"`
	Opening  int64  `json:"opening"`
	Added    int64  `json:"added"`
	Taken    int64  `json:"taken"`
	Closing  int64  `json:"closing"`
}

// Totals are the days in one currency.
type Totals struct {
	Currency     string `json:"currency"`
	Sales        int64  `json:"sales"`
	Refunds      int64  `json:"refunds" doc:"Promised ones included."`
	Unsettled    int64  `json:"unsettled" doc:"Money that came and waits for a person."`
	Disputed     int64  `json:"disputed"`
	DisputesLost int64  `json:"disputes_lost"`
	Fees         int64  `json:"fees" doc:"As far as providers have told them."`
	Payouts      int64  `json:"payouts" doc:"What providers paid out to the bank; what customers transferred there is in the account bank alone."`
	Other        int64  `json:"other"`
	Margin       int64  `json:"margin" doc:"Sales less refunds, disputes lost and fees; what the goods cost is not known here."`
}

// OrderMargin is what is left of one order.
type OrderMargin struct {
	Order     string `json:"order"`
	Currency  string `json:"currency"`
	Sales     int64  `json:"sales"`
	Refunds   int64  `json:"refunds"`
	Lost      int64  `json:"disputes_lost"`
	Fees      int64  `json:"fees"`
	Unsettled int64  `json:"unsettled" doc:"Money that came for it and waits for a person; neither in sales nor in margin."`
	Margin    int64  `json:"margin"`
}

// PaymentWaiting needs a person.
type PaymentWaiting struct {
	Payment string      `json:"payment"`
	Order   string      `json:"order"`
	Reason  string      `json:"reason"`
	Amount  money.Money `json:"amount"`
	Paid    money.Money `json:"paid"`
	Since   time.Time   `json:"since"`
}

// Spoken tells how far a provider has spoken about the days.
type Spoken struct {
	Provider string    `json:"provider"`
	Whole    bool      `json:"whole"`
	Until    time.Time `json:"until"`
}

// note says what the sums alone do not.
const note = "The catalog has no cost of goods: margin is sales less refunds, lost disputes and the fees that providers have told. " +
	"Unsettled money waits for a person and is in neither sales nor margin. Payouts are what providers paid out, without what customers transferred. " +
	"Accounts are those of double entry: what is owned or spent has a plus, what is owed or earned, such as sales, a minus. " +
	"Orders are shown over their whole life, totals over these days."

func showReport(r reconcile.Report) Report {
	out := Report{From: r.From, To: r.To, Accounts: []Account{}, Totals: []Totals{}, Orders: []OrderMargin{}, AllOrders: r.Whole, Waiting: []PaymentWaiting{},
		Statements: []Spoken{}, Difference: []Difference{}, Payouts: []BankPayout{}, Note: note}
	for _, a := range r.Accounts {
		out.Accounts = append(out.Accounts, Account{a.Account, a.Currency, a.Opening, a.Debit, a.Credit, a.Closing})
	}
	for _, t := range r.Totals {
		out.Totals = append(out.Totals, Totals(t))
	}
	for _, m := range r.Orders {
		out.Orders = append(out.Orders, OrderMargin{m.OrderID, m.Currency, m.Sales, m.Refunds, m.Lost, m.Fees, m.Unsettled, m.Left()})
	}
	for _, w := range r.Waiting {
		out.Waiting = append(out.Waiting, PaymentWaiting{w.PaymentID, w.OrderID, w.Reason, money.Of(w.Amount, w.Currency), money.Of(w.Paid, w.Currency), w.Since.UTC()})
	}
	for _, s := range r.Told {
		out.Statements = append(out.Statements, Spoken{s.Provider, s.Whole, s.Until.UTC()})
	}
	for _, p := range r.Payouts {
		out.Payouts = append(out.Payouts, BankPayout{p.ID, p.Money(), p.Status, p.Failure, p.ArrivesAt.UTC(), p.CreatedAt.UTC()})
	}
	for _, d := range r.Differences {
		out.Difference = append(out.Difference, showDifference(d))
	}
	return out
}

// Table writes a report for a spreadsheet.
func Table(r reconcile.Report) ([]byte, error) { return showReport(r).table() }

// table writes the report for a spreadsheet: one row for each fact, sums in major units.
func (r Report) table() ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	put := func(cells ...string) { _ = w.Write(cells) } // a buffer takes everything
	put("section", "name", "currency", "opening", "added", "taken", "closing", "here", "there", "payment", "order", "detail", "at")
	of := func(n int64, currency string) string { return money.Of(n, currency).Decimal() }
	for _, a := range r.Accounts {
		put("account", a.Account, a.Currency, of(a.Opening, a.Currency), of(a.Added, a.Currency), of(a.Taken, a.Currency), of(a.Closing, a.Currency), "", "", "", "", "", "")
	}
	for _, t := range r.Totals {
		for _, one := range []struct {
			name string
			sum  int64
		}{{"sales", t.Sales}, {"refunds", t.Refunds}, {"unsettled", t.Unsettled}, {"disputed", t.Disputed}, {"disputes_lost", t.DisputesLost}, {"fees", t.Fees},
			{"payouts", t.Payouts}, {"other", t.Other}, {"margin", t.Margin}} {
			put("total", one.name, t.Currency, "", "", "", of(one.sum, t.Currency), "", "", "", "", "", "")
		}
	}
	for _, m := range r.Orders {
		put("order", "margin", m.Currency, "", "", "", of(m.Margin, m.Currency), "", "", "", m.Order, "fees "+of(m.Fees, m.Currency)+", unsettled "+of(m.Unsettled, m.Currency), "")
	}
	for _, p := range r.Waiting {
		put("waiting", tame(p.Reason), p.Amount.Currency, "", "", "", "", p.Amount.Decimal(), p.Paid.Decimal(), p.Payment, p.Order, "", p.Since.Format(time.RFC3339))
	}
	for _, s := range r.Statements {
		whole := "told as a whole"
		if !s.Whole {
			whole = "not told as a whole"
		}
		put("statement", s.Provider, "", "", "", "", "", "", "", "", "", whole, s.Until.Format(time.RFC3339))
	}
	for _, p := range r.Payouts {
		put("payout", p.Status, p.Amount.Currency, "", "", "", p.Amount.Decimal(), "", "", "", "", tame(p.ID+" "+p.Failure), p.CreatedAt.Format(time.RFC3339))
	}
	for _, d := range r.Difference {
		currency := d.There.Currency
		if currency == "" {
			currency = d.Here.Currency
		}
		put("difference", d.Problem, currency, "", "", "", "", side(d.Here), side(d.There), d.Payment, d.Order, tame(d.Provider+" "+d.Line+d.Refund), d.At.Format(time.RFC3339))
	}
	put("note", "", "", "", "", "", "", "", "", "", "", r.Note, "")
	w.Flush()
	return b.Bytes(), w.Error()
}

// side writes one side of a difference; nothing where it has nothing.
func side(m money.Money) string {
	if m.Currency == "" {
		return ""
	}
	return m.Decimal()
}

// tame keeps a spreadsheet from taking an outside word for a formula.
func tame(s string) string {
	if s != "" && strings.ContainsAny(s[:1], "=+-@\t\r") {
		return "'" + s
	}
	return s
}

// reportOut is the report in the form that was asked for.
type reportOut struct {
	Type string `header:"Content-Type"`
	Body []byte
}

func (a *api) report() {
	o := op{method: http.MethodGet, path: "/v1/payments/report", right: merchants.MoneyRead, tag: "Money",
		summary: "The report of a day, or of some: balances, sales, refunds, fees, disputes, payouts, what waits and what differs"}
	o.answers = map[string]*huma.Response{"200": {Description: "The report", Content: map[string]*huma.MediaType{
		"application/json": {Schema: a.huma.OpenAPI().Components.Schemas.Schema(typeOf[Report](), true, "Report")},
		"text/csv":         {Schema: &huma.Schema{Type: "string"}},
	}}}
	add(a, o, func(ctx context.Context, who merchants.Actor, in *struct {
		Day    string `query:"day" maxLength:"10" doc:"A date in UTC, the first of them; today by default."`
		Days   int    `query:"days" minimum:"1" maximum:"366" default:"1"`
		Format string `query:"format" enum:"json,csv," doc:"Or say it with Accept."`
		Accept string `header:"Accept"`
	}) (*reportOut, error) {
		day, err := a.dayOf("day", in.Day, a.today())
		if err != nil {
			return nil, err
		}
		r, err := a.Payments.Statements().Report(ctx, who.MerchantID, day, day.AddDate(0, 0, in.Days))
		if err != nil {
			return nil, err
		}
		out := showReport(r)
		if in.Format == "csv" || in.Format == "" && strings.HasPrefix(in.Accept, "text/csv") {
			raw, err := out.table()
			return &reportOut{"text/csv; charset=utf-8", raw}, err
		}
		raw, err := json.Marshal(out)
		return &reportOut{"application/json", raw}, err
	})
}
