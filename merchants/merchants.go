// Package merchants knows who sells: merchants, their staff and API keys, settings and sealed credentials.
package merchants

import (
	"context"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/id"
	"sotto.chat/privacy"
)

// What can be wrong with a merchant.
var (
	ErrNoMerchant    = fault.New(fault.NotFound, "merchant_not_found", "There is no such merchant.")
	ErrStale         = fault.New(fault.Stale, "merchant_changed", "Somebody changed the settings meanwhile: read them again, then change them.")
	ErrInvalid       = fault.New(fault.Invalid, "merchant_invalid", "Some of the merchant's settings are not valid.")
	ErrSlugTaken     = fault.New(fault.Conflict, "slug_taken", "Another merchant has this short name: choose another.")
	ErrCurrencyFixed = fault.New(fault.Conflict, "currency_fixed", "The currency cannot change: prices and orders are in it. Create another merchant.")
)

// Merchant is one shop. Amounts are minor units of Currency; TaxPPM is millionths (19 % = 190000).
type Merchant struct {
	ID             string
	Name           string
	Slug           string // stands in the address of the web chat
	Currency       string // ISO 4217; fixed
	Country        string // ISO 3166-1 alpha-2
	Language       string // BCP 47
	TaxPPM         int64  `gorm:"column:tax_ppm"`
	TaxInclusive   bool
	ShippingAmount int64
	HoldMinutes    int64    // how long goods wait for the money: 30 to 1440, as a Checkout Session may live
	Settings       Settings `gorm:"serializer:json"`
	Version        int64
	CreatedAt      time.Time
}

// Settings are the choices that no query looks for. They are kept as JSON under these names.
type Settings struct {
	Formal   bool // the bot says Sie, usted, vous
	Pickup   bool // goods may be fetched
	Delivery bool // goods may be sent
	EUNotice bool // the bot's first words say that a machine answers (EU AI Act, article 50)
	LLM      bool // messages may go to the language model of the operator's choice
	// LLMWording lets the model word what needs no figures.
	LLMWording bool
	// LLMShadow has both understanders read what may go to the model, and keeps where they differ.
	LLMShadow bool
	// ManualCapture has cards only held when the customer pays, and charged when the goods go out.
	ManualCapture bool
}

// NewMerchant is what a new shop begins with. Empty fields get defaults: slug from the name, language "en",
// 30 minutes, pickup and delivery.
type NewMerchant struct {
	Name, Slug, Currency, Country, Language string
	TaxPPM                                  int64
	TaxInclusive                            bool
	ShippingAmount, HoldMinutes             int64
	Settings                                Settings
}

// Register keeps the merchants.
type Register struct {
	db   *database.DB
	keys *privacy.Keys
}

// New makes the register.
func New(db *database.DB, keys *privacy.Keys) *Register { return &Register{db, keys} }

// Create opens a shop, its sealing key and an API key with every right, whose text is given once.
func (r *Register) Create(ctx context.Context, n NewMerchant) (Merchant, string, error) {
	m := Merchant{ID: id.New("mer"), Name: n.Name, Slug: n.Slug, Currency: n.Currency, Country: n.Country, Language: n.Language,
		TaxPPM: n.TaxPPM, TaxInclusive: n.TaxInclusive, ShippingAmount: n.ShippingAmount, HoldMinutes: n.HoldMinutes,
		Settings: n.Settings, Version: 1}
	m, err := tidy(withDefaults(m))
	if err != nil {
		return Merchant{}, "", err
	}
	var secret string
	err = r.db.InTx(ctx, func(tx database.Tx) error {
		m.CreatedAt = tx.Now
		if err := insertMerchant(tx, &m, n.Slug == ""); err != nil {
			return err
		}
		if err := r.keys.Create(tx, m.ID, privacy.MerchantSubject()); err != nil {
			return err
		}
		var err error
		_, secret, err = r.NewKey(tx, m.ID, "first key", Owner, nil)
		return err
	})
	if err != nil {
		return Merchant{}, "", err
	}
	return m, secret, nil
}

// Get reads one merchant.
func (r *Register) Get(ctx context.Context, merchant string) (Merchant, error) {
	return findMerchant(r.db.Read(ctx), merchant)
}

// Find is Get inside a transaction.
func (r *Register) Find(tx database.Tx, merchant string) (Merchant, error) {
	return findMerchant(tx.DB(), merchant)
}

// BySlug reads the merchant whose web chat has this short name; the merchant's id serves too.
func (r *Register) BySlug(ctx context.Context, slug string) (Merchant, error) {
	if id.Check("mer", slug) == nil {
		return r.Get(ctx, slug)
	}
	return findBySlug(r.db.Read(ctx), slug)
}

// All lists every merchant, the oldest first: for the operator and for periodic work, never for a merchant's key.
func (r *Register) All(ctx context.Context) ([]Merchant, error) { return findAll(r.db.Read(ctx)) }

// Update stores m if nobody changed the merchant since m was read; m.Version says what was read.
func (r *Register) Update(tx database.Tx, m Merchant) (Merchant, error) {
	m, err := tidy(m)
	if err != nil {
		return Merchant{}, err
	}
	old, err := findMerchant(tx.DB(), m.ID)
	switch {
	case err != nil:
		return Merchant{}, err
	case old.Version != m.Version:
		return Merchant{}, ErrStale
	case old.Currency != m.Currency:
		return Merchant{}, ErrCurrencyFixed
	}
	m.CreatedAt = old.CreatedAt
	return updateMerchant(tx, m)
}
