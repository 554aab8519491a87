package wechatpay

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sotto.chat/internal/money"
)

// Limits of a day's bill.
const (
	largestBill = 64 << 20
	mostUnzip   = 256 << 20
)

// BillLine is one movement of money in a day's bill: a payment, or a refund where RefundID is there. Amounts are in minor units.
type BillLine struct {
	At            time.Time
	MchID         string
	TransactionID string
	OutTradeNo    string
	TradeState    string
	Currency      string
	Amount        int64 // of the order
	RefundID      string
	OutRefundNo   string
	Refund        int64
	RefundState   string
	Fee           int64 // negative where a fee came back with a refund
}

// Bill fetches the bill of a day of Beijing's calendar, holds it against its digest and reads it. A day without trade has no lines.
func (a *API) Bill(ctx context.Context, acct *Account, day time.Time) ([]BillLine, error) {
	var at struct {
		HashType  string `json:"hash_type"`
		HashValue string `json:"hash_value"`
		URL       string `json:"download_url"`
	}
	path := "/v3/bill/tradebill?bill_date=" + day.Format(time.DateOnly) + "&bill_type=ALL&tar_type=GZIP"
	err := a.call(ctx, acct, http.MethodGet, path, nil, &at)
	switch {
	case is(err, "NO_STATEMENT_EXIST"):
		return nil, nil
	case is(err, "STATEMENT_CREATING"):
		return nil, ErrNotReady
	case err != nil:
		return nil, err
	}
	raw, err := a.download(ctx, acct, at.URL)
	if err != nil {
		return nil, err
	}
	sum := sha1.Sum(raw)
	if at.HashType != "SHA1" || subtle.ConstantTimeCompare([]byte(strings.ToLower(at.HashValue)), []byte(hex.EncodeToString(sum[:]))) != 1 {
		return nil, ErrUpstream.Because(errors.New("the bill does not fit its digest"))
	}
	return ReadBill(raw)
}

// download takes a bill from the address that WeChat gave, which must be on WeChat's own host: the request is signed for it.
func (a *API) download(ctx context.Context, acct *Account, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || origin(address) != origin(a.base) {
		return nil, ErrUpstream.Because(errors.New("a bill at a strange address"))
	}
	resp, err := a.send(ctx, a.bills, acct, http.MethodGet, u.RequestURI(), nil)
	if err != nil {
		return nil, err
	}
	if resp.Status != http.StatusOK {
		return nil, refusal(resp, false)
	}
	if !bytes.HasPrefix(resp.Body, []byte{0x1f, 0x8b}) {
		return resp.Body, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(resp.Body))
	if err != nil {
		return nil, ErrUpstream.Because(err)
	}
	raw, err := io.ReadAll(io.LimitReader(z, mostUnzip+1))
	if err != nil || len(raw) > mostUnzip {
		return nil, ErrUpstream.Because(errors.New("a bill that cannot be unpacked"))
	}
	return raw, nil
}

// ReadBill reads the lines of a bill. Its columns are found by their names; every value has a backtick before it.
func ReadBill(raw []byte) ([]BillLine, error) {
	lines := strings.Split(strings.TrimPrefix(string(raw), "\ufeff"), "\n")
	columns := map[string]int{}
	for i, name := range strings.Split(strings.TrimSpace(lines[0]), ",") {
		columns[strings.Trim(name, "`")] = i
	}
	for _, needed := range []string{"交易时间", "商户号", "微信订单号", "商户订单号", "交易状态", "货币种类", "手续费"} {
		if _, ok := columns[needed]; !ok {
			return nil, ErrUpstream.Because(errors.New("a bill without the column " + needed))
		}
	}
	var list []BillLine
	for _, line := range lines[1:] {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if !strings.HasPrefix(line, "`") {
			return list, nil // the head of the sums, which end the bill
		}
		l, err := readBillLine(columns, strings.Split(strings.TrimPrefix(line, "`"), ",`"))
		if err != nil {
			return nil, err
		}
		list = append(list, l)
	}
	return list, nil
}

func readBillLine(columns map[string]int, values []string) (l BillLine, err error) {
	value := func(names ...string) string {
		for _, n := range names {
			if i, ok := columns[n]; ok && i < len(values) {
				return strings.TrimSpace(values[i])
			}
		}
		return ""
	}
	if l.At, err = time.ParseInLocation(time.DateTime, value("交易时间"), beijing); err != nil {
		return l, ErrUpstream.Because(errors.New("a line of the bill has no time"))
	}
	l.At = l.At.UTC()
	l.MchID, l.TransactionID, l.OutTradeNo, l.TradeState = value("商户号"), value("微信订单号"), value("商户订单号"), value("交易状态")
	l.Currency, l.RefundState = value("货币种类"), value("退款状态")
	if no := value("微信退款单号"); no != "0" {
		l.RefundID = no
	}
	if no := value("商户退款单号"); no != "0" {
		l.OutRefundNo = no
	}
	for into, text := range map[*int64]string{&l.Amount: value("订单金额", "总金额"), &l.Refund: value("申请退款金额", "退款金额"), &l.Fee: value("手续费")} {
		if *into, err = amount(text, l.Currency); err != nil {
			return l, ErrUpstream.Because(errors.New("a line of the bill has an amount that cannot be read"))
		}
	}
	return l, nil
}

// amount reads yuan as fen; what is absent is nothing.
func amount(text, currency string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	m, err := money.Parse(text, currency)
	return m.Amount, err
}
