package orders

import (
	"context"
	"time"

	"sotto.chat/catalog"
	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/payments"
)

// ErrNoOrder says that the merchant has no such order.
var ErrNoOrder = fault.New(fault.NotFound, "order_not_found", "There is no such order.")

// Order is a deal: what was bought, at which prices, and where it stands. Its amounts change only by Edit, before anybody has paid.
type Order struct {
	MerchantID, ID, Number                       string
	Status                                       Status
	CartID, CustomerID, ConversationID, Currency string
	Subtotal, Tax                                int64
	TaxInclusive                                 bool
	Shipping, Discount, Total                    int64
	Hash                                         string
	Method                                       Method
	Delivery                                     []byte // sealed with the customer's key
	Version                                      int64
	// ExpiresAt is set while the order waits for its money.
	ExpiresAt            *time.Time
	CreatedAt, UpdatedAt time.Time

	Lines    []OrderLine        `gorm:"-"`
	Payments []payments.Payment `gorm:"-"`
	Events   []Event            `gorm:"-"`
}

// OrderLine is what was bought, under its name and price of then. Returned counts the pieces that came back.
type OrderLine struct {
	MerchantID, OrderID, ID string
	SKU                     string `gorm:"column:sku"`
	VariantID, Name         string
	Quantity, Returned      int64
	Options                 []catalog.PricedOption `gorm:"serializer:json"`
	Note                    []byte                 // sealed with the customer's key
	UnitPrice, Total        int64
	Kind                    string // names what was sold, as in a cart: sku and options
	Position                int64
}

// Payment gives the payment that counts: the one that brought the money, else the one that is waited for.
func (ord Order) Payment() (payments.Payment, bool) {
	var best payments.Payment
	for _, p := range ord.Payments {
		if best.ID == "" || rank(p.Status) > rank(best.Status) {
			best = p
		}
	}
	return best, best.ID != ""
}

func rank(s payments.Status) int {
	switch s {
	case payments.Paid, payments.PartiallyRefunded, payments.Refunded:
		return 4
	case payments.NeedsReview:
		return 3
	case payments.Pending, payments.Authorized:
		return 2
	case payments.Failed:
		return 1
	}
	return 0
}

// PayURL is the order's pay link, "" when there is nothing to pay any more.
func (o *Orders) PayURL(ord Order) string {
	if ord.Status != AwaitingPayment {
		return ""
	}
	for _, p := range ord.Payments {
		if p.Status == payments.Pending || p.Status == payments.Failed {
			return o.pay.PayURL(p)
		}
	}
	return ""
}

// Find gives an order with its lines, payments and history.
func (o *Orders) Find(tx database.Tx, merchant, order string) (Order, error) {
	ord, err := findOrder(tx.DB(), merchant, order)
	if err != nil {
		return Order{}, err
	}
	ord.Payments, err = o.pay.OfOrder(tx, merchant, order)
	return ord, err
}

// Get is Find outside a transaction.
func (o *Orders) Get(ctx context.Context, merchant, order string) (Order, error) {
	ord, err := findOrder(o.db.Read(ctx), merchant, order)
	if err != nil {
		return Order{}, err
	}
	ord.Payments, err = o.pay.OfOrders(ctx, merchant, []string{order})
	return ord, err
}

// ByNumber finds an order by the number that people say.
func (o *Orders) ByNumber(ctx context.Context, merchant, number string) (Order, error) {
	order, err := orderOfNumber(o.db.Read(ctx), merchant, number)
	if err != nil {
		return Order{}, err
	}
	return o.Get(ctx, merchant, order)
}

// OfConversation gives the conversation's orders with lines and payments, the newest first.
func (o *Orders) OfConversation(tx database.Tx, merchant, conversation string, limit int) ([]Order, error) {
	list, err := ordersOf(tx.DB(), merchant, Filter{ConversationID: conversation, Limit: limit})
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].Payments, err = o.pay.OfOrder(tx, merchant, list[i].ID); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Filter chooses orders. Empty fields choose all; After is the id of the last one seen.
type Filter struct {
	Status         Status
	CustomerID     string
	ConversationID string
	After          string
	Limit          int
}

// List gives orders with lines and payments, the newest first.
func (o *Orders) List(ctx context.Context, merchant string, f Filter) ([]Order, error) {
	list, err := ordersOf(o.db.Read(ctx), merchant, f)
	if err != nil || len(list) == 0 {
		return list, err
	}
	ids, at := make([]string, len(list)), map[string]int{}
	for i, ord := range list {
		ids[i], at[ord.ID] = ord.ID, i
	}
	pays, err := o.pay.OfOrders(ctx, merchant, ids)
	if err != nil {
		return nil, err
	}
	for _, p := range pays {
		ord := &list[at[p.OrderID]]
		ord.Payments = append(ord.Payments, p)
	}
	return list, nil
}
