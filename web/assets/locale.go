package assets

import (
	"slices"
	"strings"
	"time"

	"sotto.chat/internal/money"
)

// Languages are those that our pages are written in; the first is the fallback.
var languages = [...]string{"en", "es"}

// Language chooses one of the pages' languages: the first known among tags ("es-MX", or a whole Accept-Language header).
func Language(tags ...string) string {
	for _, header := range tags {
		for _, part := range preferred(header) {
			code, _, _ := strings.Cut(strings.ToLower(part), "-")
			if slices.Contains(languages[:], code) {
				return code
			}
		}
	}
	return languages[0]
}

// preferred splits an Accept-Language header, best first. At most eight entries are looked at.
func preferred(header string) []string {
	type choice struct{ tag, q string }
	var list []choice
	for _, part := range strings.SplitN(header, ",", 9) {
		tag, q, weighted := strings.Cut(strings.TrimSpace(part), ";q=")
		if !weighted {
			q = "1"
		}
		if tag != "" && len(list) < 8 && !strings.HasPrefix(q, "0.0") && q != "0" {
			list = append(list, choice{strings.ReplaceAll(tag, "_", "-"), q})
		}
	}
	slices.SortStableFunc(list, func(a, b choice) int { return strings.Compare(b.q, a.q) }) // "1" > "0.9" > "0.85"
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = c.tag
	}
	return out
}

// symbols are signs that nobody takes for another currency; a dollar that is not the American one keeps its code.
var symbols = map[string]string{"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩", "ILS": "₪", "PHP": "₱", "VND": "₫", "UAH": "₴", "NGN": "₦"}

// Money writes an amount for people: "€1,234.50" in English, "1.234,50 €" in Spanish, "$1,234.50" in American Spanish.
func Money(tag string, m money.Money) string {
	decimal, negative := strings.CutPrefix(m.Decimal(), "-")
	whole, fraction, cut := strings.Cut(decimal, ".")
	code, region, _ := strings.Cut(strings.ReplaceAll(tag, "_", "-"), "-")
	comma := strings.EqualFold(code, "es") && !american(region)
	point, group := ".", ","
	if comma {
		point, group = ",", "."
	}
	amount := grouped(whole, group)
	if cut {
		amount += point + fraction
	}
	sign, known := symbols[m.Currency]
	switch {
	case comma && known:
		amount += "\u00a0" + sign
	case comma:
		amount += "\u00a0" + m.Currency
	case known:
		amount = sign + amount
	default:
		amount = m.Currency + "\u00a0" + amount
	}
	if negative {
		return "−" + amount
	}
	return amount
}

// american tells the regions whose Spanish writes a point before the cents.
func american(region string) bool {
	return slices.Contains([]string{"MX", "US", "419", "GT", "HN", "SV", "NI", "PA", "DO", "PR", "PE"}, strings.ToUpper(region))
}

func grouped(whole, mark string) string {
	var b strings.Builder
	for i, r := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(mark)
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Clock writes a time of day in UTC, said so: pages without a script cannot know the reader's zone.
func Clock(t time.Time) string { return t.UTC().Format("15:04") + " UTC" }
