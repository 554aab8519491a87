package reconcile_test

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"sotto.chat/internal/testkit"
	"sotto.chat/payments/reconcile"
)

const tradeBill = "\ufeff交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\n" +
	"`2026-03-01 00:30:00,`wx1,`1900000001,`0,`,`4200000001,`REF1,`openid,`JSAPI,`SUCCESS,`BANK,`CNY,`12.50,`0.00,`0,`0,`0.00,`0.00,`,`,`Tea, green,`,`0.08000,`0.60%,`12.50,`0.00,`\n" +
	"`2026-03-01 12:00:00,`wx1,`1900000001,`0,`,`4200000001,`REF1,`openid,`JSAPI,`REFUND,`BANK,`CNY,`0.00,`0.00,`5000000001,`ref_1,`2.50,`0.00,`ORIGINAL,`SUCCESS,`Tea,`,`-0.02000,`0.60%,`0.00,`2.50,`\n" +
	"总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\n`2,`12.50,`2.50,`0.00,`0.06000,`12.50,`2.50\n"

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func TestTradeBill(t *testing.T) {
	good := tradeBill // with a comma in the name of the goods
	list, err := reconcile.Read(reconcile.File{Provider: "wechat", Raw: []byte(good)})
	if err != nil || len(list) != 1 || len(list[0].Lines) != 2 {
		t.Fatal(list, err)
	}
	s := list[0]
	if s.Account != "1900000001" || !s.From.Equal(time.Date(2026, 2, 28, 16, 0, 0, 0, time.UTC)) || s.To.Sub(s.From) != 24*time.Hour {
		t.Errorf("%+v", s)
	}
	paid, back := s.Lines[0], s.Lines[1]
	if paid.Kind != reconcile.Payment || paid.Coin != "4200000001" || paid.Reference != "REF1" || paid.Amount != 1250 || paid.Fee != 8 || paid.Net != 1242 || paid.Currency != "CNY" {
		t.Errorf("%+v", paid)
	}
	if back.Kind != reconcile.RefundLine || back.Amount != -250 || back.Fee != -2 || back.Refund != "5000000001" || back.OurRefund != "ref_1" || back.Coin != paid.Coin {
		t.Errorf("%+v", back)
	}
	for _, cut := range []string{good[:strings.Index(good, "总交易单数")], strings.Replace(good, "`2,`12.50", "`3,`12.50", 1)} {
		if _, err := reconcile.Read(reconcile.File{Provider: "wechat", Raw: []byte(cut)}); !errors.Is(err, reconcile.ErrStatement) {
			t.Error("a bill that was cut off:", err)
		}
	}
}

func TestStars(t *testing.T) {
	raw := `{"ok":true,"result":{"transactions":[
		{"id":"a","amount":50,"date":1772323200,"source":{"type":"user","transaction_type":"invoice_payment","user":{"id":1},"invoice_payload":"REF1"}},
		{"id":"a","amount":50,"date":1772326800,"receiver":{"type":"user","transaction_type":"invoice_payment","user":{"id":1}}},
		{"id":"w","amount":1000,"date":1772330400,"receiver":{"type":"fragment"}},
		{"id":"x","amount":3,"nanostar_amount":5,"date":1772330400,"source":{"type":"other"}},
		{"id":"y","amount":7,"date":1772330400,"receiver":{"type":"telegram_ads"}}]}}`
	list, err := reconcile.Read(reconcile.File{Provider: "stars", Raw: []byte(raw)})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	var got []string
	for _, l := range list[0].Lines {
		got = append(got, l.Kind+" "+l.ID)
		if l.Currency != reconcile.Stars || l.Net != l.Amount {
			t.Errorf("%+v", l)
		}
	}
	if s := strings.Join(got, ", "); s != "payment in:a, refund out:a, payout out:w, unknown in:x, fee out:y" {
		t.Error(s)
	}
	// The outside specification names the fields that are read here.
	spec, err := os.ReadFile(testkit.Shared(t, "fixtures", "telegram", "spec-PaulSonOfLars", "api.json"))
	if err != nil {
		t.Fatal(err)
	}
	_, fields, _ := strings.Cut(string(spec), `"StarTransaction": {`)
	fields, _, _ = strings.Cut(fields, `"StarTransactions": {`)
	for _, name := range []string{"id", "amount", "nanostar_amount", "date", "source", "receiver"} {
		if !strings.Contains(fields, `"name": "`+name+`"`) {
			t.Errorf("the specification of StarTransaction has no %s", name)
		}
	}
}

func TestPlain(t *testing.T) {
	const head = "id,kind,coin,amount,fee,currency,at\n"
	for name, c := range map[string]struct {
		raw  string
		want string // of the first line: kind, id, amount, fee, net; or nothing for a refusal
	}{
		"a payment":            {head + "1,payment,E1,12.50,0.30,BRL,2026-01-31T10:00:00Z", "payment 1 1250 30 1220"},
		"money that went out":  {head + "2,refund,E1,-3,,BRL,2026-01-31", "refund 2 -300 0 -300"},
		"no digits":            {head + "3,payment,E1,1250,,JPY,2026-01-31", "payment 3 1250 0 1250"},
		"a word of their own":  {head + "4,Estorno,E1,-3,,BRL,2026-01-31", "unknown 4 -300 0 -300"},
		"no id":                {head + ",payment,E1,3,,BRL,2026-01-31", "payment E1 300 0 300"},
		"a fine fee":           {head + "5,payment,E1,3,0.0449,BRL,2026-01-31", "payment 5 300 4 296"},
		"semicolons":           {strings.ReplaceAll(head+"6,payment,E1,3,,BRL,2026-01-31", ",", ";"), "payment 6 300 0 300"},
		"JSON":                 {`{"lines":[{"id":"7","kind":"payment","coin":"E1","amount":300,"fee":9,"currency":"brl","at":"2026-01-31T10:00:00Z"}]}`, "payment 7 300 9 291"},
		"twice":                {head + "8,payment,E1,3,,BRL,2026-01-31\n8,payment,E1,3,,BRL,2026-01-31", "payment 8 300 0 300"},
		"nothing":              {" ", ""},
		"no currency":          {head + "9,payment,E1,3,,,2026-01-31", ""},
		"a comma in the sum":   {head + "9,payment,E1,\"3,50\",,BRL,2026-01-31", ""},
		"nothing about anyone": {head + ",payment,,3,,BRL,2026-01-31", ""},
		"no moment":            {head + "9,payment,E1,3,,BRL,31.01.2026", ""},
		"an enormous sum":      {head + "9,payment,E1,99999999999999999999,,BRL,2026-01-31", ""},
		"not a number":         {head + "9,payment,E1,NaN,,BRL,2026-01-31", ""},
		"another file":         {"hello\nworld", ""},
		"broken JSON":          {`{"lines":`, ""},
	} {
		list, err := reconcile.Read(reconcile.File{Provider: "bank", Raw: []byte(c.raw)})
		if c.want == "" {
			if !errors.Is(err, reconcile.ErrStatement) {
				t.Errorf("%s: %v %v", name, list, err)
			}
			continue
		}
		if err != nil || len(list) != 1 || len(list[0].Lines) == 0 {
			t.Errorf("%s: %v %v", name, list, err)
			continue
		}
		l := list[0].Lines[0]
		if got := strings.Join([]string{l.Kind, l.ID, itoa(l.Amount), itoa(l.Fee), itoa(l.Net)}, " "); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if name == "twice" && list[0].Lines[1].ID != "8#2" {
			t.Error("a line that stands twice in a file is not told from its first:", list[0].Lines[1].ID)
		}
	}
}

// FuzzRead: whatever is uploaded is refused, or lines that can be stored.
func FuzzRead(f *testing.F) {
	f.Add([]byte(tradeBill))
	f.Add([]byte("id;kind;amount;currency;at\n1;payment;3.5;EUR;2026-01-31"))
	f.Add([]byte(`{"transactions":[{"id":"a","amount":5,"date":1,"source":{"type":"user"}}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		list, err := reconcile.Read(reconcile.File{Provider: "bank", Raw: raw})
		if err != nil && !errors.Is(err, reconcile.ErrStatement) {
			t.Fatal(err)
		}
		for _, s := range list {
			seen := map[string]bool{}
			for _, l := range s.Lines {
				if l.ID == "" || l.Kind == "" || len(l.Currency) != 3 || seen[l.ID] || l.At.Before(s.From) || !l.At.Before(s.To) {
					t.Fatalf("%+v of %+v", l, s)
				}
				seen[l.ID] = true
			}
		}
	})
}
