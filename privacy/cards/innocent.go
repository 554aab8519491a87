package cards

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// What has a card's length and check digit by chance, one in ten, and can be told by its form.
var (
	ibanForm = regexp.MustCompile(`(?i)\b[a-z]{2}[0-9]{2}(?:[ -]?[0-9a-z]){11,30}\b`)
	uuidForm = regexp.MustCompile(`(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)
	upsForm  = regexp.MustCompile(`\b1Z ?[0-9A-Z]{16}\b`)
	hexForm  = regexp.MustCompile(`\b[0-9a-f]{20,}\b`)
	// cardWords before a number make it a card's, whatever it looks like.
	cardWords = regexp.MustCompile(`(?i)(card|visa|master|maestro|amex|tarjeta|cart[ãa]o|karte|carte|kartu|credit|cr[ée]dit|d[ée]bit|\bcc\b|\bpan\b|卡|بطاق)`)
	// otherWords right before a number say what else it is.
	otherWords = regexp.MustCompile(`(?i)(order|pedido|bestell|commande|pesanan|encomenda|tracking|track|parcel|paket|seguimiento|env[íi]o|rastre|colis|resi|` +
		`invoice|factura|fatura|rechnung|facture|ref|n[ºo°]|#|tel|phone|fon|m[óo]vil|celular|handy|whats|hp|call|ean|gtin|isbn|barcode|sku|imei|订单|单号|电话|طلب|هاتف)[^0-9]{0,12}$`)
)

// innocents gives where bank accounts and ids stand.
func innocents(text string) (list []span) {
	for _, at := range ibanForm.FindAllStringIndex(text, -1) {
		if end := ibanEnd(text[at[0]:at[1]]); end > 0 {
			list = append(list, span{from: at[0], to: at[0] + end})
		}
	}
	for _, at := range upsForm.FindAllStringIndex(text, -1) {
		list = append(list, span{from: at[0], to: at[1]})
	}
	for _, at := range append(uuidForm.FindAllStringIndex(text, -1), hexForm.FindAllStringIndex(text, -1)...) {
		if strings.ContainsAny(text[at[0]:at[1]], "abcdefABCDEF") {
			list = append(list, span{from: at[0], to: at[1]})
		}
	}
	return list
}

// ibanEnd gives where an account's number ends that begins the text: its two check digits fit. 0 where none does.
func ibanEnd(text string) int {
	var plain []byte
	best := 0
	for i := range len(text) {
		c := text[i] | 0x20
		if text[i] == ' ' || text[i] == '-' {
			continue
		}
		if plain = append(plain, c); len(plain) >= 15 && len(plain) <= 34 && mod97(plain) == 1 {
			best = i + 1
		}
	}
	return best
}

func mod97(account []byte) int {
	rest := 0
	for i := range account {
		switch c := account[(i+4)%len(account)]; {
		case '0' <= c && c <= '9':
			rest = (rest*10 + int(c-'0')) % 97
		case 'a' <= c && c <= 'z':
			rest = (rest*100 + int(c-'a') + 10) % 97
		default:
			return 0
		}
	}
	return rest
}

// plausible tells whether n groups, whose digits can be a card's, are likely to be one where they stand.
func (r run) plausible(text string, from, n, length int, innocent func() []span) bool {
	part := r.groups[from : from+n]
	start, end := part[0].from, part[n-1].to
	if within(start, end, innocent()) {
		return false
	}
	for _, g := range part[1:] {
		if g.gap == odd && !usual(part) {
			return false
		}
	}
	before := lastOf(text[:start], 40)
	if cardWords.MatchString(before) {
		return true
	}
	switch total := r.total(); {
	case from > 0 && total >= 20 && total <= 22 && r.groups[0].digits[0] == '9': // a parcel of the American post
		return false
	case length <= 15 && (strings.HasSuffix(before, "+") || strings.HasSuffix(before, "+(")):
		return false
	case length == 15 || length == 16:
		return true
	case n == 1 && length == 13 && (ean(part[0].digits) || mobile(part[0].digits) || lettered(before)):
		return false
	}
	return n > 1 || !otherWords.MatchString(before)
}

func (r run) total() (n int) {
	for _, g := range r.groups {
		n += len(g.digits)
	}
	return n
}

// usual tells whether the groups are those that stand on cards: fours, or four, six and the rest.
func usual(part []group) bool {
	if len(part) == 3 && len(part[0].digits) == 4 && len(part[1].digits) == 6 {
		return true
	}
	for i, g := range part {
		if len(g.digits) != 4 && (i < len(part)-1 || len(g.digits) > 4) {
			return false
		}
	}
	return true
}

// ean tells whether thirteen digits are the number of an article.
func ean(digits string) bool {
	sum := 0
	for i := range len(digits) {
		sum += int(digits[i]-'0') * (1 + 2*(i%2))
	}
	return sum%10 == 0
}

// mobile tells whether thirteen digits are a German or an Austrian mobile number with its country.
func mobile(digits string) bool {
	for _, p := range []string{"4915", "4916", "4917", "436"} {
		if strings.HasPrefix(digits, p) {
			return true
		}
	}
	return false
}

// lettered tells whether a number has letters right before it, as parcels have.
func lettered(before string) bool {
	c, _ := utf8.DecodeLastRuneInString(before)
	return 'A' <= c && c <= 'Z'
}

func within(from, to int, list []span) bool {
	for _, s := range list {
		if s.from <= from && to <= s.to {
			return true
		}
	}
	return false
}

// lastOf gives at most n bytes of a text's end, whole runes.
func lastOf(s string, n int) string {
	if len(s) <= n {
		return s
	}
	s = s[len(s)-n:]
	for len(s) > 0 && !utf8.RuneStart(s[0]) {
		s = s[1:]
	}
	return s
}

// firstOf gives at most n bytes of a text's beginning, whole runes.
func firstOf(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
