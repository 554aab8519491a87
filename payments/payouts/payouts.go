// Package payouts keeps what providers tell of money on its way to the shop's bank. What of it counts stands in their statements.
package payouts

import (
	"context"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/money"
)

// Payout is money that a provider sends to the shop's bank.
type Payout struct {
	MerchantID string `gorm:"primaryKey"`
	Account    string `gorm:"primaryKey"`
	ID         string `gorm:"primaryKey"`
	Amount     int64
	Currency   string
	// Status is one of the provider's: pending, in_transit, paid, failed or canceled. Failure is its code of why it came back.
	Status    string
	Failure   string
	ArrivesAt time.Time
	CreatedAt time.Time `gorm:"autoCreateTime:false"`
	UpdatedAt time.Time `gorm:"autoUpdateTime:false"`
}

// Money is its sum.
func (p Payout) Money() money.Money { return money.Of(p.Amount, p.Currency) }

// Back tells whether the money went back to the provider.
func (p Payout) Back() bool { return p.Status == "failed" || p.Status == "canceled" }

// rank orders the states: what was paid can still come back, and what came back is not paid again.
func rank(status string) int {
	switch status {
	case "pending":
		return 0
	case "in_transit":
		return 1
	case "paid":
		return 2
	}
	return 3
}

// Tell merges one telling of a payout, in whichever order they come and however often. It says whether anything is new.
func Tell(tx database.Tx, p Payout) (bool, error) {
	p.UpdatedAt = tx.Now
	fresh, err := insert(tx, p)
	if err != nil || fresh {
		return fresh, err
	}
	old, err := lock(tx, p)
	if err != nil || rank(p.Status) <= rank(old.Status) {
		return false, err
	}
	return true, save(tx, p)
}

// Between lists the payouts of a merchant that were made in a span of time, or that came back in it, the oldest first.
func Between(ctx context.Context, db *database.DB, merchant string, from, to time.Time) ([]Payout, error) {
	return between(db.Read(ctx), merchant, from, to)
}
