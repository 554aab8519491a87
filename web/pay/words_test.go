package pay_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/money"
	"sotto.chat/internal/testkit"
	"sotto.chat/orders"
	"sotto.chat/payments"
	"sotto.chat/payments/byhand"
	"sotto.chat/web/webtest"
)

func texts(t testing.TB) map[string]map[string]string {
	t.Helper()
	files, err := filepath.Glob("*.json")
	if err != nil || len(files) != 9 {
		t.Fatal(files, err)
	}
	all := map[string]map[string]string{}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		words := map[string]string{}
		if err := json.Unmarshal(raw, &words); err != nil {
			t.Fatal(f, err)
		}
		all[strings.TrimSuffix(f, ".json")] = words
	}
	return all
}

var hole = regexp.MustCompile(`\{[a-z]+\}`)

// Every language says everything with the same facts, and nothing is left in English.
func TestLanguagesSayTheSame(t *testing.T) {
	all := texts(t)
	for language, words := range all {
		for key, en := range all["en"] {
			text, ok := words[key]
			want, got := hole.FindAllString(en, -1), hole.FindAllString(text, -1)
			slices.Sort(want)
			slices.Sort(got)
			if !ok || strings.TrimSpace(text) == "" || !slices.Equal(slices.Compact(want), slices.Compact(got)) {
				t.Errorf("%s.json: %s is %q, with %v for %v", language, key, text, got, want)
			}
			if language != "en" && text == en && len(en) > 12 {
				t.Errorf("%s.json: %s is English", language, key)
			}
		}
		for key := range words {
			if _, ok := all["en"][key]; !ok {
				t.Errorf("%s.json has %s, which nothing asks for", language, key)
			}
		}
	}
	raw, err := os.ReadFile("page.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`say "([a-z_0-9]+)"`).FindAllStringSubmatch(string(raw), -1) {
		if all["en"][m[1]] == "" {
			t.Errorf("the page asks for %s", m[1])
		}
	}
}

// The page speaks the payment's language, else the browser's, else English, and another when it is asked to.
func TestLanguageIsChosen(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s, ord, link := open(t, db, clock)
		in := func(language string) string {
			var p payments.Payment
			s.Must(db.InTx(t.Context(), func(tx database.Tx) (err error) {
				p, err = s.Payments.Expect(tx, s.Merchant.ID, payments.Expected{OrderID: ord.ID, Amount: ord.Payments[0].Money(), Items: ord.Payments[0].Description,
					ExpiresAt: clock.Now().Add(time.Hour), Language: language})
				return err
			}))
			return s.Payments.PayURL(p)
		}
		all := texts(t)
		for _, c := range []struct{ payment, accepts, asked, want, button string }{
			{"", "", "", "en", "Pay €7.00 with Stripe"}, {"", "de-DE,de;q=0.9", "", "de", "7,00\u00a0€ mit Stripe bezahlen"},
			{"pt-BR", "de", "", "pt", "Pagar €\u00a07,00 com Stripe"}, {"fr", "en", "", "fr", "Payer 7,00\u00a0€ avec Stripe"},
			{"id", "en", "", "id", "Bayar €\u00a07,00 dengan Stripe"}, {"es-MX", "en", "", "es", "Pagar €7.00 con Stripe"},
			{"ja", "fr;q=0.5, es", "", "es", ""}, {"ja", "ko", "", "en", ""},
			{"zh-CN", "en", "", "zh", "用 Stripe 支付 €7.00"}, {"hi", "en", "", "hi", "Stripe se €7.00 dein"}, {"ar-SA", "en", "", "ar", "ادفع 7.00\u00a0€ عبر Stripe"}, {"de", "de", "fr", "fr", ""}, {"de", "", "xx", "de", ""}, {"de", "", "<script>", "de", ""},
		} {
			to := in(c.payment)
			if c.asked != "" {
				to += "?lang=" + url.QueryEscape(c.asked)
			}
			a := ask(s, "GET", to, c.accepts)
			has(t, a, 200, `<html lang="`+c.want+`"`+map[bool]string{true: ` dir="rtl"`}[c.want == "ar"]+`>`, c.button, all[c.want]["genuine_2"])
			if got := a.header.Get("Content-Language"); got != c.want {
				t.Errorf("%+v: Content-Language %s", c, got)
			}
			for code := range all {
				if !strings.Contains(a.body, `?lang=`+code+`" lang="`+code+`"`) {
					t.Errorf("%+v: no link to %s", c, code)
				}
			}
			noKeys(t, all["en"], a.body)
		}
		if cookie := ask(s, "GET", link+"?lang=fr", "en").header.Get("Set-Cookie"); !strings.Contains(cookie, "=fr;") || !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "Path=/pay/") {
			t.Errorf("the choice is not kept: %q", cookie)
		}
		if cookie := ask(s, "GET", link, "en").header.Get("Set-Cookie"); cookie != "" {
			t.Errorf("a cookie without a choice: %q", cookie)
		}
	})
}

// noKeys demands that no key of the texts and no open hole is shown.
func noKeys(t testing.TB, en map[string]string, body string) {
	t.Helper()
	shown := regexp.MustCompile(`(?s)<style.*?</style>|<[^>]*>`).ReplaceAllString(body, "\n")
	if m := hole.FindString(shown); m != "" {
		t.Errorf("the page shows %s", m)
	}
	for key := range en {
		if strings.Contains(key, "_") && strings.Contains(shown, key) {
			t.Errorf("the page shows the key %s", key)
		}
	}
	if strings.Contains(shown, "<no value>") || strings.Contains(shown, "ZgotmplZ") {
		t.Error("the page has a hole")
	}
}

// Each state of money has its own words, in each language, and says what to do.
func TestEveryStateInEveryLanguage(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s, ord, _ := open(t, db, clock)
		all := texts(t)
		states := map[string]func(*webtest.Shop, payments.Payment){
			"open": nil, "cancelled": set("cancelled", "by_customer"), "changed": set("cancelled", "cart_changed"), "expired": set("cancelled", "expired"),
			"processing": set("pending", "processing"), "paid": set("paid", ""), "refunded": set("refunded", ""), "review": set("needs_review", "wrong_amount"),
		}
		for state, make := range states {
			var p payments.Payment
			s.Must(db.InTx(t.Context(), func(tx database.Tx) (err error) {
				p, err = s.Payments.Expect(tx, s.Merchant.ID, payments.Expected{OrderID: ord.ID, Amount: ord.Payments[0].Money(), ExpiresAt: clock.Now().Add(time.Hour)})
				return err
			}))
			if make != nil {
				make(s, p)
			}
			for language, words := range all {
				a := ask(s, "GET", s.Payments.PayURL(p)+"?lang="+language, "")
				if !strings.Contains(a.body, "<title>"+words["title_"+state]) || strings.Contains(a.body, "<form") != (state == "open") {
					t.Errorf("%s in %s: %d %s", state, language, a.status, a.body)
				}
				if state != "open" && !strings.Contains(a.body, `role="status">`) {
					t.Errorf("%s in %s has no status", state, language)
				}
				noKeys(t, all["en"], a.body)
			}
		}
	})
}

// set puts a payment into a state, as its history would.
func set(status, reason string) func(*webtest.Shop, payments.Payment) {
	return func(s *webtest.Shop, p payments.Payment) {
		s.Must(s.DB.InTx(s.T.Context(), func(tx database.Tx) error {
			return tx.DB().Exec("update payments set status = ?, reason = ? where merchant_id = ? and id = ?", status, reason, p.MerchantID, p.ID).Error
		}))
	}
}

// A shop that takes transfers and cash shows a form for each; the reference and the account stand on the page afterwards.
func TestPayingByHand(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s, _, link := open(t, db, clock)
		has(t, ask(s, "GET", link, "en"), 200, "Pay €7.00 with Stripe")
		if a := ask(s, "GET", link, "en"); strings.Contains(a.body, `name="way"`) {
			t.Error("the page offers what the shop does not")
		}
		if a := send(s, link, "bank"); a.status/100 == 2 || a.status/100 == 3 {
			t.Errorf("a way that the shop does not offer: %d", a.status)
		}
		s.Must(db.InTx(t.Context(), func(tx database.Tx) error {
			return s.Payments.SetTerms(tx, s.Merchant.ID, byhand.Terms{Cash: true, Bank: true, BankDetails: "Café Quiet SL\nES00 <Bank>"})
		}))
		a := ask(s, "GET", link, "es")
		has(t, a, 200, "Elige cómo pagar", `value="bank"`, `value="cash"`, "Pagar 7,00\u00a0€ por transferencia", "Pagar 7,00\u00a0€ en efectivo")
		if strings.Contains(a.body, "ES00") {
			t.Error("the account is shown to who did not ask for it")
		}
		if a := send(s, link, "bank"); a.status != 303 || !strings.HasPrefix(a.header.Get("Location"), "/pay/") {
			t.Fatalf("%d %s", a.status, a.body)
		}
		a = ask(s, "GET", link, "en")
		has(t, a, 200, "Your bank transfer", "ES00 &lt;Bank&gt;", "Reference", "Or pay another way", `value="cash"`)
		reference := regexp.MustCompile(`<code>([0-9A-Z]{8,})</code>`).FindStringSubmatch(a.body)
		if reference == nil || strings.Contains(a.body, `value="bank"`) {
			t.Errorf("no reference, or the way again: %s", a.body)
		}
		if again := send(s, link, "bank"); again.status != 303 || !strings.Contains(ask(s, "GET", link, "en").body, reference[1]) {
			t.Error("another reference for the same transfer")
		}
		if a := send(s, link, "cash"); a.status != 303 {
			t.Errorf("cash: %d %s", a.status, a.body)
		}
		has(t, ask(s, "GET", link, "en"), 200, "Paying in cash", `value="bank"`, "Pay €7.00 with Stripe")
	})
}

// An order that is split has a link for each part, and each page says which part it is.
func TestPartsOfAnOrder(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s, ord, link := open(t, db, clock)
		if a := ask(s, "GET", link, "en"); strings.Contains(a.body, "Part ") {
			t.Error("a whole order is called a part")
		}
		s.Must(db.InTx(t.Context(), func(tx database.Tx) error {
			_, err := s.Orders.Split(tx, s.Merchant.ID, ord.ID, []money.Money{money.Of(300, "EUR"), money.Of(400, "EUR")}, orders.Deed{Actor: "test"})
			return err
		}))
		list, err := s.Payments.OfOrders(t.Context(), s.Merchant.ID, []string{ord.ID})
		s.Must(err)
		part := 0
		for _, p := range list {
			if p.Status != payments.Pending {
				continue
			}
			part++
			has(t, ask(s, "GET", s.Payments.PayURL(p), "en"), 200, fmt.Sprintf("Part %d of 2", part), "each part has a link of its own")
			has(t, ask(s, "GET", s.Payments.PayURL(p), "de"), 200, fmt.Sprintf("Teil %d von 2", part))
		}
		if part != 2 {
			t.Errorf("%d parts", part)
		}
		if a := ask(s, "GET", link, "en"); a.status != 410 || strings.Contains(a.body, "<form") {
			t.Errorf("the link to the whole: %d", a.status)
		}
	})
}
