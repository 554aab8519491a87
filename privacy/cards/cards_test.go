package cards_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"sotto.chat/privacy/cards"
)

// number makes a number with these first digits, this length and the right check digit.
func number(r *rand.Rand, first string, length int) string {
	b := []byte(first)
	for len(b) < length-1 {
		b = append(b, byte('0'+r.IntN(10)))
	}
	sum := 0
	for i := range b {
		d := int(b[len(b)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return string(append(b, byte('0'+(10-sum%10)%10)))
}

func fixed() *rand.Rand { return rand.New(rand.NewPCG(3, 1416)) }

// issuers are what the test holds to be cards.
var issuers = []struct {
	first   string
	lengths []int
}{
	{"4", []int{13, 16, 19}}, {"51", []int{16}}, {"55", []int{16}}, {"2221", []int{16}}, {"2720", []int{16}}, {"34", []int{15}}, {"37", []int{15}},
	{"36", []int{14}}, {"305", []int{14}}, {"38", []int{14}}, {"3528", []int{16}}, {"3589", []int{16, 19}}, {"6011", []int{16, 19}}, {"65", []int{16}},
	{"644", []int{16}}, {"62", []int{16, 17, 18, 19}}, {"81", []int{16}}, {"6521", []int{16}}, {"508", []int{16}}, {"506699", []int{16}}, {"636297", []int{16}},
	{"606282", []int{16}}, {"5018", []int{13, 16, 19}}, {"6759", []int{16, 18}}, {"6304", []int{16}}, {"2200", []int{16, 19}}, {"9792", []int{16}}, {"8600", []int{16}},
}

func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}

func cut(s string, sizes ...int) []string {
	var out []string
	for i := 0; len(s) > 0; i++ {
		n := min(sizes[min(i, len(sizes)-1)], len(s))
		out, s = append(out, s[:n]), s[n:]
	}
	return out
}

func moved(s string, zero rune) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return zero + r - '0'
		}
		return r
	}, s)
}

// writings are the ways in which people write a number.
func writings(n string) map[string]string {
	four := cut(n, 4)
	all := map[string]string{
		"as it is": n, "in fours": strings.Join(four, " "), "with dashes": strings.Join(four, "-"), "with dots": strings.Join(four, "."),
		"with long dashes": strings.Join(four, " – "), "in lines": strings.Join(four, "\n"), "with hard spaces": strings.Join(four, "\u00a0"),
		"digit by digit": strings.Join(cut(n, 1), " "), "in two halves": strings.Join(cut(n, 8), " "), "with signs of no width": strings.Join(four, "\u200b"),
		"as on an Amex": strings.Join(cut(n, 4, 6, 9), " "), "full width": moved(strings.Join(four, "\u3000"), '０'), "Arabic": moved(strings.Join(four, " "), '٠'),
		"Persian": moved(n, '۰'), "Devanagari": moved(n, '०'), "bold": moved(n, '𝟎'), "with stars": strings.Join(four, "*"), "with slashes": strings.Join(four, "/"),
		"as keys": strings.Join(cut(n, 1), "\ufe0f\u20e3") + "\ufe0f\u20e3",
	}
	return all
}

var named = regexp.MustCompile(`card|tarjeta|卡|بطاق|Karte`)

func TestEveryNumberIsMasked(t *testing.T) {
	r := fixed()
	sentences := []string{"%s", "my card is %s thanks", "2 pizzas, card:%s, deliver to 12 Elm St 28013", "tarjeta nº %s", "卡号%s谢谢", "رقم البطاقة %s", "Karte%sok", "(%s)", "a@b.c %s", "#%s", "1. %s"}
	for _, i := range issuers {
		for _, length := range i.lengths {
			for range 5 {
				n := number(r, i.first, length)
				for how, written := range writings(n) {
					for _, s := range sentences {
						if length < 15 && !named.MatchString(s) || length > 16 && s == "#%s" || s == "1. %s" && how == "with dots" {
							continue // shorter numbers are told from others by what they are called
						}
						text := fmt.Sprintf(s, written)
						got, found := cards.Mask(text)
						if cards.Has(text) != found {
							t.Errorf("%q: Has and Mask disagree", text)
						}
						if !found || !strings.Contains(got, "•••• "+n[length-4:]) && length < 17 || leaks(got, n) {
							t.Errorf("%s, %s: %q became %q", n, how, text, got)
						}
						if again, found := cards.Mask(got); found || again != got {
							t.Errorf("masked again: %q became %q", got, again)
						}
					}
				}
			}
		}
	}
}

// leaks tells whether more than the last four digits are left in a row.
func leaks(text, n string) bool {
	for _, zero := range "0０٠۰०𝟎" {
		back := strings.Map(func(r rune) rune {
			if zero <= r && r <= zero+9 {
				return '0' + r - zero
			}
			return r
		}, text)
		if strings.Contains(digitsOf(back), n[:len(n)-4]) || strings.Contains(digitsOf(back), n[len(n)-8:]) {
			return true
		}
	}
	return false
}

func TestCodesAndDatesNearIt(t *testing.T) {
	r := fixed()
	n, amex := number(r, "4", 16), number(r, "37", 15)
	for _, c := range []struct{ text, want string }{
		{n + " 12/27 123", "•••• " + n[12:] + " ••• •••"},
		{n + " exp 03-2029 cvv 987", "•••• " + n[12:] + " exp ••• cvv •••"},
		{"cvc: 456, exp 1/30, " + n, "cvc: •••, exp •••, •••• " + n[12:]},
		{strings.Join(cut(n, 4), " ") + " 0927 321", "•••• " + n[12:] + " ••• •••"},
		{n + "1227123", "•••• " + n[12:]},
		{n + "0629", "•••• " + n[12:]},
		{amex + " 1234", "•••• " + amex[11:] + " •••"},
		{"código de seguridad 321\n" + n, "código de seguridad •••\n•••• " + n[12:]},
		{n + "^DOE/JANE^27121010000?", "•••• " + n[12:] + "•••"},
		{moved(n+" ١٢/٢٧ 123", '٠'), "•••• " + n[12:] + " ••• •••"},
		{n + " and " + amex, "•••• " + n[12:] + " and •••• " + amex[11:]},
	} {
		if got, _ := cards.Mask(c.text); got != c.want {
			t.Errorf("%q became %q, not %q", c.text, got, c.want)
		}
	}
	far := n + " please. " + strings.Repeat("And so on and on. ", 6) + "I live in 1234 Elm Street"
	if got, _ := cards.Mask(far); !strings.Contains(got, "1234 Elm") {
		t.Errorf("what stands far off is masked: %q", got)
	}
	for text, want := range map[string]string{"123": "•••", "12/27": "•••", "cvv 123": "cvv •••", "12/27 123": "••• •••", "exp 12/27 cvc 9876": "exp ••• cvc •••",
		"2": "2", "two at 10:30": "two at 10:30", "call 600123456": "call 600123456", "28013 Madrid": "28013 Madrid", "": ""} {
		if got, found := cards.Follow(text); got != want || found != (got != text) {
			t.Errorf("after a number %q became %q", text, got)
		}
	}
}

func TestBursts(t *testing.T) {
	r := fixed()
	n := number(r, "52", 16)
	four := cut(n, 4)
	for _, c := range []struct{ said, want []string }{
		{four, []string{"••••", "••••", "••••", "•••• " + four[3]}},
		{[]string{"hi", "my card is " + four[0] + four[1], four[2] + " " + four[3] + " thanks", "bye"}, []string{"hi", "my card is ••••", "•••• " + four[3] + " thanks", "bye"}},
		{append(cut(n, 1), "ok"), nil},
		{[]string{n[:8], n[8:] + " 12/27 123"}, []string{"••••", "•••• " + four[3] + " ••• •••"}},
		{[]string{n[:8], "no wait", n[8:]}, []string{n[:8], "no wait", n[8:]}},
		{[]string{"2", "3", "12"}, []string{"2", "3", "12"}},
	} {
		got, found := cards.Burst(c.said)
		for i := range got {
			if c.want != nil && got[i] != c.want[i] || found[i] != (got[i] != c.said[i]) {
				t.Errorf("%q became %q, not %q", c.said, got, c.want)
			}
		}
		if c.want == nil && leaks(strings.Join(got, ""), n) {
			t.Errorf("%q became %q", c.said, got)
		}
	}
	for text, want := range map[string]bool{"4111": true, "my card is 4111": true, "4111 please": true, "hello": false, "": false, "a 4 b": false, "١٢٣": true} {
		if cards.Piece(text) != want {
			t.Errorf("%q a piece: %v", text, !want)
		}
	}
}

func TestJSON(t *testing.T) {
	r := fixed()
	n := number(r, "4", 16)
	for _, raw := range []string{
		`{"text":{"body":"card ` + n + `"},"id":"wamid.x","from":"34600123456"}`, `{"a":[{"caption":"` + strings.Join(cut(n, 4), `\n`) + `"}]}`,
		`{"t":"` + strings.Join(cut(n, 4), `\u00a0`) + `"}`, `{"card":` + n + `}`, `{"response_json":"{\"card\":\"` + n + `\"}"}`, `{"` + n + `":1}`, `<xml>` + n + `</xml>`,
		`{"t":"` + arabicEscapes(n) + `"}`, `["` + n + `"]x`,
	} {
		got, found := cards.MaskJSON([]byte(raw))
		if !found || leaks(string(got), n) || strings.Contains(string(got), arabicEscapes(n)) {
			t.Errorf("%s became %s", raw, got)
		}
	}
	for _, raw := range []string{`{"id":"` + n + `"}`, `{"timestamp":"1718000000","text":"two\nlattes"}`, `{`, ``, `null`} {
		if got, found := cards.MaskJSON([]byte(raw)); found || string(got) != raw {
			t.Errorf("%s became %s", raw, got)
		}
	}
}

func arabicEscapes(n string) string {
	var b strings.Builder
	for _, d := range n {
		fmt.Fprintf(&b, `\u%04x`, '٠'+d-'0')
	}
	return b.String()
}

// Numbers of other things are left alone, but for the few that nobody could tell from a card's.
func TestOtherNumbers(t *testing.T) {
	r := fixed()
	digits := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte('0' + r.IntN(10))
		}
		return string(b)
	}
	article := func() string {
		s, sum := digits(12), 0
		for i := range len(s) {
			sum += int(s[i]-'0') * (1 + 2*(i%2))
		}
		return s + fmt.Sprint((10-sum%10)%10)
	}
	kinds := map[string]func() string{
		"a phone":                      func() string { return "+" + digits(1+r.IntN(3)) + " " + digits(3) + " " + digits(3) + " " + digits(3) },
		"a German mobile":              func() string { return "my phone is 49151" + digits(8) },
		"a Brazilian mobile":           func() string { return "5511" + "9" + digits(8) },
		"an American phone":            func() string { return "(" + digits(3) + ") " + digits(3) + "-" + digits(4) },
		"two phones":                   func() string { return "6" + digits(8) + " or 7" + digits(8) },
		"an order":                     func() string { return "order #" + digits(10) },
		"a long order":                 func() string { return "order " + digits(13) },
		"an order with a date":         func() string { return "ORD-20240" + digits(3) + "-" + digits(6) },
		"an article":                   article,
		"an account":                   func() string { return iban("DE", digits(18)) },
		"a Spanish account in fours":   func() string { return strings.Join(cut(iban("ES", digits(20)), 4), " ") },
		"a parcel of UPS":              func() string { return "1Z" + digits(16) },
		"a parcel of USPS":             func() string { return "94" + digits(20) },
		"a parcel of USPS in fours":    func() string { return strings.Join(cut("9400"+digits(18), 4), " ") },
		"a parcel of DHL":              func() string { return "00340" + digits(15) },
		"a parcel of FedEx":            func() string { return "tracking " + digits(12) },
		"a parcel of the Spanish post": func() string { return "PQ" + digits(13) },
		"a moment":                     func() string { return "17" + digits(11) },
		"a date and a time":            func() string { return "2024-06-12 15:30:" + digits(2) },
		"prices":                       func() string { return "3.50 4.20 12.80 7.00 1." + digits(2) },
		"our own ids":                  func() string { return fmt.Sprintf("ord_%016x%016x", r.Uint64(), r.Uint64()) },
		"a UUID": func() string {
			h := fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64())
			return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
		},
		"quantities":                    func() string { return "2 of 12, 3 of 24 and 10 of " + digits(2) },
		"an address and a phone":        func() string { return "Calle Mayor 12, 28013 Madrid, 6" + digits(8) },
		"a place":                       func() string { return "40.4" + digits(5) + ", -3.7" + digits(5) },
		"sixteen digits of anything":    func() string { return digits(16) },
		"sixteen digits of anything, 4": func() string { return strings.Join(cut(digits(16), 4), " ") },
	}
	const times = 4000
	all, wrong := 0, 0
	for what, make := range kinds {
		hits, example := 0, ""
		for range times {
			if text := make(); true {
				if _, found := cards.Mask(text); found {
					hits, example = hits+1, text
				}
			}
		}
		anything := strings.HasPrefix(what, "sixteen")
		if limit := times / 200; hits > limit && !anything || hits > times/20 {
			t.Errorf("%s: %d of %d were taken for a card, such as %q", what, hits, times, example)
		}
		if !anything {
			all, wrong = all+times, wrong+hits
		}
		if hits > 0 {
			t.Logf("%s: %d of %d, such as %q", what, hits, times, example)
		}
	}
	t.Logf("%d of %d, %.3f %%", wrong, all, 100*float64(wrong)/float64(all))
	if wrong*1000 > all {
		t.Errorf("%d of %d numbers of other things were taken for a card's", wrong, all)
	}
}

// iban puts check digits before an account.
func iban(country, account string) string {
	rest := 0
	for _, c := range account + country + "00" {
		if c >= 'A' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	return fmt.Sprintf("%s%02d%s", country, 98-rest, account)
}

func FuzzMask(f *testing.F) {
	n := number(fixed(), "4", 16)
	for _, written := range writings(n) {
		f.Add("card "+written+" 12/27 123", "1111")
	}
	f.Fuzz(func(t *testing.T, text, more string) {
		got, found := cards.Mask(text)
		if found == (got == text) {
			t.Errorf("%q: %v %q", text, found, got)
		}
		if again, more := cards.Mask(got); more && found {
			if third, still := cards.Mask(again); still {
				t.Errorf("%q is never done: %q", text, third)
			}
		}
		cards.Follow(text)
		cards.Piece(text)
		list, is := cards.Burst([]string{text, more, text})
		for i, s := range []string{text, more, text} {
			if is[i] == (list[i] == s) {
				t.Errorf("%q of a burst: %v %q", s, is[i], list[i])
			}
		}
		if out, found := cards.MaskJSON([]byte(text)); !found && string(out) != text {
			t.Errorf("%q changed", text)
		}
	})
}

func BenchmarkMask(b *testing.B) {
	for name, text := range map[string]string{"words": "two flat whites and a croissant please", "digits": "send it to 12 Elm Street, 28013, phone 600123456 or 699887766",
		"raw": `{"from":"34600123456","id":"wamid.HBgLMzQ2MDAxMjM0NTYVAgASGBQzQTdBNjE1","timestamp":"1718000000","type":"text","text":{"body":"two flat whites"}}`} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				cards.Mask(text)
			}
		})
	}
}
