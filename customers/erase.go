package customers

import (
	"sotto.chat/internal/database"
	"sotto.chat/privacy"
)

// Erase forgets a customer and all that were found to be the same person: it destroys their keys, drops their
// details and identities, and leaves tombstones. Orders stay, without what was sealed in them; consents stay,
// as proof. The same identity met again is a new customer. Erasing twice is fine.
func (p *People) Erase(tx database.Tx, merchant, customer string) error {
	c, err := findCustomer(tx.DB(), merchant, customer)
	if err != nil {
		return err
	}
	// Merging takes the same lock, so once the head is locked nobody joins or leaves this person.
	for locked := false; !locked; {
		head := c.head()
		if c, err = lockCustomer(tx, merchant, head); err != nil {
			return err
		}
		locked = c.MergedInto == ""
	}
	ids, err := sameAs(tx.DB(), merchant, c.ID)
	if err != nil {
		return err
	}
	for _, one := range ids {
		if err := p.keys.Destroy(tx, merchant, privacy.CustomerSubject(one)); err != nil {
			return err
		}
		if err := eraseCustomer(tx, merchant, one); err != nil {
			return err
		}
	}
	return nil
}

// Same lists the ids that are this person's: the customer's own and those merged with it, the oldest first.
func (p *People) Same(tx database.Tx, merchant, customer string) ([]string, error) {
	c, err := findCustomer(tx.DB(), merchant, customer)
	if err != nil {
		return nil, err
	}
	return sameAs(tx.DB(), merchant, c.head())
}
