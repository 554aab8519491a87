package sandbox

import (
	"slices"
	"strconv"
	"strings"
)

// Currencies as Stripe takes them (docs.stripe.com/currencies); all not named as zero- or three-decimal have two decimals there.
const (
	stripeCurrencies = `usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf clp
		cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl hrk htg huf idr ils inr isk jmd jod jpy kes kgs
		khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mro mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab
		pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sll sos srd std svc szl thb tjs tnd top try ttd twd tzs uah ugx uyu
		uzs vnd vuv wst xaf xcd xof xpf yer zar zmw`
	zeroDecimal  = "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf"
	threeDecimal = "bhd jod kwd omr tnd"
	// smallestCharges are Stripe's minima per currency, in minor units; the rest is converted there and taken as 1 here.
	smallestCharges = `usd=50 aed=200 aud=50 bgn=100 brl=50 cad=50 chf=50 czk=1500 dkk=250 eur=50 gbp=30 hkd=400 huf=17500 inr=50 jpy=50
		mxn=1000 myr=200 nok=300 nzd=50 pln=200 ron=200 sek=300 sgd=50 thb=1000`
)

// digits is how many decimals a currency's amounts have at Stripe.
func digits(currency string) int {
	switch code := strings.ToLower(currency); {
	case slices.Contains(strings.Fields(zeroDecimal), code):
		return 0
	case slices.Contains(strings.Fields(threeDecimal), code):
		return 3
	default:
		return 2
	}
}

func smallest(currency string) int64 {
	for _, pair := range strings.Fields(smallestCharges) {
		if code, raw, _ := strings.Cut(pair, "="); code == strings.ToLower(currency) {
			least, _ := strconv.ParseInt(raw, 10, 64) // the table above holds numbers only
			return least
		}
	}
	return 1
}

// formatMoney writes minor units with the currency's sign where everybody knows it, else with its code: €1,250.00, ¥1,250, KWD 1.250.
func formatMoney(amount int64, currency string) string {
	code := strings.ToUpper(currency)
	sign := code + "\u00a0"
	switch code {
	case "EUR":
		sign = "€"
	case "USD":
		sign = "$"
	case "GBP":
		sign = "£"
	case "JPY":
		sign = "¥"
	case "INR":
		sign = "₹"
	case "BRL":
		sign = "R$"
	}
	minus, magnitude := "", uint64(amount)
	if amount < 0 {
		minus, magnitude = "−", -magnitude
	}
	text := strconv.FormatUint(magnitude, 10)
	places := digits(currency)
	if missing := places + 1 - len(text); missing > 0 {
		text = strings.Repeat("0", missing) + text
	}
	whole, part := text[:len(text)-places], text[len(text)-places:]
	for at := len(whole) - 3; at > 0; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	if places > 0 {
		whole += "." + part
	}
	return minus + sign + whole
}

func formatCount(n int64) string { return strconv.FormatInt(n, 10) }
