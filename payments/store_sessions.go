package payments

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"sotto.chat/internal/database"
)

// sessionState is where an attempt stands. It only goes forward.
type sessionState string

const (
	sessionClaimed    sessionState = "claimed" // written down; the provider may or may not know of it
	sessionOpen       sessionState = "open"
	sessionProcessing sessionState = "processing"
	sessionPaid       sessionState = "paid"
	sessionFailed     sessionState = "failed"
	sessionExpired    sessionState = "expired"
	sessionDead       sessionState = "dead" // the provider refused to make it
)

func (s sessionState) rank() int {
	switch s {
	case sessionClaimed:
		return 0
	case sessionOpen:
		return 1
	case sessionProcessing:
		return 2
	}
	return 3
}

// live tells whether a customer could still pay with it.
func (s sessionState) live() bool { return s == sessionClaimed || s == sessionOpen }

// attempt is one session at the provider, or the intention to make it.
type attempt struct {
	MerchantID string `gorm:"primaryKey"`
	PaymentID  string `gorm:"primaryKey"`
	Attempt    int64  `gorm:"primaryKey"`
	Status     sessionState
	Account    string
	ReturnURL  string
	ExternalID string
	IntentID   string
	URL        string
	// Method is how the customer pays. Data is what a method beside Stripe keeps.
	Method    string
	Data      map[string]string `gorm:"serializer:json"`
	ExpiresAt time.Time
	LookAt    *time.Time
	CreatedAt time.Time `gorm:"autoCreateTime:false"`
	UpdatedAt time.Time `gorm:"autoUpdateTime:false"`
}

// TableName names the table.
func (attempt) TableName() string { return "payment_sessions" }

func insertAttempt(tx database.Tx, a *attempt) error { return tx.DB().Create(a).Error }

func readAttempt(db *gorm.DB, merchant, payment string, n int64) (a attempt, ok bool, err error) {
	ok, err = found(db.Where("merchant_id = ? and payment_id = ? and attempt = ?", merchant, payment, n).Take(&a).Error)
	return a, ok, err
}

// readAttempts reads all attempts of a payment, the last one first.
func readAttempts(db *gorm.DB, merchant, payment string) (out []attempt, err error) {
	return out, db.Where("merchant_id = ? and payment_id = ?", merchant, payment).Order("attempt desc").Find(&out).Error
}

// readLastAttempt reads the last session at Stripe.
func readLastAttempt(db *gorm.DB, merchant, payment string) (a attempt, ok bool, err error) {
	ok, err = found(db.Where("merchant_id = ? and payment_id = ? and method = ?", merchant, payment, MethodStripe).Order("attempt desc").Take(&a).Error)
	return a, ok, err
}

// readAttemptOf finds the attempt of a session, or else of an intent, made in an account; an empty merchant asks for every merchant of
// the platform's account.
func readAttemptOf(db *gorm.DB, merchant, account, session, intent string) (a attempt, ok bool, err error) {
	q := db.Where("account = ? and method = ?", account, MethodStripe).Order("attempt desc")
	switch {
	case session != "":
		q = q.Where("external_id = ?", session)
	case intent != "":
		q = q.Where("intent_id = ?", intent)
	default:
		return a, false, nil
	}
	if merchant != "" {
		q = q.Where("merchant_id = ?", merchant)
	}
	ok, err = found(q.Take(&a).Error)
	return a, ok, err
}

// readLiveAttempts reads the attempts with which a customer could still pay.
func readLiveAttempts(db *gorm.DB, merchant, payment string) (out []attempt, err error) {
	return out, db.Where("merchant_id = ? and payment_id = ? and status in ?", merchant, payment, []sessionState{sessionClaimed, sessionOpen}).
		Order("attempt").Find(&out).Error
}

// saveAttempt writes what may change; the caller holds the payment's lock.
func saveAttempt(tx database.Tx, a *attempt) error {
	a.UpdatedAt = tx.Now
	return tx.DB().Exec(`update payment_sessions set status = ?, external_id = ?, intent_id = ?, url = ?, look_at = ?, updated_at = ?
		where merchant_id = ? and payment_id = ? and attempt = ?`,
		a.Status, a.ExternalID, a.IntentID, a.URL, a.LookAt, a.UpdatedAt, a.MerchantID, a.PaymentID, a.Attempt).Error
}

// merchantsToLook lists merchants with sessions that are due for a look; the one question here that spans merchants.
func (p *Payments) merchantsToLook(ctx context.Context, now time.Time) (out []string, err error) {
	return out, p.db.Read(ctx).Raw("select distinct merchant_id from payment_sessions where look_at <= ? order by merchant_id", now).Scan(&out).Error
}

func (p *Payments) attemptsToLook(ctx context.Context, merchant string, now time.Time, limit int) (out []attempt, err error) {
	return out, p.db.Read(ctx).Where("merchant_id = ? and look_at <= ?", merchant, now).Order("look_at").Limit(limit).Find(&out).Error
}

// attemptsBetween reads the attempts made in a span of time, for reconciliation.
func (p *Payments) attemptsBetween(ctx context.Context, merchant string, from, to time.Time) (out []attempt, err error) {
	return out, p.db.Read(ctx).Where("merchant_id = ? and method = ? and created_at >= ? and created_at < ?", merchant, MethodStripe, from, to).Order("created_at, payment_id, attempt").Find(&out).Error
}

// event is one arrival: its ids, and the facts that were signed with it.
type event struct {
	MerchantID string `gorm:"primaryKey"`
	ID         string `gorm:"primaryKey"`
	Kind       string
	ObjectID   string
	IntentID   string
	Facts      facts `gorm:"serializer:json"`
	ReceivedAt time.Time
	HandledAt  *time.Time
	Outcome    string
}

// TableName names the table.
func (event) TableName() string { return "payment_events" }

// insertEvent tells whether the event is new.
func insertEvent(tx database.Tx, e *event) (bool, error) {
	r := tx.DB().Clauses(clause.OnConflict{DoNothing: true}).Create(e)
	return r.RowsAffected == 1, r.Error
}

func readEvent(db *gorm.DB, merchant, id string) (e event, ok bool, err error) {
	ok, err = found(db.Where("merchant_id = ? and id = ?", merchant, id).Take(&e).Error)
	return e, ok, err
}

func markEvent(tx database.Tx, merchant, id, outcome string) error {
	return tx.DB().Exec("update payment_events set handled_at = ?, outcome = ? where merchant_id = ? and id = ?", tx.Now, outcome, merchant, id).Error
}

// What is noted of an event that could not count when it came.
const (
	outcomeNoMoney = "no_money_yet"
	outcomeNotOurs = "not_ours"
	outcomeUnknown = "unknown_object"
)

// lockIntent lets one transaction at a time judge an intent: either the event that came too early is noted before the money looks for
// such, or it finds the money. SQLite has one writer anyway.
func (p *Payments) lockIntent(tx database.Tx, merchant, intent string) error {
	if intent == "" || p.db.Engine != database.Postgres {
		return nil
	}
	return tx.DB().Exec("select pg_advisory_xact_lock(hashtextextended(?, 0))", "payments.intent:"+merchant+":"+intent).Error
}

// reopenEvents gives the events about an intent that could not count before its money was known, to be looked at again.
func reopenEvents(tx database.Tx, merchant, intent string) (out []string, err error) {
	early := []string{outcomeNoMoney, outcomeNotOurs, outcomeUnknown}
	err = tx.DB().Raw("select id from payment_events where merchant_id = ? and intent_id = ? and outcome in ?", merchant, intent, early).Scan(&out).Error
	if err != nil || len(out) == 0 {
		return nil, err
	}
	return out, tx.DB().Exec("update payment_events set handled_at = null, outcome = '' where merchant_id = ? and intent_id = ? and outcome in ?",
		merchant, intent, early).Error
}

// knownEvents tells which of at most 1000 events are stored.
func (p *Payments) knownEvents(ctx context.Context, merchant string, ids []string) (out []string, err error) {
	return out, p.db.Read(ctx).Raw("select id from payment_events where merchant_id = ? and id in ?", merchant, ids).Scan(&out).Error
}

// forgetEvents removes what was handled before the moment; the provider repeats nothing that old.
func forgetEvents(tx database.Tx, merchant string, before time.Time) error {
	return tx.DB().Exec("delete from payment_events where merchant_id = ? and handled_at < ?", merchant, before).Error
}

func (p *Payments) readCursor(ctx context.Context, merchant, account string) (at time.Time, ok bool, err error) {
	var c struct{ At time.Time }
	ok, err = found(p.db.Read(ctx).Table("payment_cursors").Select("at").Where("merchant_id = ? and account = ?", merchant, account).Take(&c).Error)
	return c.At.UTC(), ok, err
}

func putCursor(tx database.Tx, merchant, account string, at time.Time) error {
	return tx.DB().Exec("insert into payment_cursors (merchant_id, account, at) values (?, ?, ?) on conflict (merchant_id, account) do update set at = excluded.at",
		merchant, account, at).Error
}

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
