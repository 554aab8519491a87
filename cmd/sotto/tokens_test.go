package main

import (
	"net/http"
	"strings"
	"testing"
)

// A token opens the door that it was made for, and no other.
func TestTokensHaveOnePurpose(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		s := startServe(t, engine)
		v := s.visitor("en")
		link := payLink(t, v.lastVase(t))
		tokens := map[string]string{"a pay link's": link[strings.LastIndex(link, "/")+1:], "a visitor's": v.token, "an API key's": s.key, "nobody's": strings.Repeat("A", 64)}
		doors := map[string]struct {
			own string
			try func(token string) (answer, error)
		}{
			"the pay page": {"a pay link's", func(token string) (answer, error) {
				return send(s.client, http.MethodGet, s.base+"/pay/"+token, nil, nil)
			}},
			"the pay button": {"a pay link's", func(token string) (answer, error) {
				return send(s.client, http.MethodPost, s.base+"/pay/"+token, nil, nil)
			}},
			"the chat": {"a visitor's", func(token string) (answer, error) {
				return send(s.client, http.MethodGet, v.url(), nil, map[string]string{"Authorization": "Bearer " + token})
			}},
			"the REST": {"an API key's", func(token string) (answer, error) {
				return send(s.client, http.MethodGet, s.base+"/v1/orders", nil, map[string]string{"Authorization": "Bearer " + token})
			}},
			"the console": {"nobody's at all", func(token string) (answer, error) {
				a, err := send(s.client, http.MethodGet, s.base+"/console/orders", nil, map[string]string{"Cookie": "sotto_console=" + token + "; session=" + token})
				if err == nil && a.status/100 == 3 && strings.Contains(a.header.Get("Location"), "/console/login") {
					a.status = http.StatusUnauthorized
				}
				return a, err
			}},
		}
		for where, door := range doors {
			refused := ""
			for whose, token := range tokens {
				a, err := door.try(token)
				if err != nil {
					t.Fatal(err)
				}
				switch {
				case whose == door.own && a.status/100 != 2 && a.status/100 != 3:
					t.Errorf("%s token does not open %s: %d %s", whose, where, a.status, a.body)
				case whose != door.own && a.status/100 != 4:
					t.Errorf("%s token opens %s: %d", whose, where, a.status)
				case whose != door.own: // the same answer whatever was tried
					said := a.problem()
					if refused != "" && said != refused {
						t.Errorf("%s tells what was tried: %q and %q", where, said, refused)
					}
					refused = said
				}
			}
		}
	})
}
