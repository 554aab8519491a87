package wechatpay

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha1" //nolint:gosec // WeChat's digest
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Limits of a day's bill.
const (
	largestBill = 64 << 20
	mostUnzip   = 256 << 20
)

// Bill fetches the bill of a day of Beijing's calendar and holds it against its digest. A day without trade has none: nil.
func (a *API) Bill(ctx context.Context, acct *Account, day time.Time) ([]byte, error) {
	var at struct {
		HashType  string `json:"hash_type"`
		HashValue string `json:"hash_value"`
		URL       string `json:"download_url"`
	}
	path := "/v3/bill/tradebill?bill_date=" + day.In(beijing).Format(time.DateOnly) + "&bill_type=ALL&tar_type=GZIP"
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
	sum := sha1.Sum(raw) //nolint:gosec // WeChat's digest
	if at.HashType != "SHA1" || subtle.ConstantTimeCompare([]byte(strings.ToLower(at.HashValue)), []byte(hex.EncodeToString(sum[:]))) != 1 {
		return nil, ErrUpstream.Because(errors.New("the bill does not fit its digest"))
	}
	return raw, nil
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
