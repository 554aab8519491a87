package customers

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
)

// Details are what tells who a customer is. They live sealed with the customer's key, as JSON under these names.
type Details struct {
	Name    string
	Phone   string // "+" and digits
	Email   string
	Address *Address
}

// Address is where goods go: one text as the customer wrote it, or parts.
type Address struct {
	Text       string
	Line1      string
	Line2      string
	City       string
	Region     string
	PostalCode string
	Country    string // ISO 3166-1 alpha-2, or empty
}

const (
	maxName  = 200
	maxEmail = 254 // RFC 5321
	maxPart  = 300
	maxText  = 1000
)

// tidy gives the details in canonical form, or a fault that names every field that is wrong, without its value.
func tidy(d Details) (Details, error) {
	bad := ErrInvalid
	note := func(ok bool, field, message string) {
		if !ok {
			bad = bad.At(field, message)
		}
	}
	d.Name, d.Phone, d.Email = strings.TrimSpace(d.Name), strings.TrimSpace(d.Phone), strings.TrimSpace(d.Email)
	note(plainLine(d.Name, maxName), "name", "write up to 200 characters on one line")
	if d.Phone != "" {
		digits, ok := phoneDigits(d.Phone)
		note(ok, "phone", "write the number with its country code, like +49 30 123456")
		d.Phone = "+" + digits
	}
	note(d.Email == "" || emailOK(d.Email), "email", "write an address like name@example.org")
	if d.Address != nil {
		a := d.Address.tidy(note)
		d.Address = &a
		if a == (Address{}) {
			d.Address = nil
		}
	}
	if len(bad.Fields) > 0 {
		return Details{}, bad
	}
	return d, nil
}

func (a Address) tidy(note func(bool, string, string)) Address {
	a.Text = strings.TrimSpace(a.Text)
	a.Country = strings.ToUpper(strings.TrimSpace(a.Country))
	note(plainLine(strings.NewReplacer("\r\n", " ", "\n", " ").Replace(a.Text), maxText), "address", "write up to 1000 characters")
	for _, part := range []struct {
		field string
		value *string
	}{{"line1", &a.Line1}, {"line2", &a.Line2}, {"city", &a.City}, {"region", &a.Region}, {"postal_code", &a.PostalCode}} {
		*part.value = strings.TrimSpace(*part.value)
		note(plainLine(*part.value, maxPart), "address."+part.field, "write up to 300 characters on one line")
	}
	if a.Country != "" {
		r, err := language.ParseRegion(a.Country)
		note(err == nil && len(a.Country) == 2 && r.IsCountry() && r.Canonicalize().String() == a.Country, "address.country", "use an ISO 3166 code of two letters, like DE")
	}
	return a
}

func plainLine(s string, most int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && !strings.ContainsFunc(s, unicode.IsControl)
}

// emailOK is a plausibility check; only a letter that arrives proves an address.
func emailOK(s string) bool {
	local, domain, found := strings.Cut(s, "@")
	return found && local != "" && len(s) <= maxEmail && plainLine(s, maxEmail) && !strings.ContainsAny(s, " <>,;") &&
		strings.Contains(domain, ".") && !strings.Contains(domain, "@") && !strings.HasPrefix(domain, ".") && !strings.HasSuffix(domain, ".")
}

// phoneDigits reads an international number in the ways people write it: "+49 (30) 12-34", "0049…", and bare
// digits with the country code, as platforms do. It gives the digits alone: 5 to 15 (E.164), no zero first.
func phoneDigits(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if rest, ok := strings.CutPrefix(s, "+"); ok {
		s = rest
	} else if rest, ok := strings.CutPrefix(s, "00"); ok {
		s = rest
	}
	var b strings.Builder
	for _, c := range s {
		switch {
		case c >= '0' && c <= '9':
			b.WriteRune(c)
		case !strings.ContainsRune(" -./()\u00a0\u2011", c):
			return "", false
		}
	}
	d := b.String()
	return d, len(d) >= 5 && len(d) <= 15 && d[0] != '0'
}

// languageOf gives the canonical tag, or "" for what is none.
func languageOf(s string) string {
	tag, err := language.Parse(s)
	if err != nil || tag == language.Und {
		return ""
	}
	return tag.String()
}

// cleanName makes a platform's profile name fit to keep: people put anything there.
func cleanName(s string) string {
	s = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || c == utf8.RuneError {
			return -1
		}
		return c
	}, s)
	r := []rune(strings.TrimSpace(s))
	return strings.TrimSpace(string(r[:min(len(r), maxName)]))
}

func writeDetails(d Details) []byte {
	b, err := json.Marshal(d)
	if err != nil {
		panic("customers: details are only strings: " + err.Error())
	}
	return b
}

func readDetails(plain []byte) (Details, error) {
	var d Details
	if json.Unmarshal(plain, &d) != nil {
		return Details{}, errors.New("customers: the sealed details are no JSON") // json's own message may quote them
	}
	return d, nil
}
