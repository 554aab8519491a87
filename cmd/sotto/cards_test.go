package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"sotto.chat/web/talk"
)

// madeCard gives a number that fits its check digit and that no bank has issued to anybody: it is drawn by lot.
func madeCard(first string, length int) string {
	b := []byte(first)
	for len(b) < length-1 {
		b = append(b, byte('0'+rand.IntN(10)))
	}
	for d := byte('0'); ; d++ {
		sum := 0
		for i, c := range append(b[:len(b):len(b)], d) {
			n := int(c - '0')
			if (length-i)%2 == 0 {
				if n *= 2; n > 9 {
					n -= 9
				}
			}
			sum += n
		}
		if sum%10 == 0 {
			return string(append(b, d))
		}
	}
}

// spaced puts a sign after each four digits.
func spaced(n, sign string) string {
	var parts []string
	for ; len(n) > 4; n = n[4:] {
		parts = append(parts, n[:4])
	}
	return strings.Join(append(parts, n), sign)
}

func inScript(n string, zero rune) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return zero + r - '0'
		}
		return r
	}, n)
}

// Whatever is typed of a card, in whatever chat, by whoever: it stands nowhere, and the answer is the warning.
func TestCardNumbersStandNowhere(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		traces := collect(t)
		demo := startDemoOn(t, engine, "SOTTO_LOG_LEVEL=debug", "OTEL_EXPORTER_OTLP_ENDPOINT="+traces.url)
		s := demo.shop()
		visa, master, amex, union := madeCard("4929", 16), madeCard("2399", 16), madeCard("3799", 15), madeCard("6299", 19)
		other, last, noted, staff, inWords := madeCard("5599", 16), madeCard("4539", 16), madeCard("4716", 16), madeCard("4532", 16), madeCard("5299", 16)
		typed := []string{visa, master, amex, union, other, last, noted, staff, inWords}

		v := s.visitor("en")
		link := v.buys(t, "two croissants please", "yes")
		warned := v.says(t, "please charge my card "+visa+" 09/29 cvv 731")
		warns(t, warned, "never send card numbers")
		if payLink(t, warned) != link {
			t.Error("the warning does not offer the pay link")
		}
		warns(t, v.says(t, spaced(master, "-")), "never send card numbers")
		warns(t, v.says(t, "my card:\n"+spaced(union, "\n")), "never send card numbers")
		warns(t, v.says(t, inScript(spaced(amex, " "), '٠')), "never send card numbers")
		for _, piece := range []string{other[:4], other[4:8], other[8:12]} {
			v.says(t, piece)
		}
		warns(t, v.says(t, other[12:]), "never send card numbers")
		es := s.visitor("es")
		es.says(t, "hola")
		warns(t, es.says(t, "mi tarjeta "+inScript(last, '０')), "números de tarjeta")
		de := s.visitor("de")
		warns(t, de.says(t, "Karte "+last), "Kartennummern")

		w := &inWhatsApp{demo: demo, shop: s, api: demo.whatsAppAPI(t), phone: "34600987123", name: "Card " + inWords}
		w.says(t, map[string]string{"text": "here: " + spaced(inWords, " ") + " exp 03/30, code 414"})
		w.hears(t, "card numbers")

		conversation := ""
		for _, o := range every[bought](t, s, "/v1/orders") {
			conversation = *o.Conversation
		}
		s.do(t, http.MethodPost, "/v1/conversations/"+conversation+"/messages", map[string]string{"text": "I typed " + staff + " for you"}, nil)
		warns(t, v.answered(t, "and once more "+visa), "never send card numbers") // a person answers there now
		var cart struct{ ID string }
		s.do(t, http.MethodPost, "/v1/carts", map[string]any{}, &cart)
		s.do(t, http.MethodPost, "/v1/carts/"+cart.ID+"/lines", map[string]any{"sku": "CROISSANT", "quantity": 1, "note": "card " + noted}, nil)
		var deal struct{ Hash string }
		s.do(t, http.MethodGet, "/v1/carts/"+cart.ID, nil, &deal)
		placed := s.ask(t, http.MethodPost, "/v1/carts/"+cart.ID+"/checkout", map[string]any{"hash": deal.Hash, "customer": map[string]string{"name": "Card " + noted},
			"delivery": map[string]any{"method": "delivery", "address": map[string]string{"line1": "Mill Lane 1, card " + spaced(noted, " "), "city": "Town"}}})
		if placed.status != http.StatusCreated {
			t.Fatalf("the checkout answers %d: %s", placed.status, placed.body)
		}

		seen := s.ask(t, http.MethodGet, "/v1/conversations/"+conversation+"/messages?limit=100", nil)
		if !strings.Contains(string(seen.body), "•••• "+visa[12:]) || !strings.Contains(string(seen.body), "•••• "+staff[12:]) {
			t.Errorf("the talk does not show the masks: %s", seen.body)
		}
		for _, piece := range []string{other[:4], other[4:8], other[8:12]} {
			if strings.Contains(texts(t, v), piece) {
				t.Errorf("a piece %s of a number is left in the talk: %s", piece, texts(t, v))
			}
		}
		places := map[string]string{"the talk as staff see it": string(seen.body), "the order": string(placed.body)}
		for _, path := range []string{"/v1/carts/" + cart.ID, "/v1/orders", "/v1/customers"} {
			places[path] = string(s.ask(t, http.MethodGet, path, nil).body)
		}
		metrics, err := send(s.client, http.MethodGet, s.base+"/metrics", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		places["the metrics"] = string(metrics.body)
		for name, content := range opened(t, demo) {
			places[name] = content
		}
		if err := demo.process.stop(t); err != nil {
			t.Errorf("the demo ended badly: %v", err)
		}
		for name, content := range databaseOf(t, demo) {
			places[name] = content
		}
		rest, _ := io.ReadAll(demo.process.lines)
		places["the output"], places["the log"], places["the traces"] = string(rest), demo.process.log.String(), traces.String()
		for place, content := range places {
			for _, number := range typed {
				for _, text := range []string{number, spaced(number, " "), spaced(number, "-"), spaced(number, `\n`), inScript(number, '０'), inScript(spaced(number, " "), '٠')} {
					for form, canary := range disguises(text) {
						if strings.Contains(content, canary) {
							t.Errorf("%s stands %s in %s", number, form, place)
						}
					}
				}
			}
		}
	})
}

// texts are all words of a talk.
func texts(t testing.TB, v *visitor) string {
	t.Helper()
	list, err := v.talk("")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, m := range list {
		all.WriteString(m.From + ": " + m.Text + "\n")
	}
	return all.String()
}

func warns(t testing.TB, m talk.Message, words string) {
	t.Helper()
	if !strings.Contains(m.Text, words) {
		t.Errorf("the answer to a card's number is %q, not a warning with %q", m.Text, words)
	}
}

// answered says something where a person answers, and gives the last words of the bot after it.
func (v *visitor) answered(t testing.TB, text string) (last talk.Message) {
	t.Helper()
	id, err := v.post(text, "")
	if err != nil {
		t.Fatal(err)
	}
	waits(t, "a word of the bot after "+fmt.Sprint(len(text))+" signs", func() bool {
		list, err := v.talk(id)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			if m.From == "bot" {
				last = m
			}
		}
		return last.ID != ""
	})
	return last
}
