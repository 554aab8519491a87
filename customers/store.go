package customers

import (
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"sotto.chat/internal/database"
)

// query is a handle inside or outside a transaction; only reads take it.
type query = *gorm.DB

func insertCustomer(tx database.Tx, c Customer) error {
	if err := tx.Later(func(db *gorm.DB) error { return db.Create(&c).Error }); err != nil {
		return fmt.Errorf("store a customer: %w", err)
	}
	return nil
}

func findCustomer(q query, merchant, customer string) (Customer, error) {
	var c Customer
	err := q.Where("merchant_id = ? and id = ?", merchant, customer).Take(&c).Error
	switch {
	case database.NotFound(err):
		return Customer{}, ErrNoCustomer
	case err != nil:
		return Customer{}, fmt.Errorf("read a customer: %w", err)
	}
	return c.utc(), nil
}

func lockCustomer(tx database.Tx, merchant, customer string) (Customer, error) {
	return findCustomer(tx.DB().Clauses(clause.Locking{Strength: "UPDATE"}), merchant, customer)
}

// lockCustomers locks in the order of the ids, so that two who merge cannot wait for each other.
func lockCustomers(tx database.Tx, merchant string, ids []string) ([]Customer, error) {
	var list []Customer
	err := tx.DB().Clauses(clause.Locking{Strength: "UPDATE"}).
		Where("merchant_id = ? and id in ?", merchant, ids).Order("id").Find(&list).Error
	if err != nil {
		return nil, fmt.Errorf("lock customers: %w", err)
	}
	for i := range list {
		list[i] = list[i].utc()
	}
	return list, nil
}

func saveCustomer(tx database.Tx, c Customer) error {
	err := tx.DB().Exec("update customers set details = ?, version = ?, updated_at = ? where merchant_id = ? and id = ?",
		c.Sealed, c.Version, c.UpdatedAt, c.MerchantID, c.ID).Error
	if err != nil {
		return fmt.Errorf("store a customer: %w", err)
	}
	return nil
}

func setLanguage(tx database.Tx, merchant, customer, language string) error {
	r := tx.DB().Exec(`update customers set language = ?, updated_at = ? where merchant_id = ? and id = ? and erased_at is null`,
		language, tx.Now, merchant, customer)
	switch {
	case r.Error != nil:
		return fmt.Errorf("store a language: %w", r.Error)
	case r.RowsAffected == 0:
		return ErrNoCustomer
	}
	return nil
}

func listCustomers(q query, merchant, after string, limit int) ([]Customer, error) {
	q = q.Where("merchant_id = ? and erased_at is null and merged_into = ''", merchant)
	if after != "" {
		q = q.Where("id < ?", after)
	}
	var list []Customer
	if err := q.Order("id desc").Limit(limit).Find(&list).Error; err != nil {
		return nil, fmt.Errorf("list customers: %w", err)
	}
	for i := range list {
		list[i] = list[i].utc()
	}
	return list, nil
}

func sameAs(q query, merchant, head string) ([]string, error) {
	var ids []string
	err := q.Raw("select id from customers where merchant_id = ? and (id = ? or merged_into = ?) order by id", merchant, head, head).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("read merged customers: %w", err)
	}
	return ids, nil
}

func mergeCustomer(tx database.Tx, merchant, into, other string) error {
	err := tx.DB().Exec("update customers set merged_into = ?, updated_at = ? where merchant_id = ? and (id = ? or merged_into = ?)",
		into, tx.Now, merchant, other, other).Error
	if err != nil {
		return fmt.Errorf("merge customers: %w", err)
	}
	return nil
}

func eraseCustomer(tx database.Tx, merchant, customer string) error {
	err := tx.DB().Exec(`update customers set details = null, language = '', erased_at = coalesce(erased_at, ?),
 updated_at = ?, version = version + 1 where merchant_id = ? and id = ?`, tx.Now, tx.Now, merchant, customer).Error
	if err != nil {
		return fmt.Errorf("erase a customer: %w", err)
	}
	return freeIdentities(tx, merchant, customer)
}

func insertConsent(tx database.Tx, c Consent) error {
	if err := tx.Later(func(db *gorm.DB) error { return db.Create(&c).Error }); err != nil {
		return fmt.Errorf("store a consent: %w", err)
	}
	return nil
}

func findConsents(q query, merchant string, customers []string) ([]Consent, error) {
	var list []Consent
	err := q.Where("merchant_id = ? and customer_id in ?", merchant, customers).Order("id desc").Find(&list).Error
	if err != nil {
		return nil, fmt.Errorf("read consents: %w", err)
	}
	for i := range list {
		list[i].At = list[i].At.UTC()
	}
	return list, nil
}

func (c Customer) utc() Customer {
	c.CreatedAt, c.UpdatedAt = c.CreatedAt.UTC(), c.UpdatedAt.UTC()
	if c.ErasedAt != nil {
		at := c.ErasedAt.UTC()
		c.ErasedAt = &at
	}
	return c
}
