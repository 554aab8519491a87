package payments_test

import (
	"encoding/base64"
	"math/bits"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/payments"
)

// A link is bound to the merchant, the payment, its order, the amount and the currency: where one of them is another, it is a link that
// nobody knows, and nothing about the answer says which it was.
func TestLinksAreBound(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		pay := s.expect()
		token := s.token(pay)
		refused := func(what, token string) {
			t.Helper()
			if _, err := s.ByToken(t.Context(), token); !is(err, payments.ErrUnknownLink) || err.Error() != payments.ErrUnknownLink.Error() {
				t.Errorf("%s: the page says %v", what, err)
			}
			if _, err := s.Checkout(t.Context(), token); !is(err, payments.ErrUnknownLink) || err.Error() != payments.ErrUnknownLink.Error() {
				t.Errorf("%s: the button says %v", what, err)
			}
		}
		raw, err := base64.RawURLEncoding.DecodeString(token)
		s.must(err)
		for i := range raw {
			for _, flip := range []byte{1, 0x80, 0xff} {
				other := slices.Clone(raw)
				other[i] ^= flip
				refused("another byte", base64.RawURLEncoding.EncodeToString(other))
			}
		}
		for _, form := range []string{"", token[:63], token + "A", token + "=", " " + token, token + "\n", strings.ToUpper(token), url.QueryEscape(token + "/"),
			base64.StdEncoding.EncodeToString(append(raw, 0)), strings.Repeat("A", 64), strings.Repeat("_", 64)} {
			refused("another form", form)
		}
		for column, value := range map[string]any{"amount": 1, "currency": "EUR", "order_id": "ord_another"} {
			var was any
			s.must(db.Read(t.Context()).Raw("select " + column + " from payments where id = '" + pay.ID + "'").Row().Scan(&was))
			s.must(db.Read(t.Context()).Exec("update payments set "+column+" = ? where id = ?", value, pay.ID).Error)
			refused("another "+column, token)
			s.must(db.Read(t.Context()).Exec("update payments set "+column+" = ? where id = ?", was, pay.ID).Error)
		}
		other := s.expect()
		mixed := slices.Clone(raw)
		theirs, err := base64.RawURLEncoding.DecodeString(s.token(other))
		s.must(err)
		copy(mixed[16:32], theirs[16:32])
		refused("another payment with this one's proof", base64.RawURLEncoding.EncodeToString(mixed))
		if _, err := s.ByToken(t.Context(), token); err != nil {
			t.Error("the link itself:", err)
		}
		if _, _, err := s.OfferBy(t.Context(), token); !is(err, payments.ErrUnknownLink) {
			t.Errorf("a link taken for an offer's reference: %v", err)
		}
		var o payments.Offer
		s.in(func(tx database.Tx) (err error) {
			o, err = s.Offer(tx, s.merchant, pay.ID, payments.MethodCash, "")
			return err
		})
		refused("an offer's reference taken for a link", o.Reference)
	})
}

// Where the checkout sends people back to is the link itself: there is no other token in it.
func TestReturnAddressesHoldNothingElse(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		pay := s.expect()
		s.click(pay)
		var back string
		s.must(db.Read(t.Context()).Raw("select return_url from payment_sessions where payment_id = ?", pay.ID).Scan(&back).Error)
		if back != s.PayURL(pay) {
			t.Errorf("the way back is %s", back)
		}
	})
}

// Nobody guesses a link: each bit of the proof is as often one as zero, and no two proofs are alike.
func TestLinksCannotBeGuessed(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s := open(t, db, clock)
		const links = 256
		seen, ones := map[string]bool{}, make([]int, 128)
		for range links {
			raw, err := base64.RawURLEncoding.DecodeString(s.token(s.expect()))
			s.must(err)
			proof := raw[32:]
			if len(proof) != 16 || seen[string(proof)] {
				t.Fatalf("a proof of %d bytes, or one for two links", len(proof))
			}
			seen[string(proof)] = true
			for i, b := range proof {
				for bit := range 8 {
					ones[8*i+bit] += bits.OnesCount8(b & (1 << bit))
				}
			}
		}
		for i, n := range ones {
			if n < links/4 || n > links*3/4 {
				t.Errorf("bit %d is one in %d of %d proofs", i, n, links)
			}
		}
	})
}

// A link that is wrong by its proof alone is refused as slowly, or as fast, as one to a payment that there never was.
func TestWrongLinksTakeTheSameTime(t *testing.T) {
	db, clock := testkit.Open(t, testkit.URL(t, database.SQLite), &testkit.Clock{}), &testkit.Clock{}
	s := open(t, db, clock)
	raw, err := base64.RawURLEncoding.DecodeString(s.token(s.expect()))
	s.must(err)
	proof, payment := slices.Clone(raw), slices.Clone(raw)
	proof[40]++
	payment[20]++
	took := map[string][]time.Duration{}
	for range 300 {
		for what, token := range map[string][]byte{"proof": proof, "payment": payment} {
			begun := time.Now()
			if _, err := s.ByToken(t.Context(), base64.RawURLEncoding.EncodeToString(token)); !is(err, payments.ErrUnknownLink) {
				t.Fatal(err)
			}
			took[what] = append(took[what], time.Since(begun))
		}
	}
	median := func(list []time.Duration) time.Duration { slices.Sort(list); return list[len(list)/2] }
	if a, b := median(took["proof"]), median(took["payment"]); a > 3*b || b > 3*a {
		t.Errorf("a wrong proof takes %v, an unknown payment %v", a, b)
	}
}
