package byhand

import (
	"gorm.io/gorm"

	"sotto.chat/internal/database"
)

func readTerms(db *gorm.DB, merchant string) (t Terms, err error) {
	err = db.Table("payment_terms").Where("merchant_id = ?", merchant).Take(&t).Error
	if database.NotFound(err) {
		return Terms{BankDays: DefaultDays}, nil
	}
	return t, err
}

func putTerms(tx database.Tx, merchant string, t Terms) error {
	return tx.DB().Exec(`insert into payment_terms (merchant_id, cash, bank, bank_details, bank_days, updated_at) values (?, ?, ?, ?, ?, ?)
		on conflict (merchant_id) do update set cash = excluded.cash, bank = excluded.bank, bank_details = excluded.bank_details,
		bank_days = excluded.bank_days, updated_at = excluded.updated_at`, merchant, t.Cash, t.Bank, t.BankDetails, t.BankDays, tx.Now).Error
}
