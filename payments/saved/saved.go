// Package saved keeps what a provider calls a customer who agreed to be known there at the next order, and forgets it when they say so.
package saved

import (
	"context"
	"errors"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/id"
	"sotto.chat/privacy"
)

// Desk seals and opens. Make it with New.
type Desk struct {
	db   *database.DB
	keys *privacy.Keys
}

// New makes a desk.
func New(db *database.DB, keys *privacy.Keys) Desk { return Desk{db, keys} }

// row is one customer's consent at one account, and the provider's name of the customer once there is one.
type row struct {
	MerchantID string `gorm:"primaryKey"`
	ID         string `gorm:"primaryKey"`
	Account    string
	CustomerID string
	Sealed     []byte
	DroppedAt  *time.Time
	CreatedAt  time.Time `gorm:"autoCreateTime:false"`
}

func (r row) label() string { return "saved_customers.sealed:" + r.ID }

// Agree notes a customer's consent; saying it twice is fine.
func (d Desk) Agree(tx database.Tx, merchant, account, customer string) error {
	return insert(tx, row{MerchantID: merchant, ID: id.New("sav"), Account: account, CustomerID: customer, CreatedAt: tx.Now})
}

// Agreed tells whether a customer agreed.
func (d Desk) Agreed(tx database.Tx, merchant, account, customer string) (bool, error) {
	_, ok, err := find(tx.DB(), merchant, account, customer)
	return ok, err
}

// Known gives what the provider calls a customer who agreed; empty until there is a name, and once the customer was forgotten.
func (d Desk) Known(ctx context.Context, merchant, account, customer string) (name string, agreed bool, err error) {
	r, ok, err := find(d.db.Read(ctx), merchant, account, customer)
	if err != nil || !ok || len(r.Sealed) == 0 {
		return "", ok, err
	}
	plain, err := d.keys.OpenNow(ctx, merchant, privacy.CustomerSubject(customer), r.label(), r.Sealed)
	if errors.Is(err, privacy.ErrForgotten) {
		return "", false, nil
	}
	return string(plain), ok, err
}

// Keep stores what the provider calls a customer. It gives the rows whose names the provider must delete: this one, where the consent
// was withdrawn meanwhile, or the one before it.
func (d Desk) Keep(tx database.Tx, merchant, account, customer, name string) (dropped []string, err error) {
	r, ok, err := find(tx.DB(), merchant, account, customer)
	if err != nil {
		return nil, err
	}
	if !ok {
		r = row{MerchantID: merchant, ID: id.New("sav"), Account: account, CreatedAt: tx.Now}
		if err := d.drop(tx, &r, name); err != nil {
			return nil, err
		}
		return []string{r.ID}, insert(tx, r)
	}
	if len(r.Sealed) > 0 {
		old, err := d.keys.Open(tx, merchant, privacy.CustomerSubject(customer), r.label(), r.Sealed)
		if err != nil || string(old) == name {
			return nil, err
		}
		if dropped, err = d.forget(tx, r, string(old)); err != nil {
			return nil, err
		}
		r = row{MerchantID: merchant, ID: id.New("sav"), Account: account, CustomerID: customer, CreatedAt: tx.Now}
		if err := insert(tx, r); err != nil {
			return nil, err
		}
	}
	if r.Sealed, err = d.keys.Seal(tx, merchant, privacy.CustomerSubject(customer), r.label(), []byte(name)); err != nil {
		return nil, err
	}
	return dropped, save(tx, r)
}

// drop takes the customer off a row and seals the name with the merchant's key: the customer's may be destroyed before the provider answers.
func (d Desk) drop(tx database.Tx, r *row, name string) (err error) {
	r.CustomerID, r.DroppedAt = "", &tx.Now
	r.Sealed, err = d.keys.Seal(tx, r.MerchantID, privacy.MerchantSubject(), r.label(), []byte(name))
	return err
}

func (d Desk) forget(tx database.Tx, r row, name string) ([]string, error) {
	if err := d.drop(tx, &r, name); err != nil {
		return nil, err
	}
	return []string{r.ID}, save(tx, r)
}

// Forget withdraws a customer's consent at every account, and gives the rows whose names the provider must delete.
func (d Desk) Forget(tx database.Tx, merchant, customer string) (dropped []string, err error) {
	list, err := ofCustomer(tx, merchant, customer)
	for _, r := range list {
		if err != nil {
			return nil, err
		}
		if len(r.Sealed) == 0 {
			err = remove(tx, merchant, r.ID)
			continue
		}
		plain, bad := d.keys.Open(tx, merchant, privacy.CustomerSubject(customer), r.label(), r.Sealed)
		if bad != nil {
			return nil, bad
		}
		var ids []string
		ids, err = d.forget(tx, r, string(plain))
		dropped = append(dropped, ids...)
	}
	return dropped, err
}

// Lost says that the provider does not know the name any more; the consent stands for the next one.
func (d Desk) Lost(tx database.Tx, merchant, account, customer string) error {
	r, ok, err := find(tx.DB(), merchant, account, customer)
	if err != nil || !ok {
		return err
	}
	r.Sealed = nil
	return save(tx, r)
}

// Dropped opens a row whose name the provider must delete; false where that is done.
func (d Desk) Dropped(ctx context.Context, merchant, rowID string) (account, name string, ok bool, err error) {
	r, ok, err := findDropped(d.db.Read(ctx), merchant, rowID)
	if err != nil || !ok {
		return "", "", false, err
	}
	plain, err := d.keys.OpenNow(ctx, merchant, privacy.MerchantSubject(), r.label(), r.Sealed)
	return r.Account, string(plain), err == nil, err
}

// Done removes a row whose name the provider has deleted.
func (d Desk) Done(tx database.Tx, merchant, rowID string) error { return remove(tx, merchant, rowID) }
