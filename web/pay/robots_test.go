package pay_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sort"
	"strings"
	"testing"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/web/webtest"
)

// send presses the button of a way of paying.
func send(s *webtest.Shop, link, way string) answer {
	s.T.Helper()
	req, err := http.NewRequestWithContext(s.T.Context(), http.MethodPost, link, strings.NewReader(url.Values{"way": {way}}.Encode()))
	s.Must(err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return do(s, req)
}

func do(s *webtest.Shop, req *http.Request) answer {
	s.T.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	s.Must(err)
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	s.Must(err)
	return answer{resp.StatusCode, string(raw), resp.Header}
}

// robots name themselves so when they look at a link that somebody sends.
var robots = []string{
	"WhatsApp/2.23.20.0", "WhatsApp/2.2412.54 W", "TelegramBot (like TwitterBot)", "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
	"meta-externalagent/1.1", "Twitterbot/1.0", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "Slackbot 1.0", "Discordbot/2.0", "LinkedInBot/1.0",
	"SkypeUriPreview Preview/0.5", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Mozilla/5.0 (compatible; bingbot/2.0)", "BingPreview/1.0b",
	"Applebot/0.1", "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1 Safari/605.1.15 facebookexternalhit/1.1 Facebot Twitterbot/1.0", // iMessage
	"YandexBot/3.0", "Viber/13.0", "LineBot", "MicroMessenger Client", "Mozilla/5.0 (compatible; MicrosoftPreview/2.0)", "Google-PageRenderer", "Iframely/1.3", "Embedly/0.2",
	"curl/8.5.0", "python-requests/2.31", "Go-http-client/1.1", "",
}

// early are the headers of browsers that look before anybody asks.
var early = []http.Header{
	{}, {"Purpose": {"prefetch"}}, {"Sec-Purpose": {"prefetch"}}, {"Sec-Purpose": {"prefetch;prerender"}}, {"X-Moz": {"prefetch"}}, {"X-Purpose": {"preview"}}, {"Range": {"bytes=0-1023"}},
}

// A robot that previews a link changes nothing, whatever it calls itself: no session is made, and no row is another afterwards.
func TestRobotsChangeNothing(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s, _, link := open(t, db, clock)
		before := rows(s)
		for _, agent := range robots {
			for _, header := range early {
				for i, to := range []string{link, link + "?lang=de", link + "/done", link + "?back=paid"} {
					if i > 0 && len(header) > 0 {
						continue // a link is worth so many looks a second, and no more
					}
					for _, method := range []string{http.MethodGet, http.MethodHead} {
						req, err := http.NewRequestWithContext(t.Context(), method, to, nil)
						s.Must(err)
						req.Header = header.Clone()
						req.Header.Set("User-Agent", agent)
						if a := do(s, req); a.status != http.StatusOK || a.header.Get("Location") != "" || strings.Contains(a.body, "cs_") {
							t.Fatalf("%s by %q: %d", method, agent, a.status)
						}
					}
				}
			}
		}
		for _, method := range []string{http.MethodOptions, http.MethodPut, http.MethodDelete, http.MethodPatch, "PROPFIND"} {
			req, err := http.NewRequestWithContext(t.Context(), method, link, nil)
			s.Must(err)
			if a := do(s, req); a.status < 400 {
				t.Errorf("%s: %d", method, a.status)
			}
		}
		after := rows(s)
		for table, was := range before {
			if after[table] != was {
				t.Errorf("the table %s is not what it was:\n%s\n%s", table, was, after[table])
			}
		}
		if n := live(s); n != 0 {
			t.Errorf("%d sessions were made", n)
		}
		session(s, link)
		if n := live(s); n != 1 || rows(s)["payment_sessions"] == before["payment_sessions"] {
			t.Errorf("a click makes %d sessions: the test sees nothing", n)
		}
	})
}

// live counts the sessions that the sandbox holds open.
func live(s *webtest.Shop) int {
	s.T.Helper()
	req := httptest.NewRequestWithContext(s.T.Context(), http.MethodGet, "/v1/checkout/sessions?limit=100&status=open", nil)
	req.Header.Set("Authorization", "Bearer "+webtest.StripeKey)
	w := httptest.NewRecorder()
	s.Stripe.Handler().ServeHTTP(w, req)
	var list struct {
		Data []struct{ Status string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || w.Code != http.StatusOK {
		s.T.Fatalf("the sandbox's list: %d %s", w.Code, w.Body)
	}
	n := 0
	for _, one := range list.Data {
		if one.Status == "open" {
			n++
		}
	}
	return n
}

// housework are the tables that periodic work writes to, whoever looks at links meanwhile.
var housework = map[string]bool{"sqlite_sequence": true, "payment_cursors": true, "statements": true}

// rows gives each table's rows as text; the queue has its own life.
func rows(s *webtest.Shop) map[string]string {
	s.T.Helper()
	query := "select name from sqlite_master where type = 'table'"
	if s.DB.Engine == database.Postgres {
		query = "select table_name from information_schema.tables where table_schema = current_schema() and table_type = 'BASE TABLE'"
	}
	var tables []string
	db := s.DB.Read(s.T.Context())
	s.Must(db.Raw(query).Scan(&tables).Error)
	all := map[string]string{}
	for _, table := range tables {
		if strings.HasPrefix(table, "river") || housework[table] {
			continue
		}
		var list []map[string]any
		s.Must(db.Raw(`select * from "` + table + `"`).Scan(&list).Error)
		lines := make([]string, 0, len(list))
		for _, row := range list {
			lines = append(lines, fmt.Sprint(row))
		}
		sort.Strings(lines)
		all[table] = strings.Join(lines, "\n")
	}
	if len(all) < 20 || all["payments"] == "" {
		s.T.Fatalf("only %d tables were read", len(all))
	}
	return all
}
