// Package catalog keeps a merchant's goods: products, variants, option groups, prices, stock and holds, categories and questions.
package catalog

import (
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/jobs"
)

// Catalog is the room's door. It is safe for concurrent use.
type Catalog struct {
	db   *database.DB
	desk *jobs.Desk
}

// New makes the catalog over an open database. Changes are announced through desk.
func New(db *database.DB, desk *jobs.Desk) *Catalog { return &Catalog{db: db, desk: desk} }

// Changed is announced in every transaction that moves the catalog's version: anything but stock, which
// moves too often and is always read fresh.
type Changed struct{ Merchant string }

// NewsKind names this news in the job queue.
func (Changed) NewsKind() string { return "catalog.changed" }

// Product is what a merchant sells. It has at least one variant; one without variants of its own has a
// single variant with Main set, of the product's sku. Price is in the minor unit of Currency.
type Product struct {
	MerchantID  string `gorm:"primaryKey"`
	ID          string `gorm:"primaryKey"`
	SKU         string
	Name        string
	Description string
	Brand       string
	Category    string // a category's code
	Price       int64
	Currency    string
	Synonyms    []string          `gorm:"serializer:json"`
	Attributes  map[string]string `gorm:"serializer:json"`
	Images      []Image           `gorm:"serializer:json"`
	Available   bool              // false takes it off the menu without archiving it
	Position    int64
	Version     int64
	CreatedAt   time.Time
	UpdatedAt   time.Time
	ArchivedAt  *time.Time

	Variants []Variant `gorm:"-"`
	Groups   []Group   `gorm:"-"`
}

// Image is a picture with the words for those who cannot see it.
type Image struct {
	URL string `json:"url"`
	Alt string `json:"alt,omitempty"`
}

// Variant is what is counted and sold. A nil Price is the product's own; a nil OnHand is not counted.
type Variant struct {
	MerchantID string `gorm:"primaryKey"`
	ID         string `gorm:"primaryKey"`
	ProductID  string
	SKU        string
	Main       bool
	Attributes map[string]string `gorm:"serializer:json"`
	Price      *int64
	OnHand     *int64
	Held       int64
	Position   int64
	ArchivedAt *time.Time
}

// Group is an option group of one product. A nil Max is no limit; Amounts allows extra, light and none.
type Group struct {
	MerchantID string `gorm:"primaryKey"`
	ID         string `gorm:"primaryKey"`
	ProductID  string
	Code       string
	Name       string
	Min        int64
	Max        *int64
	Amounts    bool
	Position   int64

	Choices []Choice `gorm:"-"`
}

// Choice is one choice of a group; Price is added to the product's. A Preset choice comes with the
// product, its first portion included in the product's price, and can be left out with the amount none.
type Choice struct {
	MerchantID string `gorm:"primaryKey"`
	ID         string `gorm:"primaryKey"`
	GroupID    string
	ProductID  string
	Code       string
	Name       string
	Price      int64
	Synonyms   []string `gorm:"serializer:json"`
	Preset     bool
	Available  bool
	Position   int64
}

// Category is a shelf of the shop; products name it by its code.
type Category struct {
	MerchantID string `gorm:"primaryKey"`
	ID         string `gorm:"primaryKey"`
	Code       string
	Name       string
	Synonyms   []string `gorm:"serializer:json"`
	Position   int64
}

// Question is something that customers ask, with the merchant's answer.
type Question struct {
	MerchantID string `gorm:"primaryKey"`
	ID         string `gorm:"primaryKey"`
	Code       string
	Answer     string
	Examples   []string `gorm:"serializer:json"`
}

// TableName is not GORM's guess, because groups is a word of SQL.
func (Group) TableName() string { return "option_groups" }

// Stock gives the variant's count.
func (v Variant) Stock() Stock { return stockOf(v.OnHand, v.Held) }

// PriceOf gives what one piece of the variant costs before options.
func (p Product) PriceOf(v Variant) int64 {
	if v.Price != nil {
		return *v.Price
	}
	return p.Price
}

// Single tells whether the product has no variants of its own.
func (p Product) Single() bool { return len(p.Variants) == 1 && p.Variants[0].Main }

// Stock adds up what can be sold of all variants; nil when one of them is not counted.
func (p Product) Stock() *int64 {
	var sum int64
	for _, v := range p.Variants {
		s := v.Stock()
		if s.Available == nil {
			return nil
		}
		sum += *s.Available
	}
	return &sum
}
