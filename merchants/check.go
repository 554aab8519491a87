package merchants

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"sotto.chat/internal/fault"
	"sotto.chat/internal/money"
)

const (
	maxName  = 200
	maxSlug  = 60
	minHold  = 30
	maxHold  = 24 * 60
	maxMoney = 1_000_000_000_000 // a sum of a thousand such lines still fits
)

var slugForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func withDefaults(m Merchant) Merchant {
	if m.Language == "" {
		m.Language = "en"
	}
	if m.HoldMinutes == 0 {
		m.HoldMinutes = minHold
	}
	if m.Slug == "" {
		m.Slug = slugOf(m.Name)
	}
	if !m.Settings.Pickup && !m.Settings.Delivery {
		m.Settings.Pickup, m.Settings.Delivery = true, true
	}
	return m
}

// tidy gives m in its canonical form, or a fault that names every field that is wrong.
func tidy(m Merchant) (Merchant, error) {
	bad := ErrInvalid
	note := func(ok bool, field, message string) {
		if !ok {
			bad = bad.At(field, message)
		}
	}
	m.Name, m.Currency, m.Country = strings.TrimSpace(m.Name), strings.ToUpper(m.Currency), strings.ToUpper(m.Country)
	note(nameOK(m.Name), "name", "write 1 to 200 characters on one line")
	note(len(m.Slug) <= maxSlug && slugForm.MatchString(m.Slug), "slug", "use up to 60 small letters, digits and single hyphens")
	note(money.Known(m.Currency), "currency", "use a current ISO 4217 code, like EUR")
	note(countryOK(m.Country), "country", "use an ISO 3166 code of two letters, like DE")
	tag, err := language.Parse(m.Language)
	note(err == nil && m.Language != "", "language", "use a BCP 47 tag, like en or pt-BR")
	m.Language = tag.String()
	note(m.TaxPPM >= 0 && m.TaxPPM <= 1_000_000, "tax_ppm", "use 0 to 1000000 millionths")
	note(m.ShippingAmount >= 0 && m.ShippingAmount <= maxMoney, "shipping_amount", "use 0 or more minor units")
	note(m.HoldMinutes >= minHold && m.HoldMinutes <= maxHold, "hold_minutes", "use 30 to 1440 minutes")
	note(m.Settings.Pickup || m.Settings.Delivery, "settings", "allow pickup, delivery or both")
	if len(bad.Fields) > 0 {
		return Merchant{}, bad
	}
	return m, nil
}

func nameOK(s string) bool {
	return s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= maxName && !strings.ContainsFunc(s, unicode.IsControl)
}

func countryOK(code string) bool {
	r, err := language.ParseRegion(code)
	return err == nil && len(code) == 2 && r.IsCountry() && r.Canonicalize().String() == code
}

// slugOf makes a short name from a name: "Café Zürich!" gives "cafe-zurich". A name without Latin letters or
// digits gives "shop".
func slugOf(name string) string {
	var b strings.Builder
	gap := false
	for _, c := range strings.ToLower(norm.NFKD.String(name)) {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(c)
		case !unicode.Is(unicode.Mn, c):
			gap = true
		}
		if b.Len() >= maxSlug-11 { // room for a hyphen, and for the number that makes it unique
			break
		}
	}
	if b.Len() == 0 {
		return "shop"
	}
	return b.String()
}

// ErrName says that a name of a key or a member of the staff cannot be used.
var ErrName = fault.New(fault.Invalid, "name_invalid", "Write a name of 1 to 200 characters on one line.")
