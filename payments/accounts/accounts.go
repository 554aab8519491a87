// Package accounts knows the Stripe accounts of a merchant: the one in use, those before it, what a key may do, and what their statements say.
package accounts

import (
	"slices"
	"strings"

	"sotto.chat/internal/fault"
)

// Own is the name of an account whose id was not given.
const Own = "own"

// most is how many accounts and keys from before are kept: a rotation that is repeated while another one lasts loses nothing.
const most = 3

// Kept is how a merchant's own account is kept, sealed, by the room merchants under the kind "stripe".
type Kept struct {
	// SecretKey is a secret or a restricted key. Empty with an Account: the platform's key acts for that account, as Stripe Connect has it.
	SecretKey      string   `json:"secret_key"`
	WebhookSecrets []string `json:"webhook_secrets"`
	Account        string   `json:"account"`
	// Before are the keys and secrets that were used before, the latest first, while a rotation lasts.
	Before []Kept `json:"before,omitempty"`
}

// ErrInvalid refuses an account that cannot work.
var ErrInvalid = fault.New(fault.Invalid, "stripe_account_invalid", "The Stripe account cannot be used like this.")

// Check refuses what cannot be an account.
func (k Kept) Check() error {
	bad := ErrInvalid
	if k.SecretKey == "" && !strings.HasPrefix(k.Account, "acct_") {
		bad = bad.At("secret_key", "give a secret or restricted key, or the id of a connected account (acct_…)")
	}
	if k.SecretKey != "" && !strings.HasPrefix(k.SecretKey, "sk_") && !strings.HasPrefix(k.SecretKey, "rk_") || strings.ContainsAny(k.SecretKey, " @\r\n\t") {
		bad = bad.At("secret_key", "a secret key begins with sk_, a restricted one with rk_")
	}
	if k.SecretKey != "" && len(k.WebhookSecrets) == 0 {
		bad = bad.At("webhook_secrets", "give the signing secret of the endpoint, or those of all endpoints")
	}
	for _, s := range k.WebhookSecrets {
		if !strings.HasPrefix(s, "whsec_") || len(s) > 255 {
			bad = bad.At("webhook_secrets", "a signing secret begins with whsec_")
		}
	}
	if strings.ContainsFunc(k.Account, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) {
		bad = bad.At("account", "an account's id is acct_ and letters and digits")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// After gives what is kept when k takes the place of old: with forget, nothing of what was.
func (k Kept) After(old Kept, forget bool) Kept {
	k.Before = nil
	if forget {
		return k
	}
	for _, b := range append([]Kept{{SecretKey: old.SecretKey, WebhookSecrets: old.WebhookSecrets, Account: old.Account}}, old.Before...) {
		b.Before = nil
		same := func(o Kept) bool {
			return o.SecretKey == b.SecretKey && o.Account == b.Account && slices.Equal(o.WebhookSecrets, b.WebhookSecrets)
		}
		if b.SecretKey == "" && b.Account == "" || same(k) || slices.ContainsFunc(k.Before, same) || len(k.Before) == most {
			continue
		}
		k.Before = append(k.Before, b)
	}
	return k
}

// Account is a Stripe account: the platform's (named "") or a merchant's own.
type Account struct {
	Name string
	// Key is what the account is reached by. While keys rotate it is several, with a space between: the first that is let in is used.
	Key     string
	Secrets []string
	// Connected tells that the platform's key acts for it.
	Connected bool
}

// All gives the accounts that k tells of, the one in use first. Keys and secrets of one account stand together, also those from before;
// a key of pretended money never stands beside one of real money.
func (k Kept) All(platformKey string) (out []Account) {
	for _, one := range append([]Kept{k}, k.Before...) {
		a := one.account(platformKey)
		if a.Key == "" {
			continue
		}
		i := slices.IndexFunc(out, func(o Account) bool { return o.Name == a.Name })
		switch {
		case i < 0:
			out = append(out, a)
		case Live(out[i].Key) == Live(a.Key):
			for _, key := range strings.Fields(a.Key) {
				if !slices.Contains(strings.Fields(out[i].Key), key) {
					out[i].Key += " " + key
				}
			}
			fallthrough
		default:
			for _, s := range a.Secrets {
				if !slices.Contains(out[i].Secrets, s) {
					out[i].Secrets = append(out[i].Secrets, s)
				}
			}
		}
	}
	return out
}

func (k Kept) account(platformKey string) Account {
	a := Account{Name: k.Account, Key: k.SecretKey, Secrets: slices.Clone(k.WebhookSecrets)}
	if a.Name == "" {
		a.Name = Own
	}
	if a.Key == "" && platformKey != "" && k.Account != "" {
		return Of(k.Account, platformKey, a.Secrets)
	}
	return a
}

// Of is a connected account, for which the platform's key acts.
func Of(account, platformKey string, secrets []string) Account {
	keys := strings.Fields(platformKey)
	for i := range keys {
		keys[i] += "@" + account
	}
	return Account{Name: account, Key: strings.Join(keys, " "), Secrets: secrets, Connected: true}
}

// Live tells what kind of money a key moves.
func Live(key string) bool {
	first, _, _ := strings.Cut(key, " ")
	return strings.Contains(first, "_live_")
}
