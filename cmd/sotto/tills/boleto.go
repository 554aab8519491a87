package tills

import (
	"context"
	"strconv"

	"sotto.chat/channels/whatsapp"
	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/orders"
	"sotto.chat/payments"
)

// Failures of boletos.
var (
	ErrNoBoleto   = fault.New(fault.Conflict, "boleto_unavailable", "A boleto can be sent for an order from a WhatsApp chat whose channel lists boleto among its pay_methods.")
	ErrBoletoLine = fault.New(fault.Invalid, "boleto_invalid", "The line of a boleto has 47 or 48 digits.")
)

// Boleto sends the boleto that the merchant's bank made for a payment into the chat. It is a bank transfer like any: the order is given the time
// of one, the link's end does not end the voucher, and that the money came staff or a statement say.
func (d *Desk) Boleto(ctx context.Context, merchant, payment, line, actor string) error {
	if _, ok := whatsapp.BoletoLine(line); !ok {
		return ErrBoletoLine
	}
	return d.DB.InTx(ctx, func(tx database.Tx) error {
		pay, err := d.Payments.Find(tx, merchant, payment)
		if err != nil {
			return err
		}
		ord, err := d.Orders.Find(tx, merchant, pay.OrderID)
		if err != nil {
			return err
		}
		if ord.ConversationID == "" {
			return ErrNoBoleto
		}
		c, err := d.Inbox.Lock(tx, merchant, ord.ConversationID)
		if err != nil {
			return err
		}
		ch, err := d.Channels.Find(tx, merchant, c.ChannelID)
		if err != nil {
			return err
		}
		if c.Platform != d.whatsapp.Name() || !d.whatsapp.TakesBoletos(ch.Settings) {
			return ErrNoBoleto
		}
		o, err := d.Payments.Offer(tx, merchant, payment, payments.MethodWhatsApp, ch.ID)
		if err != nil || o.Data[boletoOf] == line {
			return err
		}
		if err := d.noteBoleto(tx, o, line); err != nil {
			return err
		}
		_, err = d.Orders.PayBy(tx, merchant, payment, payments.MethodBank, orders.Deed{Actor: actor})
		return err
	})
}

// noteBoleto has the next request of the offer carry the line, under a reference that Meta has not seen.
func (d *Desk) noteBoleto(tx database.Tx, o payments.Offer, line string) error {
	if o.Data == nil {
		o.Data = map[string]string{}
	}
	n, _ := strconv.Atoi(o.Data["asked"]) // nothing is none
	if o.Data[orderTold] != "" {
		n++
	}
	if n > askedMost {
		return ErrNoBoleto
	}
	if n > 0 {
		o.Data["asked"], o.Data[askedAs] = strconv.Itoa(n), o.Reference+"-"+strconv.Itoa(n+1)
	}
	o.Data[boletoOf] = line
	return d.told(tx, o, "")
}
