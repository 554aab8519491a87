package sandbox

import (
	"errors"
	"math"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76/webhook"
	"pgregory.net/rapid"
)

func TestAmountsInTheirCurrencysForm(t *testing.T) {
	for _, c := range []struct {
		amount         int64
		currency, want string
	}{
		{700, "eur", "€7.00"}, {5, "usd", "$0.05"}, {125000, "GBP", "£1,250.00"}, {1250, "jpy", "¥1,250"}, {0, "jpy", "¥0"},
		{1250, "kwd", "KWD\u00a01.250"}, {7, "bhd", "BHD\u00a00.007"}, {100, "isk", "ISK\u00a01.00"}, {-50, "eur", "−€0.50"},
		{math.MinInt64, "eur", "−€92,233,720,368,547,758.08"}, {math.MaxInt64, "krw", "KRW\u00a09,223,372,036,854,775,807"},
	} {
		if got := formatMoney(c.amount, c.currency); got != c.want {
			t.Errorf("%d %s: %q, want %q", c.amount, c.currency, got, c.want)
		}
	}
}

func TestSignatureIsTheOneThatStripeGoChecks(t *testing.T) {
	body := []byte(`{"id":"evt_1"}`)
	if err := webhook.ValidatePayload(body, Sign(body, "whsec_x", time.Now()), "whsec_x"); err != nil {
		t.Error(err)
	}
	if err := webhook.ValidatePayload(body, Sign(body, "whsec_x", time.Now()), "whsec_y"); err == nil {
		t.Error("a wrong secret passed")
	}
}

func TestNestedParameters(t *testing.T) {
	f, err := parseForm("a[b][0][c]=1&a[b][1][c]=2&expand[]=x&expand[]=y&m[k%20l]=v&empty=")
	if err != nil {
		t.Fatal(err)
	}
	if f["a[b][1][c]"] != "2" || strings.Join(f.list("expand"), " ") != "x y" || f["m[k l]"] != "v" {
		t.Errorf("%v", f)
	}
	if got := f.indexes("a[b]"); len(got) != 2 || got[1] != 1 {
		t.Errorf("indexes %v", got)
	}
	for _, raw := range []string{"a[b", "a]b=1", "[x]=1", "a[[b]]=1", "a[b]c=1", "%zz=1", "a[][b]=1", strings.Repeat("a", 1) + strings.Repeat("[x]", 9) + "=1"} {
		var refusal *apiError
		if _, err := parseForm(raw); !errors.As(err, &refusal) {
			t.Errorf("%q passed: %v", raw, err)
		}
	}
}

func TestAnyParametersAreReadOrRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		form := url.Values{}
		for range rapid.IntRange(0, 8).Draw(t, "n") {
			name := rapid.StringMatching(`(line_items|metadata|expand|x)(\[[a-z0-9_]{0,4}\]){0,3}`).Draw(t, "name")
			form.Add(name, rapid.String().Draw(t, "value"))
		}
		f, err := parseForm(form.Encode())
		if err != nil {
			var refusal *apiError
			if !errors.As(err, &refusal) {
				t.Fatalf("refused without a reason for the caller: %v", err)
			}
			return
		}
		if again, err := parseForm(form.Encode()); err != nil || again.print("POST", "/") != f.print("POST", "/") {
			t.Fatalf("one request, two prints: %v", err)
		}
		f.allow(strings.Fields(sessionParams)...)
		f.indexes("line_items")
		f.metadata("metadata")
	})
}

func TestQueueKeepsAGroupsOrder(t *testing.T) {
	q, now := newQueue(), time.Now()
	var all []*delivery
	for _, group := range []string{"a", "b", "a", "a"} {
		d := &delivery{ID: newID("whd_", 8), Group: group}
		all = append(all, d)
		q.push(d, now)
	}
	first, second := q.take(now), q.take(now)
	if first != all[0] || second != all[1] || q.take(now) != nil {
		t.Fatal("not one of each group")
	}
	q.release(first)
	if got := q.take(now); got != all[2] {
		t.Error("the second of group a did not follow")
	}
	q.release(all[2])
	if got := q.take(now); got != all[3] {
		t.Error("the third of group a did not follow")
	}
}

func TestManyEventsAreForgottenOldestFirst(t *testing.T) {
	s := newState()
	for i := range 21_500 {
		e := &event{ID: newID("evt_", 12), Created: int64(i)}
		s.events.put(e)
		if i == 3 {
			s.deliveries.put(&delivery{ID: "whd_1", Event: e.ID})
		}
	}
	s.trim()
	left := s.events.all()
	if len(left) != 20_001 || left[0].Created != 3 {
		t.Errorf("%d events left, the oldest from %d", len(left), left[0].Created)
	}
}

func TestOldAnswersAndDeliveriesAreForgotten(t *testing.T) {
	s, now := newState(), time.Now()
	old := now.Add(-4 * 24 * time.Hour).Unix()
	s.apply(&record{
		Answers:    []*answer{{Key: "old", Created: old}, {Key: "new", Created: now.Unix()}},
		Events:     []*event{{ID: "evt_old", Created: old}, {ID: "evt_new", Created: now.Unix()}},
		Deliveries: []*delivery{{ID: "whd_old", Event: "evt_old"}, {ID: "whd_new", Event: "evt_new"}, {ID: "whd_lost", Event: "evt_lost"}},
	})
	s.outlive(now)
	if len(s.answers.byID) != 1 || len(s.deliveries.byID) != 1 || len(s.events.byID) != 2 || s.deliveries.byID["whd_new"] == nil {
		t.Errorf("%d answers, %d deliveries, %d events", len(s.answers.byID), len(s.deliveries.byID), len(s.events.byID))
	}
}
