package whatsapp

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sotto.chat/channels"
	"sotto.chat/channels/fit"
	"sotto.chat/channels/whatsapp/pix"
	"sotto.chat/internal/testkit"
)

var (
	brazilian = []channels.Party{{Kind: "phone", Value: "5511987654321"}}
	indian_   = []channels.Party{{Kind: "bsuid", Value: "IN.1349"}}
)

// withSettings gives a region's settings with more on top.
func withSettings(region string, more ...string) map[string]string {
	s := map[string]string{payRegion: region, payGoods: "digital"}
	if region == brazil {
		maps.Copy(s, map[string]string{payMethods: byLink, pixKey: "39580525000189", pixKeyType: pix.CNPJ, pixName: "Padaria", pixCity: "RECIFE"})
	} else {
		maps.Copy(s, map[string]string{payMethods: "razorpay", payConfiguration: "prod", countryOfOrigin: "India", importerName: "Imports",
			importerLine1: "One BKC", importerLine2: "Bandra", importerCity: "Mumbai", importerZone: "MH", importerPostal: "400051", importerCountry: "IN",
			upiVPA: "shop@okbank", upiName: "The Shop", upiCode: "5812", upiPurpose: "00"})
	}
	for i := 0; i+1 < len(more); i += 2 {
		s[more[i]] = more[i+1]
	}
	return s
}

// request is a request for money whose sums are right.
func request(currency string) *channels.PayRequest {
	return &channels.PayRequest{Reference: "0123456789ABCDEFGHJKMNPQRSTVWXYZ", Currency: currency, URL: "https://shop.example/pay/x",
		Items:    []channels.PayItem{{SKU: "CAKE", Name: "Cake", Quantity: 2, Unit: 10000, Total: 20000, List: 12000}},
		Subtotal: 20000, Tax: 1000, Shipping: 500, Discount: 700, Total: 20800, ExpiresAt: time.Now().Add(time.Hour)}
}

func asking(r *channels.PayRequest) channels.Content {
	return channels.Content{Text: "Order 7 waits.", Links: []channels.Link{{Label: "Pay ₹208.00", URL: r.URL}}, Pay: r}
}

// paths lists where a document has what: each place with the kind of its value. Places of a list are one.
func paths(v any, at string, into map[string]string) map[string]string {
	switch t := v.(type) {
	case map[string]any:
		for k, e := range t {
			paths(e, at+"."+k, into)
		}
	case []any:
		for _, e := range t {
			paths(e, at+"[]", into)
		}
	default:
		into[at] = fmt.Sprintf("%T", v)
	}
	return into
}

func metaExample(t *testing.T, name string) map[string]any {
	t.Helper()
	raw, err := os.ReadFile(testkit.Shared(t, "fixtures", "whatsapp", "meta-docs-examples", "kapso-mirror-2025-12", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// optional are the ends of paths that Meta's tables mark as optional and this shop has no words for.
var optional = []string{".footer.text", ".provider.name", ".description", ".discount_program_name", ".image.id"}

// own are the paths that examples leave out where Meta's tables, or the other region's examples, have them: what an order needs to say
// when it ends, what it costs to send, and what is off.
var own = []string{".order.expiration.timestamp", ".order.shipping.value", ".order.shipping.offset", ".order.discount.value", ".order.discount.offset",
	".items[].sale_amount.value", ".items[].sale_amount.offset"}

func same(t *testing.T, name string, example, got any) {
	t.Helper()
	want, have := paths(example, "", map[string]string{}), paths(got, "", map[string]string{})
	for p, kind := range want {
		if slices.ContainsFunc(optional, func(end string) bool { return strings.HasSuffix(p, end) }) {
			continue
		}
		if have[p] != kind {
			t.Errorf("%s: Meta's example has a %s at %s, this has %q", name, kind, p, have[p])
		}
	}
	for p, kind := range have {
		switch {
		case want[p] == "" && slices.ContainsFunc(own, func(end string) bool { return strings.HasSuffix(p, end) }):
		case want[p] == "" && p == ".header.image.link": // the example has the picture's id in its place
		case want[p] != kind:
			t.Errorf("%s: this has a %s at %s, Meta's example has %q", name, kind, p, want[p])
		}
	}
}

func TestRequestsForMoneyHaveTheShapeOfMetasExamples(t *testing.T) {
	for name, settings := range map[string]map[string]string{
		"payments__payments-br__offsite-pix__01":             withSettings(brazil, payMethods, byPix),
		"payments__payments-br__payment-links__01":           withSettings(brazil),
		"payments__payments-br__orders__01":                  withSettings(brazil),
		"payments__payments-br__boleto__01":                  withSettings(brazil, payMethods, byBoleto),
		"payments__payments-in__pg__01":                      withSettings(india, payMethods, "billdesk", catalogID, "77"),
		"payments__payments-in__pg__02":                      withSettings(india, payMethods, "razorpay", catalogID, "77"),
		"payments__payments-in__pg__03":                      withSettings(india, payMethods, "payu"),
		"payments__payments-in__pg__04":                      withSettings(india, payMethods, "zaakpay"),
		"payments__payments-in__payment-links__01":           withSettings(india, payMethods, byLink, catalogID, "77"),
		"payments__payments-in__payment-links__02":           withSettings(india, payMethods, byLink),
		"payments__payments-in__upi-intent__02":              withSettings(india, payMethods, byUPI, catalogID, "77"),
		"payments__payments-in__upi-intent__03":              withSettings(india, payMethods, byUPI),
		"payments__payments-in__upi-intent__dynamic-vpa__01": withSettings(india, payMethods, byUPILink),
	} {
		reg, _ := regionOf(settings[payRegion])
		r, to := request(reg.currency), brazilian
		if settings[payRegion] == india {
			to = indian_
		}
		r.Data = map[string]string{boletoLine: "03399026944140000002628346101018898510000008848"}
		c := asking(r)
		c.Media = []channels.Media{{Kind: "image", URL: "https://shop.example/cake.jpg"}}
		if settings[payRegion] == brazil {
			c.Media = nil // no example of Brazil's has a picture
		}
		list := bodiesOf(t, settings, to, c)
		if got := kinds(list); !slices.Equal(got, []string{"cta_url", "order_details"}) {
			t.Errorf("%s: %v", name, got)
			continue
		}
		example := metaExample(t, name)
		same(t, name, withoutOwnFields(example["interactive"], settings[payMethods]), withoutOwnFields(list[1]["interactive"], settings[payMethods]))
	}
}

// withoutOwnFields takes out of a gateway what a merchant may fill freely: the examples fill every such field, we fill one.
func withoutOwnFields(v any, method string) any {
	raw, _ := json.Marshal(v)
	var m map[string]any
	_ = json.Unmarshal(raw, &m)
	parameters := m["action"].(map[string]any)["parameters"].(map[string]any)
	if list, ok := parameters["payment_settings"].([]any); ok {
		if g, ok := list[0].(map[string]any)["payment_gateway"].(map[string]any); ok {
			g[method] = "its own"
		}
	}
	return m
}

func TestOrderStatusHasTheShapeOfMetasExamples(t *testing.T) {
	for name, settings := range map[string]map[string]string{
		"payments__payments-br__orders__02": withSettings(brazil), "payments__payments-in__pg__10": withSettings(india),
		"payments__payments-in__payment-links__06": withSettings(india), "payments__payments-in__upi-intent__06": withSettings(india),
		"payments__payments-in__upi-intent__dynamic-vpa__05": withSettings(india),
	} {
		r := &channels.PayRequest{Reference: "REF1", Status: "processing", Paid: true, PaidAt: time.Unix(1722445231, 0)}
		list := bodiesOf(t, settings, brazilian, channels.Content{Text: "It is paid.", Pay: r})
		if got := kinds(list); !slices.Equal(got, []string{"order_status"}) {
			t.Errorf("%s: %v", name, got)
			continue
		}
		same(t, name, metaExample(t, name)["interactive"], list[0]["interactive"])
	}
}

// place follows keys and, into a list, its first element.
func place(v any, keys ...string) any {
	for _, k := range keys {
		if list, ok := v.([]any); ok && len(list) > 0 {
			v = list[0]
		}
		m, _ := v.(map[string]any)
		v = m[k]
	}
	return v
}

func sumOf(v any) int64 {
	m, ok := v.(map[string]any)
	if !ok {
		return 0
	}
	return int64(m["value"].(float64))
}

// Whatever is ordered, a request that goes out adds up as Meta demands, within every limit; and every other goes as the link alone.
func TestRequestsAddUp(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		name := rapid.SampledFrom([]string{brazil, india}).Draw(r, "region")
		settings := withSettings(name, payMethods, rapid.SampledFrom([]string{byLink, byPix, "razorpay", byUPI, byUPILink}).Draw(r, "method"))
		reg, _ := regionOf(name)
		req := &channels.PayRequest{Reference: rapid.StringMatching(`[A-Z0-9]{10,70}`).Draw(r, "reference"), URL: "https://shop.example/pay/x",
			Currency: rapid.SampledFrom([]string{reg.currency, reg.currency, reg.currency, "USD"}).Draw(r, "currency"),
			Tax:      rapid.Int64Range(0, 5000).Draw(r, "tax"), Shipping: rapid.Int64Range(0, 5000).Draw(r, "shipping"), ExpiresAt: time.Now().Add(time.Hour)}
		for range rapid.IntRange(0, 12).Draw(r, "items") {
			i := channels.PayItem{SKU: "S", Name: rapid.StringMatching(`[A-Za-zãé日 ]{0,80}`).Draw(r, "name"), Quantity: rapid.Int64Range(1, 20).Draw(r, "quantity"),
				Unit: rapid.Int64Range(0, 500000).Draw(r, "unit"), List: rapid.Int64Range(0, 600000).Draw(r, "list")}
			i.Total = i.Unit * i.Quantity
			req.Items = append(req.Items, i)
			req.Subtotal += i.Total
		}
		req.Discount = rapid.Int64Range(0, 4000).Draw(r, "discount")
		req.Total = req.Subtotal + req.Tax + req.Shipping - req.Discount + rapid.SampledFrom([]int64{0, 0, 0, 0, 1, -1}).Draw(r, "off by")
		to := brazilian
		if name == india {
			to = indian_
		}
		list := bodiesOf(t, settings, to, asking(req))
		if len(list) == 1 {
			if kinds(list)[0] != "cta_url" {
				r.Fatalf("%v", list)
			}
			return
		}
		if kinds(list)[1] != "order_details" {
			r.Fatalf("%v", kinds(list))
		}
		p := place(list[1], "interactive", "action", "parameters").(map[string]any)
		order := p["order"].(map[string]any)
		var subtotal int64
		for _, i := range order["items"].([]any) {
			unit := sumOf(place(i, "amount"))
			if sale := place(i, "sale_amount"); sale != nil {
				if sumOf(sale) >= unit {
					r.Fatalf("%v is no lower price", i)
				}
				unit = sumOf(sale)
			}
			subtotal += unit * int64(place(i, "quantity").(float64))
			if n := place(i, "name").(string); n == "" || fit.Units(n) > 60 || unit < 1 {
				r.Fatalf("%v", i)
			}
		}
		if order["tax"] == nil || subtotal != sumOf(order["subtotal"]) || len(order["items"].([]any)) == 0 ||
			sumOf(p["total_amount"]) != subtotal+sumOf(order["tax"])+sumOf(order["shipping"])-sumOf(order["discount"]) {
			r.Fatalf("%v", p)
		}
		walkNumbers(p, func(key string, n float64) {
			if key == "offset" && n != 100 {
				r.Fatalf("offset %v", n)
			}
		})
		until, err := strconv.ParseInt(place(order, "expiration", "timestamp").(string), 10, 64)
		if err != nil || until < time.Now().Unix()+300 || p["currency"] != reg.currency || len(p["reference_id"].(string)) > reg.reference {
			r.Fatalf("%v", p)
		}
	})
}

func walkNumbers(v any, f func(key string, n float64)) {
	switch t := v.(type) {
	case map[string]any:
		for k, e := range t {
			if n, ok := e.(float64); ok {
				f(k, n)
			}
			walkNumbers(e, f)
		}
	case []any:
		for _, e := range t {
			walkNumbers(e, f)
		}
	}
}
