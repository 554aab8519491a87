package customers

import (
	"slices"

	"sotto.chat/internal/database"
	"sotto.chat/internal/id"
	"sotto.chat/privacy"
)

// Recognize finds the customer whom these identities name, or makes one. All the identities of one call belong
// to one person: those not known yet are added to the customer, and if they name several customers, these
// become one. Of two calls at once for a new person one makes the customer and the other finds it.
//
// One exception: a phone number or email whose customer has another account of the same platform than the one
// named beside it has passed to a new owner. It goes to the new owner, who must not see the old one's orders.
func (p *People) Recognize(tx database.Tx, merchant string, ids []Identity, h Hint) (Customer, error) {
	names, err := p.name(merchant, ids)
	if err != nil {
		return Customer{}, err
	}
	if c, ok, err := findNamed(tx, merchant, names); err != nil || ok {
		return c, err
	}
	for {
		c, ok, err := p.claim(tx, merchant, names, h)
		if err != nil || ok {
			return c, err
		}
	}
}

// claim takes the identities for a new customer where nobody has them, then settles whose they all are. It
// tells false when the customer found was erased meanwhile: then the identities are free.
func (p *People) claim(tx database.Tx, merchant string, names []named, h Hint) (Customer, bool, error) {
	fresh := id.New("cus")
	rows, err := claimIdentities(tx, merchant, fresh, names)
	if err != nil {
		return Customer{}, false, err
	}
	holders, err := p.holders(tx, merchant, fresh, names, rows)
	if err != nil {
		return Customer{}, false, err
	}
	if len(holders) == 0 {
		c, err := p.make(tx, merchant, fresh, firstDetails(names, h), languageOf(h.Language))
		if err != nil {
			return Customer{}, false, err
		}
		return c, true, p.give(tx, merchant, fresh, names)
	}
	list, err := lockCustomers(tx, merchant, holders)
	if err != nil {
		return Customer{}, false, err
	}
	if slices.ContainsFunc(list, func(c Customer) bool { return c.ErasedAt != nil || c.MergedInto != "" }) {
		return Customer{}, false, freeIdentities(tx, merchant, fresh)
	}
	oldest := list[0] // by id, which follows time
	for _, other := range list[1:] {
		if err := p.merge(tx, oldest, other); err != nil {
			return Customer{}, false, err
		}
	}
	return oldest, true, p.give(tx, merchant, oldest.ID, names)
}

// holders tells which customers other than fresh the names point at, without those whose phone or email has passed on.
func (p *People) holders(tx database.Tx, merchant, fresh string, names []named, rows []identityRow) ([]string, error) {
	var sure, doubtful []string
	for _, r := range rows {
		switch {
		case r.CustomerID == fresh:
		case lent(r.Kind):
			doubtful = append(doubtful, r.CustomerID)
		default:
			sure = append(sure, r.CustomerID)
		}
	}
	if len(doubtful) > 0 {
		has, err := identitiesOf(tx, merchant, doubtful)
		if err != nil {
			return nil, err
		}
		for _, holder := range doubtful {
			if !passedOn(holder, names, has) {
				sure = append(sure, holder)
			}
		}
	}
	slices.Sort(sure)
	return slices.Compact(sure), nil
}

// passedOn tells whether the holder has accounts of a kind that names has too, and none of them is in names.
func passedOn(holder string, names []named, has []identityRow) bool {
	for _, n := range names {
		if lent(n.Kind) || n.Kind == Web { // one person has many browsers
			continue
		}
		other, same := false, false
		for _, r := range has {
			if r.CustomerID == holder && r.Kind == n.Kind {
				same = same || r.ValueHash == n.hash
				other = other || r.ValueHash != n.hash
			}
		}
		if other && !same {
			return true
		}
	}
	return false
}

// give seals the names for the customer and writes them down as theirs.
func (p *People) give(tx database.Tx, merchant, customer string, names []named) error {
	box, err := p.keys.Box(tx, merchant, privacy.CustomerSubject(customer))
	if err != nil {
		return err
	}
	for _, n := range names {
		sealed, err := box.Seal(n.label(), []byte(n.Value))
		if err != nil {
			return err
		}
		if err := giveIdentity(tx, merchant, customer, n.Kind, n.hash, sealed); err != nil {
			return err
		}
	}
	return nil
}

// merge makes other's identities those of into. Other stays, with its key: orders and conversations are
// sealed with it. Both are erased together.
func (p *People) merge(tx database.Tx, into, other Customer) error {
	ids, err := p.Identities(tx, other.MerchantID, other.ID) // read before other is merged
	if err != nil {
		return err
	}
	if len(ids) > 0 {
		names, err := p.name(other.MerchantID, ids)
		if err != nil {
			return err
		}
		if err := p.give(tx, into.MerchantID, into.ID, names); err != nil {
			return err
		}
	}
	return mergeCustomer(tx, into.MerchantID, into.ID, other.ID)
}

func firstDetails(names []named, h Hint) Details {
	d := Details{Name: cleanName(h.Name)}
	for _, n := range names {
		switch n.Kind {
		case Phone:
			d.Phone = "+" + n.Value
		case Email:
			d.Email = n.Value
		}
	}
	return d
}
