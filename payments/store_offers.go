package payments

import (
	"time"

	"gorm.io/gorm"

	"sotto.chat/internal/database"
)

// offered is an offer's attempt beside its payment, of one moment.
type offered struct {
	Payment
	Attempt                     int64
	Method, Account, ExternalID string
	IntentID                    string
	State                       sessionState
	Data                        map[string]string `gorm:"serializer:json"`
	Until, Made                 time.Time
}

func (o offered) attempt() attempt {
	return attempt{MerchantID: o.MerchantID, PaymentID: o.ID, Attempt: o.Attempt, Status: o.State, Method: o.Method, Account: o.Account,
		ExternalID: o.ExternalID, IntentID: o.IntentID, Data: o.Data, ExpiresAt: o.Until, CreatedAt: o.Made}
}

// readOffered finds an offer by its reference, of whichever merchant: who asks holds it against the merchant or the reference's MAC.
func readOffered(db *gorm.DB, reference string) (o offered, ok bool, err error) {
	ok, err = found(db.Table("payment_sessions s").Joins("join payments p on p.merchant_id = s.merchant_id and p.id = s.payment_id").
		Select("p.*, s.attempt, s.method, s.account, s.external_id, s.intent_id, s.status as state, s.data, s.expires_at as until, s.created_at as made").
		Where("s.external_id = ? and s.method <> ?", reference, MethodStripe).Take(&o).Error)
	return o, ok, err
}

// saveOfferData writes what the method keeps of an offer.
func saveOfferData(tx database.Tx, merchant, payment string, n int64, data map[string]string) error {
	a := attempt{MerchantID: merchant, PaymentID: payment, Attempt: n, Data: data, UpdatedAt: tx.Now}
	return tx.DB().Model(&a).Select("data", "updated_at").Updates(&a).Error
}

// readAttemptOfCoin finds the offer by which a coin came; none for a second coin whose offer is another payment's.
func readAttemptOfCoin(db *gorm.DB, c receipt) (a attempt, ok bool, err error) {
	ok, err = found(db.Where("merchant_id = ? and method = ? and account = ? and (intent_id = ? or external_id = ?)", c.MerchantID, c.Method, c.Account,
		c.ExternalID, c.ExternalID).Order("attempt desc").Take(&a).Error)
	return a, ok, err
}
