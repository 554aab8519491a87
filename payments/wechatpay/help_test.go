package wechatpay

import (
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"sotto.chat/internal/fault"
	"sotto.chat/internal/testkit"
	"sotto.chat/payments/wechatpay/standin"
)

// server opens a stand-in and gives the credentials that fit it.
func server(t testing.TB) (*standin.Server, Credentials) { return serverAt(t, &testkit.Clock{}) }

func serverAt(t testing.TB, clock *testkit.Clock) (*standin.Server, Credentials) {
	t.Helper()
	srv, err := standin.New(standin.Config{MchID: "1900000001", AppID: "wx0000000000000001", AppSecret: "secret", Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	return srv, Credentials{MchID: srv.MchID, AppID: srv.AppID, AppSecret: srv.AppSecret, Serial: srv.Serial, PrivateKey: srv.MerchantPEM(), APIv3Key: srv.APIv3Key,
		PlatformKeys: []PlatformKey{{ID: srv.PublicKeyID, PEM: srv.PublicKeyPEM()}}}
}

func opened(t testing.TB, c Credentials) *Account {
	t.Helper()
	a, err := c.Open()
	if err != nil {
		t.Fatal(errFields(err))
	}
	return a
}

func apiOf(t testing.TB, srv *standin.Server) *API {
	t.Helper()
	h := httptest.NewServer(srv.Handler())
	t.Cleanup(h.Close)
	return NewAPI(Addresses{Pay: h.URL, OA: h.URL}, func() time.Time { return srv.Now() })
}

func errFields(err error) string {
	s := fmt.Sprint(err)
	if f, ok := fault.Of(err); ok {
		for _, x := range f.Fields {
			s += "; " + x.Location + " " + x.Message
		}
	}
	return s
}
