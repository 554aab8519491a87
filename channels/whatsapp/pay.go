package whatsapp

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"sotto.chat/channels"
	"sotto.chat/channels/fit"
	"sotto.chat/channels/whatsapp/pix"
)

// Settings of payments inside the chat. Meta offers them to businesses and customers of the same country alone.
const (
	payRegion        = "pay_region"        // br or in; none, or nothing, leaves payments to the link
	payMethods       = "pay_methods"       // see methodsOf; several, with commas between, where the region allows it
	payConfiguration = "pay_configuration" // the name that the payment configuration has at Meta
	payGoods         = "pay_goods"         // digital or physical; physical where nothing is said
	pixKey           = "pix_key"
	pixKeyType       = "pix_key_type"
	pixName          = "pix_name"
	pixCity          = "pix_city"
	upiVPA           = "upi_vpa"
	upiName          = "upi_name"
	upiCode          = "upi_merchant_code"
	upiPurpose       = "upi_purpose_code"
	// what India demands of goods that stand in no catalog of Meta's
	countryOfOrigin = "country_of_origin"
	importerName    = "importer_name"
	importerLine1   = "importer_address_line1"
	importerLine2   = "importer_address_line2"
	importerCity    = "importer_city"
	importerZone    = "importer_zone_code"
	importerPostal  = "importer_postal_code"
	importerCountry = "importer_country_code"
)

// The regions.
const (
	brazil = "br"
	india  = "in"
	none   = "none"
)

// The ways of paying, as pay_methods names them.
const (
	byPix     = "pix"
	byBoleto  = "boleto"
	byLink    = "payment_link"
	byUPI     = "upi"
	byUPILink = "upi_intent_link"
)

// region is what differs between the countries where Meta has payments.
type region struct {
	currency  string
	prefix    string // of the country's telephone numbers
	country   string // as business-scoped user ids begin
	methods   []string
	several   bool // one message may offer several methods
	reference int  // the longest
	// partial is how the region's bodies spell an order of which a part was sent. Meta's tables spell it the other way round.
	partial string
}

var gateways = []string{"razorpay", "payu", "billdesk", "zaakpay"}

func regionOf(name string) (region, bool) {
	switch name {
	case brazil:
		return region{currency: "BRL", prefix: "55", country: "BR", methods: []string{byPix, byLink, byBoleto}, several: true, reference: 60,
			partial: "partially-shipped"}, true
	case india:
		return region{currency: "INR", prefix: "91", country: "IN", methods: append(slices.Clone(gateways), byUPI, byUPILink, byLink),
			reference: 35, partial: "partially_shipped"}, true
	}
	return region{}, false
}

// methodsOf lists the ways of paying that the settings name, in their order.
func methodsOf(settings map[string]string) []string {
	var list []string
	for _, m := range strings.Split(settings[payMethods], ",") {
		if m = strings.TrimSpace(m); m != "" && !slices.Contains(list, m) {
			list = append(list, m)
		}
	}
	return list
}

func physical(settings map[string]string) bool { return settings[payGoods] != "digital" }

// configured tells by which configuration payments go that Meta can be asked about.
func configured(settings map[string]string) (string, bool) {
	if settings[payRegion] != india || settings[payConfiguration] == "" {
		return "", false
	}
	return settings[payConfiguration], slices.ContainsFunc(methodsOf(settings), func(m string) bool { return slices.Contains(gateways, m) || m == byUPI })
}

// PaysIn tells whether a channel with these settings takes payments inside the chat in the currency.
func (p *Platform) PaysIn(settings map[string]string, currency string) bool {
	r, ok := regionOf(settings[payRegion])
	return ok && r.currency == currency && len(methodsOf(settings)) > 0
}

// Asks tells whether a request for money can be said in the chat; Split leaves any other to the link.
func (p *Platform) Asks(settings map[string]string, r channels.PayRequest) bool {
	return asks(settings, r)
}

// Tells tells whether Meta takes what a request says of its order's status; Split leaves any other to the words.
func (p *Platform) Tells(settings map[string]string, r channels.PayRequest) bool {
	return tells(settings, r)
}

// Local tells whether a person by this name can pay inside the chat: Meta lets only people of the region.
func (p *Platform) Local(settings map[string]string, who channels.Party) bool {
	r, ok := regionOf(settings[payRegion])
	return ok && r.home([]channels.Party{who})
}

// Wants lists the credentials. A catalog id lets products be sent as Meta's own cards; the rest is for payments inside the chat.
func (p *Platform) Wants() []channels.Want {
	return append([]channels.Want{
		{Name: appSecret, Needed: true, Secret: true}, {Name: accessToken, Needed: true, Secret: true},
		{Name: phoneID, Needed: true}, {Name: accountID, Needed: true}, {Name: catalogID}}, payWants()...)
}

func payWants() []channels.Want {
	digits := regexp.MustCompile(`^[0-9]{2,4}$`)
	text := func(most int) func(string) bool {
		return func(s string) bool { return fit.Units(s) <= most && strings.TrimSpace(s) == s }
	}
	shape := func(name string, ok func(string) bool, otherwise string) channels.Want {
		return channels.Want{Name: name, Check: func(v string, _ map[string]string) string {
			if v != "" && !ok(v) {
				return otherwise
			}
			return ""
		}}
	}
	return []channels.Want{
		{Name: payRegion, Check: wrongRegion},
		{Name: payMethods, Check: wrongMethods},
		shape(payConfiguration, text(maxConfiguration), "may have 60 characters"),
		shape(payGoods, func(s string) bool { return s == "digital" || s == "physical" }, "must be digital or physical"),
		{Name: pixKey, Check: func(v string, all map[string]string) string {
			if v != "" && !pix.ValidKey(all[pixKeyType], v) {
				return "is no Pix key of the kind that pix_key_type names"
			}
			return ""
		}},
		shape(pixKeyType, func(s string) bool {
			return slices.Contains([]string{pix.CPF, pix.CNPJ, pix.Email, pix.Phone, pix.EVP}, s)
		},
			"must be CPF, CNPJ, EMAIL, PHONE or EVP"),
		shape(pixName, pix.ValidName, pix.ErrName.Error()),
		shape(pixCity, pix.ValidCity, pix.ErrCity.Error()),
		shape(upiVPA, regexp.MustCompile(`^[A-Za-z0-9._-]{2,256}@[A-Za-z][A-Za-z0-9]{1,63}$`).MatchString, "must look like name@bank"),
		shape(upiName, text(99), "may have 99 characters"),
		shape(upiCode, digits.MatchString, "must be the merchant category code, in digits"),
		shape(upiPurpose, digits.MatchString, "must be the purpose code, in digits"),
		shape(countryOfOrigin, text(100), "may have 100 characters"),
		shape(importerName, text(200), "may have 200 characters"),
		shape(importerLine1, text(100), "may have 100 characters"), shape(importerLine2, text(100), "may have 100 characters"),
		shape(importerCity, text(120), "may have 120 characters"), shape(importerZone, text(20), "may have 20 characters"),
		shape(importerPostal, text(20), "may have 20 characters"),
		shape(importerCountry, regexp.MustCompile(`^[A-Z]{2}$`).MatchString, "must be a country's two letters"),
	}
}

func wrongRegion(v string, all map[string]string) string {
	switch _, ok := regionOf(v); {
	case v == "" || v == none:
		return ""
	case !ok:
		return "must be br, in or none: WhatsApp takes payments in Brazil and India alone"
	case len(methodsOf(all)) == 0:
		return "needs pay_methods beside it"
	case v == india && all[catalogID] == "":
		for _, name := range []string{countryOfOrigin, importerName, importerLine1, importerCity, importerZone, importerPostal, importerCountry} {
			if all[name] == "" {
				return "needs " + name + " beside it: India demands it of goods that are in no catalog_id"
			}
		}
	}
	return ""
}

func wrongMethods(v string, all map[string]string) string {
	if v == "" {
		return ""
	}
	r, ok := regionOf(all[payRegion])
	if !ok {
		return "needs pay_region beside it"
	}
	list := methodsOf(all)
	if len(list) > 1 && !r.several {
		return "can be one alone in this region"
	}
	for _, m := range list {
		if !slices.Contains(r.methods, m) {
			return "must be of " + strings.Join(r.methods, ", ")
		}
		for _, name := range needs(m) {
			if all[name] == "" {
				return "needs " + name + " beside it"
			}
		}
	}
	return ""
}

// needs lists what must stand beside a method.
func needs(method string) []string {
	switch {
	case method == byPix:
		return []string{pixKey, pixKeyType, pixName, pixCity}
	case method == byUPILink:
		return []string{upiVPA, upiName, upiCode}
	case method == byUPI || slices.Contains(gateways, method):
		return []string{payConfiguration}
	}
	return nil
}

// home tells whether a person is of the region: Meta lets nobody else pay. A number tells it surely, else the id's country.
func (r region) home(to []channels.Party) bool {
	country := false
	for _, p := range to {
		switch p.Kind {
		case "phone":
			return strings.HasPrefix(strings.TrimPrefix(p.Value, "+"), r.prefix)
		case "bsuid":
			country = strings.HasPrefix(p.Value, r.country+".")
		}
	}
	return country
}

// leastLife is how much of a request's life must be left when it is sent; Meta refuses less than five minutes.
const leastLife = 5*time.Minute + 30*time.Second
