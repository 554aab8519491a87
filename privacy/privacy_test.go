package privacy_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"sotto.chat/internal/database"
	"sotto.chat/internal/id"
	"sotto.chat/internal/testkit"
	"sotto.chat/privacy"
)

var master = bytes.Repeat([]byte{7}, privacy.MasterLength)

func open(t *testing.T, db *database.DB) *privacy.Keys {
	t.Helper()
	k, err := privacy.New(db, master)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// inTx runs f in a transaction that must succeed.
func inTx(t *testing.T, db *database.DB, f func(database.Tx) error) {
	t.Helper()
	if err := db.InTx(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// merchantWith makes a merchant's key and those of the subjects.
func merchantWith(t *testing.T, db *database.DB, k *privacy.Keys, subjects ...privacy.Subject) string {
	t.Helper()
	m := id.New("mer")
	inTx(t, db, func(tx database.Tx) error {
		for _, s := range append([]privacy.Subject{privacy.MerchantSubject()}, subjects...) {
			if err := k.Create(tx, m, s); err != nil {
				return err
			}
		}
		return nil
	})
	return m
}

func TestOnlyTheSamePlaceOpens(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		k, ctx := open(t, db), t.Context()
		ann, bob := privacy.CustomerSubject("ann"), privacy.CustomerSubject("bob")
		m, other := merchantWith(t, db, k, ann, bob), merchantWith(t, db, k, ann)
		sealed, err := k.SealNow(ctx, m, ann, "orders.delivery:1", []byte("12 Elm St"))
		if err != nil || bytes.Contains(sealed, []byte("Elm")) {
			t.Fatal(err, sealed)
		}
		for _, c := range []struct {
			name     string
			merchant string
			subject  privacy.Subject
			label    string
			sealed   []byte
			want     error
		}{
			{"the same place", m, ann, "orders.delivery:1", sealed, nil},
			{"another row", m, ann, "orders.delivery:2", sealed, privacy.ErrDamaged},
			{"another customer", m, bob, "orders.delivery:1", sealed, privacy.ErrDamaged},
			{"another merchant", other, ann, "orders.delivery:1", sealed, privacy.ErrDamaged},
			{"cut", m, ann, "orders.delivery:1", sealed[:len(sealed)-1], privacy.ErrDamaged},
			{"nothing", m, ann, "orders.delivery:1", nil, privacy.ErrDamaged},
			{"nobody", m, "customer:cid", "orders.delivery:1", sealed, privacy.ErrNoKey},
		} {
			t.Run(c.name, func(t *testing.T) {
				plain, err := k.OpenNow(ctx, c.merchant, c.subject, c.label, c.sealed)
				if !errors.Is(err, c.want) || (err == nil) != (string(plain) == "12 Elm St") {
					t.Fatalf("%q %v", plain, err)
				}
			})
		}
	})
}

func TestOneKeyWins(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		k, ctx := open(t, db), t.Context()
		m, s := merchantWith(t, db, k), privacy.ConversationSubject("c")
		sealed := make([][]byte, 8)
		var wg sync.WaitGroup
		for i := range sealed {
			wg.Go(func() {
				err := db.InTx(ctx, func(tx database.Tx) (err error) {
					if err = k.Create(tx, m, s); err != nil {
						return err
					}
					sealed[i], err = k.Seal(tx, m, s, "x", []byte("words"))
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, b := range sealed {
			if plain, err := k.OpenNow(ctx, m, s, "x", b); err != nil || string(plain) != "words" {
				t.Fatalf("%q %v", plain, err)
			}
		}
	})
}

func TestDestroyedIsForgottenOnEveryReplica(t *testing.T) {
	for _, engine := range []string{database.SQLite, database.Postgres} {
		t.Run(engine, func(t *testing.T) {
			url, ctx := testkit.URL(t, engine), t.Context()
			here, there := testkit.Open(t, url, &testkit.Clock{}), testkit.Open(t, url, &testkit.Clock{})
			k, far := open(t, here), open(t, there)
			s := privacy.ConversationSubject("c")
			m := merchantWith(t, here, k, s)
			sealed, err := k.SealNow(ctx, m, s, "x", []byte("words"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := far.OpenNow(ctx, m, s, "x", sealed); err != nil { // now both have the key in memory
				t.Fatal(err)
			}
			undone := errors.New("undone")
			err = here.InTx(ctx, func(tx database.Tx) error { return errors.Join(k.Destroy(tx, m, s), undone) })
			if !errors.Is(err, undone) {
				t.Fatal(err)
			}
			if _, err := k.OpenNow(ctx, m, s, "x", sealed); err != nil {
				t.Fatalf("a destruction that was undone holds: %v", err)
			}
			inTx(t, here, func(tx database.Tx) error {
				if err := k.Destroy(tx, m, s); err != nil {
					return err
				}
				if _, err := k.Open(tx, m, s, "x", sealed); !errors.Is(err, privacy.ErrForgotten) {
					t.Errorf("in the same transaction: %v", err)
				}
				return k.Destroy(tx, m, s) // twice is fine
			})
			for name, keys := range map[string]*privacy.Keys{"here": k, "there": far} {
				if _, err := keys.OpenNow(ctx, m, s, "x", sealed); !errors.Is(err, privacy.ErrForgotten) {
					t.Errorf("%s: %v", name, err)
				}
			}
			inTx(t, there, func(tx database.Tx) error {
				if _, err := far.Seal(tx, m, s, "x", nil); !errors.Is(err, privacy.ErrForgotten) {
					t.Errorf("seal there: %v", err)
				}
				if err := far.Create(tx, m, s); !errors.Is(err, privacy.ErrForgotten) {
					t.Errorf("made again: %v", err)
				}
				return nil
			})
		})
	}
}

func TestTheMerchantsKeyTakesAllWithIt(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		k, ctx, s := open(t, db), t.Context(), privacy.CustomerSubject("ann")
		m := merchantWith(t, db, k, s)
		sealed, err := k.SealNow(ctx, m, s, "x", []byte("words"))
		if err != nil {
			t.Fatal(err)
		}
		inTx(t, db, func(tx database.Tx) error { return k.Destroy(tx, m, privacy.MerchantSubject()) })
		for _, subject := range []privacy.Subject{s, privacy.MerchantSubject()} {
			if _, err := k.OpenNow(ctx, m, subject, "x", sealed); !errors.Is(err, privacy.ErrForgotten) {
				t.Errorf("%s: %v", subject, err)
			}
		}
	})
}

func TestWhatIsUndoneLeavesNoKeyBehind(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		k, ctx := open(t, db), t.Context()
		m, s, undone := merchantWith(t, db, k), privacy.ConversationSubject("c"), errors.New("undone")
		inTx(t, db, func(tx database.Tx) error {
			err := tx.Try(func(tx database.Tx) error {
				if err := k.Create(tx, m, s); err != nil {
					return err
				}
				if _, err := k.Seal(tx, m, s, "x", []byte("words")); err != nil {
					return err
				}
				return undone
			})
			if !errors.Is(err, undone) {
				t.Error(err)
			}
			if _, err := k.Seal(tx, m, s, "x", []byte("words")); !errors.Is(err, privacy.ErrNoKey) {
				t.Errorf("sealed with a key that was never stored: %v", err)
			}
			return nil
		})
		var sealed []byte
		err := db.InTx(ctx, func(tx database.Tx) error {
			return errors.Join(k.Rotate(tx, m, privacy.MerchantSubject()), undone)
		})
		if !errors.Is(err, undone) {
			t.Fatal(err)
		}
		if sealed, err = k.SealNow(ctx, m, privacy.MerchantSubject(), "x", []byte("words")); err != nil {
			t.Fatal(err)
		}
		if _, err := open(t, db).OpenNow(ctx, m, privacy.MerchantSubject(), "x", sealed); err != nil {
			t.Fatalf("sealed with a key that was never stored: %v", err)
		}
	})
}

func TestRotatedKeysReadOldAndNew(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		k, ctx, s := open(t, db), t.Context(), privacy.CustomerSubject("ann")
		m := merchantWith(t, db, k, s)
		var all [][]byte
		for range 3 {
			sealed, err := k.SealNow(ctx, m, s, "x", []byte("words"))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, sealed)
			inTx(t, db, func(tx database.Tx) error {
				return errors.Join(k.Rotate(tx, m, privacy.MerchantSubject()), k.Rotate(tx, m, s))
			})
		}
		if bytes.Equal(all[0][:5], all[2][:5]) {
			t.Error("the same key sealed before and after the rotation")
		}
		for name, keys := range map[string]*privacy.Keys{"warm": k, "cold": open(t, db)} {
			for i, sealed := range all {
				if plain, err := keys.OpenNow(ctx, m, s, "x", sealed); err != nil || string(plain) != "words" {
					t.Errorf("%s %d: %q %v", name, i, plain, err)
				}
			}
		}
		inTx(t, db, func(tx database.Tx) error {
			if err := k.Rotate(tx, m, "customer:nobody"); !errors.Is(err, privacy.ErrNoKey) {
				t.Error(err)
			}
			return nil
		})
	})
}

func TestManyKeysAtOnce(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		k, ctx := open(t, db), t.Context()
		ann, bob, cid := privacy.CustomerSubject("ann"), privacy.CustomerSubject("bob"), privacy.CustomerSubject("cid")
		m := merchantWith(t, db, k, ann, bob, cid)
		sealed, err := k.SealNow(ctx, m, ann, "x", []byte("words"))
		if err != nil {
			t.Fatal(err)
		}
		inTx(t, db, func(tx database.Tx) error { return k.Destroy(tx, m, bob) })
		boxes, err := open(t, db).BoxesNow(ctx, m, []privacy.Subject{ann, bob, cid, "customer:nobody"})
		if err != nil || len(boxes) != 2 {
			t.Fatal(boxes, err)
		}
		if plain, err := boxes[ann].Open("x", sealed); err != nil || string(plain) != "words" {
			t.Fatalf("%q %v", plain, err)
		}
	})
}

func TestMasterKey(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		if _, err := privacy.New(db, master[1:]); err == nil || !strings.Contains(err.Error(), "32 bytes") {
			t.Fatal(err)
		}
		k, ctx := open(t, db), context.Background()
		m := merchantWith(t, db, k)
		wrong, err := privacy.New(db, bytes.Repeat([]byte{8}, privacy.MasterLength))
		if err != nil {
			t.Fatal(err)
		}
		if err := k.Check(ctx, m); err != nil {
			t.Error(err)
		}
		if err := wrong.Check(ctx, m); !errors.Is(err, privacy.ErrMaster) {
			t.Error(err)
		}
		if err := k.Check(ctx, "mer_nobody"); !errors.Is(err, privacy.ErrNoKey) {
			t.Error(err)
		}
		inTx(t, db, func(tx database.Tx) error {
			if err := k.Create(tx, "mer_nobody", privacy.CustomerSubject("ann")); !errors.Is(err, privacy.ErrNoKey) {
				t.Errorf("a customer's key without the merchant's: %v", err)
			}
			return nil
		})
	})
}

func TestBlindAndDerive(t *testing.T) {
	db := testkit.Open(t, testkit.URL(t, database.SQLite), &testkit.Clock{})
	k := open(t, db)
	texts := map[string]string{}
	for name, text := range map[string]string{
		"one":              k.Blind("m1", "phone", "4930123456"),
		"another merchant": k.Blind("m2", "phone", "4930123456"),
		"another kind":     k.Blind("m1", "telegram", "4930123456"),
		"another value":    k.Blind("m1", "phone", "4930123457"),
		"moved border":     k.Blind("m1", "phone4", "930123456"),
	} {
		if other, taken := texts[text]; taken || len(text) != 64 {
			t.Errorf("%s and %s: %s", name, other, text)
		}
		texts[text] = name
	}
	if again := open(t, db).Blind("m1", "phone", "4930123456"); texts[again] != "one" {
		t.Error("not the same after a start")
	}
	links := k.Derive("pay-links")
	if len(links) != 32 || bytes.Equal(links, k.Derive("sessions")) || !bytes.Equal(links, open(t, db).Derive("pay-links")) {
		t.Error(links)
	}
}

func TestLooksOutliveTheKey(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, _ *testkit.Clock) {
		k, ctx, s := open(t, db), t.Context(), privacy.ConversationSubject("c")
		m := merchantWith(t, db, k, s)
		inTx(t, db, func(tx database.Tx) error {
			return errors.Join(k.Looked(tx, m, s, "key_1", "read"), k.Looked(tx, m, s, "stf_2", "export"),
				k.Looked(tx, m, privacy.ConversationSubject("d"), "key_1", "read"), k.Looked(tx, "mer_2", s, "key_1", "read"),
				k.Destroy(tx, m, s))
		})
		looks, err := k.Looks(ctx, m, s, 10)
		if err != nil || len(looks) != 2 || looks[0].Actor != "stf_2" || looks[1].Action != "read" || looks[1].At.Location() != looks[1].At.UTC().Location() {
			t.Fatal(looks, err)
		}
		if looks, err = k.Looks(ctx, m, s, 1); err != nil || len(looks) != 1 {
			t.Fatal(looks, err)
		}
	})
}

func BenchmarkOpenNow(b *testing.B) {
	db := testkit.Open(b, testkit.URL(b, database.SQLite), &testkit.Clock{})
	k, _ := privacy.New(db, master)
	s, ctx := privacy.ConversationSubject("c"), b.Context()
	err := db.InTx(ctx, func(tx database.Tx) error {
		return errors.Join(k.Create(tx, "m", privacy.MerchantSubject()), k.Create(tx, "m", s))
	})
	if err != nil {
		b.Fatal(err)
	}
	sealed, err := k.SealNow(ctx, "m", s, "x", []byte("words"))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := k.OpenNow(ctx, "m", s, "x", sealed); err != nil {
			b.Fatal(err)
		}
	}
}
