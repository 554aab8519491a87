package orders

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"sotto.chat/internal/database"
)

// query is a handle for reads, inside a transaction or not.
type query = *gorm.DB

// locked adds FOR UPDATE where the engine has it.
func locked(q query) query { return q.Clauses(clause.Locking{Strength: "UPDATE"}) }

func insertCart(tx database.Tx, c *Cart) error { return tx.DB().Create(c).Error }

// findCart reads a cart with its lines; together is that of a transaction or of the database.
func findCart(together func(...database.Ask) error, merchant, cart string) (Cart, error) {
	var c Cart
	err := together(cartAsk(merchant, cart, &c), linesAsk(merchant, cart, &c.Lines))
	if c, err = firstOf(&c, err); database.NotFound(err) {
		return Cart{}, ErrNoCart
	}
	return c, err
}

// cartAsk reads a cart without its lines.
func cartAsk(merchant, cart string, into *Cart) database.Ask {
	return database.Ask{SQL: `select ` + cartColumns + ` from carts where merchant_id = ? and id = ?`, Args: []any{merchant, cart}, Row: into.read}
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
	var c Cart
	return firstOf(&c, tx.Together(touching(tx, merchant, cart, &c)))
}

func touching(tx database.Tx, merchant, cart string, into *Cart) database.Ask {
	return database.Ask{SQL: `update carts set version = version + 1, updated_at = ?
		where merchant_id = ? and id = ? and status = 'open' returning ` + cartColumns, Args: []any{tx.Now, merchant, cart}, Row: into.read}
}

const cartColumns = `merchant_id, id, customer_id, conversation_id, currency, status, delivery, version, created_at, updated_at`

// read takes a row of cartColumns.
func (c *Cart) read(scan func(...any) error) error {
	return scan(&c.MerchantID, &c.ID, &c.CustomerID, &c.ConversationID, &c.Currency, &c.Status, &c.Delivery, &c.Version, &c.CreatedAt, &c.UpdatedAt)
}

// firstOf gives the cart that a statement has read, or says that there was none.
func firstOf(c *Cart, err error) (Cart, error) {
	if err == nil && c.ID == "" {
		err = gorm.ErrRecordNotFound
	}
	return *c, err
}

// ordering turns an open cart into an ordered one and locks it; no row when it is not open.
func ordering(tx database.Tx, merchant, cart string, into *Cart) database.Ask {
	return database.Ask{SQL: `update carts set status = 'ordered', updated_at = ?
		where merchant_id = ? and id = ? and status = 'open' returning ` + cartColumns, Args: []any{tx.Now, merchant, cart}, Row: into.read}
}

// saveCart writes what may change of a cart that the transaction has locked.
func saveCart(tx database.Tx, c *Cart) error {
	return tx.DB().Exec(`update carts set status = ?, customer_id = ?, delivery = ?, version = ?, updated_at = ?
		where merchant_id = ? and id = ?`, c.Status, c.CustomerID, c.Delivery, c.Version, c.UpdatedAt, c.MerchantID, c.ID).Error
}

func setCartCustomer(tx database.Tx, c *Cart) error {
	return tx.Later(func(db *gorm.DB) error {
		return db.Exec(`update carts set customer_id = ? where merchant_id = ? and id = ?`, c.CustomerID, c.MerchantID, c.ID).Error
	})
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

// linesAsk reads the lines of a cart in their order.
func linesAsk(merchant, cart string, into *[]CartLine) database.Ask {
	return database.Ask{SQL: `select merchant_id, cart_id, id, sku, quantity, options, note, fingerprint, position from cart_lines
		where merchant_id = ? and cart_id = ? order by position, id`, Args: []any{merchant, cart}, Row: func(scan func(...any) error) error {
		var l CartLine
		var options string
		if err := scan(&l.MerchantID, &l.CartID, &l.ID, &l.SKU, &l.Quantity, &options, &l.Note, &l.Fingerprint, &l.Position); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(options), &l.Options); err != nil {
			return fmt.Errorf("read options: %w", err)
		}
		*into = append(*into, l)
		return nil
	}}
}

// skusAsk gives the skus of the lines of a cart.
func skusAsk(merchant, cart string) database.Ask {
	return database.Ask{SQL: `select sku from cart_lines where merchant_id = ? and cart_id = ?`, Args: []any{merchant, cart}}
}

func cartLines(tx database.Tx, merchant, cart string) (list []CartLine, err error) {
	err = tx.Together(linesAsk(merchant, cart, &list))
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

// putLine adds a line at the end, or raises the quantity of the line that is the same thing, and gives what
// stands there then. The transaction has touched the cart.
func putLine(tx database.Tx, c Cart, l CartLine) (CartLine, error) {
	put := l
	ask, err := putting(&put)
	if err == nil {
		err = tx.Together(ask)
	}
	if err != nil {
		return CartLine{}, err
	}
	return fits(tx, c, l.ID, put)
}

// putting puts a line into an open cart that the transaction has touched: the version counts up, so it serves as the place behind all
// others. A quantity out of range is not raised; tripping the CHECK would end the transaction on Postgres.
func putting(l *CartLine) (database.Ask, error) {
	options, err := json.Marshal(l.Options)
	if err != nil {
		return database.Ask{}, fmt.Errorf("write options: %w", err)
	}
	return database.Ask{SQL: `insert into cart_lines (merchant_id, cart_id, id, sku, quantity, options, note, fingerprint, position)
		select c.merchant_id, c.id, ?, ?, cast(? as bigint), ?, ?, ?, c.version from carts c where c.merchant_id = ? and c.id = ? and c.status = 'open'
		on conflict (merchant_id, cart_id, fingerprint) do update set quantity = cart_lines.quantity + excluded.quantity
		where cart_lines.quantity + excluded.quantity <= 999
		returning id, quantity, position`,
		Args: []any{l.ID, l.SKU, l.Quantity, string(options), l.Note, l.Fingerprint, l.MerchantID, l.CartID},
		Row:  func(scan func(...any) error) error { return scan(&l.ID, &l.Quantity, &l.Position) }}, nil
}

// fits judges what has become of a line that was put under the id wanted, and takes out what a cart cannot hold. A cart has fewer lines than changes, so
// only one that was changed often is counted.
func fits(tx database.Tx, c Cart, wanted string, put CartLine) (CartLine, error) {
	if put.Position == 0 {
		return CartLine{}, ErrQuantity
	}
	if put.ID == wanted && c.Version > MaxLines {
		var n int64
		err := tx.Together(database.Ask{SQL: `select count(*) from cart_lines where merchant_id = ? and cart_id = ?`, Args: []any{c.MerchantID, c.ID},
			Row: func(scan func(...any) error) error { return scan(&n) }})
		if err != nil {
			return CartLine{}, err
		}
		if n > MaxLines {
			return CartLine{}, cmp.Or(removeLine(tx, c.MerchantID, c.ID, put.ID), error(ErrTooManyLines))
		}
	}
	return put, nil
}

// takeOut undoes what put a line in: the pieces that were added go.
func takeOut(tx database.Tx, put CartLine, added int64) error {
	if put.Quantity > added {
		return setQuantity(tx, put.MerchantID, put.CartID, put.ID, put.Quantity-added)
	}
	return removeLine(tx, put.MerchantID, put.CartID, put.ID)
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
