package orders

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"sotto.chat/internal/database"
)

// query is a handle for reads, inside a transaction or not.
type query = *gorm.DB

// locked adds FOR UPDATE where the engine has it.
func locked(q query) query { return q.Clauses(clause.Locking{Strength: "UPDATE"}) }

func insertCart(tx database.Tx, c *Cart) error { return tx.DB().Create(c).Error }

func findCart(q query, merchant, cart string) (Cart, error) {
	c, err := oneCart(q, merchant, cart)
	if err != nil {
		return Cart{}, err
	}
	c.Lines, err = cartLines(q, merchant, cart)
	return c, err
}

func oneCart(q query, merchant, cart string) (Cart, error) {
	var c Cart
	err := q.Where("merchant_id = ? and id = ?", merchant, cart).Take(&c).Error
	if database.NotFound(err) {
		return Cart{}, ErrNoCart
	}
	return c, err
}

// lockCart reads a cart and keeps others away from it until the transaction ends.
func lockCart(tx database.Tx, merchant, cart string) (Cart, error) {
	return oneCart(locked(tx.DB()), merchant, cart)
}

func cartOfConversation(tx database.Tx, merchant, conversation string) (Cart, error) {
	var c Cart
	err := tx.DB().Where("merchant_id = ? and conversation_id = ? and conversation_id <> '' and status <> 'closed'",
		merchant, conversation).Take(&c).Error
	return c, err
}

// touchOpen counts a change of an open cart, which locks it too; no row when it is not open.
func touchOpen(tx database.Tx, merchant, cart string) (Cart, error) {
	return firstCart(tx.DB().Raw(`update carts set version = version + 1, updated_at = ?
		where merchant_id = ? and id = ? and status = 'open' returning *`, tx.Now, merchant, cart))
}

// orderCart turns an open cart into an ordered one and locks it; no row when it is not open.
func orderCart(tx database.Tx, merchant, cart string) (Cart, error) {
	return firstCart(tx.DB().Raw(`update carts set status = 'ordered', updated_at = ?
		where merchant_id = ? and id = ? and status = 'open' returning *`, tx.Now, merchant, cart))
}

func firstCart(q query) (Cart, error) {
	var list []Cart
	if err := q.Scan(&list).Error; err != nil {
		return Cart{}, err
	}
	if len(list) == 0 {
		return Cart{}, gorm.ErrRecordNotFound
	}
	return list[0], nil
}

// saveCart writes what may change of a cart that the transaction has locked.
func saveCart(tx database.Tx, c *Cart) error {
	return tx.DB().Exec(`update carts set status = ?, customer_id = ?, delivery = ?, version = ?, updated_at = ?
		where merchant_id = ? and id = ?`, c.Status, c.CustomerID, c.Delivery, c.Version, c.UpdatedAt, c.MerchantID, c.ID).Error
}

func setCartCustomer(tx database.Tx, c *Cart) error {
	return tx.DB().Exec(`update carts set customer_id = ? where merchant_id = ? and id = ?`, c.CustomerID, c.MerchantID, c.ID).Error
}

func closeCart(tx database.Tx, merchant, cart string) error {
	return tx.DB().Exec(`update carts set status = 'closed', updated_at = ? where merchant_id = ? and id = ? and status <> 'closed'`,
		tx.Now, merchant, cart).Error
}

func reopenCart(tx database.Tx, merchant, cart string) error {
	return tx.DB().Exec(`update carts set status = 'open', updated_at = ? where merchant_id = ? and id = ? and status = 'ordered'`,
		tx.Now, merchant, cart).Error
}

func listCarts(q query, merchant, after string, limit int) ([]Cart, error) {
	q = q.Where("merchant_id = ?", merchant)
	if after != "" {
		q = q.Where("id < ?", after)
	}
	var list []Cart
	err := q.Order("id desc").Limit(page(limit)).Find(&list).Error
	return list, err
}

// page bounds how many rows a list gives.
func page(limit int) int {
	if limit <= 0 {
		return 50
	}
	return min(limit, 200)
}

func cartLines(q query, merchant, cart string) ([]CartLine, error) {
	var list []CartLine
	err := q.Where("merchant_id = ? and cart_id = ?", merchant, cart).Find(&list).Error
	slices.SortFunc(list, func(a, b CartLine) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.ID, b.ID))
	})
	return list, err
}

func findLine(tx database.Tx, merchant, cart, line string) (CartLine, error) {
	var l CartLine
	err := tx.DB().Where("merchant_id = ? and cart_id = ? and id = ?", merchant, cart, line).Take(&l).Error
	if database.NotFound(err) {
		return CartLine{}, ErrNoLine
	}
	return l, err
}

// putLine adds a line at the end, or raises the quantity of the line that is the same thing; l becomes what
// stands there. The cart is locked. Limits are kept without tripping a CHECK, which would end the
// transaction on Postgres.
func putLine(tx database.Tx, l *CartLine) error {
	options, err := json.Marshal(l.Options)
	if err != nil {
		return fmt.Errorf("write options: %w", err)
	}
	var got []struct {
		ID                 string
		Quantity, Position int64
	}
	err = tx.DB().Raw(`insert into cart_lines (merchant_id, cart_id, id, sku, quantity, options, note, fingerprint, position)
		select ?, ?, ?, ?, cast(? as bigint), ?, ?, ?, coalesce(max(position), 0) + 1 from cart_lines
		where merchant_id = ? and cart_id = ?
		having count(*) < cast(? as bigint) or max(case when fingerprint = ? then 1 else 0 end) = 1
		on conflict (merchant_id, cart_id, fingerprint) do update set quantity = cart_lines.quantity + excluded.quantity
		where cart_lines.quantity + excluded.quantity <= 999
		returning id, quantity, position`,
		l.MerchantID, l.CartID, l.ID, l.SKU, l.Quantity, string(options), l.Note, l.Fingerprint,
		l.MerchantID, l.CartID, MaxLines, l.Fingerprint).Scan(&got).Error
	if err != nil {
		return err
	}
	if len(got) == 1 {
		l.ID, l.Quantity, l.Position = got[0].ID, got[0].Quantity, got[0].Position
		return nil
	}
	return tooMuch(tx, l)
}

// tooMuch tells which limit kept a line out.
func tooMuch(tx database.Tx, l *CartLine) error {
	lines, err := cartLines(tx.DB(), l.MerchantID, l.CartID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(lines, func(o CartLine) bool { return o.Fingerprint == l.Fingerprint }) {
		return ErrQuantity
	}
	return ErrTooManyLines
}

// replaceLine writes a changed line. When it has become the same thing as another one, that one goes and its
// pieces come here.
func replaceLine(tx database.Tx, l *CartLine) error {
	var twin CartLine
	err := tx.DB().Where("merchant_id = ? and cart_id = ? and fingerprint = ? and id <> ?", l.MerchantID, l.CartID, l.Fingerprint, l.ID).
		Take(&twin).Error
	if err != nil && !database.NotFound(err) {
		return err
	}
	if err == nil {
		if l.Quantity += twin.Quantity; l.Quantity > MaxQuantity {
			return ErrQuantity
		}
		if err := removeLine(tx, twin.MerchantID, twin.CartID, twin.ID); err != nil {
			return err
		}
	}
	return tx.DB().Model(l).Select("SKU", "Quantity", "Options", "Note", "Fingerprint").
		Where("merchant_id = ? and cart_id = ? and id = ?", l.MerchantID, l.CartID, l.ID).Updates(l).Error
}

func setQuantity(tx database.Tx, merchant, cart, line string, quantity int64) error {
	return oneLine(tx.DB().Exec(`update cart_lines set quantity = ? where merchant_id = ? and cart_id = ? and id = ?`,
		quantity, merchant, cart, line))
}

func removeLine(tx database.Tx, merchant, cart, line string) error {
	return oneLine(tx.DB().Exec(`delete from cart_lines where merchant_id = ? and cart_id = ? and id = ?`, merchant, cart, line))
}

func oneLine(done query) error {
	if done.Error == nil && done.RowsAffected == 0 {
		return ErrNoLine
	}
	return done.Error
}

func clearLines(tx database.Tx, merchant, cart string) error {
	return tx.DB().Exec(`delete from cart_lines where merchant_id = ? and cart_id = ?`, merchant, cart).Error
}

// ownHold is what the order of an ordered cart holds of each variant; the stock that the catalog shows is
// without it.
func ownHold(tx database.Tx, c Cart) (map[string]int64, error) {
	if c.Status != CartOrdered {
		return nil, nil
	}
	ord, err := awaitingOfCart(tx, c.MerchantID, c.ID)
	if err != nil {
		if errors.Is(err, ErrNoOrder) {
			return nil, nil
		}
		return nil, err
	}
	lines, err := orderLines(tx.DB(), c.MerchantID, []string{ord.ID})
	held := map[string]int64{}
	for _, p := range pieces(lines) {
		held[p.VariantID] = p.Quantity
	}
	return held, err
}
