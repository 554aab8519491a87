package sandbox_test

import (
	"math"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stripe/stripe-go/v76"
)

func TestPageShowsWhatIsPaid(t *testing.T) {
	sh := open(t, newReceiver(t), nil)
	p := params(1250, "jpy")
	p.LineItems[0].Quantity = stripe.Int64(3)
	p.LineItems[0].PriceData.ProductData.Name = stripe.String(`<script>alert("tea")</script>`)
	p.ShippingOptions = []*stripe.CheckoutSessionShippingOptionParams{{ShippingRateData: &stripe.CheckoutSessionShippingOptionShippingRateDataParams{
		DisplayName: stripe.String("By bicycle"), Type: stripe.String("fixed_amount"),
		FixedAmount: &stripe.CheckoutSessionShippingOptionShippingRateDataFixedAmountParams{Amount: stripe.Int64(500), Currency: stripe.String("jpy")}}}}
	sess, err := sh.api.CheckoutSessions.New(p)
	if err != nil {
		t.Fatal(err)
	}
	if sess.AmountTotal != 4250 || sess.TotalDetails.AmountShipping != 500 {
		t.Errorf("total %d", sess.AmountTotal)
	}
	status, page, h := sh.page("/c/pay/" + sess.ID)
	for _, want := range []string{sess.ID, "Sandbox – no real money", "¥4,250", "¥3,750", "3 × ¥1,250", "By bicycle", "Café Quiet", ">Approve</button>",
		">Decline</button>", `<form method="post" action="/c/pay/` + sess.ID + `/approve">`, `lang="en"`, "&lt;script&gt;", "https://shop.example/back"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if status != http.StatusOK || strings.Contains(page, "<script") || strings.Contains(page, "style=") {
		t.Errorf("%d\n%s", status, page)
	}
	policy := h.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "style-src 'self'", "frame-ancestors 'none'", "form-action 'self' https://shop.example"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy lacks %q: %s", want, policy)
		}
	}
	if strings.Contains(policy, "unsafe") || h.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", h)
	}
	if status, css, _ := sh.page("/c/pay/style.css"); status != http.StatusOK || !strings.Contains(css, ":focus-visible") {
		t.Errorf("style: %d", status)
	}
}

func TestPageOfADeadSessionHasNoForm(t *testing.T) {
	sh := open(t, newReceiver(t), nil)
	paid, expired := sh.paid(700), sh.session(700)
	if err := sh.Expire(expired.ID); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		id, says string
		status   int
	}{{paid.ID, "Paid", 200}, {expired.ID, "expired", 200}, {"cs_test_none", "no payment", 404}} {
		status, page, _ := sh.page("/c/pay/" + c.id)
		if status != c.status || !strings.Contains(page, c.says) || strings.Contains(page, "<form") {
			t.Errorf("%s: %d\n%s", c.id, status, page)
		}
	}
	// Whoever came by no chat is sent to none: each page names the shop, and leads back to its own page.
	failed := sh.session(700)
	sh.press(failed.ID, "delay")
	sh.press(failed.ID, "bounce")
	for id, back := range map[string]string{paid.ID: "/done", expired.ID: "/back", failed.ID: "/back", "cs_test_none": ""} {
		if _, page, _ := sh.page("/c/pay/" + id); strings.Contains(page, "chat") || back != "" && !strings.Contains(page, `<p class="back"><a href="https://shop.example`+back) {
			t.Errorf("%s:\n%s", id, page)
		}
	}
	// A second click leads where the first one led.
	if res, _ := sh.press(paid.ID, "decline"); res.Header.Get("Location") != "https://shop.example/done?s="+paid.ID {
		t.Errorf("second click: %d %s", res.StatusCode, res.Header.Get("Location"))
	}
	if res, _ := sh.press("cs_test_none", "approve"); res.StatusCode != http.StatusNotFound {
		t.Errorf("unknown session: %d", res.StatusCode)
	}
}

func TestAnotherSitesPageCannotApprove(t *testing.T) {
	sh := open(t, newReceiver(t), nil)
	sess := sh.session(700)
	req, _ := http.NewRequest("POST", sh.server.URL+"/c/pay/"+sess.ID+"/approve", nil)
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusForbidden || sh.get(sess.ID).Status != "open" {
		t.Errorf("%d, session %s", res.StatusCode, sh.get(sess.ID).Status)
	}
}

// TestColoursHaveContrast holds both palettes to WCAG 2.2 AA (www.w3.org/TR/WCAG22/#contrast-minimum).
func TestColoursHaveContrast(t *testing.T) {
	css, err := os.ReadFile("page.css")
	if err != nil {
		t.Fatal(err)
	}
	roots := regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllStringSubmatch(string(css), -1)
	if len(roots) != 2 {
		t.Fatalf("%d palettes", len(roots))
	}
	for i, name := range []string{"light", "dark"} {
		colours := map[string]float64{}
		for _, m := range regexp.MustCompile(`--([a-z0-9-]+): (#[0-9a-f]{6})`).FindAllStringSubmatch(roots[i][1], -1) {
			colours[m[1]] = luminance(m[2])
		}
		for _, pair := range []string{"ink sheet", "ink-2 sheet", "ink paper", "accent sheet", "accent-ink accent", "stop sheet", "good sheet", "warn warn-paper"} {
			front, back, _ := strings.Cut(pair, " ")
			a, b := colours[front], colours[back]
			if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 4.5 {
				t.Errorf("%s: %s on %s is %.2f, below 4.5", name, front, back, ratio)
			}
		}
	}
}

func luminance(hex string) float64 {
	channel := func(at int) float64 {
		n, _ := strconv.ParseUint(hex[at:at+2], 16, 8)
		v := float64(n) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(1) + 0.7152*channel(3) + 0.0722*channel(5)
}
