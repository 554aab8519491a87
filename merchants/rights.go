package merchants

import (
	"slices"

	"sotto.chat/internal/fault"
)

// ErrForbidden says that the key's role lacks the right; doors return it.
var ErrForbidden = fault.New(fault.Forbidden, "forbidden", "This key's role does not allow that.")

// ErrRole says that a role does not exist.
var ErrRole = fault.New(fault.Invalid, "role_invalid", "Use one of the roles owner, manager, agent, read_only.")

// Role is what somebody is to the shop.
type Role string

// The roles.
const (
	Owner    Role = "owner"
	Manager  Role = "manager"
	Agent    Role = "agent"
	ReadOnly Role = "read_only"
)

// Right is one thing that a role may allow.
type Right string

// The rights.
const (
	CatalogRead    Right = "catalog.read"
	CatalogWrite   Right = "catalog.write"
	OrdersRead     Right = "orders.read"
	OrdersWrite    Right = "orders.write" // carts, checkout, fulfilment, cancelling
	MoneyRead      Right = "money.read"
	MoneyWrite     Right = "money.write" // refunds
	TalkRead       Right = "talk.read"
	TalkWrite      Right = "talk.write"
	CustomersRead  Right = "customers.read"
	CustomersWrite Right = "customers.write"
	CustomersErase Right = "customers.erase"
	SettingsRead   Right = "settings.read"
	SettingsWrite  Right = "settings.write" // channels, credentials and webhooks too
	KeysRead       Right = "keys.read"
	KeysWrite      Right = "keys.write" // keys and staff: whoever may make an owner's key is an owner
)

// mayOnly is the table of roles and rights. The owner stands not in it: the owner may everything.
var mayOnly = map[Role][]Right{
	Manager: {CatalogRead, CatalogWrite, OrdersRead, OrdersWrite, MoneyRead, MoneyWrite, TalkRead, TalkWrite,
		CustomersRead, CustomersWrite, CustomersErase, SettingsRead, SettingsWrite, KeysRead},
	Agent: {CatalogRead, OrdersRead, OrdersWrite, MoneyRead, TalkRead, TalkWrite,
		CustomersRead, CustomersWrite, SettingsRead},
	ReadOnly: {CatalogRead, OrdersRead, MoneyRead, TalkRead, CustomersRead, SettingsRead},
}

// Known tells whether the role exists.
func (r Role) Known() bool { return r == Owner || mayOnly[r] != nil }

// May tells whether the role has the right. An unknown role has none.
func (r Role) May(right Right) bool { return r == Owner || slices.Contains(mayOnly[r], right) }

// Actor is who asks, as an API key told.
type Actor struct {
	MerchantID string
	KeyID      string
	Name       string
	Role       Role
	StaffID    string // empty for a key that belongs to no person
}

// May tells whether the actor has the right.
func (a Actor) May(right Right) bool { return a.Role.May(right) }
