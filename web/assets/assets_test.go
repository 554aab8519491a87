package assets_test

import (
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"sotto.chat/internal/money"
	"sotto.chat/web/assets"
)

// luminance and contrast are those of WCAG 2.2.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(strings.TrimPrefix(hex, "#"), 16, 32)
	if err != nil || len(hex) != 7 {
		t.Fatalf("%q is no colour of six digits", hex)
	}
	part := func(shift uint) float64 {
		v := float64(n>>shift&255) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*part(16) + 0.7152*part(8) + 0.0722*part(0)
}

func contrast(t *testing.T, a, b string) float64 {
	la, lb := luminance(t, a), luminance(t, b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func TestContrast(t *testing.T) {
	css, err := os.ReadFile("files/tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, ok := strings.Cut(string(css), "prefers-color-scheme: dark")
	if !ok {
		t.Fatal("tokens.css has no dark part")
	}
	token := regexp.MustCompile(`--([a-z0-9-]+):\s*(#[0-9a-f]{6});`)
	pairs := []struct {
		fore, back string
		least      float64
	}{
		{"ink", "paper", 4.5}, {"ink", "card", 4.5}, {"ink", "tint", 4.5},
		{"ink-2", "paper", 4.5}, {"ink-2", "card", 4.5}, {"ink-2", "tint", 4.5},
		{"accent", "paper", 4.5}, {"accent", "card", 4.5}, {"accent", "tint", 4.5}, {"accent-ink", "accent", 4.5},
		{"warn", "paper", 4.5}, {"warn", "card", 4.5}, {"stop", "paper", 4.5}, {"stop", "card", 4.5},
		{"edge", "paper", 3}, {"edge", "card", 3},
	}
	for name, part := range map[string]string{"light": light, "dark": dark} {
		colours := map[string]string{}
		for _, m := range token.FindAllStringSubmatch(part, -1) {
			if _, seen := colours[m[1]]; !seen {
				colours[m[1]] = m[2]
			}
		}
		for _, p := range pairs {
			if got := contrast(t, colours[p.fore], colours[p.back]); got < p.least {
				t.Errorf("%s: --%s on --%s has contrast %.2f, want %.1f", name, p.fore, p.back, got, p.least)
			}
		}
	}
}

func TestMoney(t *testing.T) {
	for _, c := range []struct {
		tag, currency string
		amount        int64
		want          string
	}{
		{"en", "EUR", 700, "€7.00"}, {"en-US", "USD", 123456789, "$1,234,567.89"}, {"es", "EUR", 123450, "1.234,50\u00a0€"},
		{"es-MX", "MXN", 123450, "MXN\u00a01,234.50"}, {"es", "MXN", 5, "0,05\u00a0MXN"}, {"en", "JPY", 1200, "¥1,200"}, {"en", "USD", -250, "−$2.50"},
		{"pt-BR", "BRL", 123450, "R$\u00a01.234,50"}, {"pt", "EUR", 700, "€\u00a07,00"}, {"pt-PT", "EUR", 123450, "1\u00a0234,50\u00a0€"},
		{"de", "EUR", 123450, "1.234,50\u00a0€"}, {"de-CH", "CHF", 123450, "CHF\u00a01’234.50"}, {"de-AT", "EUR", 700, "€\u00a07,00"},
		{"fr", "EUR", 123450, "1\u202f234,50\u00a0€"}, {"fr-CA", "CAD", 700, "7,00\u00a0CAD"}, {"id", "IDR", 1250000, "Rp\u00a012.500,00"},
		{"hi", "INR", 12345678, "₹1,23,456.78"}, {"zh", "CNY", 123456, "¥1,234.56"}, {"zh", "JPY", 1200, "JP¥1,200"}, {"ar", "SAR", 123456, "1,234.56\u00a0SAR"},
		{"id", "USD", 700, "$\u00a07,00"}, {"de", "JPY", 1200, "1.200\u00a0¥"}, {"xx", "EUR", 700, "€7.00"},
	} {
		if got := assets.Money(c.tag, money.Of(c.amount, c.currency)); got != c.want {
			t.Errorf("%d %s in %s: %q, want %q", c.amount, c.currency, c.tag, got, c.want)
		}
	}
}

func TestDirection(t *testing.T) {
	for name, want := range map[string]string{"English": "ltr", "中文": "ltr", "العربية": "rtl", "עברית": "rtl", " فارسی": "rtl", "हिन्दी": "ltr", "": "ltr"} {
		if got := assets.Direction(name); got != want {
			t.Errorf("%q is written %s", name, got)
		}
	}
}

func TestNumber(t *testing.T) {
	for tag, want := range map[string]string{"en": "12,345", "es": "12.345", "pt": "12.345", "de": "12.345", "fr": "12\u202f345", "id": "12.345", "de-CH": "12’345"} {
		if got := assets.Number(tag, 12345); got != want {
			t.Errorf("%s: %q, want %q", tag, got, want)
		}
	}
	if got := assets.Number("en", -1234); got != "−1,234" {
		t.Error(got)
	}
}

func TestLanguage(t *testing.T) {
	for header, want := range map[string]string{
		"": "en", "es": "es", "es-MX,es;q=0.9,en;q=0.8": "es", "ja, es;q=0.5, en;q=0.7": "en", "en;q=0, es;q=0.1": "es", "*": "en", "ja": "en", "ar-SA": "ar", "zh-Hans-CN": "zh", ";;,,;q=": "en",
	} {
		if got := assets.Language(header); got != want {
			t.Errorf("Accept-Language %q gives %s, want %s", header, got, want)
		}
	}
	if got := assets.Language("ja", "es-AR"); got != "es" {
		t.Errorf("the second choice gives %s", got)
	}
}

func FuzzLanguage(f *testing.F) {
	f.Add("es-MX,es;q=0.9,en;q=0.8")
	f.Fuzz(func(t *testing.T, header string) {
		if got := assets.Language(header); len(got) != 2 {
			t.Errorf("%q gives %q", header, got)
		}
	})
}

func TestServe(t *testing.T) {
	gin.SetMode(gin.TestMode)
	r := gin.New()
	assets.Mount(r)
	ask := func(url string, header ...string) *httptest.ResponseRecorder {
		req := httptest.NewRequest(http.MethodGet, url, nil)
		for i := 0; i+1 < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		return w
	}
	w := ask(assets.URL("tokens.css"), "Accept-Encoding", "gzip")
	if w.Code != 200 || w.Header().Get("Content-Encoding") != "gzip" || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("a versioned file: %d %v", w.Code, w.Header())
	}
	if again := ask(assets.URL("tokens.css"), "Accept-Encoding", "gzip", "If-None-Match", w.Header().Get("ETag")); again.Code != http.StatusNotModified {
		t.Errorf("the same ETag: %d, want 304", again.Code)
	}
	if w := ask("/assets/tokens.css?v=old"); w.Code != 200 || strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("another version: %d %v", w.Code, w.Header())
	}
	if w := ask("/assets/nothing.css"); w.Code != 404 {
		t.Errorf("no such file: %d", w.Code)
	}
}

func TestSecure(t *testing.T) {
	h := http.Header{}
	assets.Secure(h, assets.Policy{FormAction: []string{"https://checkout.stripe.com"}})
	csp := h.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'self'", "form-action 'self' https://checkout.stripe.com", "frame-ancestors 'none'"} {
		if !strings.Contains(csp, want) {
			t.Errorf("the policy %q lacks %q", csp, want)
		}
	}
	if strings.Contains(csp, "unsafe") || h.Get("X-Frame-Options") != "DENY" {
		t.Errorf("the headers are too kind: %v", h)
	}
}
