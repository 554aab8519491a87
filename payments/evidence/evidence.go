// Package evidence puts together what a shop tells a customer's bank about a disputed payment: what was bought, how the customer said yes, and what became of the goods.
package evidence

import (
	"fmt"
	"strings"
	"time"
)

// Facts is all that goes into the evidence: no street, no phone, and of the chat only the exchange in which the customer said yes.
type Facts struct {
	Shop, Order, Payment string
	// Lines are what was bought, each with number and sum; Total is what was agreed.
	Lines []string
	Total string
	// PlacedAt is when the customer said yes to what Hash stands for; Message is the id of the words that said so.
	PlacedAt      time.Time
	Hash, Message string
	Said          []Said
	Paid          string // what came
	PaidAt        time.Time
	PageFrom      string // the address of the pay page, without its secret part
	// Method is pickup or delivery; City is all of the address that the bank is told.
	Method, City             string
	FulfilledAt, CompletedAt time.Time
	Refunds                  []string
	// More is what a person adds in own words.
	More string
}

// Said is one message of the confirming exchange.
type Said struct {
	At            time.Time
	Who, ID, Text string
}

// Pack is the evidence under Stripe's names.
type Pack struct {
	ProductDescription     string `json:"product_description"`
	AccessActivityLog      string `json:"access_activity_log"`
	ServiceDate            string `json:"service_date"`
	ShippingDate           string `json:"shipping_date,omitempty"`
	ShippingAddress        string `json:"shipping_address,omitempty"`
	RefundPolicyDisclosure string `json:"refund_policy_disclosure"`
	UncategorizedText      string `json:"uncategorized_text"`
}

// longest is what Stripe takes of each text.
const longest = 20_000

// Of writes the facts down. The same facts give the same words, so that handing them in twice is one act.
func Of(f Facts) Pack {
	p := Pack{ProductDescription: cut(f.Shop + ", order " + f.Order + ":\n" + strings.Join(f.Lines, "\n") + "\nTotal: " + f.Total),
		ServiceDate: day(first(f.CompletedAt, f.FulfilledAt, f.PaidAt)),
		RefundPolicyDisclosure: cut("The pay page (" + f.PageFrom + ") showed the shop's name, every item with its price, shipping and tax, and the total of " + f.Total +
			", before the customer went on by an own act to Stripe's page. Returns and refunds are asked for in the same chat." + refunds(f.Refunds))}
	if f.Method == "delivery" {
		p.ShippingDate, p.ShippingAddress = day(f.FulfilledAt), cut(f.City)
	}
	var log []string
	note := func(at time.Time, format string, args ...any) {
		if !at.IsZero() {
			log = append(log, stamp(at)+"  "+fmt.Sprintf(format, args...))
		}
	}
	note(f.PlacedAt, "The customer said yes to order %s over %s%s", f.Order, f.Total, message(f.Message))
	note(f.PaidAt, "The payment of %s came", f.Paid)
	note(f.FulfilledAt, "The goods went out (%s)", f.Method)
	note(f.CompletedAt, "The customer has the goods")
	p.AccessActivityLog = cut(strings.Join(log, "\n"))

	var b strings.Builder
	fmt.Fprintf(&b, "The customer's yes. Before an order is placed, its lines, delivery and total are shown and the customer confirms just these. What was confirmed is fixed by the digest %s "+
		"(over lines, prices, tax, shipping and total); the order was placed at %s over %s under the same digest%s.\n", f.Hash, stamp(f.PlacedAt), f.Total, message(f.Message))
	if len(f.Said) > 0 {
		b.WriteString("\nThe exchange in which it was confirmed (the rest of the chat is not part of this):\n")
		for _, s := range f.Said {
			fmt.Fprintf(&b, "%s  %s [%s]: %s\n", stamp(s.At), s.Who, s.ID, s.Text)
		}
	}
	if f.More != "" {
		b.WriteString("\n" + f.More + "\n")
	}
	p.UncategorizedText = cut(b.String())
	return p
}

func refunds(list []string) string {
	if len(list) == 0 {
		return " Nothing of this payment went back so far."
	}
	return " Of this payment went back: " + strings.Join(list, ", ") + "."
}

func message(id string) string {
	if id == "" {
		return ""
	}
	return ", in message " + id
}

func first(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

func cut(s string) string {
	if r := []rune(s); len(r) > longest {
		return string(r[:longest-1]) + "…"
	}
	return s
}
