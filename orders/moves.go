package orders

import (
	"strconv"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/id"
	"sotto.chat/internal/jobs"
	"sotto.chat/payments"
)

// Status is where an order stands.
type Status string

// The statuses of an order.
const (
	None            Status = "" // before the order
	AwaitingPayment Status = "awaiting_payment"
	Paid            Status = "paid"
	Fulfilled       Status = "fulfilled"
	Completed       Status = "completed"
	Cancelled       Status = "cancelled"
	Expired         Status = "expired"
)

// Reasons that the history and the news give, beside those of payments (wrong_amount, double, disputed …).
const (
	ReasonPlaced        = "placed"
	ReasonFree          = "nothing_to_pay"
	ReasonPaid          = "paid"
	ReasonLate          = "late"              // paid after the end; the goods were still there
	ReasonLateNoGoods   = "late_out_of_stock" // paid after the end; the goods are gone, a person must look
	ReasonLateCancelled = "late_cancelled"    // paid after somebody had cancelled; a person must look
	ReasonSuperseded    = "late_superseded"   // paid after the end; the same cart was paid as another order
	ReasonHoldEnds      = payments.ReasonHoldEnds
	ReasonHoldEnded     = payments.ReasonHoldEnded // the bank let held money go; a new link is possible
	ReasonProcessing    = "processing"             // a slow method is on its way
	ReasonFailed        = "payment_failed"
	ReasonExpired       = "expired"
	ReasonCartChanged   = "cart_changed"
	ReasonRefunded      = "refunded"
	ReasonReturned      = "returned"
	ReasonCancelled     = "order_cancelled"
	ReasonEdited        = "order_edited" // staff changed what is ordered: another sum is asked for
	ReasonSplit         = "split"        // to be paid in parts, each by its own link
	ReasonPart          = "part_paid"    // a part of the money is here; the rest is waited for
	ReasonOnDelivery    = payments.ReasonOnDelivery
	ReasonTransfer      = payments.ReasonTransfer
	ReasonPartly        = payments.ReasonPartly
	ReasonDouble        = payments.ReasonDouble
	ReasonWrongAmount   = payments.ReasonWrongAmount
	ReasonAskRest       = "ask_rest" // too little came; another payment asks for the rest
)

// ErrMove refuses a move that the order's status does not allow.
var ErrMove = fault.New(fault.Conflict, "order_status", "The order's status does not allow this.")

// act is what moves an order.
type act string

const (
	actPlace    act = "place"
	actPay      act = "pay"
	actPayLate  act = "pay late"
	actExpire   act = "expire"
	actCancel   act = "cancel"
	actRefund   act = "refund in full"
	actFulfil   act = "fulfil"
	actComplete act = "complete"
	actTakeBack act = "take back"
)

// moves is every allowed move of an order; nothing changes a status past it.
//
// Money that comes late brings back an expired or cancelled order when the goods are still there. A refund in full
// before the goods went out cancels the order; after that the goods are with the customer, and the order stands
// until everything is taken back. Cancelling a paid order does not move money: its payment is put before a person, or
// the caller refunds it.
var moves = []struct {
	by       act
	from, to Status
}{
	{actPlace, None, AwaitingPayment},
	{actPlace, None, Paid}, // nothing to pay
	{actPay, AwaitingPayment, Paid},
	{actPayLate, Expired, Paid},
	{actPayLate, Cancelled, Paid},
	{actExpire, AwaitingPayment, Expired},
	{actCancel, AwaitingPayment, Cancelled},
	{actCancel, Paid, Cancelled},
	{actRefund, Paid, Cancelled},
	{actRefund, AwaitingPayment, Cancelled}, // the money that came was wrong, and went back
	{actFulfil, Paid, Fulfilled},
	{actFulfil, AwaitingPayment, Fulfilled}, // paid in cash at the door
	{actComplete, Paid, Completed},          // handed over the counter
	{actComplete, Fulfilled, Completed},
	{actTakeBack, Paid, Cancelled},
	{actTakeBack, Fulfilled, Cancelled},
	{actTakeBack, Completed, Cancelled},
}

// target gives where an act takes an order, or refuses.
func target(by act, from Status) (Status, error) {
	for _, m := range moves {
		if m.by == by && m.from == from {
			return m.to, nil
		}
	}
	return None, ErrMove.Say("The order is %s; one cannot %s it.", from, by)
}

// happening is one entry of an order's history, and what is told about it.
type happening struct {
	reason string
	remark string // a person's own words; they do not go into the news
	actor  string
	fact   string // names the happening for the news; "" takes the order's new status and id
}

// move takes the order, which the caller has locked, along the table, writes the history and announces it.
func (o *Orders) move(tx database.Tx, ord *Order, by act, h happening) error {
	from := ord.Status
	to, err := target(by, from)
	if err != nil {
		return err
	}
	ord.Status, ord.ExpiresAt, ord.UpdatedAt = to, nil, tx.Now
	ord.Version++
	if err := saveOrder(tx, ord); err != nil {
		return err
	}
	return o.note(tx, ord, from, h)
}

// note writes what happened to the order, which came from the status from, and announces it, beside what else there is to be said.
func (o *Orders) note(tx database.Tx, ord *Order, from Status, h happening, more ...jobs.News) error {
	fact := h.fact
	if fact == "" {
		fact = string(ord.Status) + ":" + ord.ID
		if ord.Status == Cancelled { // it may have come back since the last time
			known, err := hasFact(tx, *ord, fact)
			if err != nil {
				return err
			}
			if known {
				fact += ":" + strconv.FormatInt(ord.Version, 10)
			}
		}
	}
	ev := Event{MerchantID: ord.MerchantID, OrderID: ord.ID, ID: id.New("oev"), FromStatus: from, ToStatus: ord.Status,
		Reason: h.reason, Actor: h.actor, Fact: fact, At: tx.Now}
	var err error
	if ev.Words, err = o.sealRemark(tx, *ord, ev.ID, h.remark); err != nil {
		return err
	}
	if err := addEvent(tx, ev); err != nil {
		return err
	}
	ord.Events = append(ord.Events, ev)
	return o.desk.AnnounceAll(tx, append(more, Changed{Merchant: ord.MerchantID, Order: ord.ID, From: from, To: ord.Status, Fact: fact, Reason: h.reason}))
}

// Event is one line of an order's history. Reason is a code; Words are what staff wrote about it, sealed with the customer's key.
type Event struct {
	MerchantID, OrderID, ID string
	FromStatus, ToStatus    Status
	Reason, Actor           string
	Words                   []byte
	Fact                    string // as in Changed
	At                      time.Time
}

// TableName is where the history stands.
func (Event) TableName() string { return "order_events" }
