package wechatpay

import (
	"context"
	"time"

	"sotto.chat/payments"
	"sotto.chat/payments/reconcile"
)

// How bills are read.
const (
	billsEvery  = time.Hour
	billReadyAt = 10 * time.Hour // of the next day
	firstBills  = 7              // days back, at the first reading
	billsAtOnce = 31             // days in one beat
)

// ReadBills takes the bills of all days that are over and were not taken yet, so that they can be compared with the books.
func (p *Pay) ReadBills(ctx context.Context) error { return p.each(ctx, "bills", p.readBills) }

func (p *Pay) readBills(ctx context.Context, merchant string, acct *Account) error {
	now := p.db.Now().In(beijing)
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, beijing)
	told, err := p.payments.ToldUntil(ctx, merchant, payments.MethodWeChat, acct.MchID)
	if err != nil {
		return err
	}
	day := told.In(beijing)
	if told.IsZero() {
		day = today.AddDate(0, 0, -firstBills)
	}
	for range billsAtOnce {
		next := day.AddDate(0, 0, 1)
		if now.Before(next.Add(billReadyAt)) {
			return nil
		}
		if err := p.readBill(ctx, merchant, acct, day, next); err != nil {
			return err
		}
		day = next
	}
	return nil
}

func (p *Pay) readBill(ctx context.Context, merchant string, acct *Account, day, next time.Time) error {
	raw, err := p.api.Bill(ctx, acct, day)
	if err != nil {
		return err
	}
	whole := reconcile.Statement{Provider: payments.MethodWeChat, Account: acct.MchID, From: day.UTC(), To: next.UTC()}
	if raw == nil {
		return p.payments.TakeStatement(ctx, merchant, whole)
	}
	list, err := reconcile.Read(reconcile.File{Provider: whole.Provider, Account: whole.Account, From: whole.From, To: whole.To, Raw: raw})
	if err != nil {
		return err
	}
	for _, s := range list {
		if s.Account == acct.MchID { // a bill may speak of merchants below it, whose money is not ours
			whole.Lines = s.Lines
		}
	}
	return p.payments.TakeStatement(ctx, merchant, whole)
}
