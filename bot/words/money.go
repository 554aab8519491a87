package words

import (
	"strings"

	"sotto.chat/internal/money"
)

// moneyForm is how a language writes amounts; a region replaces what it writes differently.
type moneyForm struct {
	Decimal string `json:"decimal"`
	Group   string `json:"group"`
	// MinGroup is the least number of whole digits that are grouped.
	MinGroup int `json:"min_group"`
	// Later is the size of the groups before the last one, where it is not three: "₹1,23,456".
	Later   int                  `json:"later"`
	Symbol  string               `json:"symbol"` // pattern for a currency with a symbol
	Code    string               `json:"code"`   // pattern for one without
	Symbols map[string]string    `json:"symbols"`
	Regions map[string]moneyForm `json:"regions"`
}

// Money writes an amount as the customer would: "$12.50", "12,50 €", "¥1,200".
func (v Voice) Money(m money.Money) string {
	form, region := v.lang.Money, v.lang.Money.Regions[v.country]
	form.Decimal, form.Group = first(region.Decimal, form.Decimal), first(region.Group, form.Group)
	form.Symbol, form.Code = first(region.Symbol, form.Symbol), first(region.Code, form.Code)
	if region.MinGroup > 0 {
		form.MinGroup = region.MinGroup
	}
	symbol, pattern := first(region.Symbols[m.Currency], form.Symbols[m.Currency]), form.Symbol
	if symbol == "" {
		symbol, pattern = m.Currency, form.Code
	}
	decimal, negative := strings.CutPrefix(m.Decimal(), "-")
	whole, fraction, cut := strings.Cut(decimal, ".")
	amount := form.grouped(whole)
	if cut {
		amount += form.Decimal + fraction
	}
	out := strings.NewReplacer("{amount}", amount, "{symbol}", symbol).Replace(pattern)
	if negative {
		return "-" + out
	}
	return out
}

func (f moneyForm) grouped(whole string) string {
	if len(whole) < f.MinGroup || f.Group == "" {
		return whole
	}
	later := 3
	if f.Later > 0 {
		later = f.Later
	}
	var b strings.Builder
	for i, digit := range whole {
		left := len(whole) - i
		if i > 0 && (left == 3 || left > 3 && (left-3)%later == 0) {
			b.WriteString(f.Group)
		}
		b.WriteRune(digit)
	}
	return b.String()
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
