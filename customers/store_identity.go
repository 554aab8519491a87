package customers

import (
	"fmt"
	"strings"

	"sotto.chat/internal/database"
)

// where writes "(kind = ? and value_hash = ?) or …"; both engines find these rows by the primary key.
func where(merchant string, names []named) (string, []any) {
	args := []any{merchant}
	var b strings.Builder
	for i, n := range names {
		if i > 0 {
			b.WriteString(" or ")
		}
		b.WriteString("(i.kind = ? and i.value_hash = ?)")
		args = append(args, n.Kind, n.hash)
	}
	return b.String(), args
}

// findNamed is the way of everyday: every name is known and all are one living customer's. One query.
func findNamed(tx database.Tx, merchant string, names []named) (Customer, bool, error) {
	which, args := where(merchant, names)
	var list []Customer
	err := tx.DB().Raw(`select c.* from identities i join customers c on c.merchant_id = i.merchant_id and c.id = i.customer_id
 where i.merchant_id = ? and c.erased_at is null and (`+which+")", args...).Scan(&list).Error
	if err != nil {
		return Customer{}, false, fmt.Errorf("recognize a customer: %w", err)
	}
	if len(list) != len(names) {
		return Customer{}, false, nil
	}
	for _, c := range list[1:] {
		if c.ID != list[0].ID {
			return Customer{}, false, nil
		}
	}
	return list[0].utc(), true, nil
}

// claimIdentities inserts the names for customer where they are free and gives all the rows as they are then.
// A name that another transaction is just inserting is waited for.
func claimIdentities(tx database.Tx, merchant, customer string, names []named) ([]identityRow, error) {
	for _, n := range names {
		err := tx.DB().Exec(`insert into identities (merchant_id, kind, value_hash, customer_id, created_at) values (?, ?, ?, ?, ?)
 on conflict (merchant_id, kind, value_hash) do nothing`, merchant, n.Kind, n.hash, customer, tx.Now).Error
		if err != nil {
			return nil, fmt.Errorf("claim an identity: %w", err)
		}
	}
	which, args := where(merchant, names)
	var rows []identityRow
	err := tx.DB().Raw("select i.* from identities i where i.merchant_id = ? and ("+which+")", args...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read identities: %w", err)
	}
	return rows, nil
}

// giveIdentity makes the identity the customer's, whosever it was.
func giveIdentity(tx database.Tx, merchant, customer, kind, hash string, sealed []byte) error {
	err := tx.DB().Exec("update identities set customer_id = ?, sealed = ? where merchant_id = ? and kind = ? and value_hash = ?",
		customer, sealed, merchant, kind, hash).Error
	if err != nil {
		return fmt.Errorf("store an identity: %w", err)
	}
	return nil
}

func freeIdentities(tx database.Tx, merchant, customer string) error {
	if err := tx.DB().Exec("delete from identities where merchant_id = ? and customer_id = ?", merchant, customer).Error; err != nil {
		return fmt.Errorf("drop identities: %w", err)
	}
	return nil
}

// identitiesOf reads the identities of a few customers.
func identitiesOf(tx database.Tx, merchant string, customers []string) ([]identityRow, error) {
	var rows []identityRow
	err := tx.DB().Where("merchant_id = ? and customer_id in ?", merchant, customers).Order("kind, value_hash").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read identities: %w", err)
	}
	return rows, nil
}
