package inbox

import (
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"sotto.chat/internal/database"
)

// TableName is the table of the conversations.
func (Conversation) TableName() string { return "conversations" }

func one(db *gorm.DB) (Conversation, error) {
	var c Conversation
	err := db.Take(&c).Error
	c.CreatedAt, c.UpdatedAt = c.CreatedAt.UTC(), c.UpdatedAt.UTC()
	return c, err
}

func known(c Conversation, err error) (Conversation, error) {
	if database.NotFound(err) {
		return c, ErrUnknown
	}
	return c, err
}

func locking(tx database.Tx) *gorm.DB { return tx.DB().Clauses(clause.Locking{Strength: "UPDATE"}) }

func findConversation(db *gorm.DB, merchant, conversation string) (Conversation, error) {
	return known(one(db.Where("merchant_id = ? and id = ?", merchant, conversation)))
}

func findByParty(db *gorm.DB, merchant, channel, party string) (Conversation, error) {
	return known(one(db.Where("merchant_id = ? and channel_id = ? and party = ?", merchant, channel, party)))
}

func lockConversation(tx database.Tx, merchant, conversation string) (Conversation, error) {
	return known(one(locking(tx).Where("merchant_id = ? and id = ?", merchant, conversation)))
}

func lockByParty(tx database.Tx, merchant, channel, party string) (Conversation, error) {
	return one(locking(tx).Where("merchant_id = ? and channel_id = ? and party = ?", merchant, channel, party))
}

// lockByCustomer takes the newest talk that was not forgotten.
func lockByCustomer(tx database.Tx, merchant, channel string, customers []string) (Conversation, error) {
	return one(locking(tx).Where("merchant_id = ? and customer_id in ? and channel_id = ? and party not like 'forgotten:%'",
		merchant, customers, channel).Order("id desc").Limit(1))
}

// insertConversation tells whether it was this one that began the party's conversation.
func insertConversation(tx database.Tx, c Conversation) (bool, error) {
	r := tx.DB().Clauses(clause.OnConflict{DoNothing: true}).Create(&c)
	return r.RowsAffected == 1, r.Error
}

// save writes what may change in a conversation. Its lock is held, so there is no version to compare.
func save(tx database.Tx, c *Conversation) error {
	c.UpdatedAt = tx.Now
	c.Version++
	return tx.DB().Model(&Conversation{}).Where("merchant_id = ? and id = ?", c.MerchantID, c.ID).
		Select("customer_id", "answering", "assigned_to", "language", "misread", "last_seq", "last_customer_at", "address", "memory",
			"version", "closed_at", "updated_at").Updates(c).Error
}

func setParty(tx database.Tx, c Conversation) error {
	return tx.DB().Exec("update conversations set party = ?, customer_id = ? where merchant_id = ? and id = ?",
		c.Party, c.CustomerID, c.MerchantID, c.ID).Error
}

func listConversations(db *gorm.DB, merchant string, f Filter) ([]Conversation, error) {
	q := db.Omit("memory", "address").Where("merchant_id = ?", merchant)
	if f.Answering != "" {
		q = q.Where("answering = ?", f.Answering)
	}
	if f.AssignedTo != "" {
		q = q.Where("assigned_to = ?", f.AssignedTo)
	}
	if f.CustomerID != "" {
		q = q.Where("customer_id = ?", f.CustomerID)
	}
	if f.Open {
		q = q.Where("closed_at is null")
	}
	if f.After != "" {
		last, err := findConversation(db, merchant, f.After)
		if err != nil {
			return nil, err
		}
		q = q.Where("(updated_at < ? or (updated_at = ? and id < ?))", last.UpdatedAt, last.UpdatedAt, last.ID)
	}
	var list []Conversation
	err := q.Order("updated_at desc, id desc").Limit(f.Limit).Find(&list).Error
	for k := range list {
		list[k].CreatedAt, list[k].UpdatedAt = list[k].CreatedAt.UTC(), list[k].UpdatedAt.UTC()
	}
	return list, err
}

func conversationsOf(db *gorm.DB, merchant string, customers []string) ([]string, error) {
	var ids []string
	err := db.Model(&Conversation{}).Where("merchant_id = ? and customer_id in ? and party not like 'forgotten:%'", merchant, customers).
		Order("id").Pluck("id", &ids).Error
	return ids, err
}

// messageRow is one row of messages.
type messageRow struct {
	MerchantID     string
	ConversationID string
	ID             string
	Seq            int64
	Sender         string
	Author         string
	Body           []byte
	EventID        string
	AnsweredAt     *time.Time
	CreatedAt      time.Time
}

// TableName is the table of the messages.
func (messageRow) TableName() string { return "messages" }

func (r messageRow) message() Message {
	return Message{ID: r.ID, ConversationID: r.ConversationID, Seq: r.Seq, Sender: r.Sender, Author: r.Author, At: r.CreatedAt.UTC()}
}

func insertMessage(tx database.Tx, r messageRow) error { return tx.DB().Create(&r).Error }

func messageByID(db *gorm.DB, merchant, conversation, message string) (messageRow, error) {
	var r messageRow
	err := db.Where("merchant_id = ? and conversation_id = ? and id = ?", merchant, conversation, message).Take(&r).Error
	return r, err
}

func messageByEvent(db *gorm.DB, merchant, event string) (messageRow, error) {
	var r messageRow
	err := db.Where("merchant_id = ? and event_id = ? and event_id <> ''", merchant, event).Take(&r).Error
	return r, err
}

func messagesAfter(db *gorm.DB, merchant, conversation string, seq int64, limit int) ([]messageRow, error) {
	var rows []messageRow
	err := db.Where("merchant_id = ? and conversation_id = ? and seq > ?", merchant, conversation, seq).
		Order("seq").Limit(limit).Find(&rows).Error
	return rows, err
}

// messagesAround gives the last message of the customer before a moment, with the one before it and the one after it.
func messagesAround(db *gorm.DB, merchant, conversation string, at time.Time) (rows []messageRow, err error) {
	err = db.Where(`merchant_id = ? and conversation_id = ? and seq between (select coalesce(max(seq), 0) - 1 from messages
		where merchant_id = ? and conversation_id = ? and sender = 'customer' and created_at <= ?) and (select coalesce(max(seq), -1) + 1 from messages
		where merchant_id = ? and conversation_id = ? and sender = 'customer' and created_at <= ?)`,
		merchant, conversation, merchant, conversation, at, merchant, conversation, at).Order("seq").Find(&rows).Error
	return rows, err
}

// atOnce bounds the messages of one turn.
const atOnce = 200

func unanswered(db *gorm.DB, merchant, conversation string) ([]messageRow, error) {
	var rows []messageRow
	err := db.Where(`merchant_id = ? and conversation_id = ? and sender = 'customer' and answered_at is null and exists
		(select 1 from conversations c where c.merchant_id = ? and c.id = ? and c.answering = 'bot')`,
		merchant, conversation, merchant, conversation).Order("seq").Limit(atOnce).Find(&rows).Error
	return rows, err
}

// saidSince gives the customer's last messages, oldest first.
func saidSince(tx database.Tx, merchant, conversation string, since time.Time, limit int) ([]messageRow, error) {
	var rows []messageRow
	err := tx.DB().Where("merchant_id = ? and conversation_id = ? and sender = 'customer' and created_at > ?", merchant, conversation, since).
		Order("seq desc").Limit(limit).Find(&rows).Error
	slices.Reverse(rows)
	return rows, err
}

func setBody(tx database.Tx, merchant, conversation, message string, sealed []byte) error {
	return tx.DB().Exec("update messages set body = ? where merchant_id = ? and conversation_id = ? and id = ?", sealed, merchant, conversation, message).Error
}

func markAnswered(tx database.Tx, merchant, conversation string, seq int64) error {
	return tx.DB().Exec(`update messages set answered_at = ? where merchant_id = ? and conversation_id = ? and seq <= ?
		and sender = 'customer' and answered_at is null`, tx.Now, merchant, conversation, seq).Error
}

func emptyMessages(tx database.Tx, merchant, conversation string) error {
	return tx.DB().Exec(`update messages set body = null, answered_at = coalesce(answered_at, ?) where merchant_id = ?
		and conversation_id = ?`, tx.Now, merchant, conversation).Error
}

func insertNotice(tx database.Tx, merchant, fact string) (bool, error) {
	r := tx.DB().Exec("insert into notices (merchant_id, fact, message_id, at) values (?, ?, '', ?) on conflict do nothing", merchant, fact, tx.Now)
	return r.RowsAffected == 1, r.Error
}

func setNotice(tx database.Tx, merchant, fact, message string) error {
	return tx.DB().Exec("update notices set message_id = ? where merchant_id = ? and fact = ?", message, merchant, fact).Error
}
