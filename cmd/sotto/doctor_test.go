package main

import (
	"net/http"
	"strings"
	"testing"
)

// TestTheDoctorKnowsTheDemo: with the demo's data alone it names the stand-in and does not ask WeChat; with the stand-in's address all is well, from the
// first start on. Each channel tells where its page is.
func TestTheDoctorKnowsTheDemo(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		d := startDemoOn(t, engine)
		for _, page := range []string{d.WhatsApp["page_url"], d.WeChat["page_url"]} {
			res, err := http.Get(page)
			if err != nil {
				t.Fatal(err)
			}
			if _ = res.Body.Close(); res.StatusCode != http.StatusOK {
				t.Error(page, res.StatusCode)
			}
		}
		env := []string{"SOTTO_DATA=" + d.Dir, "SOTTO_DATABASE_URL=" + d.DatabaseURL}
		out, _, _ := run(t, env, "", "doctor")
		at, _, _ := strings.Cut(d.WeChat["page_url"], "/talk")
		if !strings.Contains(out, "stand-in") || !strings.Contains(out, "set to "+at) {
			t.Error(out)
		}
		out, _, _ = run(t, append(env, "SOTTO_WECHAT_API_URL="+at, "SOTTO_WECHATPAY_API_URL="+at), "", "doctor")
		if !strings.Contains(out, "ok    WeChat Pay of demo") {
			t.Error(out)
		}
	})
}
