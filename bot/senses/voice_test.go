package senses_test

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"sotto.chat/bot/llm"
	"sotto.chat/bot/senses"
	"sotto.chat/bot/words"
	"sotto.chat/channels"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/merchants"
)

const unheard = "I cannot hear voice notes"

// What is spoken fills the cart as if it had been typed, and the answer begins with what was heard.
func TestAVoiceNoteFillsTheCart(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := stage(t, db, clock, nil)
		s.speaks(" two colas\nand a tiramisu ")
		if got := s.last().Text; !strings.HasPrefix(got, "I heard: “two colas and a tiramisu”.\n\n") || !strings.Contains(got, "Added") {
			t.Fatal(got)
		}
		if s.inCart("COLA") != 2 || s.inCart("TIRAMISU") != 1 {
			t.Fatal("not in the cart")
		}
		f := s.end.heard[0]
		if f.fields["model"] != "ears" || f.fields["response_format"] != "json" || f.name != "voice.ogg" || f.kind != "audio/ogg" ||
			!bytes.Equal(f.file, voice()) || f.authorization != "Bearer test-api-key" {
			t.Errorf("%+v", f)
		}
		if _, ok := f.fields["language"]; ok {
			t.Error("a language was given that nobody has spoken")
		}
		s.says("hola, quiero ver el menú por favor")
		s.speaks("una cola")
		if got := s.end.heard[1].fields; got["language"] != "es" || got["prompt"] != "¿Qué te apetece?" || s.inCart("COLA") != 3 || !strings.HasPrefix(s.last().Text, "He oído: «una cola».") {
			t.Errorf("%v: %s", got, s.last().Text)
		}
	})
}

// A yes that was only heard is asked again, whatever words it has, and orders nothing; the button does.
func TestAHeardYesOrdersNothing(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := stage(t, db, clock, nil)
		s.says("two colas")
		s.says("checkout")
		for _, yes := range []string{"Yes", "yes please", "Yes.", "yes, place the order", "ok do it"} {
			s.speaks(yes)
			got := s.last()
			if len(s.orders()) != 0 || !strings.Contains(got.Text, "Shall I place this order?") || !strings.HasPrefix(got.Text, "I heard: “"+yes) {
				t.Fatalf("%q: %s", yes, got.Text)
			}
			if len(got.Buttons) == 0 || !strings.HasPrefix(got.Buttons[0].Tap, "yes:") {
				t.Fatalf("%q: no button for the yes: %+v", yes, got.Buttons)
			}
		}
		s.taps(s.last().Buttons[0].Tap)
		if len(s.orders()) != 1 {
			t.Fatal("the button ordered nothing:", s.last().Text)
		}
		// nor is an order cancelled by it
		s.says("cancel my order")
		for _, yes := range []string{"yes", "Cancel order", "yes please cancel it"} {
			s.speaks(yes)
			if o := s.orders()[0]; o.Status != "awaiting_payment" {
				t.Fatalf("%q: the order is %s", yes, o.Status)
			}
		}
		s.says("cancel my order")
		s.says("yes")
		if o := s.orders()[0]; o.Status != "cancelled" {
			t.Fatal("a typed yes is one:", o.Status, s.last().Text)
		}
	})
}

// What cannot or may not be heard is answered honestly, with the menu, and nobody is paid for it.
func TestWhatIsNotHeard(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := stage(t, db, clock, nil)
		s.end.says("two colas")
		for name, f := range map[string]struct {
			kind string
			raw  []byte
		}{
			"too large":                      {"audio/ogg", append(voice(), make([]byte, 3<<19)...)},
			"a program that calls itself so": {"audio/ogg", append([]byte("MZ\x90\x00"), make([]byte, 900)...)},
			"a page":                         {"audio/mpeg", []byte("<html><script>alert(1)</script></html>")},
			"a photo":                        {"audio/ogg", photo(t, 8, 8)},
			"another sound than it says":     {"audio/mpeg", voice()},
			"no sound by its name":           {"image/jpeg", voice()},
			"a name that is none":            {"audio/ogg;;;", voice()},
			"what endpoints do not take":     {"audio/amr", []byte("#!AMR\n" + strings.Repeat("x", 300))},
			"nothing":                        {"audio/ogg", nil},
		} {
			s.sends("audio", f.kind, f.raw)
			if got := s.last(); !strings.HasPrefix(got.Text, unheard) || got.Buttons[0].Tap != "menu" {
				t.Errorf("%s: %s", name, got.Text)
			}
		}
		s.must(s.Says(t.Context(), channels.Incoming{Media: []channels.Media{{Kind: "audio", ExternalID: "gone"}}}))
		if !strings.HasPrefix(s.last().Text, unheard) {
			t.Error(s.last().Text)
		}
		s.says("two colas")
		s.says("delivery")
		if n := s.end.asked(); n != 0 {
			t.Fatalf("asked %d times", n)
		}
		for _, silence := range []string{"", " \n", "[BLANK_AUDIO]", "(music)", "…", "\u200b"} {
			s.speaks(silence)
			if got := s.last(); !strings.HasPrefix(got.Text, "I could not make out any words") || got.Buttons[0].Tap != "menu" {
				t.Errorf("%q: %s", silence, got.Text)
			}
		}
	})
}

// The merchant's switch and the customer's own word keep every voice note in the house.
func TestNobodyIsHeardAgainstTheirWill(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		off := stage(t, db, clock, func(_ *senses.Config, set *merchants.Settings) { set.LLM = false })
		off.speaks("two colas")
		off.sends("image", "image/jpeg", photo(t, 20, 20))
		if off.end.asked() != 0 || !strings.HasPrefix(off.last().Text, unheard) {
			t.Error("asked although the merchant has it switched off:", off.last().Text)
		}
		s := stage(t, db, clock, nil)
		s.speaks("two colas")
		s.forbids()
		s.speaks("two more colas")
		s.end.shows(`{"skus":["COLA"],"words":""}`)
		s.sends("image", "image/jpeg", photo(t, 20, 20))
		if s.end.asked() != 1 || s.inCart("COLA") != 2 || !strings.HasPrefix(s.last().Text, unheard) {
			t.Error("asked although the customer forbade it:", s.end.asked(), s.last().Text)
		}
		for n := range 3 {
			s.must(s.arrives(channels.Incoming{DedupKey: "no" + strconv.Itoa(n), Media: []channels.Media{{Kind: "audio", ExternalID: "f"}}}))
		}
		before := s.answers()
		s.must(s.Turn(t.Context()))
		if s.end.asked() != 1 || s.answers() != before+1 || !strings.HasPrefix(s.last().Text, unheard) {
			t.Error("several at once:", s.end.asked(), s.answers()-before, s.last().Text)
		}
		deaf := stage(t, db, clock, func(cfg *senses.Config, _ *merchants.Settings) { cfg.VoiceModel = "" })
		deaf.speaks("two colas")
		if deaf.end.asked() != 0 || !strings.HasPrefix(deaf.last().Text, unheard) {
			t.Error("asked a model that is not named:", deaf.last().Text)
		}
	})
}

// An answer to the question for the address is an address, and goes nowhere.
func TestAnAddressIsNotHeard(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := stage(t, db, clock, func(_ *senses.Config, set *merchants.Settings) { set.Pickup, set.Delivery = false, true })
		s.says("two colas")
		s.says("checkout")
		s.speaks("one Main Street, Springfield")
		if s.end.asked() != 0 || !strings.Contains(s.last().Text, unheard) {
			t.Error(s.end.asked(), s.last().Text)
		}
	})
}

// An endpoint that is down gets rest after five failures, and comes back; files that it refuses do not bring it that rest.
func TestAnEndpointThatIsDown(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := stage(t, db, clock, nil)
		s.end.fails(http.StatusBadRequest)
		for range 8 {
			s.speaks("two colas")
		}
		if s.end.asked() != 8 {
			t.Errorf("after files that it refuses it was asked %d times", s.end.asked())
		}
		s.end.fails(http.StatusServiceUnavailable)
		for range 9 {
			s.speaks("two colas")
			if !strings.HasPrefix(s.last().Text, unheard) || s.inCart("COLA") != 0 {
				t.Fatal(s.last().Text)
			}
		}
		if s.end.asked() != 13 {
			t.Errorf("a server that fails was asked %d times", s.end.asked()-8)
		}
	})
}

// The budgets are those of the language model, and end the hearing.
func TestBudgetsEndTheHearing(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		for name, c := range map[string]struct {
			limits llm.Limits
			calls  int
		}{
			"a message":      {llm.Limits{MessageTokens: 1}, 0},
			"a conversation": {llm.Limits{ConversationCalls: 2}, 2},
			"a day":          {llm.Limits{MerchantTokens: 150}, 3}, // 59 a note; before it is heard, a note as short as ours counts for 3
		} {
			s := stage(t, db, clock, func(cfg *senses.Config, _ *merchants.Settings) { cfg.Limits = c.limits })
			for range 4 {
				s.speaks("a cola")
			}
			if s.end.asked() != c.calls || s.inCart("COLA") != int64(c.calls) || !strings.HasPrefix(s.last().Text, unheard) {
				t.Errorf("%s: asked %d times: %s", name, s.end.asked(), s.last().Text)
			}
		}
	})
}

// What was heard stands sealed like what was typed, and a card's number in it is masked.
func TestWhatIsHeardIsSealed(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := stage(t, db, clock, nil)
		s.speaks("two colas to the blue gate")
		s.speaks("my card is 4242 4242 4242 4242")
		if !strings.Contains(s.last().Text, "never send card numbers") {
			t.Error(s.last().Text)
		}
		talk, err := s.Talk(t.Context())
		s.must(err)
		kept := ""
		for _, m := range talk {
			kept += m.Content.Text + "\n"
		}
		if !strings.Contains(kept, "blue gate") || strings.Contains(kept, "4242 4242 4242 4242") {
			t.Errorf("kept: %s", kept)
		}
		var rows []struct{ Body []byte }
		s.must(db.Read(t.Context()).Raw("select body from messages where merchant_id = ?", s.Merchant.ID).Scan(&rows).Error)
		for _, r := range rows {
			if bytes.Contains(r.Body, []byte("blue gate")) || bytes.Contains(r.Body, []byte("4242")) {
				t.Error("what was heard stands in clear")
			}
		}
		if len(rows) < 4 {
			t.Error(len(rows))
		}
	})
}

// Every language has its own words for all of it.
func TestEveryLanguageSaysWhatItHeard(t *testing.T) {
	b, err := words.Open()
	if err != nil {
		t.Fatal(err)
	}
	english := b.Voice("US", false, "en")
	for _, language := range b.Languages() {
		v := b.Voice("US", false, language)
		for _, key := range []string{"heard", "heard_nothing", "heard_yes", "seen", "seen_nothing", "cannot_read"} {
			if text := v.Say(key, nil); text == "" || language != "en" && text == english.Say(key, nil) {
				t.Errorf("%s has no %s", language, key)
			}
		}
	}
}
