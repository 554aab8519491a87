package wechatpay

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
)

// Certificates fetches WeChat's platform certificates. Each is sealed with the APIv3 key, so that one whose key is not known yet can be
// believed: the answer must be signed by a key that is known, or by one of those it brings.
func (a *API) Certificates(ctx context.Context, acct *Account) ([]PlatformKey, error) {
	resp, err := a.send(ctx, a.client, acct, http.MethodGet, "/v3/certificates", nil)
	if err != nil {
		return nil, err
	}
	if resp.Status != http.StatusOK {
		return nil, refusal(resp, acct.Verify(resp.Header, resp.Body, a.now()) == nil)
	}
	keys, err := readCertificates(acct.APIv3Key, resp.Body)
	if err != nil {
		return nil, err
	}
	with := &Account{keys: map[string]platformKey{}}
	for id, k := range acct.keys {
		with.keys[id] = k
	}
	for _, k := range keys {
		if err := with.Add(k); err != nil {
			return nil, ErrUpstream.Because(err)
		}
	}
	if err := with.Verify(resp.Header, resp.Body, a.now()); err != nil {
		return nil, ErrUpstream.Because(err)
	}
	return keys, nil
}

func readCertificates(apiv3Key string, raw []byte) ([]PlatformKey, error) {
	var answer struct {
		Data []struct {
			Serial string `json:"serial_no"`
			Sealed Box    `json:"encrypt_certificate"`
		} `json:"data"`
	}
	if json.Unmarshal(raw, &answer) != nil || len(answer.Data) == 0 || len(answer.Data) > 20 {
		return nil, ErrUpstream.Because(errors.New("a strange list of certificates"))
	}
	var keys []PlatformKey
	for _, d := range answer.Data {
		plain, err := Unseal(apiv3Key, d.Sealed)
		if err != nil {
			return nil, err
		}
		keys = append(keys, PlatformKey{ID: d.Serial, PEM: string(plain)})
	}
	return keys, nil
}
