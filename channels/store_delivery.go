package channels

import (
	"time"

	"gorm.io/gorm"

	"sotto.chat/internal/database"
)

// TableName is the table of what goes out.
func (Delivery) TableName() string { return "deliveries" }

func insertDelivery(tx database.Tx, d Delivery) error { return tx.DB().Create(&d).Error }

func deliveriesOf(db *gorm.DB, merchant string, messages []string) ([]Delivery, error) {
	var list []Delivery
	err := db.Omit("sealed").Where("merchant_id = ? and message_id in ?", merchant, messages).Order("id").Find(&list).Error
	return list, err
}

// claimDelivery takes the oldest open piece of a party for sending, if it may be sent now: it waits and its time has
// come, or it was taken before stale and nobody said what became of it. One statement, so that of two workers one wins.
func claimDelivery(tx database.Tx, n Send, stale time.Time) (Delivery, bool, error) {
	var d []Delivery
	err := tx.DB().Raw(`update deliveries set status = 'sending', claimed_at = ?, updated_at = ?, attempts = attempts + 1
		where merchant_id = ? and id = (select id from deliveries where merchant_id = ? and channel_id = ? and party = ?
			and status in ('pending', 'sending') order by id limit 1)
		and ((status = 'pending' and (not_before is null or not_before <= ?)) or (status = 'sending' and claimed_at <= ?))
		returning *`, tx.Now, tx.Now, n.Merchant, n.Merchant, n.Channel, n.Party, tx.Now, stale).Scan(&d).Error
	if err != nil || len(d) == 0 {
		return Delivery{}, false, err
	}
	return d[0], true, nil
}

// oldestOpen gives the piece that stands in the way when nothing could be claimed.
func oldestOpen(tx database.Tx, n Send) (Delivery, bool, error) {
	var d Delivery
	err := tx.DB().Omit("sealed").Where("merchant_id = ? and channel_id = ? and party = ? and status in ('pending', 'sending')",
		n.Merchant, n.Channel, n.Party).Order("id").Take(&d).Error
	if database.NotFound(err) {
		return Delivery{}, false, nil
	}
	return d, err == nil, err
}

// result is what became of one attempt.
type result struct {
	status    string
	rank      int64
	external  string
	code      string
	notBefore *time.Time
	untried   bool // the platform was not asked: it does not count as an attempt
}

// finish writes the result of an attempt and tells true, unless a status or a later attempt was there first. What needs
// no other attempt is emptied.
func finish(tx database.Tx, d Delivery, r result) (bool, error) {
	wipe := ", sealed = null"
	if r.status == StatePending || r.status == StateSending {
		wipe = ""
	}
	back := 0
	if r.untried {
		back = 1
	}
	done := tx.DB().Exec(`update deliveries set attempts = attempts - ?, status = ?, rank = ?, error_code = ?, not_before = ?, updated_at = ?,
		external_id = case when ? <> '' then ? else external_id end`+wipe+`
		where merchant_id = ? and id = ? and status = 'sending' and attempts = ?`,
		back, r.status, r.rank, r.code, r.notBefore, tx.Now, r.external, r.external, d.MerchantID, d.ID, d.Attempts)
	if done.Error != nil || done.RowsAffected > 0 || r.external == "" {
		return done.RowsAffected > 0, done.Error
	}
	return false, tx.DB().Exec("update deliveries set external_id = ? where merchant_id = ? and id = ? and external_id = ''",
		r.external, d.MerchantID, d.ID).Error
}

// move is a step up by a platform's word; it applies to rows below a rank.
type move struct {
	status string
	rank   int64
	below  int64
	code   string
}

// settle applies a move to a piece whose send got no answer, and gives the parties whose next pieces may go now.
func settle(tx database.Tx, merchant, channel, own, external string, m move) ([]string, error) {
	var parties []string
	err := tx.DB().Raw(`update deliveries set status = ?, rank = ?, error_code = ?, updated_at = ?, sealed = null, external_id = ?
		where merchant_id = ? and channel_id = ? and id = ? and status = 'sending' and error_code = ? returning party`,
		m.status, m.rank, m.code, tx.Now, external, merchant, channel, own, codeUnknown).Scan(&parties).Error
	return parties, err
}

func moveDelivery(tx database.Tx, merchant, channel, own, external string, m move) error {
	where, key := "id = ?", own
	if own == "" {
		where, key = "external_id = ?", external
	}
	return tx.DB().Exec(`update deliveries set status = ?, rank = ?, error_code = ?, updated_at = ?, sealed = null,
		external_id = case when external_id = '' then ? else external_id end
		where merchant_id = ? and channel_id = ? and rank < ? and `+where,
		m.status, m.rank, m.code, tx.Now, external, merchant, channel, m.below, key).Error
}

// failOpen ends all that waits for a party.
func failOpen(tx database.Tx, n Send, code string) error {
	return tx.DB().Exec(`update deliveries set status = 'failed', rank = 1, error_code = ?, updated_at = ?, sealed = null
		where merchant_id = ? and channel_id = ? and party = ? and status in ('pending', 'sending')`,
		code, tx.Now, n.Merchant, n.Channel, n.Party).Error
}

// staleParties lists, over all merchants, who waits for a delivery that was claimed before then and not finished.
func staleParties(db *gorm.DB, before time.Time, limit int) ([]Send, error) {
	var rows []Delivery
	err := db.Distinct("merchant_id", "channel_id", "party").Where("status in ('pending', 'sending') and claimed_at < ?", before).
		Limit(limit).Find(&rows).Error
	list := make([]Send, 0, len(rows))
	for _, r := range rows {
		list = append(list, Send{r.MerchantID, r.ChannelID, r.Party})
	}
	return list, err
}

func strangeDeliveries(db *gorm.DB, merchant string) ([]Delivery, error) {
	var list []Delivery
	err := db.Omit("sealed").Where("merchant_id = ? and (message_id = '' or (external_id = '' and status not in ('pending', 'sending', 'failed')))", merchant).
		Order("id").Limit(chunk).Find(&list).Error
	return list, err
}

func handledMessages(db *gorm.DB, merchant, after string, limit int) ([]string, error) {
	var ids []string
	err := db.Model(&eventRow{}).Where("merchant_id = ? and kind = 'message' and handled_at is not null and id > ?", merchant, after).
		Order("id").Limit(limit).Pluck("id", &ids).Error
	return ids, err
}
