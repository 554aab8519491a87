// Package customers knows who buys: people, how each channel names them, what they told and what they allowed.
package customers

import (
	"context"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/id"
	"sotto.chat/privacy"
)

// What can be wrong with a customer.
var (
	ErrNoCustomer = fault.New(fault.NotFound, "customer_not_found", "There is no such customer.")
	ErrStale      = fault.New(fault.Stale, "customer_changed", "Somebody changed the customer meanwhile: read again, then change.")
	ErrInvalid    = fault.New(fault.Invalid, "customer_invalid", "Some of the customer's details are not valid.")
	// ErrForgotten says that the customer was erased, and with them what was sealed for them.
	ErrForgotten = privacy.ErrForgotten
)

// Customer is one person who buys, without what would tell who it is; that is in Details, sealed.
type Customer struct {
	MerchantID string
	ID         string
	Sealed     []byte `gorm:"column:details"`
	Language   string // BCP 47, or empty
	MergedInto string // the id of the same person, found to be the same later
	CreatedAt  time.Time
	UpdatedAt  time.Time
	ErasedAt   *time.Time
	Version    int64
}

// Person is a customer with the details opened.
type Person struct {
	Customer
	Details Details
}

// People keeps the customers.
type People struct {
	db   *database.DB
	keys *privacy.Keys
}

// New makes the room.
func New(db *database.DB, keys *privacy.Keys) *People { return &People{db, keys} }

// head is the id under which the person is known today.
func (c Customer) head() string {
	if c.MergedInto != "" {
		return c.MergedInto
	}
	return c.ID
}

func detailsLabel(customer string) string { return "customers.details:" + customer }

// Make adds a customer whom no channel has named: of a headless shop, or typed in by staff. A phone or an email
// in the details is what somebody said, no proof, so it does not make the customer recognizable.
func (p *People) Make(tx database.Tx, merchant string, d Details) (Customer, error) {
	d, err := tidy(d)
	if err != nil {
		return Customer{}, err
	}
	return p.make(tx, merchant, id.New("cus"), d, "")
}

func (p *People) make(tx database.Tx, merchant, customer string, d Details, language string) (Customer, error) {
	if err := p.keys.Create(tx, merchant, privacy.CustomerSubject(customer)); err != nil {
		return Customer{}, err
	}
	c := Customer{MerchantID: merchant, ID: customer, Language: language, CreatedAt: tx.Now, UpdatedAt: tx.Now, Version: 1}
	var err error
	if c.Sealed, err = p.sealDetails(tx, merchant, customer, d); err != nil {
		return Customer{}, err
	}
	return c, insertCustomer(tx, c)
}

// Get reads one customer. Of an erased one the tombstone is left: ErasedAt and no details.
func (p *People) Get(ctx context.Context, merchant, customer string) (Customer, Details, error) {
	c, err := findCustomer(p.db.Read(ctx), merchant, customer)
	if err != nil || c.Sealed == nil {
		return c, Details{}, err
	}
	plain, err := p.keys.OpenNow(ctx, merchant, privacy.CustomerSubject(c.ID), detailsLabel(c.ID), c.Sealed)
	if err != nil {
		return Customer{}, Details{}, err
	}
	d, err := readDetails(plain)
	return c, d, err
}

// Find is Get inside a transaction.
func (p *People) Find(tx database.Tx, merchant, customer string) (Customer, Details, error) {
	c, err := findCustomer(tx.DB(), merchant, customer)
	if err != nil || c.Sealed == nil {
		return c, Details{}, err
	}
	d, err := p.openDetails(tx, c)
	return c, d, err
}

// Update replaces the details if nobody changed them since version was read.
func (p *People) Update(tx database.Tx, merchant, customer string, d Details, version int64) (Customer, error) {
	d, err := tidy(d)
	if err != nil {
		return Customer{}, err
	}
	c, err := lockCustomer(tx, merchant, customer)
	switch {
	case err != nil:
		return Customer{}, err
	case c.ErasedAt != nil:
		return Customer{}, ErrForgotten
	case c.Version != version:
		return Customer{}, ErrStale
	}
	if c.Sealed, err = p.sealDetails(tx, merchant, customer, d); err != nil {
		return Customer{}, err
	}
	c.Version++
	c.UpdatedAt = tx.Now
	return c, saveCustomer(tx, c)
}

// SetLanguage notes the language that the customer writes. It is no edit: the version stays.
func (p *People) SetLanguage(tx database.Tx, merchant, customer, language string) error {
	tag := languageOf(language)
	if tag == "" {
		return ErrInvalid.At("language", "use a BCP 47 tag, like en or pt-BR")
	}
	return setLanguage(tx, merchant, customer, tag)
}

// Page is one page of a list: what comes after the customer whose id is After.
type Page struct {
	After string
	Limit int // 1 to 100; 0 means 50
}

// List lists the customers, the newest first, without those erased or merged into another.
func (p *People) List(ctx context.Context, merchant string, page Page) ([]Person, error) {
	if page.Limit == 0 {
		page.Limit = 50
	}
	rows, err := listCustomers(p.db.Read(ctx), merchant, page.After, min(max(page.Limit, 1), 100))
	if err != nil {
		return nil, err
	}
	subjects := make([]privacy.Subject, 0, len(rows))
	for _, c := range rows {
		subjects = append(subjects, privacy.CustomerSubject(c.ID))
	}
	boxes, err := p.keys.BoxesNow(ctx, merchant, subjects)
	if err != nil {
		return nil, err
	}
	list := make([]Person, 0, len(rows))
	for i, c := range rows {
		box, alive := boxes[subjects[i]]
		if !alive { // erased between the two queries
			continue
		}
		plain, err := box.Open(detailsLabel(c.ID), c.Sealed)
		if err != nil {
			return nil, err
		}
		d, err := readDetails(plain)
		if err != nil {
			return nil, err
		}
		list = append(list, Person{c, d})
	}
	return list, nil
}

// Seal encrypts what another room keeps about a customer, like an order's address; label as in privacy.Keys.Seal.
// It is forgotten with the customer.
func (p *People) Seal(tx database.Tx, merchant, customer, label string, plain []byte) ([]byte, error) {
	return p.keys.Seal(tx, merchant, privacy.CustomerSubject(customer), label, plain)
}

// Open decrypts what Seal made; ErrForgotten once the customer is erased.
func (p *People) Open(tx database.Tx, merchant, customer, label string, sealed []byte) ([]byte, error) {
	return p.keys.Open(tx, merchant, privacy.CustomerSubject(customer), label, sealed)
}

// OpenNow is Open outside a transaction.
func (p *People) OpenNow(ctx context.Context, merchant, customer, label string, sealed []byte) ([]byte, error) {
	return p.keys.OpenNow(ctx, merchant, privacy.CustomerSubject(customer), label, sealed)
}

func (p *People) sealDetails(tx database.Tx, merchant, customer string, d Details) ([]byte, error) {
	return p.Seal(tx, merchant, customer, detailsLabel(customer), writeDetails(d))
}

func (p *People) openDetails(tx database.Tx, c Customer) (Details, error) {
	plain, err := p.Open(tx, c.MerchantID, c.ID, detailsLabel(c.ID), c.Sealed)
	if err != nil {
		return Details{}, err
	}
	return readDetails(plain)
}
