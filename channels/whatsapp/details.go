package whatsapp

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"sotto.chat/channels"
	"sotto.chat/channels/fit"
	"sotto.chat/channels/whatsapp/pix"
)

// Limits of a request for money.
const (
	maxConfiguration = 60
	maxItemName      = 60
	maxPictured      = 10 // items beneath a picture
	maxBeneficiary   = 200
	offset           = 100 // both currencies have two digits
	maxSum           = 1_000_000_000_00
)

// The name that Meta's words use of a boleto's line and of nothing else; a program gives it with the request, for the line
// is the bank's.
const boletoLine = "boleto"

// BoletoLine tells where a request keeps the line of a boleto, and whether there is one: the bank gives it, 47 or 48 digits.
func BoletoLine(line string) (data map[string]string, ok bool) {
	return map[string]string{boletoLine: line}, boletoForm.MatchString(line)
}

// TakesBoletos tells whether a channel with these settings offers boletos.
func (p *Platform) TakesBoletos(settings map[string]string) bool {
	return settings[payRegion] == brazil && slices.Contains(methodsOf(settings), byBoleto)
}

var (
	referenceForm = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
	boletoForm    = regexp.MustCompile(`^[0-9]{47,48}$`)
)

// asks tells whether a request can be said in the chat at all; what cannot is left to the link beside it. What depends on the
// person and the hour is looked at when it is sent.
func asks(settings map[string]string, r channels.PayRequest) bool {
	reg, ok := regionOf(settings[payRegion])
	if !ok || r.Currency != reg.currency || !reg.names(r.Reference) || len(r.Items) == 0 || len(r.Items) > maxItems || !adds(r) ||
		len(methodsOf(settings)) == 0 {
		return false
	}
	if settings[payRegion] == india && physical(settings) && !complete(r.To) {
		return false
	}
	return methodsOf(settings)[0] == byUPI || len(payWays(settings, r)) > 0
}

// names tells whether a reference can stand in a message of the region.
func (r region) names(reference string) bool {
	return len(reference) <= r.reference && referenceForm.MatchString(reference)
}

// adds holds the sums to what Meta demands: it refuses a request that is a centavo off, and so do we.
func adds(r channels.PayRequest) bool {
	var sum int64
	for _, i := range r.Items {
		if strings.TrimSpace(i.Name) == "" || i.Quantity < 1 || i.Quantity > maxQuantity || i.Unit < 1 || i.Unit > maxSum || i.List < 0 || i.List > maxSum || i.Total != i.Unit*i.Quantity {
			return false
		}
		if sum += i.Total; sum > maxSum {
			return false
		}
	}
	for _, n := range []int64{r.Tax, r.Shipping, r.Discount} {
		if n < 0 || n > maxSum {
			return false
		}
	}
	return sum == r.Subtotal && r.Total > 0 && r.Total == r.Subtotal+r.Tax+r.Shipping-r.Discount
}

// complete tells whether an address says all that India's law wants of whoever gets the goods.
func complete(a *channels.PayAddress) bool {
	return a != nil && a.Name != "" && a.Line1 != "" && a.City != "" && a.Region != "" && a.PostalCode != "" && (a.Country == "" || a.Country == "IN")
}

// details is order_details: what is bought, how much it is, and how it can be paid.
func details(settings map[string]string, piece channels.Content) object {
	r := piece.Pay
	kind := "digital-goods"
	if physical(settings) {
		kind = "physical-goods"
	}
	order := object{"status": "pending", "items": items(settings, r.Items), "subtotal": amount(r.Subtotal), "tax": amount(r.Tax)}
	if r.Shipping > 0 {
		order["shipping"] = amount(r.Shipping)
	}
	if r.Discount > 0 {
		order["discount"] = amount(r.Discount)
	}
	if !r.ExpiresAt.IsZero() {
		order["expiration"] = object{"timestamp": strconv.FormatInt(r.ExpiresAt.Unix(), 10)}
	}
	if settings[catalogID] != "" {
		order["catalog_id"] = settings[catalogID]
	}
	parameters := object{"reference_id": r.Reference, "type": kind, "currency": r.Currency, "total_amount": amount(r.Total), "order": order}
	if settings[payRegion] == india {
		indian(settings, r, parameters)
	} else {
		parameters["payment_type"], parameters["payment_settings"] = "br", payWays(settings, *r)
	}
	o := interactive("order_details", piece.Text, object{"name": "review_and_pay", "parameters": parameters})
	if len(piece.Media) > 0 && len(r.Items) <= maxPictured {
		o["header"] = object{"type": "image", "image": object{"link": piece.Media[0].URL}}
	}
	return o
}

// indian puts in what the region has beside: payments by UPI say so, and goods go to somebody.
func indian(settings map[string]string, r *channels.PayRequest, parameters object) {
	switch methodsOf(settings)[0] {
	case byUPI:
		parameters["payment_type"], parameters["payment_configuration"] = "upi", settings[payConfiguration]
	case byLink:
		parameters["payment_type"], parameters["payment_settings"] = "upi", payWays(settings, *r)
	default:
		parameters["payment_settings"] = payWays(settings, *r)
	}
	if a := r.To; physical(settings) {
		who := object{"name": fit.Shorten(a.Name, maxBeneficiary), "address_line1": a.Line1, "city": a.City, "state": a.Region,
			"country": "India", "postal_code": a.PostalCode}
		if a.Line2 != "" {
			who["address_line2"] = a.Line2
		}
		parameters["beneficiaries"] = []object{who}
	}
}

func amount(n int64) object { return object{"value": n, "offset": offset} }

func items(settings map[string]string, list []channels.PayItem) []object {
	var out []object
	for _, i := range list {
		o := object{"name": fit.Shorten(i.Name, maxItemName), "amount": amount(i.Unit), "quantity": i.Quantity}
		if i.List > i.Unit {
			o["amount"], o["sale_amount"] = amount(i.List), amount(i.Unit)
		}
		if settings[payRegion] == brazil || settings[catalogID] != "" {
			o["retailer_id"] = i.SKU
		} else {
			o["country_of_origin"], o["importer_name"], o["importer_address"] = settings[countryOfOrigin], settings[importerName], importer(settings)
		}
		out = append(out, o)
	}
	return out
}

func importer(settings map[string]string) object {
	o := object{"address_line1": settings[importerLine1], "city": settings[importerCity], "zone_code": settings[importerZone],
		"postal_code": settings[importerPostal], "country_code": settings[importerCountry]}
	if settings[importerLine2] != "" {
		o["address_line2"] = settings[importerLine2]
	}
	return o
}

// payWays is payment_settings: each configured method that this request has what it needs for. UPI by configuration is named
// beside them.
func payWays(settings map[string]string, r channels.PayRequest) []object {
	var list []object
	add := func(kind string, o any) { list = append(list, object{"type": kind, kind: o}) }
	for _, m := range methodsOf(settings) {
		switch {
		case m == byPix:
			if code, err := pixCode(settings, r); err == nil {
				add("pix_dynamic_code", object{"code": code, "merchant_name": settings[pixName], "key": settings[pixKey], "key_type": settings[pixKeyType]})
			}
		case m == byBoleto:
			if boletoForm.MatchString(r.Data[boletoLine]) {
				add("boleto", object{"digitable_line": r.Data[boletoLine]})
			}
		case m == byLink:
			if fetchable(r.URL) {
				add("payment_link", object{"uri": r.URL})
			}
		case m == byUPILink:
			add("upi_intent_link", object{"link": upiLink(settings, r)})
		case slices.Contains(gateways, m):
			add("payment_gateway", gateway(m, settings, r))
		}
	}
	return list
}

// gateway gives the provider our reference too, in the field that each has for such a thing: by it the provider's own statements
// can be held against ours.
func gateway(name string, settings map[string]string, r channels.PayRequest) object {
	own := object{}
	switch name {
	case "razorpay":
		own["receipt"], own["notes"] = r.Reference, object{"reference": r.Reference}
	case "payu":
		own["udf1"] = r.Reference
	case "billdesk":
		own["additional_info1"] = r.Reference
	case "zaakpay":
		own["extra1"] = r.Reference
	}
	return object{"type": name, "configuration_name": settings[payConfiguration], name: own}
}

// pixCode writes the BR Code of the request. Its transaction id is the beginning of our reference, as much as a static code has room
// for: it stands on the business's bank statement.
func pixCode(settings map[string]string, r channels.PayRequest) (string, error) {
	return pix.Code{Key: settings[pixKey], KeyKind: settings[pixKeyType], Name: settings[pixName], City: settings[pixCity], Amount: r.Total,
		TxID: r.Reference[:min(len(r.Reference), pix.MaxTxID)]}.String()
}

func upiLink(settings map[string]string, r channels.PayRequest) string {
	q := "pa=" + url.QueryEscape(settings[upiVPA]) + "&pn=" + url.PathEscape(settings[upiName]) + "&mc=" + settings[upiCode]
	if settings[upiPurpose] != "" {
		q += "&purpose=" + settings[upiPurpose]
	}
	return "upi://pay?" + q + "&tr=" + r.Reference + "&am=" + strconv.FormatInt(r.Total/offset, 10) + "." + cents(r.Total%offset) + "&cu=INR"
}

func cents(n int64) string {
	s := strconv.FormatInt(n, 10)
	if n < 10 {
		s = "0" + s
	}
	return s
}

// alive tells whether a request can still be sent to a person: somebody of the region, and in time.
func alive(settings map[string]string, to []channels.Party, r *channels.PayRequest, now time.Time) bool {
	reg, ok := regionOf(settings[payRegion])
	return ok && reg.home(to) && (r.ExpiresAt.IsZero() || r.ExpiresAt.Sub(now) >= leastLife)
}
