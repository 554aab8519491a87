package accounts_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"sotto.chat/payments/accounts"
)

func TestARotation(t *testing.T) {
	a := accounts.Kept{SecretKey: "sk_test_a", WebhookSecrets: []string{"whsec_1"}}
	b := accounts.Kept{SecretKey: "sk_test_b", WebhookSecrets: []string{"whsec_1", "whsec_2"}}.After(a, false)
	want := []accounts.Account{{Name: accounts.Own, Key: "sk_test_b sk_test_a", Secrets: []string{"whsec_1", "whsec_2"}}}
	if got := b.All(""); !reflect.DeepEqual(got, want) {
		t.Error(got)
	}
	if got := b.After(b, false); len(got.Before) != 1 {
		t.Error("the same again is nothing new:", got)
	}
	if got := b.After(b, true); got.Before != nil {
		t.Error(got)
	}
	live := accounts.Kept{SecretKey: "sk_live_c", WebhookSecrets: []string{"whsec_3"}}.After(b, false)
	if got := live.All(""); len(got) != 1 || got[0].Key != "sk_live_c" || !slices.Contains(got[0].Secrets, "whsec_1") || !accounts.Live(got[0].Key) {
		t.Error("a test key stands beside a live one:", got)
	}
	for i := range 6 {
		live = accounts.Kept{SecretKey: "sk_live_" + string(rune('d'+i))}.After(live, false)
	}
	if len(live.Before) != 3 {
		t.Error(live)
	}
	moved := accounts.Kept{Account: "acct_1"}.After(a, false)
	if got := moved.All("sk_test_p sk_test_q"); len(got) != 2 || got[0].Key != "sk_test_p@acct_1 sk_test_q@acct_1" || !got[0].Connected || got[1].Key != "sk_test_a" {
		t.Error(got)
	}
	if got := moved.All(""); len(got) != 1 {
		t.Error("nobody acts for a connected account without a platform:", got)
	}
}

func TestCheck(t *testing.T) {
	s := []string{"whsec_1"}
	for name, c := range map[string]struct {
		kept accounts.Kept
		good bool
	}{
		"a secret key": {accounts.Kept{SecretKey: "sk_test_1", WebhookSecrets: s}, true}, "a restricted key": {accounts.Kept{SecretKey: "rk_live_1", WebhookSecrets: s, Account: "acct_1"}, true},
		"connected": {accounts.Kept{Account: "acct_1"}, true}, "nothing": {accounts.Kept{}, false}, "a publishable key": {accounts.Kept{SecretKey: "pk_test_1", WebhookSecrets: s}, false},
		"two keys": {accounts.Kept{SecretKey: "sk_test_1 sk_test_2", WebhookSecrets: s}, false}, "no secret": {accounts.Kept{SecretKey: "sk_test_1"}, false},
		"no signing secret": {accounts.Kept{SecretKey: "sk_test_1", WebhookSecrets: []string{"sk_test_1"}}, false}, "an odd account": {accounts.Kept{SecretKey: "sk_test_1", WebhookSecrets: s, Account: "a b"}, false},
		"an account of nobody": {accounts.Kept{Account: "own"}, false},
	} {
		if err := c.kept.Check(); (err == nil) != c.good || err != nil && !errors.Is(err, accounts.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
