package whatsapp

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"sotto.chat/channels"
)

func TestWhatCannotBeAskedInTheChatGoesAsALink(t *testing.T) {
	for name, change := range map[string]func(map[string]string, *channels.PayRequest){
		"another currency":       func(_ map[string]string, r *channels.PayRequest) { r.Currency = "USD" },
		"no region":              func(s map[string]string, _ *channels.PayRequest) { delete(s, payRegion) },
		"payments off":           func(s map[string]string, _ *channels.PayRequest) { s[payRegion] = none },
		"no method":              func(s map[string]string, _ *channels.PayRequest) { delete(s, payMethods) },
		"nothing bought":         func(_ map[string]string, r *channels.PayRequest) { r.Items = nil },
		"a long reference":       func(_ map[string]string, r *channels.PayRequest) { r.Reference += "WXYZ" },
		"a strange reference":    func(_ map[string]string, r *channels.PayRequest) { r.Reference = "a/b" },
		"a sum that is off":      func(_ map[string]string, r *channels.PayRequest) { r.Total++ },
		"a subtotal that is off": func(_ map[string]string, r *channels.PayRequest) { r.Subtotal, r.Total = r.Subtotal-1, r.Total-1 },
		"a gift": func(_ map[string]string, r *channels.PayRequest) {
			r.Items[0].Unit, r.Items[0].Total, r.Subtotal, r.Total = 0, 0, 0, 800
		},
		"more than the price": func(_ map[string]string, r *channels.PayRequest) { r.Discount, r.Total = 30000, -8500 },
		"goods to nowhere":    func(s map[string]string, _ *channels.PayRequest) { s[payGoods] = "physical" },
		"goods to half an address": func(s map[string]string, r *channels.PayRequest) {
			s[payGoods], r.To = "physical", &channels.PayAddress{Name: "Nidhi", Line1: "One BKC", City: "Mumbai"}
		},
		"too many items": func(_ map[string]string, r *channels.PayRequest) { r.Items = slices.Repeat(r.Items, 201) },
	} {
		settings, r := withSettings(india), request("INR")
		change(settings, r)
		if got := kinds(bodiesOf(t, settings, indian_, asking(r))); !slices.Equal(got, []string{"cta_url"}) {
			t.Errorf("%s: %v", name, got)
		}
	}
	for name, to := range map[string][]channels.Party{"a number of another country": {{Kind: "phone", Value: "15550001"}, {Kind: "bsuid", Value: "IN.1"}},
		"an id of another country": {{Kind: "bsuid", Value: "US.1"}}} {
		if got := kinds(bodiesOf(t, withSettings(india), to, asking(request("INR")))); slices.Contains(got, "order_details") {
			t.Errorf("%s: %v", name, got)
		}
	}
	r := request("INR")
	r.ExpiresAt = time.Now().Add(4 * time.Minute)
	if got := kinds(bodiesOf(t, withSettings(india), indian_, asking(r))); slices.Contains(got, "order_details") {
		t.Errorf("a request that ends in four minutes: %v", got)
	}
	if got := kinds(bodiesOf(t, withSettings(brazil, payMethods, byBoleto), brazilian, asking(request("BRL")))); !slices.Equal(got, []string{"cta_url"}) {
		t.Errorf("a boleto without its line: %v", got)
	}
}

func TestPhysicalGoodsInIndiaNameWhoGetsThem(t *testing.T) {
	r := request("INR")
	r.To = &channels.PayAddress{Name: "Nidhi", Line1: "One BKC", City: "Mumbai", Region: "Maharashtra", PostalCode: "400051", Country: "IN"}
	list := bodiesOf(t, withSettings(india, payGoods, "physical"), indian_, asking(r))
	who, _ := place(list[1], "interactive", "action", "parameters", "beneficiaries").([]any)
	if len(who) != 1 || place(who[0], "country") != "India" || place(who[0], "state") != "Maharashtra" || place(who[0], "address_line1") != "One BKC" {
		t.Errorf("%v", who)
	}
}

func TestMoreThanTenItemsGoWithoutAPicture(t *testing.T) {
	r := request("INR")
	r.Items = slices.Repeat(r.Items, 11)
	r.Subtotal, r.Total = r.Subtotal*11, r.Subtotal*11+800
	c := asking(r)
	c.Media = []channels.Media{{Kind: "image", URL: "https://shop.example/cake.jpg"}}
	list := bodiesOf(t, withSettings(india), indian_, c)
	if len(list) != 2 || place(list[1], "interactive", "header") != nil {
		t.Errorf("%v", list)
	}
}

func TestMovesOfAnOrder(t *testing.T) {
	under := []string{statusProcessing, statusPartly, statusShipped}
	for _, from := range append(under, statusPending, statusCompleted, statusCanceled, "") {
		for _, to := range append(under, statusPending, statusCompleted, statusCanceled, "") {
			open := from == statusPending || slices.Contains(under, from)
			want := open && from != to && (slices.Contains(under, to) || to == statusCompleted || to == statusCanceled)
			if follows(from, to, false) != want {
				t.Errorf("from %q to %q: %v", from, to, !want)
			}
			if want = want && to != statusCanceled; follows(from, to, true) != want {
				t.Errorf("paid, from %q to %q: %v", from, to, !want)
			}
		}
	}
}

func TestEachRegionSpellsAndBothAreRead(t *testing.T) {
	for name, want := range map[string]string{brazil: "partially-shipped", india: "partially_shipped"} {
		list := bodiesOf(t, withSettings(name), brazilian, channels.Content{Text: "A part is on its way.",
			Pay: &channels.PayRequest{Reference: "REF1", Status: "partially_shipped", Was: "processing", Paid: true}})
		if got := place(list[0], "interactive", "action", "parameters", "order", "status"); got != want {
			t.Errorf("%s: %v", name, got)
		}
		if statusOf(want) != statusPartly {
			t.Errorf("%s is not read", want)
		}
	}
	for s, want := range map[string]string{"cancelled": "canceled", "canceled": "canceled", " Shipped": "shipped", "lost": ""} {
		if statusOf(s) != want {
			t.Errorf("%q: %q", s, statusOf(s))
		}
	}
}

func TestAMoveThatMetaRefusesIsSaidInWords(t *testing.T) {
	for _, r := range []channels.PayRequest{
		{Reference: "REF1", Status: "canceled", Was: "processing", Paid: true}, {Reference: "REF1", Status: "processing", Was: "completed"},
		{Reference: "REF1", Status: "shipped", Was: "shipped"}, {Reference: "a b", Status: "shipped"}, {Reference: "REF1", Status: "lost"},
	} {
		c := channels.Content{Text: "It goes on.", Buttons: choices(1), Pay: &r}
		if got := kinds(bodiesOf(t, withSettings(india), indian_, c)); !slices.Equal(got, []string{"button"}) {
			t.Errorf("%+v: %v", r, got)
		}
	}
	c := channels.Content{Text: "It goes on.", Buttons: choices(1), Pay: &channels.PayRequest{Reference: "REF1", Status: "canceled"}}
	if got := kinds(bodiesOf(t, withSettings(india), indian_, c)); !slices.Equal(got, []string{"order_status", "button"}) {
		t.Errorf("%v", got)
	}
}

func TestSettingsOfPayments(t *testing.T) {
	wrong := func(s map[string]string) (bad []string) {
		for _, w := range New("", nil).Wants() {
			if w.Check == nil {
				continue
			}
			if why := w.Check(s[w.Name], s); why != "" {
				bad = append(bad, fmt.Sprintf("%s %s", w.Name, why))
			}
		}
		return bad
	}
	for name, s := range map[string]map[string]string{"nothing": {}, "off": {payRegion: none}, "brazil": withSettings(brazil, payMethods, "pix, payment_link,boleto"),
		"india": withSettings(india), "a catalog": {payRegion: india, payMethods: byUPI, payConfiguration: "x", catalogID: "7"}} {
		if bad := wrong(s); len(bad) > 0 {
			t.Errorf("%s: %v", name, bad)
		}
	}
	for name, s := range map[string]map[string]string{
		"another country":           {payRegion: "us", payMethods: "x"},
		"no methods":                {payRegion: brazil},
		"no region":                 {payMethods: byPix},
		"another region's method":   withSettings(brazil, payMethods, "razorpay"),
		"two in India":              withSettings(india, payMethods, "razorpay,payu"),
		"no configuration":          withSettings(india, payConfiguration, ""),
		"a long configuration":      withSettings(india, payConfiguration, fmt.Sprintf("%061d", 1)),
		"no importer":               withSettings(india, importerName, ""),
		"no Pix key":                withSettings(brazil, payMethods, byPix, pixKey, ""),
		"a Pix key of another kind": withSettings(brazil, pixKeyType, "CPF"),
		"a kind that is none":       withSettings(brazil, pixKeyType, "IBAN"),
		"an accent":                 withSettings(brazil, pixCity, "São Paulo"),
		"no VPA":                    withSettings(india, payMethods, byUPILink, upiVPA, ""),
		"a VPA that is none":        withSettings(india, upiVPA, "shop"),
	} {
		if len(wrong(s)) == 0 {
			t.Errorf("%s is not refused", name)
		}
	}
}
