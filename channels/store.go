package channels

import (
	"math/bits"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"sotto.chat/internal/database"
)

// chunk bounds the rows of one statement; a power of two, see insertEvents.
const chunk = 512

// TableName is the table of the channels.
func (Channel) TableName() string { return "channels" }

func insertChannel(tx database.Tx, ch Channel) error {
	return tx.DB().Clauses(clause.OnConflict{DoNothing: true}).Create(&ch).Error
}

func oneChannel(db *gorm.DB) (Channel, error) {
	var ch Channel
	err := db.Take(&ch).Error
	if database.NotFound(err) {
		return Channel{}, ErrUnknown
	}
	ch.CreatedAt = ch.CreatedAt.UTC()
	return ch, err
}

func findChannel(db *gorm.DB, merchant, channel string) (Channel, error) {
	return oneChannel(db.Where("merchant_id = ? and id = ?", merchant, channel))
}

// channelByID is the one read without a merchant: ids are unique, and a webhook's address holds nothing else.
func channelByID(db *gorm.DB, channel string) (Channel, error) {
	return oneChannel(db.Where("id = ?", channel))
}

func findByAccount(db *gorm.DB, merchant, platform, account string) (Channel, error) {
	var ch Channel
	err := db.Where("merchant_id = ? and platform = ? and external_id = ? and disabled_at is null", merchant, platform, account).Take(&ch).Error
	return ch, err
}

func listChannels(db *gorm.DB, merchant string) ([]Channel, error) {
	var list []Channel
	err := db.Where("merchant_id = ?", merchant).Order("id").Find(&list).Error
	for i := range list {
		list[i].CreatedAt = list[i].CreatedAt.UTC()
	}
	return list, err
}

func updateChannel(tx database.Tx, ch Channel, version int64) error {
	r := tx.DB().Model(&Channel{}).Where("merchant_id = ? and id = ? and version = ?", ch.MerchantID, ch.ID, version).
		Select("name", "external_id", "settings", "problem", "disabled_at", "version").Updates(&ch)
	if r.Error == nil && r.RowsAffected == 0 {
		return ErrStale
	}
	return r.Error
}

// setProblem notes what keeps a channel from sending; it does not count as a change by a person.
func setProblem(tx database.Tx, merchant, channel, problem string) error {
	return tx.DB().Exec("update channels set problem = ? where merchant_id = ? and id = ? and problem <> ?",
		problem, merchant, channel, problem).Error
}

// eventRow is one row of inbound_events.
type eventRow struct {
	MerchantID string
	ChannelID  string
	DedupKey   string
	ID         string
	Party      string
	Kind       string
	Sealed     []byte
	SaidAt     time.Time
	ReceivedAt time.Time
	HandledAt  *time.Time
}

// TableName is the table of what came in.
func (eventRow) TableName() string { return "inbound_events" }

// insertEvents writes what is new and gives the ids of those rows; an event known by its key is left as it is. The last
// row is repeated up to a power of two, which changes nothing: the database then knows the few forms of the statement
// already, and need not plan one for every number of rows.
func insertEvents(tx database.Tx, rows []eventRow) (map[string]bool, error) {
	fresh := map[string]bool{}
	for start := 0; start < len(rows); start += chunk {
		part := rows[start:min(start+chunk, len(rows))]
		q := make([]byte, 0, 256+len(part)*24)
		q = append(q, "insert into inbound_events (merchant_id, channel_id, dedup_key, id, party, kind, sealed, said_at, received_at, handled_at) values "...)
		args := make([]any, 0, 10*len(part))
		for i := range powerOfTwo(len(part)) {
			r := part[min(i, len(part)-1)]
			if i > 0 {
				q = append(q, ',')
			}
			q = append(q, "(?,?,?,?,?,?,?,?,?,?)"...)
			args = append(args, r.MerchantID, r.ChannelID, r.DedupKey, r.ID, r.Party, r.Kind, r.Sealed, r.SaidAt, r.ReceivedAt, r.HandledAt)
		}
		q = append(q, " on conflict do nothing returning id"...)
		err := tx.Together(database.Ask{SQL: string(q), Args: args, Row: func(scan func(...any) error) error {
			var id string
			err := scan(&id)
			fresh[id] = true
			return err
		}})
		if err != nil {
			return nil, err
		}
	}
	return fresh, nil
}

func powerOfTwo(n int) int { return 1 << bits.Len(uint(n-1)) }

func eventByKey(db *gorm.DB, merchant, channel, key string) (eventRow, error) {
	var r eventRow
	err := db.Where("merchant_id = ? and channel_id = ? and dedup_key = ?", merchant, channel, key).Take(&r).Error
	return r, err
}

func eventByID(db *gorm.DB, merchant, event string) (eventRow, error) {
	var r eventRow
	err := db.Where("merchant_id = ? and id = ?", merchant, event).Take(&r).Error
	return r, err
}

func waitingEvents(tx database.Tx, merchant, channel, party string, limit int) ([]eventRow, error) {
	var rows []eventRow
	err := tx.DB().Where("merchant_id = ? and channel_id = ? and party = ? and handled_at is null", merchant, channel, party).
		Order("id").Limit(limit).Find(&rows).Error
	return rows, err
}

// handleEvents marks rows as done and empties them: their words live in the conversation now, under its own key.
func handleEvents(tx database.Tx, merchant string, ids []string) error {
	for start := 0; start < len(ids); start += chunk {
		err := tx.DB().Exec("update inbound_events set handled_at = ?, sealed = null where merchant_id = ? and id in ?",
			tx.Now, merchant, ids[start:min(start+chunk, len(ids))]).Error
		if err != nil {
			return err
		}
	}
	return nil
}

func refuseEvents(tx database.Tx, merchant string, ids []string) error {
	return tx.DB().Exec("update inbound_events set handled_at = ?, kind = 'other' where merchant_id = ? and id in ?", tx.Now, merchant, ids).Error
}

func keepSealed(tx database.Tx, merchant, event string, sealed []byte) error {
	return tx.DB().Exec("update inbound_events set sealed = ? where merchant_id = ? and id = ?", sealed, merchant, event).Error
}

func lastHeard(db *gorm.DB, merchant, channel, party string) (time.Time, error) {
	var r eventRow
	err := db.Select("said_at").Where("merchant_id = ? and channel_id = ? and party = ? and kind = 'message'", merchant, channel, party).
		Order("said_at desc").Limit(1).Take(&r).Error
	if database.NotFound(err) {
		return time.Time{}, nil
	}
	return r.SaidAt.UTC(), err
}

// wipeEvents empties what was handled before then, of all merchants: it is the operator's housekeeping.
func wipeEvents(tx database.Tx, before time.Time) error {
	return tx.DB().Exec("update inbound_events set sealed = null where sealed is not null and handled_at < ?", before).Error
}

func forgetParty(tx database.Tx, merchant, channel, party string) error {
	err := tx.DB().Exec(`update inbound_events set sealed = null, kind = case when handled_at is null then 'other' else kind end,
		handled_at = coalesce(handled_at, ?) where merchant_id = ? and channel_id = ? and party = ?`,
		tx.Now, merchant, channel, party).Error
	if err != nil {
		return err
	}
	return tx.DB().Exec(`update deliveries set sealed = null, status = case when status in ('pending', 'sending') then 'failed' else status end,
		error_code = case when status in ('pending', 'sending') then 'forgotten' else error_code end, updated_at = ?
		where merchant_id = ? and channel_id = ? and party = ?`, tx.Now, merchant, channel, party).Error
}
