package merchants_test

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/testkit"
	"sotto.chat/merchants"
	"sotto.chat/privacy"
)

func open(t *testing.T, db *database.DB) *merchants.Register {
	t.Helper()
	keys, err := privacy.New(db, bytes.Repeat([]byte{7}, privacy.MasterLength))
	if err != nil {
		t.Fatal(err)
	}
	return merchants.New(db, keys)
}

func create(t *testing.T, r *merchants.Register) (merchants.Merchant, string) {
	t.Helper()
	m, secret, err := r.Create(t.Context(), merchants.NewMerchant{Name: "Café Zürich", Currency: "CHF", Country: "CH", Language: "de-ch"})
	if err != nil {
		t.Fatal(err)
	}
	return m, secret
}

func inTx(t *testing.T, db *database.DB, f func(database.Tx) error) {
	t.Helper()
	if err := db.InTx(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func TestANewMerchant(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		r, ctx := open(t, db), t.Context()
		m, secret := create(t, r)
		if m.Slug != "cafe-zurich" || m.Language != "de-CH" || m.HoldMinutes != 30 || m.Version != 1 || !m.Settings.Pickup || !m.Settings.Delivery {
			t.Errorf("%+v", m)
		}
		a, err := r.Authenticate(ctx, secret)
		if err != nil || a.MerchantID != m.ID || a.Role != merchants.Owner || a.StaffID != "" {
			t.Fatal(a, err)
		}
		second, _ := create(t, r)
		if second.Slug != "cafe-zurich-2" {
			t.Error(second.Slug)
		}
		for _, slug := range []string{m.Slug, m.ID} {
			if found, err := r.BySlug(ctx, slug); err != nil || found != m {
				t.Errorf("%s: %+v %v", slug, found, err)
			}
		}
		if all, err := r.All(ctx); err != nil || len(all) != 2 || all[0] != m {
			t.Error(all, err)
		}
		if _, err := r.Get(ctx, "mer_nobody"); !errors.Is(err, merchants.ErrNoMerchant) {
			t.Error(err)
		}
		if _, _, err := r.Create(ctx, merchants.NewMerchant{Name: "Taken", Slug: m.Slug, Currency: "EUR", Country: "DE"}); !errors.Is(err, merchants.ErrSlugTaken) {
			t.Error(err)
		}
	})
}

func TestManyOfOneNameAtOnce(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		r, slugs := open(t, db), sync.Map{}
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				m, _, err := r.Create(t.Context(), merchants.NewMerchant{Name: "中文", Currency: "CNY", Country: "CN", Language: "zh"})
				if _, taken := slugs.LoadOrStore(m.Slug, true); err != nil || taken || !strings.HasPrefix(m.Slug, "shop") {
					t.Error(m.Slug, err)
				}
			})
		}
		wg.Wait()
	})
}

func TestWhatIsNotAMerchant(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		r := open(t, db)
		good := merchants.NewMerchant{Name: "Shop", Currency: "EUR", Country: "DE", Language: "de"}
		for field, spoil := range map[string]func(*merchants.NewMerchant){
			"name":            func(n *merchants.NewMerchant) { n.Name = "two\nlines" },
			"slug":            func(n *merchants.NewMerchant) { n.Slug = "Not So" },
			"currency":        func(n *merchants.NewMerchant) { n.Currency = "EURO" },
			"country":         func(n *merchants.NewMerchant) { n.Country = "ZZ" },
			"language":        func(n *merchants.NewMerchant) { n.Language = "not a tag" },
			"tax_ppm":         func(n *merchants.NewMerchant) { n.TaxPPM = 1_000_001 },
			"shipping_amount": func(n *merchants.NewMerchant) { n.ShippingAmount = -1 },
			"hold_minutes":    func(n *merchants.NewMerchant) { n.HoldMinutes = 29 },
		} {
			n := good
			spoil(&n)
			_, _, err := r.Create(t.Context(), n)
			f, ok := fault.Of(err)
			if !ok || !errors.Is(err, merchants.ErrInvalid) || len(f.Fields) != 1 || f.Fields[0].Location != field {
				t.Errorf("%s: %v", field, err)
			}
		}
		for _, country := range []string{"DEU", "276", "150", "", "UK"} {
			n := good
			n.Country = country
			if _, _, err := r.Create(t.Context(), n); !errors.Is(err, merchants.ErrInvalid) {
				t.Errorf("country %q: %v", country, err)
			}
		}
	})
}

func TestUpdateSeesTheOtherHand(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		r, ctx := open(t, db), t.Context()
		m, _ := create(t, r)
		other, _ := create(t, r)
		change := func(edit func(*merchants.Merchant)) error {
			n := m
			edit(&n)
			return db.InTx(ctx, func(tx database.Tx) error { _, err := r.Update(tx, n); return err })
		}
		if err := change(func(n *merchants.Merchant) { n.TaxPPM, n.TaxInclusive, n.Settings.Pickup = 81_000, true, false }); err != nil {
			t.Fatal(err)
		}
		got, err := r.Get(ctx, m.ID)
		if err != nil || got.TaxPPM != 81_000 || !got.TaxInclusive || got.Settings.Pickup || got.Version != 2 || got.CreatedAt != m.CreatedAt {
			t.Fatalf("%+v %v", got, err)
		}
		if err := change(func(n *merchants.Merchant) { n.Name = "Late" }); !errors.Is(err, merchants.ErrStale) {
			t.Error(err)
		}
		m = got
		if err := change(func(n *merchants.Merchant) { n.TaxPPM, n.TaxInclusive = 0, false }); err != nil { // zeros are stored too
			t.Fatal(err)
		}
		if m, err = r.Get(ctx, m.ID); err != nil || m.TaxPPM != 0 || m.TaxInclusive {
			t.Errorf("%+v %v", m, err)
		}
		for want, edit := range map[error]func(*merchants.Merchant){
			merchants.ErrCurrencyFixed: func(n *merchants.Merchant) { n.Currency = "EUR" },
			merchants.ErrSlugTaken:     func(n *merchants.Merchant) { n.Slug = other.Slug },
			merchants.ErrNoMerchant:    func(n *merchants.Merchant) { n.ID = "mer_nobody" },
			merchants.ErrInvalid:       func(n *merchants.Merchant) { n.Settings = merchants.Settings{} },
		} {
			if err := change(edit); !errors.Is(err, want) {
				t.Errorf("want %v, got %v", want, err)
			}
		}
		inTx(t, db, func(tx database.Tx) error { // a refusal leaves the transaction usable
			n := m
			n.Slug = other.Slug
			if _, err := r.Update(tx, n); !errors.Is(err, merchants.ErrSlugTaken) {
				t.Error(err)
			}
			_, err := r.Find(tx, m.ID)
			return err
		})
	})
}

func TestOneOfManyUpdatesWins(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		r := open(t, db)
		m, _ := create(t, r)
		won := make(chan bool, 8)
		var wg sync.WaitGroup
		for range cap(won) {
			wg.Go(func() {
				err := db.InTx(t.Context(), func(tx database.Tx) error { _, err := r.Update(tx, m); return err })
				if err != nil && !errors.Is(err, merchants.ErrStale) {
					t.Error(err)
				}
				if err == nil {
					won <- true
				}
			})
		}
		wg.Wait()
		if got, err := r.Get(t.Context(), m.ID); err != nil || len(won) != 1 || got.Version != 2 {
			t.Error(len(won), got.Version, err)
		}
	})
}

func TestCredentials(t *testing.T) {
	type stripe struct {
		Secret string `json:"secret_key"`
	}
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		r, ctx := open(t, db), t.Context()
		m, _ := create(t, r)
		other, _ := create(t, r)
		var got stripe
		if found, err := r.Credential(ctx, m.ID, "stripe", &got); found || err != nil {
			t.Fatal(found, err)
		}
		for _, secret := range []string{"sk_test_1", "sk_test_2"} {
			inTx(t, db, func(tx database.Tx) error { return r.SetCredential(tx, m.ID, "stripe", stripe{secret}) })
			if found, err := r.Credential(ctx, m.ID, "stripe", &got); !found || err != nil || got.Secret != secret {
				t.Fatal(found, err, got)
			}
		}
		if found, err := r.Credential(ctx, other.ID, "stripe", &got); found || err != nil {
			t.Error("another merchant's credential", err)
		}
		var wrong struct {
			Secret int `json:"secret_key"`
		}
		if _, err := r.Credential(ctx, m.ID, "stripe", &wrong); err == nil || strings.Contains(err.Error(), "sk_test") {
			t.Error(err)
		}
		inTx(t, db, func(tx database.Tx) error { return r.DropCredential(tx, m.ID, "stripe") })
		if found, err := r.Credential(ctx, m.ID, "stripe", &got); found || err != nil {
			t.Error(found, err)
		}
	})
}

func TestStaff(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		r, ctx := open(t, db), t.Context()
		m, _ := create(t, r)
		var ann merchants.Staff
		var secret string
		inTx(t, db, func(tx database.Tx) (err error) {
			if ann, err = r.AddStaff(tx, m.ID, " Ann ", merchants.Agent); err != nil {
				return err
			}
			if _, err := r.AddStaff(tx, m.ID, "Bob", "king"); !errors.Is(err, merchants.ErrRole) {
				t.Error(err)
			}
			if _, err := r.AddStaff(tx, m.ID, "", merchants.Agent); !errors.Is(err, merchants.ErrName) {
				t.Error(err)
			}
			_, secret, err = r.NewStaffKey(tx, m.ID, ann.ID, nil)
			return err
		})
		if a, err := r.Authenticate(ctx, secret); err != nil || a.StaffID != ann.ID || a.Role != merchants.Agent {
			t.Error(a, err)
		}
		if list, err := r.Staff(ctx, m.ID); err != nil || len(list) != 1 || list[0].Name != "Ann" || list[0].Role != merchants.Agent {
			t.Error(list, err)
		}
		clock.Advance(time.Second)
		inTx(t, db, func(tx database.Tx) error {
			if err := r.RemoveStaff(tx, "mer_other", ann.ID); !errors.Is(err, merchants.ErrNoStaff) {
				t.Error(err)
			}
			return r.RemoveStaff(tx, m.ID, ann.ID)
		})
		if _, err := r.Authenticate(ctx, secret); !errors.Is(err, merchants.ErrBadKey) {
			t.Error(err)
		}
		if list, err := r.Staff(ctx, m.ID); err != nil || len(list) != 0 {
			t.Error(list, err)
		}
		inTx(t, db, func(tx database.Tx) error {
			if _, _, err := r.NewStaffKey(tx, m.ID, ann.ID, nil); !errors.Is(err, merchants.ErrNoStaff) {
				t.Error(err)
			}
			return nil
		})
	})
}
