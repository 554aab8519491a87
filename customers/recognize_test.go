package customers_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"sotto.chat/customers"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
)

func phone(v string) customers.Identity { return customers.Identity{Kind: customers.Phone, Value: v} }
func bsuid(v string) customers.Identity { return customers.Identity{Kind: customers.BSUID, Value: v} }
func parent(v string) customers.Identity {
	return customers.Identity{Kind: customers.ParentBSUID, Value: v}
}

func (s shop) recognize(ids ...customers.Identity) customers.Customer {
	s.t.Helper()
	var c customers.Customer
	s.inTx(func(tx database.Tx) (err error) {
		c, err = s.Recognize(tx, s.merchant, ids, customers.Hint{Name: "Ann\u0007 ", Language: "de_DE"})
		return err
	})
	return c
}

func (s shop) identities(customer string) []customers.Identity {
	s.t.Helper()
	var ids []customers.Identity
	s.inTx(func(tx database.Tx) (err error) { ids, err = s.Identities(tx, s.merchant, customer); return err })
	return ids
}

func TestRecognizeFindsOrMakes(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		s := open(t, db)
		c := s.recognize(phone("+49 30 123456"), bsuid("DE.1"), phone("4930123456"))
		if _, d := s.get(c.ID); c.Language != "de-DE" || d.Name != "Ann" || d.Phone != "+4930123456" {
			t.Errorf("%+v %+v", c, d)
		}
		for _, ids := range [][]customers.Identity{{phone("4930123456")}, {bsuid("DE.1")}, {bsuid("DE.1"), phone("4930123456")}} {
			if got := s.recognize(ids...); got.ID != c.ID {
				t.Errorf("%v is another customer", ids)
			}
		}
		for _, ids := range [][]customers.Identity{{phone("4930123457")}, {bsuid("DE.2")}, {{Kind: customers.Telegram, Value: "4930123456"}}} {
			if got := s.recognize(ids...); got.ID == c.ID {
				t.Errorf("%v is the same customer", ids)
			}
		}
		if ids := s.identities(c.ID); len(ids) != 2 || !slices.Contains(ids, phone("4930123456")) || !slices.Contains(ids, bsuid("DE.1")) {
			t.Error(ids)
		}
		s.inTx(func(tx database.Tx) error {
			for _, ids := range [][]customers.Identity{nil, {phone("")}, {phone("abc")}, {bsuid(" ")}, {{Kind: "shoe", Value: "43"}}} {
				if _, err := s.Recognize(tx, s.merchant, ids, customers.Hint{}); !errors.Is(err, customers.ErrIdentity) {
					t.Errorf("%v: %v", ids, err)
				}
			}
			return nil
		})
	})
}

func TestWhoIsWho(t *testing.T) {
	type met struct {
		ids  []customers.Identity
		want string // a letter for each person
	}
	for name, story := range map[string][]met{
		"a second identity is added": {
			{[]customers.Identity{phone("4930123456")}, "a"},
			{[]customers.Identity{phone("4930123456"), bsuid("DE.1")}, "a"},
			{[]customers.Identity{bsuid("DE.1")}, "a"}},
		"two become one when a message names both, and the older stays": {
			{[]customers.Identity{phone("4930123456")}, "a"},
			{[]customers.Identity{bsuid("DE.1")}, "b"},
			{[]customers.Identity{bsuid("DE.1"), phone("4930123456")}, "a"},
			{[]customers.Identity{bsuid("DE.1")}, "a"},
			{[]customers.Identity{phone("4930123456")}, "a"}},
		"three become one in two steps": {
			{[]customers.Identity{parent("P.1")}, "a"},
			{[]customers.Identity{phone("4930123456")}, "b"},
			{[]customers.Identity{bsuid("DE.1")}, "c"},
			{[]customers.Identity{bsuid("DE.1"), phone("4930123456")}, "b"},
			{[]customers.Identity{phone("4930123456"), parent("P.1")}, "a"},
			{[]customers.Identity{bsuid("DE.1")}, "a"}},
		"a number with a new owner leaves the old one": {
			{[]customers.Identity{phone("4930123456"), bsuid("DE.1")}, "a"},
			{[]customers.Identity{phone("4930123456"), bsuid("DE.2")}, "b"},
			{[]customers.Identity{phone("4930123456")}, "b"},
			{[]customers.Identity{bsuid("DE.1")}, "a"}},
		"a number that passes to a known account goes with it": {
			{[]customers.Identity{phone("4930123456"), bsuid("DE.1")}, "a"},
			{[]customers.Identity{bsuid("DE.2")}, "b"},
			{[]customers.Identity{phone("4930123456"), bsuid("DE.2")}, "b"},
			{[]customers.Identity{phone("4930123456")}, "b"}},
		"a new number of a known account is added": {
			{[]customers.Identity{phone("4930123456"), bsuid("DE.1")}, "a"},
			{[]customers.Identity{phone("4930999999"), bsuid("DE.1")}, "a"},
			{[]customers.Identity{phone("4930123456")}, "a"}},
		"linked portfolios are one person": {
			{[]customers.Identity{phone("4930123456"), bsuid("DE.1"), parent("P.1")}, "a"},
			{[]customers.Identity{phone("4930123456"), bsuid("DE.2"), parent("P.1")}, "a"}},
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
				s, people := open(t, db), map[string]string{}
				for i, m := range story {
					c := s.recognize(m.ids...)
					if c.MergedInto != "" {
						t.Errorf("step %d gives a merged customer", i+1)
					}
					if known, met := people[m.want]; met && known != c.ID {
						t.Fatalf("step %d: not the same person as %s before", i+1, m.want)
					}
					for letter, one := range people {
						if letter != m.want && one == c.ID {
							t.Fatalf("step %d: %s, want %s", i+1, letter, m.want)
						}
					}
					people[m.want] = c.ID
				}
			})
		})
	}
}

func TestMergedAreErasedTogether(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		s, ctx := open(t, db), t.Context()
		a, b := s.recognize(phone("4930123456")), s.recognize(bsuid("DE.1"))
		var sealed []byte
		s.inTx(func(tx database.Tx) (err error) {
			if _, err = s.RecordConsent(tx, s.merchant, customers.Consent{CustomerID: b.ID, Purpose: "marketing", Source: "panel"}); err != nil {
				return err
			}
			sealed, err = s.Seal(tx, s.merchant, b.ID, "x", []byte("words"))
			return err
		})
		s.recognize(phone("4930123456"), bsuid("DE.1"))
		merged, _ := s.get(b.ID)
		if merged.MergedInto != a.ID || len(s.identities(a.ID)) != 2 || len(s.identities(b.ID)) != 2 {
			t.Fatalf("%+v", merged)
		}
		if list, err := s.List(ctx, s.merchant, customers.Page{}); err != nil || len(list) != 1 || list[0].ID != a.ID {
			t.Error(list, err)
		}
		for _, one := range []string{a.ID, b.ID} {
			if ledger, err := s.Consents(ctx, s.merchant, one); err != nil || len(ledger) != 1 {
				t.Error(ledger, err)
			}
			s.inTx(func(tx database.Tx) error {
				same, err := s.Same(tx, s.merchant, one)
				if !slices.Equal(same, []string{a.ID, b.ID}) {
					t.Error(same)
				}
				return err
			})
		}
		if plain, err := s.OpenNow(ctx, s.merchant, b.ID, "x", sealed); err != nil || string(plain) != "words" {
			t.Error(plain, err)
		}
		s.inTx(func(tx database.Tx) error { return s.Erase(tx, s.merchant, b.ID) })
		for _, one := range []string{a.ID, b.ID} {
			if c, _ := s.get(one); c.ErasedAt == nil {
				t.Errorf("%+v", c)
			}
		}
		if _, err := s.OpenNow(ctx, s.merchant, b.ID, "x", sealed); !errors.Is(err, customers.ErrForgotten) {
			t.Error(err)
		}
	})
}

func TestTwoWebhooksOfOneNewPerson(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		s := open(t, db)
		for round := range 5 {
			p, b := phone(fmt.Sprintf("49301234%02d", round)), bsuid(fmt.Sprintf("DE.%d", round))
			calls := [][]customers.Identity{{p, b}, {b, p}, {p, b}, {b}, {p}, {p, b}}
			got := make([]string, len(calls))
			var wg sync.WaitGroup
			for i, ids := range calls {
				wg.Go(func() {
					err := db.InTx(t.Context(), func(tx database.Tx) error {
						c, err := s.Recognize(tx, s.merchant, ids, customers.Hint{Name: "Ann"})
						got[i] = c.ID
						return err
					})
					if err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			one := s.recognize(p, b).ID
			s.inTx(func(tx database.Tx) error {
				same, err := s.Same(tx, s.merchant, one)
				for i, id := range got {
					if !slices.Contains(same, id) {
						t.Errorf("round %d: call %d made a customer apart", round, i)
					}
				}
				return err
			})
		}
		list, err := s.List(t.Context(), s.merchant, customers.Page{})
		if err != nil || len(list) != 5 {
			t.Errorf("%d customers, want 5: %v", len(list), err)
		}
	})
}

func TestManyWebhooksOfOneNewPersonMakeOneRow(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		s := open(t, db)
		ids := []customers.Identity{bsuid("DE.1"), phone("4930123456"), parent("P.1")}
		got := make([]string, 12)
		var wg sync.WaitGroup
		for i := range got {
			wg.Go(func() {
				err := db.InTx(t.Context(), func(tx database.Tx) error {
					c, err := s.Recognize(tx, s.merchant, ids, customers.Hint{Name: "Ann"})
					got[i] = c.ID
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		var rows int64
		if err := db.Read(t.Context()).Table("customers").Count(&rows).Error; err != nil || rows != 1 || len(slices.Compact(got)) != 1 {
			t.Error(rows, got, err)
		}
	})
}

func TestEraseBesideRecognize(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		s := open(t, db)
		for round := range 10 {
			p, b := phone(fmt.Sprintf("49301234%02d", round)), bsuid(fmt.Sprintf("DE.%d", round))
			old := s.recognize(p)
			var wg sync.WaitGroup
			for _, f := range []func(database.Tx) error{
				func(tx database.Tx) error { return s.Erase(tx, s.merchant, old.ID) },
				func(tx database.Tx) error {
					_, err := s.Recognize(tx, s.merchant, []customers.Identity{p, b}, customers.Hint{})
					return err
				},
				func(tx database.Tx) error {
					_, err := s.Recognize(tx, s.merchant, []customers.Identity{b}, customers.Hint{})
					return err
				},
			} {
				wg.Go(func() {
					if err := db.InTx(t.Context(), f); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			now := s.recognize(p, b)
			if c, _ := s.get(now.ID); c.ErasedAt != nil || now.ID == old.ID {
				t.Fatalf("round %d: an erased customer is recognized", round)
			}
			if ids := s.identities(now.ID); len(ids) != 2 {
				t.Fatalf("round %d: %v", round, ids)
			}
		}
	})
}
