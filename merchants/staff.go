package merchants

import (
	"context"
	"strings"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/id"
	"sotto.chat/privacy"
)

// ErrNoStaff says that nobody of the staff has this id.
var ErrNoStaff = fault.New(fault.NotFound, "staff_not_found", "There is no such member of the staff.")

// Staff is one person who works for the merchant.
type Staff struct {
	MerchantID string
	ID         string
	Name       string `gorm:"-"`
	Sealed     []byte `gorm:"column:name"` // the name, under the merchant's key
	Role       Role
	CreatedAt  time.Time
	RemovedAt  *time.Time
}

// TableName is the table of the staff.
func (Staff) TableName() string { return "staff" }

func staffLabel(staff string) string { return "staff.name:" + staff }

// AddStaff takes somebody on. What they may do comes with their keys, see NewStaffKey.
func (r *Register) AddStaff(tx database.Tx, merchant, name string, role Role) (Staff, error) {
	name = strings.TrimSpace(name)
	if !nameOK(name) {
		return Staff{}, ErrName
	}
	if !role.Known() {
		return Staff{}, ErrRole
	}
	s := Staff{MerchantID: merchant, ID: id.New("stf"), Name: name, Role: role, CreatedAt: tx.Now}
	var err error
	if s.Sealed, err = r.keys.Seal(tx, merchant, privacy.MerchantSubject(), staffLabel(s.ID), []byte(name)); err != nil {
		return Staff{}, err
	}
	return s, insertStaff(tx, s)
}

// NewStaffKey makes a key for one person, with that person's role.
func (r *Register) NewStaffKey(tx database.Tx, merchant, staff string, expires *time.Time) (Key, string, error) {
	s, err := findStaff(tx, merchant, staff)
	if err != nil {
		return Key{}, "", err
	}
	return newKey(tx, merchant, "key of "+s.ID, s.Role, &s.ID, expires)
}

// Staff lists the people who work for the merchant, the first taken on first; not those who left.
func (r *Register) Staff(ctx context.Context, merchant string) ([]Staff, error) {
	list, err := listStaff(r.db.Read(ctx), merchant)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	box, err := r.keys.BoxNow(ctx, merchant, privacy.MerchantSubject())
	if err != nil {
		return nil, err
	}
	for i, s := range list {
		name, err := box.Open(staffLabel(s.ID), s.Sealed)
		if err != nil {
			return nil, err
		}
		list[i].Name = string(name)
	}
	return list, nil
}

// RemoveStaff lets somebody go: their keys end at once. Their id stays in the logs, their name does not stay.
func (r *Register) RemoveStaff(tx database.Tx, merchant, staff string) error {
	return removeStaff(tx, merchant, staff)
}
