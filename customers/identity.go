package customers

import (
	"cmp"
	"slices"
	"strings"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/privacy"
)

// ErrIdentity says that what a platform called a person cannot be used.
var ErrIdentity = fault.New(fault.Invalid, "identity_invalid", "Name the customer by at least one valid identity.")

// Identity is how one channel names a person. Values come from a platform's signed message or from a visitor
// token of ours, never from what somebody typed. They are kept as a keyed hash, to find by, and sealed.
type Identity struct{ Kind, Value string }

// The kinds of identities.
const (
	Phone       = "phone"
	Email       = "email"
	BSUID       = "bsuid"        // WhatsApp: business-scoped user id
	ParentBSUID = "parent_bsuid" // WhatsApp: the same across linked portfolios
	Telegram    = "telegram"
	OpenID      = "openid" // WeChat
	PSID        = "psid"   // Messenger
	IGSID       = "igsid"  // Instagram
	Web         = "web"    // the hash of a visitor token
)

// lent tells the kinds that pass from person to person: a phone number is given away and given out again. An
// account of a platform is not.
func lent(kind string) bool { return kind == Phone || kind == Email }

func known(kind string) bool {
	switch kind {
	case Phone, Email, BSUID, ParentBSUID, Telegram, OpenID, PSID, IGSID, Web:
		return true
	}
	return false
}

// Hint is what a platform tells about a person besides the identities; it serves when the person is new.
type Hint struct{ Name, Language string }

// identityRow is one identity at rest. Hash is Blind of the value.
type identityRow struct {
	MerchantID string
	Kind       string
	ValueHash  string
	CustomerID string
	Sealed     []byte
}

func (identityRow) TableName() string { return "identities" }

// named is an identity in canonical form with its hash.
type named struct {
	Identity
	hash string
}

func (n named) label() string { return identityLabel(n.Kind, n.hash) }

func identityLabel(kind, hash string) string { return "identities.sealed:" + kind + ":" + hash }

const maxValue = 300

// name brings the identities into canonical form, sorted and each once: every transaction then takes
// them in the same order.
func (p *People) name(merchant string, ids []Identity) ([]named, error) {
	var list []named
	for _, i := range ids {
		i.Value = strings.TrimSpace(i.Value)
		ok := i.Value != "" && plainLine(i.Value, maxValue)
		switch i.Kind {
		case Phone:
			i.Value, ok = phoneDigits(i.Value)
		case Email:
			i.Value = strings.ToLower(i.Value)
			ok = emailOK(i.Value)
		}
		if !known(i.Kind) {
			return nil, ErrIdentity.Say("There is no kind of identity %q.", i.Kind)
		}
		if ok {
			list = append(list, named{i, p.keys.Blind(merchant, "identity:"+i.Kind, i.Value)})
		}
	}
	if len(list) == 0 {
		return nil, ErrIdentity
	}
	slices.SortFunc(list, func(a, b named) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.hash, b.hash)) })
	return slices.CompactFunc(list, func(a, b named) bool { return a.Kind == b.Kind && a.hash == b.hash }), nil
}

// Identities opens all the ways in which channels name the customer; for one merged into another, the other's.
func (p *People) Identities(tx database.Tx, merchant, customer string) ([]Identity, error) {
	c, err := findCustomer(tx.DB(), merchant, customer)
	if err != nil {
		return nil, err
	}
	rows, err := identitiesOf(tx, merchant, []string{c.head()})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	box, err := p.keys.Box(tx, merchant, privacy.CustomerSubject(c.head()))
	if err != nil {
		return nil, err
	}
	list := make([]Identity, 0, len(rows))
	for _, r := range rows {
		value, err := box.Open(identityLabel(r.Kind, r.ValueHash), r.Sealed)
		if err != nil {
			return nil, err
		}
		list = append(list, Identity{r.Kind, string(value)})
	}
	return list, nil
}
