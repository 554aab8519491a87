package telegram

import (
	"context"
	"errors"
	"time"

	"sotto.chat/channels"
)

// Transaction is one movement of a bot's Telegram Stars. In is true for what came in. Charge is the payment that it belongs to: a
// refund has the same one as what it gives back.
type Transaction struct {
	Charge  string
	Stars   int64
	Nano    int64 // billionths of a Star beside Stars
	In      bool
	Kind    string // user, fragment, telegram_ads, …
	About   string // for users: invoice_payment, …
	Payload string // our reference, where it is about an invoice of ours
	User    int64
	At      time.Time
}

// Reference is our name of the request that a transaction is about; empty where it is about none.
func (t Transaction) Reference() string {
	reference, _ := unpack(t.Payload)
	return reference
}

// starPage is the most that Telegram gives at once; starPages bounds a walk through all of them.
const (
	starPage  = 100
	starPages = 1000
)

type partner struct {
	Type    string `json:"type"`
	About   string `json:"transaction_type"`
	Payload string `json:"invoice_payload"`
	User    *user  `json:"user"`
}

type starTransactions struct {
	List []struct {
		ID       string   `json:"id"`
		Amount   int64    `json:"amount"`
		Nano     int64    `json:"nanostar_amount"`
		Date     int64    `json:"date"`
		Source   *partner `json:"source"`
		Receiver *partner `json:"receiver"`
	} `json:"transactions"`
}

// Transactions reads a page of a bot's Stars, oldest first; one that is not full is the last.
func (p *Platform) Transactions(ctx context.Context, c channels.Credentials, offset, limit int) ([]Transaction, error) {
	var page starTransactions
	if err := p.call(ctx, c, "getStarTransactions", getStarTransactions{offset, max(1, min(limit, starPage))}, &page); err != nil {
		return nil, err
	}
	list := make([]Transaction, 0, len(page.List))
	for _, t := range page.List {
		n := Transaction{Charge: t.ID, Stars: t.Amount, Nano: t.Nano, In: t.Source != nil, At: time.Unix(t.Date, 0).UTC()}
		for _, who := range []*partner{t.Source, t.Receiver} {
			if who == nil {
				continue
			}
			n.Kind, n.About, n.Payload = who.Type, who.About, who.Payload
			if who.User != nil {
				n.User = who.User.ID
			}
		}
		list = append(list, n)
	}
	return list, nil
}

// AllTransactions reads every one since a moment.
func (p *Platform) AllTransactions(ctx context.Context, c channels.Credentials, since time.Time) ([]Transaction, error) {
	var all []Transaction
	err := p.walk(ctx, c, func(t Transaction) bool {
		if !t.At.Before(since) {
			all = append(all, t)
		}
		return false
	})
	return all, err
}

func (p *Platform) walk(ctx context.Context, c channels.Credentials, found func(Transaction) bool) error {
	for page := range starPages {
		list, err := p.Transactions(ctx, c, page*starPage, starPage)
		if err != nil {
			return err
		}
		for _, t := range list {
			if found(t) {
				return nil
			}
		}
		if len(list) < starPage {
			return nil
		}
	}
	return nil
}

// ErrNoCharge says that a bot's Stars know no such payment.
var ErrNoCharge = errors.New("the bot has no such payment in Stars")

// RefundStars gives a payment back, whole: Telegram knows no part of it. One that was given back before counts as given back.
func (p *Platform) RefundStars(ctx context.Context, c channels.Credentials, charge string) error {
	var payer int64
	back := false
	err := p.walk(ctx, c, func(t Transaction) bool {
		if t.Charge == charge {
			payer, back = t.User, back || !t.In
		}
		return back
	})
	switch {
	case err != nil || back:
		return err
	case payer == 0:
		return ErrNoCharge
	}
	err = p.call(ctx, c, "refundStarPayment", refundStarPayment{payer, charge}, nil)
	var e *channels.SendError
	if errors.As(err, &e) && e.Code == "400_refunded" {
		return nil
	}
	return err
}
