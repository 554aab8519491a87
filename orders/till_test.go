package orders_test

import (
	"context"
	"errors"

	"sotto.chat/internal/fault"
	"sotto.chat/payments"
)

// till refunds whatever it is asked to.
type till struct{ refunds int }

func (*till) Look(context.Context, payments.Offer) (*payments.Word, error) { return nil, nil }

func (*till) Close(context.Context, payments.Offer) error { return nil }

func (d *till) Refund(_ context.Context, r payments.RefundOrder) (payments.RefundWord, error) {
	d.refunds++
	return payments.RefundWord{ID: "back" + r.ID[4:], Status: payments.RefundSucceeded}, nil
}

// connect has a till take WeChat Pay.
func (w *world) connect() *till {
	d := &till{}
	w.pay.Use(payments.MethodWeChat, d)
	return d
}

func isFault(err error, want *fault.Fault) bool { return errors.Is(err, want) }
