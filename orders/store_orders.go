package orders

import (
	"strings"
	"time"

	"gorm.io/gorm"

	"sotto.chat/internal/database"
)

func insertOrder(tx database.Tx, ord *Order) error {
	return tx.Later(func(db *gorm.DB) error {
		if err := db.Create(ord).Error; err != nil {
			return err
		}
		return db.Create(&ord.Lines).Error
	})
}

// saveOrder writes what may change of an order that the transaction has locked.
func saveOrder(tx database.Tx, ord *Order) error {
	return tx.DB().Exec(`update orders set status = ?, version = ?, expires_at = ?, updated_at = ? where merchant_id = ? and id = ?`,
		ord.Status, ord.Version, ord.ExpiresAt, ord.UpdatedAt, ord.MerchantID, ord.ID).Error
}

// rewriteOrder writes an order that was changed before anybody paid it, with its lines.
func rewriteOrder(tx database.Tx, ord *Order) error {
	err := tx.DB().Exec(`update orders set subtotal = ?, tax = ?, tax_inclusive = ?, shipping = ?, discount = ?, total = ?, hash = ?, method = ?, delivery = ?
		where merchant_id = ? and id = ?`, ord.Subtotal, ord.Tax, ord.TaxInclusive, ord.Shipping, ord.Discount, ord.Total, ord.Hash, ord.Method, ord.Delivery,
		ord.MerchantID, ord.ID).Error
	if err == nil {
		err = tx.DB().Exec("delete from order_lines where merchant_id = ? and order_id = ?", ord.MerchantID, ord.ID).Error
	}
	if err != nil {
		return err
	}
	return tx.DB().Create(&ord.Lines).Error
}

func addEvent(tx database.Tx, ev Event) error {
	return tx.Later(func(db *gorm.DB) error { return db.Create(&ev).Error })
}

func oneOrder(q query, merchant, order string) (Order, error) {
	var ord Order
	err := q.Where("merchant_id = ? and id = ?", merchant, order).Take(&ord).Error
	if database.NotFound(err) {
		return Order{}, ErrNoOrder
	}
	return ord, err
}

// lockOrder reads an order and keeps others away from it until the transaction ends.
func lockOrder(tx database.Tx, merchant, order string) (Order, error) {
	return oneOrder(locked(tx.DB()), merchant, order)
}

// lockDeal locks the order's cart and then the order. All who lock both take this order, so that they cannot
// wait for each other in a ring.
func lockDeal(tx database.Tx, merchant, order string) (Order, error) {
	var carts []Cart
	err := locked(tx.DB()).Where("merchant_id = ? and id = (select cart_id from orders where merchant_id = ? and id = ?)",
		merchant, merchant, order).Find(&carts).Error
	if err != nil {
		return Order{}, err
	}
	return lockOrder(tx, merchant, order)
}

// awaitingOfCart locks the order of a cart that waits for its money.
func awaitingOfCart(tx database.Tx, merchant, cart string) (Order, error) {
	var ord Order
	err := locked(tx.DB()).Where("merchant_id = ? and cart_id = ? and status = ?", merchant, cart, AwaitingPayment).Take(&ord).Error
	if database.NotFound(err) {
		return Order{}, ErrNoOrder
	}
	return ord, err
}

func findOrder(q query, merchant, order string) (Order, error) {
	ord, err := oneOrder(q, merchant, order)
	if err != nil {
		return Order{}, err
	}
	if ord.Lines, err = orderLines(q, merchant, []string{order}); err != nil {
		return Order{}, err
	}
	err = q.Where("merchant_id = ? and order_id = ?", merchant, order).Order("id").Find(&ord.Events).Error
	return ord, err
}

func orderOfNumber(q query, merchant, number string) (string, error) {
	var ids []string
	// Read aloud, O is zero and I and L are one: the numbers have none of these letters.
	number = strings.NewReplacer("O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(strings.TrimSpace(number)))
	err := q.Raw("select id from orders where merchant_id = ? and number = ?", merchant, number).Scan(&ids).Error
	if err == nil && len(ids) == 0 {
		return "", ErrNoOrder
	}
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

func ordersOf(q query, merchant string, f Filter) ([]Order, error) {
	find := q.Where("merchant_id = ?", merchant)
	for _, by := range []struct{ column, value string }{
		{"status", string(f.Status)}, {"customer_id", f.CustomerID}, {"conversation_id", f.ConversationID},
	} {
		if by.value != "" {
			find = find.Where(by.column+" = ?", by.value)
		}
	}
	if f.After != "" {
		find = find.Where("id < ?", f.After)
	}
	var list []Order
	if err := find.Order("id desc").Limit(page(f.Limit)).Find(&list).Error; err != nil || len(list) == 0 {
		return list, err
	}
	ids, at := make([]string, len(list)), map[string]int{}
	for i, ord := range list {
		ids[i], at[ord.ID] = ord.ID, i
	}
	lines, err := orderLines(q, merchant, ids)
	for _, l := range lines {
		ord := &list[at[l.OrderID]]
		ord.Lines = append(ord.Lines, l)
	}
	return list, err
}

// orderLines gives the lines of up to a page of orders.
func orderLines(q query, merchant string, orders []string) ([]OrderLine, error) {
	var list []OrderLine
	err := q.Where("merchant_id = ? and order_id in ?", merchant, orders).Order("order_id, position").Find(&list).Error
	return list, err
}

func saveReturned(tx database.Tx, back []comeBack) error {
	for _, b := range back {
		err := tx.DB().Exec(`update order_lines set returned = returned + ? where merchant_id = ? and order_id = ? and id = ?`,
			b.now, b.line.MerchantID, b.line.OrderID, b.line.ID).Error
		if err != nil {
			return err
		}
	}
	return nil
}

// boughtAgain tells whether another order of the same cart was paid.
func boughtAgain(tx database.Tx, ord Order) (bool, error) {
	return some(tx, `select count(*) from orders where merchant_id = ? and cart_id = ? and cart_id <> '' and id <> ?
		and status in ('paid', 'fulfilled', 'completed')`, ord.MerchantID, ord.CartID, ord.ID)
}

// wasPaid tells whether the order has been paid at any time.
func wasPaid(tx database.Tx, ord Order) (bool, error) {
	return some(tx, `select count(*) from order_events where merchant_id = ? and order_id = ? and to_status = 'paid'`,
		ord.MerchantID, ord.ID)
}

func hasFact(tx database.Tx, ord Order, fact string) (bool, error) {
	return some(tx, `select count(*) from order_events where merchant_id = ? and order_id = ? and fact = ?`,
		ord.MerchantID, ord.ID, fact)
}

// toldLast gives the reason that was told last of why a payment needs a person.
func toldLast(tx database.Tx, ord Order, payment string) (reason string, err error) {
	err = tx.DB().Raw(`select reason from order_events where merchant_id = ? and order_id = ? and fact like ? and reason <> ? order by id desc limit 1`,
		ord.MerchantID, ord.ID, "%:"+payment+":%", ReasonRefunded).Scan(&reason).Error
	return reason, err
}

func some(tx database.Tx, sql string, args ...any) (bool, error) {
	var n int64
	err := tx.DB().Raw(sql, args...).Scan(&n).Error
	return n > 0, err
}

// overdue names the orders whose time was up at now, of all merchants.
func overdue(q query, now time.Time, limit int) ([]due, error) {
	var list []due
	err := q.Raw(`select merchant_id as merchant, id as "order" from orders
		where status = 'awaiting_payment' and expires_at <= ? order by expires_at limit ?`, now, limit).Scan(&list).Error
	return list, err
}
