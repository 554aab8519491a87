package standin

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// sum is an amount of money as Meta writes it.
type sum struct {
	Value  int64 `json:"value"`
	Offset int64 `json:"offset"`
}

// asked are the parameters of order_details and of order_status.
type asked struct {
	Reference     string `json:"reference_id"`
	Goods         string `json:"type"`
	PaymentType   string `json:"payment_type"`
	Configuration string `json:"payment_configuration"`
	Settings      []struct {
		Type    string `json:"type"`
		Gateway struct {
			Type          string `json:"type"`
			Configuration string `json:"configuration_name"`
		} `json:"payment_gateway"`
		Pix struct {
			Code    string `json:"code"`
			Name    string `json:"merchant_name"`
			Key     string `json:"key"`
			KeyType string `json:"key_type"`
		} `json:"pix_dynamic_code"`
		Link struct {
			URI string `json:"uri"`
		} `json:"payment_link"`
		Boleto struct {
			Line string `json:"digitable_line"`
		} `json:"boleto"`
		UPI struct {
			Link string `json:"link"`
		} `json:"upi_intent_link"`
	} `json:"payment_settings"`
	Currency string `json:"currency"`
	Total    sum    `json:"total_amount"`
	Order    struct {
		Status     string `json:"status"`
		CatalogID  string `json:"catalog_id"`
		Expiration *struct {
			Timestamp string `json:"timestamp"`
		} `json:"expiration"`
		Items []struct {
			SKU      string         `json:"retailer_id"`
			Name     string         `json:"name"`
			Amount   sum            `json:"amount"`
			Sale     *sum           `json:"sale_amount"`
			Quantity int64          `json:"quantity"`
			Origin   string         `json:"country_of_origin"`
			Importer string         `json:"importer_name"`
			Address  map[string]any `json:"importer_address"`
		} `json:"items"`
		Subtotal sum  `json:"subtotal"`
		Tax      *sum `json:"tax"`
		Shipping *sum `json:"shipping"`
		Discount *sum `json:"discount"`
	} `json:"order"`
	Beneficiaries []map[string]any `json:"beneficiaries"`
	Payment       *struct {
		Status    string `json:"status"`
		Timestamp int64  `json:"timestamp"`
	} `json:"payment"`
}

var referenceForm = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)

// wrong tells what Meta's documentation forbids in a request for money; empty is well. It is written from the documentation alone.
func (a asked) wrong(image bool) string {
	var why choices
	longest := 35
	if a.PaymentType == "br" {
		longest = 60
	}
	why.note(length("reference_id", a.Reference, 1, longest))
	if !referenceForm.MatchString(a.Reference) {
		why.note("reference_id has characters that are not allowed")
	}
	if a.Goods != "digital-goods" && a.Goods != "physical-goods" {
		why.note("type must be digital-goods or physical-goods")
	}
	if want := map[bool]string{true: "BRL", false: "INR"}[a.PaymentType == "br"]; a.Currency != want {
		why.note("the currency must be " + want)
	}
	if n := len(a.Order.Items); n == 0 || image && n > 10 {
		why.note(fmt.Sprintf("%d items", n))
	}
	if a.Order.Status != "pending" {
		why.note("the order's status must be pending")
	}
	if e := a.Order.Expiration; e != nil {
		if at, err := strconv.ParseInt(e.Timestamp, 10, 64); err != nil || at < time.Now().Unix()+300 {
			why.note("the expiration must be 300 seconds ahead")
		}
	}
	why.note(a.wrongItems())
	why.note(a.wrongSums())
	if a.PaymentType == "br" {
		why.note(a.wrongBrazil())
	} else {
		why.note(a.wrongIndia())
	}
	return why.why
}

func (a asked) wrongItems() string {
	for _, i := range a.Order.Items {
		if n := utf8.RuneCountInString(i.Name); n < 1 || n > 60 {
			return "an item's name has " + strconv.Itoa(n) + " characters"
		}
		if i.Quantity < 1 || i.Amount.Value < 1 || i.Sale != nil && i.Sale.Value < 1 {
			return "an item's quantity and amount must be positive"
		}
		if a.PaymentType == "br" || a.Order.CatalogID != "" {
			if i.SKU == "" {
				return "an item needs its retailer_id"
			}
			continue
		}
		if i.Origin == "" || i.Importer == "" || i.Address["address_line1"] == nil || i.Address["city"] == nil || i.Address["country_code"] == nil {
			return "an item outside a catalog needs country_of_origin, importer_name and importer_address"
		}
	}
	return ""
}

func (a asked) wrongSums() string {
	o := a.Order
	if o.Tax == nil {
		return "tax is needed"
	}
	all, items := []sum{a.Total, o.Subtotal, *o.Tax}, int64(0)
	value := func(s *sum) int64 {
		if s == nil {
			return 0
		}
		all = append(all, *s)
		return s.Value
	}
	for _, i := range o.Items {
		price := i.Amount.Value
		if i.Sale != nil {
			price = i.Sale.Value
		}
		items += price * i.Quantity
		_, _ = value(&i.Amount), value(i.Sale)
	}
	if items != o.Subtotal.Value {
		return fmt.Sprintf("the items are %d, subtotal %d", items, o.Subtotal.Value)
	}
	if t := o.Subtotal.Value + o.Tax.Value + value(o.Shipping) - value(o.Discount); t != a.Total.Value || t < 1 {
		return fmt.Sprintf("the total should be %d and is %d", t, a.Total.Value)
	}
	if slices.ContainsFunc(all, func(s sum) bool { return s.Offset != 100 || s.Value < 0 }) {
		return "every offset must be 100"
	}
	return ""
}

func (a asked) wrongBrazil() string {
	if len(a.Settings) == 0 {
		return "payment_settings are needed"
	}
	for _, s := range a.Settings {
		switch s.Type {
		case "pix_dynamic_code":
			if s.Pix.Name == "" || s.Pix.Key == "" || s.Pix.KeyType == "" || !strings.HasPrefix(s.Pix.Code, "000201") {
				return "a Pix code needs code, merchant_name, key and key_type"
			}
		case "payment_link":
			if u, err := url.Parse(s.Link.URI); err != nil || u.Host == "" {
				return "the payment link is none"
			}
		case "boleto":
			if n := len(s.Boleto.Line); n != 47 && n != 48 {
				return "a boleto's line has 47 or 48 digits"
			}
		default:
			return "the payment setting " + s.Type + " is not known"
		}
	}
	return ""
}

func (a asked) wrongIndia() string {
	if a.Goods == "physical-goods" {
		if len(a.Beneficiaries) == 0 || a.Beneficiaries[0]["name"] == "" || a.Beneficiaries[0]["country"] != "India" || a.Beneficiaries[0]["postal_code"] == nil {
			return "physical goods need beneficiaries"
		}
	}
	if a.PaymentType == "upi" && a.Configuration != "" {
		return ""
	}
	if len(a.Settings) != 1 {
		return "one payment setting is needed"
	}
	switch s := a.Settings[0]; s.Type {
	case "payment_gateway":
		if !slices.Contains([]string{"razorpay", "payu", "billdesk", "zaakpay"}, s.Gateway.Type) || s.Gateway.Configuration == "" || len(s.Gateway.Configuration) > 60 {
			return "a payment gateway needs its type and configuration_name"
		}
	case "payment_link":
		if a.PaymentType != "upi" || s.Link.URI == "" {
			return "a payment link needs payment_type upi and its uri"
		}
	case "upi_intent_link":
		if !strings.HasPrefix(s.UPI.Link, "upi://pay?") {
			return "the UPI link is none"
		}
	default:
		return "the payment setting " + s.Type + " is not known"
	}
	return ""
}

// configuration is the name by which the payment can be looked up; none where Meta has no part in it.
func (a asked) configuration() string {
	if a.Configuration != "" {
		return a.Configuration
	}
	for _, s := range a.Settings {
		if s.Type == "payment_gateway" {
			return s.Gateway.Configuration
		}
	}
	return ""
}
