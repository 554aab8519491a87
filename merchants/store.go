package merchants

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"sotto.chat/internal/database"
)

// query is a handle inside or outside a transaction; only reads take it.
type query = *gorm.DB

func findMerchant(q query, merchant string) (Merchant, error) {
	return oneMerchant(q.Where("id = ?", merchant))
}

func findBySlug(q query, slug string) (Merchant, error) {
	return oneMerchant(q.Where("slug = ?", slug))
}

func oneMerchant(q query) (Merchant, error) {
	var m Merchant
	err := q.Take(&m).Error
	switch {
	case database.NotFound(err):
		return Merchant{}, ErrNoMerchant
	case err != nil:
		return Merchant{}, fmt.Errorf("read a merchant: %w", err)
	}
	m.CreatedAt = m.CreatedAt.UTC()
	return m, nil
}

// Conditions are what a merchant's prices depend on beside the goods. Amounts are minor units of Currency; TaxPPM is millionths.
type Conditions struct {
	Currency              string
	TaxPPM                int64
	TaxInclusive          bool
	Shipping, HoldMinutes int64
}

// Asking asks for a merchant's conditions beside other questions; take gets them, and is not called where there is no such merchant.
func Asking(merchant string, take func(Conditions)) database.Ask {
	return database.Ask{SQL: `select currency, tax_ppm, tax_inclusive, shipping_amount, hold_minutes from merchants where id = ?`, Args: []any{merchant},
		Row: func(scan func(...any) error) error {
			var c Conditions
			err := scan(&c.Currency, &c.TaxPPM, &c.TaxInclusive, &c.Shipping, &c.HoldMinutes)
			if err == nil {
				take(c)
			}
			return err
		}}
}

// utc puts a time that Postgres gave in the local zone into ours.
func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

func findAll(q query) ([]Merchant, error) {
	var list []Merchant
	if err := q.Order("id").Find(&list).Error; err != nil {
		return nil, fmt.Errorf("list the merchants: %w", err)
	}
	for i := range list {
		list[i].CreatedAt = list[i].CreatedAt.UTC()
	}
	return list, nil
}

// insertMerchant stores m. With seek it takes the first free slug of shop, shop-2, shop-3, … else the id's end.
func insertMerchant(tx database.Tx, m *Merchant, seek bool) error {
	base := m.Slug
	for n := 1; ; n++ {
		switch {
		case n > 20:
			m.Slug = base + "-" + m.ID[len(m.ID)-8:]
		case n > 1:
			m.Slug = base + "-" + strconv.Itoa(n)
		}
		r := tx.DB().Clauses(clause.OnConflict{DoNothing: true}).Create(m)
		switch {
		case r.Error != nil:
			return fmt.Errorf("store a merchant: %w", r.Error)
		case r.RowsAffected == 1:
			return nil
		case !seek || n > 20:
			return ErrSlugTaken
		}
	}
}

// updateMerchant demands the version that m was read with.
func updateMerchant(tx database.Tx, m Merchant) (Merchant, error) {
	read := m.Version
	m.Version++
	err := tx.Try(func(tx database.Tx) error {
		r := tx.DB().Model(&Merchant{}).Where("id = ? and version = ?", m.ID, read).Select("*").Omit("id", "currency", "created_at").Updates(&m)
		switch {
		case database.Duplicate(r.Error):
			return ErrSlugTaken
		case r.Error != nil:
			return fmt.Errorf("store a merchant: %w", r.Error)
		case r.RowsAffected == 0:
			return ErrStale
		}
		return nil
	})
	if err != nil {
		return Merchant{}, err
	}
	return m, nil
}

func insertKey(tx database.Tx, k Key) error {
	if err := tx.DB().Create(&k).Error; err != nil {
		return fmt.Errorf("store an API key: %w", err)
	}
	return nil
}

func findKeys(q query, merchant string) ([]Key, error) {
	var list []Key
	if err := q.Where("merchant_id = ?", merchant).Order("id desc").Find(&list).Error; err != nil {
		return nil, fmt.Errorf("list the API keys: %w", err)
	}
	for i, k := range list {
		list[i].CreatedAt, list[i].ExpiresAt, list[i].RevokedAt = k.CreatedAt.UTC(), utc(k.ExpiresAt), utc(k.RevokedAt)
	}
	return list, nil
}

// findKeyByHash is the one query that knows no merchant: the key is what tells it. Every request begins with it.
func findKeyByHash(ctx context.Context, db *database.DB, hash string) (Key, error) {
	k := Key{Hash: hash}
	err := db.Together(ctx, database.Ask{SQL: `select merchant_id, id, name, role, staff_id, expires_at, revoked_at from api_keys where hash = ?`, Args: []any{hash},
		Row: func(scan func(...any) error) error {
			return scan(&k.MerchantID, &k.ID, &k.Name, &k.Role, &k.StaffID, &k.ExpiresAt, &k.RevokedAt)
		}})
	switch {
	case err != nil:
		return Key{}, fmt.Errorf("read an API key: %w", err)
	case k.ID == "":
		return Key{}, ErrBadKey
	}
	return k, nil
}

func revokeKey(tx database.Tx, merchant, key string) error {
	r := tx.DB().Exec("update api_keys set revoked_at = coalesce(revoked_at, ?) where merchant_id = ? and id = ?", tx.Now, merchant, key)
	switch {
	case r.Error != nil:
		return fmt.Errorf("revoke an API key: %w", r.Error)
	case r.RowsAffected == 0:
		return ErrNoKey
	}
	return nil
}

func insertStaff(tx database.Tx, s Staff) error {
	if err := tx.DB().Create(&s).Error; err != nil {
		return fmt.Errorf("store staff: %w", err)
	}
	return nil
}

// findStaff locks the person, so that no key is made beside RemoveStaff.
func findStaff(tx database.Tx, merchant, staff string) (Staff, error) {
	var s Staff
	err := tx.DB().Clauses(clause.Locking{Strength: "UPDATE"}).
		Where("merchant_id = ? and id = ? and removed_at is null", merchant, staff).Take(&s).Error
	switch {
	case database.NotFound(err):
		return Staff{}, ErrNoStaff
	case err != nil:
		return Staff{}, fmt.Errorf("read staff: %w", err)
	}
	return s, nil
}

func listStaff(q query, merchant string) ([]Staff, error) {
	var list []Staff
	if err := q.Where("merchant_id = ? and removed_at is null", merchant).Order("id").Find(&list).Error; err != nil {
		return nil, fmt.Errorf("list the staff: %w", err)
	}
	for i, s := range list {
		list[i].CreatedAt, list[i].RemovedAt = s.CreatedAt.UTC(), utc(s.RemovedAt)
	}
	return list, nil
}

func removeStaff(tx database.Tx, merchant, staff string) error {
	r := tx.DB().Exec("update staff set removed_at = ?, name = null where merchant_id = ? and id = ? and removed_at is null", tx.Now, merchant, staff)
	switch {
	case r.Error != nil:
		return fmt.Errorf("remove staff: %w", r.Error)
	case r.RowsAffected == 0:
		return ErrNoStaff
	}
	err := tx.DB().Exec("update api_keys set revoked_at = ? where merchant_id = ? and staff_id = ? and revoked_at is null", tx.Now, merchant, staff).Error
	if err != nil {
		return fmt.Errorf("revoke the keys of staff: %w", err)
	}
	return nil
}

func upsertCredential(tx database.Tx, merchant, kind string, sealed []byte) error {
	err := tx.DB().Exec(`insert into credentials (merchant_id, kind, sealed, updated_at) values (?, ?, ?, ?)
 on conflict (merchant_id, kind) do update set sealed = excluded.sealed, updated_at = excluded.updated_at`,
		merchant, kind, sealed, tx.Now).Error
	if err != nil {
		return fmt.Errorf("store a credential: %w", err)
	}
	return nil
}

func findCredential(q query, merchant, kind string) ([]byte, bool, error) {
	var row struct{ Sealed []byte }
	r := q.Raw("select sealed from credentials where merchant_id = ? and kind = ?", merchant, kind).Scan(&row)
	if r.Error != nil {
		return nil, false, fmt.Errorf("read a credential: %w", r.Error)
	}
	return row.Sealed, r.RowsAffected == 1, nil
}

func deleteCredential(tx database.Tx, merchant, kind string) error {
	if err := tx.DB().Exec("delete from credentials where merchant_id = ? and kind = ?", merchant, kind).Error; err != nil {
		return fmt.Errorf("remove a credential: %w", err)
	}
	return nil
}
