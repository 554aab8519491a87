package merchants_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/merchants"
)

func TestKeysEndAndExpire(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		r, ctx := open(t, db), t.Context()
		m, first := create(t, r)
		soon, past := db.Now().Add(time.Hour), db.Now().Add(-time.Hour)
		var k merchants.Key
		var secret string
		inTx(t, db, func(tx database.Tx) (err error) {
			for want, make := range map[error]func() (merchants.Key, string, error){
				merchants.ErrRole:    func() (merchants.Key, string, error) { return r.NewKey(tx, m.ID, "k", "king", nil) },
				merchants.ErrName:    func() (merchants.Key, string, error) { return r.NewKey(tx, m.ID, "", merchants.Agent, nil) },
				merchants.ErrKeyTime: func() (merchants.Key, string, error) { return r.NewKey(tx, m.ID, "k", merchants.Agent, &past) },
			} {
				if _, _, err := make(); !errors.Is(err, want) {
					t.Errorf("want %v, got %v", want, err)
				}
			}
			k, secret, err = r.NewKey(tx, m.ID, "till", merchants.ReadOnly, &soon)
			return err
		})
		if !strings.HasPrefix(secret, "sk_") || !strings.HasSuffix(secret, k.Last4) || strings.Contains(k.Hash, secret[3:20]) {
			t.Errorf("%+v", k)
		}
		a, err := r.Authenticate(ctx, secret)
		if err != nil || a.KeyID != k.ID || a.Name != "till" || a.Role != merchants.ReadOnly {
			t.Fatal(a, err)
		}
		for _, wrong := range []string{"", "sk_", secret[:len(secret)-1], secret + "0", "sk_" + strings.Repeat("0", 64), k.Hash, "pk_" + secret[3:]} {
			if _, err := r.Authenticate(ctx, wrong); !errors.Is(err, merchants.ErrBadKey) {
				t.Errorf("%.6s…: %v", wrong, err)
			}
		}
		clock.Advance(time.Hour)
		if _, err := r.Authenticate(ctx, secret); !errors.Is(err, merchants.ErrKeyExpired) {
			t.Error(err)
		}
		list, err := r.Keys(ctx, m.ID)
		if err != nil || len(list) != 2 || list[0].ID != k.ID || !list[0].ExpiresAt.Equal(soon) || list[0].ExpiresAt.Location() != time.UTC {
			t.Fatal(list, err)
		}
		inTx(t, db, func(tx database.Tx) error {
			if err := r.RevokeKey(tx, "mer_other", list[1].ID); !errors.Is(err, merchants.ErrNoKey) {
				t.Error(err)
			}
			return errors.Join(r.RevokeKey(tx, m.ID, list[1].ID), r.RevokeKey(tx, m.ID, list[1].ID)) // twice is fine
		})
		if _, err := r.Authenticate(ctx, first); !errors.Is(err, merchants.ErrBadKey) {
			t.Error(err)
		}
	})
}

func TestRights(t *testing.T) {
	all := []merchants.Right{merchants.CatalogRead, merchants.CatalogWrite, merchants.OrdersRead, merchants.OrdersWrite, merchants.MoneyRead,
		merchants.MoneyWrite, merchants.TalkRead, merchants.TalkWrite, merchants.CustomersRead, merchants.CustomersWrite, merchants.CustomersErase,
		merchants.SettingsRead, merchants.SettingsWrite, merchants.KeysRead, merchants.KeysWrite}
	for role, want := range map[merchants.Role]int{merchants.Owner: len(all), merchants.Manager: len(all) - 1, merchants.Agent: 9, merchants.ReadOnly: 6, "king": 0} {
		may := 0
		for _, right := range all {
			if (merchants.Actor{Role: role}).May(right) {
				may++
			}
		}
		if may != want || role.Known() == (role == "king") {
			t.Errorf("%s may %d of %d", role, may, len(all))
		}
	}
	for _, c := range []struct {
		role  merchants.Role
		right merchants.Right
		may   bool
	}{
		{merchants.Manager, merchants.KeysWrite, false}, {merchants.Manager, merchants.MoneyWrite, true},
		{merchants.Agent, merchants.MoneyWrite, false}, {merchants.Agent, merchants.TalkWrite, true}, {merchants.Agent, merchants.CustomersErase, false},
		{merchants.ReadOnly, merchants.CatalogWrite, false}, {merchants.ReadOnly, merchants.OrdersWrite, false}, {merchants.ReadOnly, merchants.TalkRead, true},
	} {
		if c.role.May(c.right) != c.may {
			t.Errorf("%s %s: want %v", c.role, c.right, c.may)
		}
	}
}

func TestAuthenticateIsOneIndexedQuery(t *testing.T) {
	db := testkit.Open(t, testkit.URL(t, database.SQLite), &testkit.Clock{})
	var plan struct{ Detail string }
	err := db.Read(t.Context()).Raw("explain query plan select * from api_keys where hash = ? limit 1", "x").Scan(&plan).Error
	if err != nil || !strings.Contains(plan.Detail, "USING INDEX") {
		t.Error(plan, err)
	}
}
