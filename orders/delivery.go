package orders

import (
	"sotto.chat/customers"
	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
)

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
