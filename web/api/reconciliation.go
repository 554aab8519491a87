package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"sotto.chat/internal/fault"
	"sotto.chat/internal/money"
	"sotto.chat/merchants"
	"sotto.chat/payments"
	"sotto.chat/payments/reconcile"
)

// Difference is where our books and the provider's do not agree.
type Difference struct {
	Payment string `json:"payment" doc:"Ours; empty where nothing here knows of it."`
	Session string `json:"session" doc:"Stripe's session, where it is about one."`
	Problem string `json:"problem" doc:"The cause, such as missing_here, missing_there, amount, double_there, refund_amount, fee_changed."`
	// Here and There are in minor units; zero where a side has nothing.
	Here        money.Money `json:"here"`
	There       money.Money `json:"there"`
	Explanation string      `json:"explanation" doc:"The cause in a sentence."`
	Provider    string      `json:"provider"`
	Account     string      `json:"account"`
	Order       string      `json:"order"`
	Coin        string      `json:"coin" doc:"The provider's id of the money."`
	Line        string      `json:"line" doc:"The line of the statement."`
	Refund      string      `json:"refund"`
	Dispute     string      `json:"dispute"`
	At          *time.Time  `json:"at" nullable:"true"`
}

// sessionProblems explains what the comparison of sessions finds.
var sessionProblems = map[string]string{
	"missing_here":    "Stripe has a session that bears this shop's mark and is not written down here.",
	"missing_there":   "Stripe does not have this session.",
	"paid_there_only": "Stripe says that this was paid; here nothing was received. Its webhook may still come.",
	"paid_here_only":  "Here this was received; Stripe says that it was not paid.",
	"amount":          "Stripe received another sum than the receipt has.",
}

func showSession(d payments.Difference) Difference {
	return Difference{Payment: d.Payment, Session: d.Session, Problem: d.Problem, Here: d.Here, There: d.There, Explanation: sessionProblems[d.Problem],
		Provider: payments.MethodStripe}
}

func showDifference(d reconcile.Difference) Difference {
	at := d.At.UTC()
	return Difference{Payment: d.Payment, Problem: d.Cause, Here: d.Here, There: d.There, Explanation: reconcile.Explain(d.Cause), Provider: d.Provider,
		Account: d.Account, Order: d.Order, Coin: d.Coin, Line: d.Line, Refund: d.Refund, Dispute: d.DisputedBy, At: &at}
}

// Statement is one span that a provider has spoken about.
type Statement struct {
	ID       string    `json:"id"`
	Provider string    `json:"provider"`
	Account  string    `json:"account"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Stored   int       `json:"stored" doc:"Lines that are new."`
	Known    int       `json:"known" doc:"Lines that stood here just so."`
	Restated int       `json:"restated" doc:"Lines that were told differently before."`
	Fees     int       `json:"fees" doc:"Receipts whose fee is known now."`
	Warnings []string  `json:"warnings" doc:"What to look at in the file, such as ids that stand in it twice."`
}

// StatementIn is a file of a provider.
type StatementIn struct {
	Provider string `query:"provider" required:"true" enum:"stripe,telegram,stars,wechat,whatsapp,cash,bank" doc:"How the money came."`
	Account  string `query:"account" maxLength:"80" doc:"Whose statement it is at the provider, where the file does not say."`
	From     string `query:"from" maxLength:"10" doc:"The first day that it covers; else the day of its first line."`
	To       string `query:"to" maxLength:"10" doc:"The last day that it covers; else the day of its last line."`
	RawBody  []byte `contentType:"text/csv"`
}

// dayOf reads a date that has come, also where the day begins first; none is the one given.
func (a *api) dayOf(name, text string, none time.Time) (time.Time, error) {
	if text == "" {
		return none, nil
	}
	t, err := time.Parse(time.DateOnly, text)
	switch {
	case err != nil || t.Year() < 2000:
		return t, errDay.Say("%s must be a date like 2026-01-31.", name).At(name, "must be a date like 2026-01-31")
	case t.After(a.today().AddDate(0, 0, 1)):
		return t, errDay.Say("%s is in the future: the last day that can be asked for is %s.", name, a.today().Format(time.DateOnly)).At(name, "is in the future")
	}
	return t, nil
}

func (a *api) today() time.Time { return a.DB.Now().Truncate(24 * time.Hour) }

func (a *api) reconciliation() {
	add(a, op{method: http.MethodGet, path: "/v1/payments/reconciliation", right: merchants.MoneyRead, tag: "Money",
		summary: "Where our books and the providers' differ, for one day"},
		func(ctx context.Context, who merchants.Actor, in *struct {
			Day      string `query:"day" maxLength:"10" doc:"A date in UTC; today by default."`
			Provider string `query:"provider" enum:"stripe,telegram,stars,wechat,whatsapp,cash,bank," doc:"All by default. Stripe is asked; of others the statements that were uploaded are compared."`
		}) (*Answer[List[Difference]], error) {
			day, err := a.dayOf("day", in.Day, a.today())
			if err != nil {
				return nil, err
			}
			rows, err := a.differences(ctx, who.MerchantID, in.Provider, day)
			return list(rows, "", func(d Difference) Difference { return d }), err
		})
	add(a, op{method: http.MethodPost, path: "/v1/payments/statements", right: merchants.MoneyWrite, tag: "Money", maxBody: 64 << 20, repeatable: true,
		summary: "Bring in a provider's statement: WeChat's trade bill, Telegram's Star transactions, or plain CSV or JSON"},
		func(ctx context.Context, who merchants.Actor, in *StatementIn) (*Answer[List[Statement]], error) {
			f := reconcile.File{Provider: in.Provider, Account: in.Account, Now: a.DB.Now(), Raw: in.RawBody}
			var err error
			if f.From, err = a.dayOf("from", in.From, time.Time{}); err != nil {
				return nil, err
			}
			if f.To, err = a.dayOf("to", in.To, time.Time{}); err != nil {
				return nil, err
			}
			if !f.To.IsZero() {
				f.To = f.To.AddDate(0, 0, 1)
			}
			if !f.From.IsZero() && !f.To.IsZero() && !f.To.After(f.From) {
				return nil, errSpan
			}
			read, err := reconcile.Read(f)
			var rows []Statement
			for _, s := range read {
				t, err := a.Payments.Statements().Take(ctx, who.MerchantID, s)
				if err != nil {
					return nil, err
				}
				rows = append(rows, Statement{t.Statement, s.Provider, s.Account, s.From, s.To, t.Stored, t.Known, t.Restated, t.FeesLearnt, orEmpty(s.Warnings)})
			}
			return list(rows, "", func(s Statement) Statement { return s }), err
		})
	a.report()
}

// errSpan refuses days in the wrong order.
var errSpan = fault.New(fault.Invalid, "span_invalid", "The last day comes before the first.")

// differences compares a day at one provider, or at all that money was taken by or that have told something.
func (a *api) differences(ctx context.Context, merchant, provider string, day time.Time) ([]Difference, error) {
	if provider != "" {
		return a.differencesOf(ctx, merchant, provider, day)
	}
	providers, err := a.Payments.Statements().Providers(ctx, merchant)
	if err != nil {
		return nil, err
	}
	out, err := a.differencesOf(ctx, merchant, payments.MethodStripe, day)
	if errors.Is(err, payments.ErrNoAccount) && !slices.Contains(providers, payments.MethodStripe) {
		out, err = nil, nil // a shop that takes no money by Stripe
	}
	for _, p := range providers {
		if err != nil {
			return nil, err
		}
		if p == payments.MethodStripe {
			continue
		}
		var more []Difference
		more, err = a.differencesOf(ctx, merchant, p, day)
		out = append(out, more...)
	}
	return out, err
}

// differencesOf compares a day at one provider. Stripe is asked for its sessions and its balance; what both tell of one payment is told once.
func (a *api) differencesOf(ctx context.Context, merchant, provider string, day time.Time) ([]Difference, error) {
	var out []Difference
	told := map[string]bool{}
	if provider == payments.MethodStripe {
		sessions, err := a.Payments.Reconciliation(ctx, merchant, day)
		if err != nil {
			return nil, err
		}
		for _, d := range sessions {
			out = append(out, showSession(d))
			told[d.Payment] = d.Payment != ""
		}
		if err := a.Payments.ReadStatement(ctx, merchant); err != nil {
			return nil, err
		}
	}
	rows, err := a.Payments.Statements().Compare(ctx, merchant, provider, day, day.AddDate(0, 0, 1))
	for _, d := range rows {
		money := d.Cause == reconcile.MissingHere || d.Cause == reconcile.MissingThere || d.Cause == reconcile.Amount || d.Cause == reconcile.Currency
		if !money || !told[d.Payment] {
			out = append(out, showDifference(d))
		}
	}
	return out, err
}
