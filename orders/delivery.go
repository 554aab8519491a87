package orders

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"sotto.chat/catalog"
	"sotto.chat/customers"
	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
)

// Method is how the goods reach the customer.
type Method string

// The ways to the customer; an empty method is not chosen yet and costs no shipping.
const (
	MethodPickup   Method = "pickup"
	MethodDelivery Method = "delivery"
	MethodEatIn    Method = "eat_in"
)

// Contact is whom to reach about an order.
type Contact struct {
	Name  string `json:"name,omitempty"`
	Phone string `json:"phone,omitempty"`
	Email string `json:"email,omitempty"`
}

// Delivery says how and where the goods go. At rest it is sealed with the customer's key.
type Delivery struct {
	Method  Method             `json:"method,omitempty"`
	Address *customers.Address `json:"address,omitempty"`
	Contact Contact            `json:"contact,omitzero"`
}

// Faults of delivery.
var (
	ErrMethod    = fault.New(fault.Invalid, "delivery_method_unknown", "The delivery method must be pickup, delivery or eat_in.")
	ErrNoAddress = fault.New(fault.Invalid, "address_missing", "Delivery needs an address.")
	ErrTooLong   = fault.New(fault.Invalid, "delivery_too_long", "The address and the contact hold at most 4,000 bytes together.")
)

// maxDelivery bounds the address and the contact, in bytes.
const maxDelivery = 4000

func (d Delivery) empty() bool { return d.Method == "" && d.Address == nil && d.Contact == (Contact{}) }

// over gives the delivery with the parts that later says otherwise.
func (d Delivery) over(earlier Delivery) Delivery {
	if d.Method == "" {
		d.Method = earlier.Method
	}
	if d.Address == nil {
		d.Address = earlier.Address
	}
	if d.Contact == (Contact{}) {
		d.Contact = earlier.Contact
	}
	return d
}

// check refuses a method that is not known and what no parcel label could hold.
func (d Delivery) check() error {
	switch d.Method {
	case "", MethodPickup, MethodDelivery, MethodEatIn:
	default:
		return ErrMethod
	}
	size := len(d.Contact.Name) + len(d.Contact.Phone) + len(d.Contact.Email)
	if a := d.Address; a != nil {
		size += len(a.Text) + len(a.Line1) + len(a.Line2) + len(a.City) + len(a.Region) + len(a.PostalCode) + len(a.Country)
	}
	if size > maxDelivery {
		return ErrTooLong
	}
	return nil
}

// complete refuses a delivery to nowhere.
func (d Delivery) complete() error {
	if d.Method == MethodDelivery && (d.Address == nil || *d.Address == (customers.Address{})) {
		return ErrNoAddress
	}
	return nil
}

// SetDelivery keeps in the cart how and where the goods shall go, so that the quote has the shipping. Parts that
// are empty stay as they were.
func (o *Orders) SetDelivery(tx database.Tx, merchant, cart string, d Delivery) error {
	if err := d.check(); err != nil {
		return err
	}
	c, err := o.touch(tx, merchant, cart)
	if err != nil {
		return err
	}
	earlier, err := o.cartDelivery(tx, c)
	if err != nil {
		return err
	}
	d = d.over(earlier)
	if err := o.withCustomer(tx, &c, d.Contact); err != nil {
		return err
	}
	if c.Delivery, err = o.sealDelivery(tx, merchant, c.CustomerID, "carts.delivery:"+c.ID, d); err != nil {
		return err
	}
	return saveCart(tx, &c)
}

// withCustomer makes sure that the cart has somebody whose key can seal: a guest gets a customer made.
func (o *Orders) withCustomer(tx database.Tx, c *Cart, contact Contact) error {
	if c.CustomerID != "" {
		return nil
	}
	guest, err := o.cus.Make(tx, c.MerchantID, customers.Details{Name: contact.Name, Phone: contact.Phone, Email: contact.Email})
	if err != nil {
		return err
	}
	c.CustomerID = guest.ID
	return setCartCustomer(tx, c)
}

// sealNote seals what the customer wrote beside a line; nothing stays nothing.
func (o *Orders) sealNote(tx database.Tx, c *Cart, line, note string) ([]byte, error) {
	if note == "" {
		return nil, nil
	}
	if err := o.withCustomer(tx, c, Contact{}); err != nil {
		return nil, err
	}
	return o.cus.Seal(tx, c.MerchantID, c.CustomerID, "cart_lines.note:"+line, []byte(note))
}

// resealNote moves a note from a cart's line to an order's: the label binds a sealed text to its row.
func (o *Orders) resealNote(tx database.Tx, c *Cart, sealed []byte, from, to string) ([]byte, error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	plain, err := o.cus.Open(tx, c.MerchantID, c.CustomerID, "cart_lines.note:"+from, sealed)
	if err != nil {
		return nil, err
	}
	return o.cus.Seal(tx, c.MerchantID, c.CustomerID, "order_lines.note:"+to, plain)
}

// sealDelivery seals where the goods go; label names the row.
func (o *Orders) sealDelivery(tx database.Tx, merchant, customer, label string, d Delivery) ([]byte, error) {
	if d.empty() {
		return nil, nil
	}
	plain, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("write a delivery: %w", err)
	}
	return o.cus.Seal(tx, merchant, customer, label, plain)
}

// cartDelivery opens the delivery of a cart.
func (o *Orders) cartDelivery(tx database.Tx, c Cart) (Delivery, error) {
	if len(c.Delivery) == 0 {
		return Delivery{}, nil
	}
	plain, err := o.cus.Open(tx, c.MerchantID, c.CustomerID, "carts.delivery:"+c.ID, c.Delivery)
	if err != nil {
		return Delivery{}, err
	}
	return readDelivery(plain)
}

func readDelivery(plain []byte) (Delivery, error) {
	var d Delivery
	if err := json.Unmarshal(plain, &d); err != nil {
		return Delivery{}, fmt.Errorf("read a delivery: %w", err)
	}
	return d, nil
}

// DeliveryOf opens where an order goes and whom to reach. After the customer was erased it says so with
// privacy's fault.
func (o *Orders) DeliveryOf(ctx context.Context, ord Order) (Delivery, error) {
	if len(ord.Delivery) == 0 {
		return Delivery{Method: ord.Method}, nil
	}
	plain, err := o.cus.OpenNow(ctx, ord.MerchantID, ord.CustomerID, "orders.delivery:"+ord.ID, ord.Delivery)
	if err != nil {
		return Delivery{}, err
	}
	return readDelivery(plain)
}

// FindDelivery is DeliveryOf inside a transaction.
func (o *Orders) FindDelivery(tx database.Tx, ord Order) (Delivery, error) {
	if len(ord.Delivery) == 0 {
		return Delivery{Method: ord.Method}, nil
	}
	plain, err := o.cus.Open(tx, ord.MerchantID, ord.CustomerID, "orders.delivery:"+ord.ID, ord.Delivery)
	if err != nil {
		return Delivery{}, err
	}
	return readDelivery(plain)
}

// NoteOf opens what the customer wrote beside a line of an order.
func (o *Orders) NoteOf(ctx context.Context, ord Order, l OrderLine) (string, error) {
	if len(l.Note) == 0 {
		return "", nil
	}
	plain, err := o.cus.OpenNow(ctx, ord.MerchantID, ord.CustomerID, "order_lines.note:"+l.ID, l.Note)
	return string(plain), err
}

// CartNoteOf opens what the customer wrote beside a line of a cart.
func (o *Orders) CartNoteOf(ctx context.Context, c Cart, l CartLine) (string, error) {
	if len(l.Note) == 0 {
		return "", nil
	}
	plain, err := o.cus.OpenNow(ctx, c.MerchantID, c.CustomerID, "cart_lines.note:"+l.ID, l.Note)
	return string(plain), err
}

// sealRemark seals what a person wrote about a step of an order's life. Nothing more is kept about a customer who was forgotten.
func (o *Orders) sealRemark(tx database.Tx, ord Order, event, remark string) ([]byte, error) {
	if remark == "" || ord.CustomerID == "" {
		return nil, nil
	}
	sealed, err := o.cus.Seal(tx, ord.MerchantID, ord.CustomerID, "order_events.words:"+event, []byte(remark))
	if errors.Is(err, customers.ErrForgotten) {
		return nil, nil
	}
	return sealed, err
}

// RemarkOf opens what a person wrote about a step of an order's life; nothing is left once the customer was forgotten.
func (o *Orders) RemarkOf(ctx context.Context, ord Order, ev Event) (string, error) {
	if len(ev.Words) == 0 {
		return "", nil
	}
	plain, err := o.cus.OpenNow(ctx, ord.MerchantID, ord.CustomerID, "order_events.words:"+ev.ID, ev.Words)
	if errors.Is(err, customers.ErrForgotten) {
		return "", nil
	}
	return string(plain), err
}

// fingerprint is equal for two lines that sell the same thing. A line with a note is like no other.
func fingerprint(l CartLine) string {
	if len(l.Note) > 0 {
		return l.ID
	}
	return kind(l.SKU, l.Options)
}

// kind names what a line sells: the sku with its options, in their sorted order.
func kind(sku string, options []catalog.Option) string {
	h := sha256.New()
	write(h, sku)
	writeOptions(h, sorted(options))
	return hex.EncodeToString(h.Sum(nil)[:16])
}
