package customers_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"sotto.chat/customers"
	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/id"
	"sotto.chat/internal/testkit"
	"sotto.chat/privacy"
)

// shop is one merchant with its customers.
type shop struct {
	*customers.People
	t        *testing.T
	db       *database.DB
	keys     *privacy.Keys
	merchant string
}

func open(t *testing.T, db *database.DB) shop {
	t.Helper()
	keys, err := privacy.New(db, bytes.Repeat([]byte{7}, privacy.MasterLength))
	if err != nil {
		t.Fatal(err)
	}
	s := shop{customers.New(db, keys), t, db, keys, id.New("mer")}
	s.inTx(func(tx database.Tx) error { return keys.Create(tx, s.merchant, privacy.MerchantSubject()) })
	return s
}

func (s shop) inTx(f func(database.Tx) error) {
	s.t.Helper()
	if err := s.db.InTx(s.t.Context(), f); err != nil {
		s.t.Fatal(err)
	}
}

func (s shop) make(d customers.Details) customers.Customer {
	s.t.Helper()
	var c customers.Customer
	s.inTx(func(tx database.Tx) (err error) { c, err = s.Make(tx, s.merchant, d); return err })
	return c
}

func (s shop) get(customer string) (customers.Customer, customers.Details) {
	s.t.Helper()
	c, d, err := s.Get(s.t.Context(), s.merchant, customer)
	if err != nil {
		s.t.Fatal(err)
	}
	return c, d
}

func TestDetailsComeBackTidy(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		s := open(t, db)
		c := s.make(customers.Details{Name: " Ann Lee ", Phone: "0049 (30) 123-456", Email: "Ann@example.org",
			Address: &customers.Address{Text: "12 Elm St\nsecond floor", City: " Bonn", Country: "de"}})
		got, d := s.get(c.ID)
		if got.Version != 1 || got.CreatedAt.IsZero() || d.Name != "Ann Lee" || d.Phone != "+4930123456" || d.Email != "Ann@example.org" ||
			*d.Address != (customers.Address{Text: "12 Elm St\nsecond floor", City: "Bonn", Country: "DE"}) {
			t.Errorf("%+v %+v", got, d)
		}
		if _, _, err := s.Get(t.Context(), "mer_other", c.ID); !errors.Is(err, customers.ErrNoCustomer) {
			t.Errorf("another merchant reads: %v", err)
		}
		s.inTx(func(tx database.Tx) error {
			_, again, err := s.Find(tx, s.merchant, c.ID)
			if again.Name != d.Name {
				t.Error(again)
			}
			return err
		})
	})
}

func TestWhatAreNoDetails(t *testing.T) {
	db := testkit.Open(t, testkit.URL(t, database.SQLite), &testkit.Clock{})
	s := open(t, db)
	for field, d := range map[string]customers.Details{
		"name":                {Name: strings.Repeat("x", 201)},
		"phone":               {Phone: "call me"},
		"email":               {Email: "ann at example.org"},
		"address":             {Address: &customers.Address{Text: "a\x00b"}},
		"address.line2":       {Address: &customers.Address{Line2: "a\nb"}},
		"address.postal_code": {Address: &customers.Address{PostalCode: strings.Repeat("1", 301)}},
		"address.country":     {Address: &customers.Address{Country: "UK"}},
	} {
		err := db.InTx(t.Context(), func(tx database.Tx) error { _, err := s.Make(tx, s.merchant, d); return err })
		f, ok := fault.Of(err)
		if !ok || !errors.Is(err, customers.ErrInvalid) || len(f.Fields) != 1 || f.Fields[0].Location != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestUpdateIsVersionChecked(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		s := open(t, db)
		c := s.make(customers.Details{Name: "Ann"})
		s.inTx(func(tx database.Tx) error {
			if err := s.SetLanguage(tx, s.merchant, c.ID, "pt-br"); err != nil {
				return err
			}
			if err := s.SetLanguage(tx, s.merchant, c.ID, "no tag"); !errors.Is(err, customers.ErrInvalid) {
				t.Error(err)
			}
			got, err := s.Update(tx, s.merchant, c.ID, customers.Details{Name: "Anne"}, c.Version)
			if err != nil || got.Version != 2 || got.Language != "pt-BR" {
				t.Errorf("%+v %v", got, err)
			}
			if _, err := s.Update(tx, s.merchant, c.ID, customers.Details{Name: "Late"}, c.Version); !errors.Is(err, customers.ErrStale) {
				t.Error(err)
			}
			if _, err := s.Update(tx, s.merchant, "cus_nobody", customers.Details{}, 1); !errors.Is(err, customers.ErrNoCustomer) {
				t.Error(err)
			}
			return nil
		})
		if got, d := s.get(c.ID); got.Version != 2 || d.Name != "Anne" {
			t.Error(got, d)
		}
	})
}

func TestListIsPagedNewestFirst(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		s, ctx := open(t, db), t.Context()
		other := shop{s.People, t, db, s.keys, id.New("mer")}
		other.inTx(func(tx database.Tx) error { return s.keys.Create(tx, other.merchant, privacy.MerchantSubject()) })
		other.make(customers.Details{Name: "Elsewhere"})
		for _, name := range []string{"a", "b", "c", "gone"} {
			c := s.make(customers.Details{Name: name})
			if name == "gone" {
				s.inTx(func(tx database.Tx) error { return s.Erase(tx, s.merchant, c.ID) })
			}
		}
		first, err := s.List(ctx, s.merchant, customers.Page{Limit: 2})
		if err != nil || len(first) != 2 || first[0].Details.Name != "c" || first[1].Details.Name != "b" {
			t.Fatal(first, err)
		}
		rest, err := s.List(ctx, s.merchant, customers.Page{After: first[1].ID})
		if err != nil || len(rest) != 1 || rest[0].Details.Name != "a" {
			t.Fatal(rest, err)
		}
	})
}

func TestEraseForgets(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		s, ctx := open(t, db), t.Context()
		phone := []customers.Identity{{Kind: customers.Phone, Value: "4930123456"}}
		var c, again customers.Customer
		var sealed []byte
		s.inTx(func(tx database.Tx) (err error) {
			if c, err = s.Recognize(tx, s.merchant, phone, customers.Hint{Name: "Ann", Language: "de"}); err != nil {
				return err
			}
			if _, err = s.RecordConsent(tx, s.merchant, customers.Consent{CustomerID: c.ID, Purpose: "marketing", Given: true, Source: "checkout:v1"}); err != nil {
				return err
			}
			sealed, err = s.Seal(tx, s.merchant, c.ID, "orders.delivery:1", []byte("12 Elm St"))
			return err
		})
		if plain, err := s.OpenNow(ctx, s.merchant, c.ID, "orders.delivery:1", sealed); err != nil || string(plain) != "12 Elm St" {
			t.Fatal(plain, err)
		}
		for range 2 { // twice is fine
			s.inTx(func(tx database.Tx) error { return s.Erase(tx, s.merchant, c.ID) })
		}
		tomb, d := s.get(c.ID)
		if tomb.ErasedAt == nil || tomb.Sealed != nil || tomb.Language != "" || d != (customers.Details{}) {
			t.Errorf("%+v %+v", tomb, d)
		}
		if _, err := s.OpenNow(ctx, s.merchant, c.ID, "orders.delivery:1", sealed); !errors.Is(err, customers.ErrForgotten) {
			t.Error(err)
		}
		if ledger, err := s.Consents(ctx, s.merchant, c.ID); err != nil || len(ledger) != 1 {
			t.Error(ledger, err)
		}
		s.inTx(func(tx database.Tx) (err error) {
			if _, err := s.Update(tx, s.merchant, c.ID, customers.Details{Name: "Back"}, tomb.Version); !errors.Is(err, customers.ErrForgotten) {
				t.Error(err)
			}
			if _, err := s.RecordConsent(tx, s.merchant, customers.Consent{CustomerID: c.ID, Purpose: "llm", Source: "x"}); !errors.Is(err, customers.ErrForgotten) {
				t.Error(err)
			}
			if ids, err := s.Identities(tx, s.merchant, c.ID); err != nil || len(ids) != 0 {
				t.Error(ids, err)
			}
			again, err = s.Recognize(tx, s.merchant, phone, customers.Hint{})
			return err
		})
		if again.ID == c.ID || again.ErasedAt != nil {
			t.Errorf("the erased customer came back: %+v", again)
		}
	})
}

func TestConsentsGrow(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		s := open(t, db)
		c := s.make(customers.Details{})
		s.inTx(func(tx database.Tx) error {
			for _, given := range []bool{true, false} {
				if _, err := s.RecordConsent(tx, s.merchant, customers.Consent{CustomerID: c.ID, Purpose: "marketing", Given: given, Source: "panel"}); err != nil {
					return err
				}
			}
			if _, err := s.RecordConsent(tx, s.merchant, customers.Consent{CustomerID: c.ID, Purpose: "marketing"}); !errors.Is(err, customers.ErrConsent) {
				t.Error(err)
			}
			if _, err := s.RecordConsent(tx, s.merchant, customers.Consent{CustomerID: "cus_nobody", Purpose: "p", Source: "s"}); !errors.Is(err, customers.ErrNoCustomer) {
				t.Error(err)
			}
			return nil
		})
		ledger, err := s.Consents(t.Context(), s.merchant, c.ID)
		if err != nil || len(ledger) != 2 || ledger[0].Given || !ledger[1].Given {
			t.Error(ledger, err)
		}
	})
}
