package guard_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"sotto.chat/bot/words"
	"sotto.chat/channels"
	"sotto.chat/internal/money"
)

// replies is how many are made up for each language, half of them true; guardSeed makes the same ones in every run.
const (
	replies   = 10_000
	guardSeed = 20_261_122
)

// Of ten thousand replies in each language no false one passes, and at most one in two hundred true ones is held back.
func TestNoFalseReplyPassesTheGuard(t *testing.T) {
	b, err := words.Open()
	if err != nil {
		t.Fatal(err)
	}
	var lies map[string][]string
	readJSON(t, "../words/testdata/lies.json", &lies)
	for _, language := range b.Languages() {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			if len(lies[language]) == 0 {
				t.Fatalf("words/testdata/lies.json has no lies in %s", language)
			}
			m := newMill(t, b, language, lies)
			refused, passed := 0, 0
			for i := range uint64(replies / 2) {
				m.start(i)
				r := m.reply()
				if !r.backed(r.text) {
					if refused++; refused <= 3 {
						t.Logf("seed %d: a true reply is held back: %q", i, r.text)
					}
				}
				if lie, kind := m.lie(r); r.backed(lie) {
					if passed++; passed <= 10 {
						t.Errorf("seed %d: a false reply passes (%s): %q, from %q", i, kind, lie, r.text)
					}
				}
			}
			t.Logf("%s: %d true replies, %d held back; %d false ones, %d passed", language, replies/2, refused, replies/2, passed)
			if refused*200 > replies/2 {
				t.Errorf("%d of %d true replies are held back", refused, replies/2)
			}
		})
	}
}

func readJSON(t testing.TB, file string, v any) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(raw, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// mill makes replies up out of a language's own templates.
type mill struct {
	book      *words.Book
	language  string
	templates []string
	claims    map[string][]string // by sense
	senses    []string
	lies      []string // in this language, and those of others that mean the same everywhere
	r         *rand.Rand
	v         words.Voice
}

func newMill(t testing.TB, b *words.Book, language string, lies map[string][]string) *mill {
	m := &mill{book: b, language: language, lies: lies[language]}
	var file struct{ Texts map[string]any }
	readJSON(t, "../words/"+language+".json", &file)
	for _, value := range file.Texts {
		m.templates = append(m.templates, leavesOf(value)...)
	}
	slices.Sort(m.templates)
	readJSON(t, "../words/claims/"+language+".json", &m.claims)
	for sense := range m.claims {
		m.senses = append(m.senses, sense)
	}
	slices.Sort(m.senses)
	return m
}

func leavesOf(v any) (out []string) {
	switch x := v.(type) {
	case string:
		return []string{x}
	case map[string]any:
		for _, part := range x {
			out = append(out, leavesOf(part)...)
		}
	}
	return out
}

func (m *mill) start(seed uint64) {
	m.r = rand.New(rand.NewPCG(guardSeed, seed))
	m.v = m.book.Voice(one(m, "US", "GB", "CA", "ES", "MX", "AR", "BR", "PT", "DE", "AT", "CH", "FR", "ID", "IN", "CN", "AE", "KW"), m.r.IntN(2) == 0, m.language)
}

func one[T any](m *mill, list ...T) T { return list[m.r.IntN(len(list))] }

// made is a reply and what is true of it.
type made struct {
	m         *mill
	text      string
	amounts   []money.Money
	counts    []int64
	texts     []string
	templates []string
}

func (r *made) backed(text string) bool {
	c := channels.Content{Text: text}
	if r.m.r.IntN(4) == 0 {
		c = channels.Content{Buttons: []channels.Button{{Label: text}}}
	}
	return backed(c, r.m.v, r.amounts, r.counts, r.texts, r.templates...)
}

func (m *mill) reply() *made {
	r := &made{m: m}
	var parts []string
	for range 1 + m.r.IntN(3) {
		bare := one(m, m.templates...)
		r.templates = append(r.templates, bare)
		parts = append(parts, m.fill(r, bare))
	}
	r.text = strings.Join(parts, "\n\n")
	return r
}

func (m *mill) fill(r *made, bare string) string {
	var b strings.Builder
	for {
		before, rest, open := strings.Cut(bare, "{")
		b.WriteString(before)
		if !open {
			return b.String()
		}
		name, after, _ := strings.Cut(rest, "}")
		b.WriteString(m.fact(r, name))
		if strings.HasSuffix(before, "-") && len(r.amounts) > 0 { // the template has the minus
			r.amounts[len(r.amounts)-1].Amount *= -1
		}
		bare = after
	}
}

func (m *mill) fact(r *made, name string) string {
	switch name {
	case "amount", "total", "price", "rest", "asked":
		a := m.amount()
		r.amounts = append(r.amounts, a)
		return m.v.Money(a)
	case "n", "count":
		n := m.r.Int64N(one(m, int64(10), 100, 1000))
		r.counts = append(r.counts, n)
		return m.v.Write(n)
	case "number":
		return m.text(r, fmt.Sprintf("%08X", m.r.Uint32()))
	}
	return m.text(r, m.name())
}

func (m *mill) text(r *made, s string) string {
	r.texts = append(r.texts, s)
	return s
}

// name is one that a merchant may have chosen, with digits and with words that would be claims elsewhere.
func (m *mill) name() string {
	claim := one(m, m.claims[one(m, m.senses...)]...)
	return one(m, "Margherita", "7up", "Café Azul", "Jugo 100%", "Tee 0,5 l", "Set of 12 cups", "½ Hähnchen", "茶 3号", "شاي", "Model X-200 EUR plug",
		"Route 66", "Box (2 × 6)", claim, "Box "+claim, strings.ToUpper(claim)+" 24/7", "No. "+fmt.Sprint(m.r.IntN(500)))
}

func (m *mill) amount() money.Money {
	size := one(m, int64(300), 10_000, 1_000_000, 100_000_000)
	return money.Of(m.r.Int64N(size)+1, one(m, "USD", "EUR", "GBP", "JPY", "KWD", "CHF", "INR", "IDR", "BRL", "MXN", "CNY", "AED", "CAD", "KRW"))
}

// lie turns a reply into one that says something that nobody knows.
func (m *mill) lie(r *made) (text, kind string) {
	for {
		kind := one(m, "amount", "amount", "amount changed", "count", "digit added", "word", "word", "word", "sentence", "sentence", "date", "percent", "turned")
		text := m.told(r, kind)
		if text != "" {
			return text, kind
		}
	}
}

func (m *mill) told(r *made, kind string) string {
	switch kind {
	case "amount":
		return m.beside(r.text, m.foreign(m.someAmount()))
	case "amount changed":
		return m.swap(r.text, m.written(r), m.someAmount())
	case "count":
		return m.swap(r.text, m.numbers(r), fmt.Sprint(1000+m.r.IntN(9000)))
	case "digit added":
		old := append(m.written(r), m.numbers(r)...)
		if len(old) == 0 {
			return ""
		}
		w := one(m, old...)
		return m.swap(r.text, []string{w}, one(m, w+"0", "1"+w, w+".5", w+",99", w+"k", "9"+w, w+"٣", w+"½"))
	case "word":
		return m.word(r)
	case "sentence":
		return m.sentence(r)
	case "date":
		return m.beside(r.text, one(m, "24.12.2031", "2031-12-24", "12/24", "17:30", "5pm", "2031年12月24日", "٢٤/١٢", "२४", "Ⅻ", "３１"))
	case "percent":
		return m.beside(r.text, one(m, "-2 2/3 %", "%", "٪", "％", "99%", "‰"))
	}
	return m.swap(r.text, m.positive(r), one(m, "-", "−", "‑")+one(m, append(m.positive(r), "7")...))
}

func (m *mill) someAmount() string {
	return fmt.Sprintf("%d.%02d", 20_000_000+m.r.IntN(1_000_000), m.r.IntN(100))
}

// foreign writes an amount in any form and script.
func (m *mill) foreign(a string) string {
	sign := one(m, "$", "€", "£", "¥", "₹", "R$", "Rp", "US$", "CHF ", "USD ", "EUR ", "د.إ ", "元", "kr ")
	a = one(m, sign+a, a+" "+sign, strings.ReplaceAll(a, ".", ",")+" "+sign, a)
	zero := one(m, '0', '0', '٠', '۰', '०', '০', '０', '๐')
	return strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' {
			return zero + c - '0'
		}
		return c
	}, a)
}

// beside puts a piece somewhere between two words.
func (m *mill) beside(text, piece string) string {
	list := strings.Fields(text)
	return strings.Join(slices.Insert(list, m.r.IntN(len(list)+1), piece), " ")
}

func (m *mill) swap(text string, old []string, by string) string {
	if len(old) == 0 {
		return ""
	}
	changed := strings.Replace(text, one(m, old...), by, 1)
	if changed == text {
		return ""
	}
	return changed
}

func (m *mill) written(r *made) (out []string) {
	for _, a := range r.amounts {
		out = append(out, m.v.Money(a))
	}
	return out
}

func (m *mill) positive(r *made) []string {
	return slices.DeleteFunc(m.written(r), func(s string) bool { return strings.HasPrefix(s, "-") })
}

func (m *mill) numbers(r *made) (out []string) {
	for _, n := range r.counts {
		out = append(out, fmt.Sprint(n))
	}
	return out
}

// word puts in a word that claims something which the reply's templates do not, in any dress.
func (m *mill) word(r *made) string {
	sense := one(m, m.senses...)
	claim := one(m, m.claims[sense]...)
	if m.claimed(r, claim) {
		return ""
	}
	return m.beside(r.text, one(m, claim, strings.ToUpper(claim), "*"+claim+"*", wide(claim), "("+claim+"!)", veiled(claim)))
}

func (m *mill) sentence(r *made) string {
	lie := one(m, m.lies...)
	if m.claimed(r, lie) {
		return ""
	}
	return one(m, r.text+" "+lie, lie+"\n\n"+r.text)
}

// claimed tells whether the reply's own words claim all that the lie does: then it would be no lie to the guard.
func (m *mill) claimed(r *made, lie string) bool {
	var own []string
	for _, bare := range r.templates {
		own = append(own, m.v.Claims(bare)...)
	}
	senses := m.v.Claims(lie)
	whole := slices.Contains(r.texts, lie) || slices.ContainsFunc(r.texts, func(s string) bool { return strings.Contains(lie, s) })
	return whole || len(senses) > 0 && !slices.ContainsFunc(senses, func(s string) bool { return !slices.Contains(own, s) })
}

// wide writes Latin letters in their full width, veiled hides a sign that nobody sees in them.
func wide(s string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r < utf8.RuneSelf {
			return r + 0xfee0
		}
		return r
	}, s)
}

func veiled(s string) string {
	r := []rune(s)
	return string(r[:1]) + "\u200d" + string(r[1:])
}
