package inbox

import "gorm.io/gorm"

type gap struct {
	ID       string
	LastSeq  int64
	Messages int64
	Highest  int64
}

func seqGaps(db *gorm.DB, merchant string) ([]gap, error) {
	var list []gap
	err := db.Raw(`select c.id, c.last_seq, count(m.id) as messages, coalesce(max(m.seq), 0) as highest from conversations c
		left join messages m on m.merchant_id = c.merchant_id and m.conversation_id = c.id where c.merchant_id = ?
		group by c.id, c.last_seq having count(m.id) <> c.last_seq or coalesce(max(m.seq), 0) <> c.last_seq`, merchant).Scan(&list).Error
	return list, err
}

func sentMessages(db *gorm.DB, merchant, except, after string, limit int) ([]string, error) {
	var ids []string
	err := db.Raw(`select m.id from messages m join conversations c on c.merchant_id = m.merchant_id and c.id = m.conversation_id
		where m.merchant_id = ? and m.sender <> 'customer' and c.platform <> ? and m.id > ? order by m.id limit ?`,
		merchant, except, after, limit).Scan(&ids).Error
	return ids, err
}

func eventsTaken(db *gorm.DB, merchant string, events []string) (map[string]bool, error) {
	have := map[string]bool{}
	var ids []string
	err := db.Model(&messageRow{}).Where("merchant_id = ? and event_id in ?", merchant, events).Pluck("event_id", &ids).Error
	for _, id := range ids {
		have[id] = true
	}
	return have, err
}
