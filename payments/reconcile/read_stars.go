package reconcile

import (
	"fmt"
	"time"
)

// starTransaction is one of Telegram's StarTransactions: an incoming one has a source, an outgoing one a receiver.
type starTransaction struct {
	ID       string       `json:"id"`
	Amount   int64        `json:"amount"`
	Nano     int64        `json:"nanostar_amount"`
	Date     int64        `json:"date"`
	Source   *starPartner `json:"source"`
	Receiver *starPartner `json:"receiver"`
}

type starPartner struct {
	Type            string `json:"type"`
	TransactionType string `json:"transaction_type"`
	Payload         string `json:"invoice_payload"`
}

// Stars is the code under which Telegram counts its Stars.
const Stars = "XTR"

func readStars(list []starTransaction) (out []Line, err error) {
	for i, t := range list {
		if t.ID == "" || len(t.ID) > longest || t.Date < 0 || t.Date > 1<<33 || len(t.payload()) > longest {
			return nil, ErrStatement.Say("Transaction %d is none of Telegram's.", i+1)
		}
		l := Line{ID: "in:" + t.ID, Kind: Unknown, Amount: t.Amount, Currency: Stars, At: time.Unix(t.Date, 0).UTC()}
		with := t.Source
		if t.Receiver != nil {
			with, l.ID, l.Amount = t.Receiver, "out:"+t.ID, -t.Amount
		}
		if with != nil {
			l.Word = fit(with.Type)
			l.sortStars(t, *with)
		}
		if t.Nano != 0 {
			l.Word = fmt.Sprintf("%s (and %d parts in a thousand million of a Star)", l.Word, t.Nano)
		}
		l.Net = l.Amount
		out = append(out, l)
	}
	return out, nil
}

func (t starTransaction) payload() string {
	for _, with := range []*starPartner{t.Receiver, t.Source} {
		if with != nil {
			return with.Payload
		}
	}
	return ""
}

// fit cuts an outside word to what can be kept.
func fit(s string) string {
	if len(s) > 80 {
		return s[:80]
	}
	return s
}

// sortStars gives a transaction its kind. A refund has the id of the payment that it gives back.
func (l *Line) sortStars(t starTransaction, with starPartner) {
	in := t.Receiver == nil
	switch with.Type {
	case "user":
		switch {
		case in:
			l.Kind, l.Coin, l.Reference = Payment, t.ID, with.Payload
		case with.TransactionType == "" || with.TransactionType == "invoice_payment":
			l.Kind, l.Coin, l.Reference = RefundLine, t.ID, with.Payload
		default:
			l.Kind = Fee // a gift or a subscription that the bot bought for somebody
		}
	case "fragment":
		l.Kind, l.Payout = Payout, t.ID
	case "telegram_ads", "telegram_api":
		l.Kind = Fee
	case "affiliate_program":
		l.Kind = Adjustment
	}
}
