package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"sotto.chat/bot/senses"
	"sotto.chat/internal/database"
	"sotto.chat/merchants"
	"sotto.chat/migrations"
	"sotto.chat/payments"
	"sotto.chat/payments/accounts"
	"sotto.chat/privacy"
)

type doctorCmd struct{}

// finding is one thing that was checked.
type finding struct {
	what, state, remedy string
}

const (
	fine  = "ok"
	hint  = "hint"
	wrong = "wrong"
)

// Run checks every setting and outside party. Status 1 when something is wrong.
func (doctorCmd) Run(ctx context.Context, s *settings) error {
	var list []finding
	list = append(list, s.checkPublic(), s.checkListen(), s.checkData(), s.checkMaster(), finding{"SOTTO_LOG_LEVEL", fine, s.LogLevel}, s.checkProxies())
	list = append(list, s.checkDatabase(ctx)...)
	list = append(list, s.checkParties(ctx)...)
	list = append(list, s.checkModel()...)
	list = append(list, s.checkSenses(ctx)...)
	w := tabwriter.NewWriter(os.Stdout, 2, 4, 2, ' ', 0)
	bad := 0
	for _, f := range list {
		if f.state == wrong {
			bad++
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\n", f.state, f.what, f.remedy)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if bad > 0 {
		return fmt.Errorf("%d things are wrong", bad)
	}
	return nil
}

func (s *settings) checkPublic() finding {
	if err := s.check(); err != nil {
		return finding{"SOTTO_PUBLIC_URL", wrong, err.Error()}
	}
	if !strings.HasPrefix(s.publicURL(), "https://") {
		return finding{"SOTTO_PUBLIC_URL", hint, "is not https: platforms and Stripe call only https addresses; put a proxy with a certificate before it"}
	}
	return finding{"SOTTO_PUBLIC_URL", fine, ""}
}

func (s *settings) checkListen() finding {
	l, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return finding{"SOTTO_LISTEN", hint, "cannot be opened (a shop may be running there): " + err.Error()}
	}
	if err := l.Close(); err != nil {
		return finding{"SOTTO_LISTEN", wrong, err.Error()}
	}
	return finding{"SOTTO_LISTEN", fine, ""}
}

// checkData tells whether the folder for the embedded database and the master key can be written.
func (s *settings) checkData() finding {
	if err := os.MkdirAll(s.DataDir, 0o700); err != nil {
		return finding{"SOTTO_DATA", wrong, "the folder cannot be made: " + err.Error()}
	}
	f, err := os.CreateTemp(s.DataDir, ".doctor-*")
	if err != nil {
		return finding{"SOTTO_DATA", wrong, "the folder cannot be written: " + err.Error()}
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		return finding{"SOTTO_DATA", wrong, err.Error()}
	}
	return finding{"SOTTO_DATA", fine, s.DataDir}
}

// checkProxies tells whose word about a caller's address is taken.
func (s *settings) checkProxies() finding {
	list := splitList(s.TrustedProxies)
	for _, one := range list {
		if net.ParseIP(one) == nil {
			if _, _, err := net.ParseCIDR(one); err != nil {
				return finding{"SOTTO_TRUSTED_PROXIES", wrong, one + " is neither an address nor a network such as 10.0.0.0/8"}
			}
		}
	}
	if len(list) == 0 {
		return finding{"SOTTO_TRUSTED_PROXIES", fine, "none: rates are counted by the address of the connection; behind a proxy, name it"}
	}
	return finding{"SOTTO_TRUSTED_PROXIES", fine, s.TrustedProxies}
}

func (s *settings) checkMaster() finding {
	if s.MasterKey == "" {
		return finding{"SOTTO_MASTER_KEY", hint, "is not set: the key is kept in " + s.DataDir + "/master.key; back it up, without it nothing sealed can be read"}
	}
	if _, err := s.master(); err != nil {
		return finding{"SOTTO_MASTER_KEY", wrong, err.Error()}
	}
	return finding{"SOTTO_MASTER_KEY", fine, ""}
}

func (s *settings) checkDatabase(ctx context.Context) []finding {
	db, err := openDatabase(ctx, s)
	if err != nil {
		return []finding{{"SOTTO_DATABASE_URL", wrong, err.Error()}}
	}
	defer func() { _ = db.Close() }()
	steps, err := db.Steps(ctx, migrations.Files)
	if err != nil {
		return []finding{{"SOTTO_DATABASE_URL", wrong, "the database does not answer: check that it runs and that the address is right"}}
	}
	list := []finding{{"SOTTO_DATABASE_URL", fine, db.Engine}}
	missing := 0
	for _, st := range steps {
		if !st.Applied {
			missing++
		}
	}
	if missing > 0 {
		return append(list, finding{"schema", hint, fmt.Sprintf("%d steps are missing: sotto migrate up, or the next start, applies them", missing)})
	}
	return append(list, finding{"schema", fine, ""}, s.checkSeal(ctx, db))
}

// checkSeal opens a sealed row: a wrong master key shows here and not at a customer's first word.
func (s *settings) checkSeal(ctx context.Context, db *database.DB) finding {
	master, err := s.master()
	if err == nil {
		err = sealFits(ctx, db, master)
	}
	if err != nil {
		return finding{"master key and database", wrong, err.Error()}
	}
	return finding{"master key and database", fine, ""}
}

func (s *settings) checkParties(ctx context.Context) []finding {
	var list []finding
	for _, p := range []struct{ setting, url, real string }{
		{"SOTTO_STRIPE_API_URL", s.StripeURL, "https://api.stripe.com"},
		{"SOTTO_WHATSAPP_API_URL", s.WhatsAppURL, "https://graph.facebook.com"},
		{"SOTTO_TELEGRAM_API_URL", s.TelegramURL, "https://api.telegram.org"},
		{"SOTTO_WECHAT_API_URL", s.WeChatURL, "https://api.weixin.qq.com"},
		{"SOTTO_WECHATPAY_API_URL", s.WeChatPayURL, "https://api.mch.weixin.qq.com"},
	} {
		list = append(list, reach(ctx, p.setting, or(p.url, p.real)))
	}
	switch {
	case s.StripeKey == "":
		list = append(list, finding{"SOTTO_STRIPE_KEY", hint, "is not set: only merchants with a Stripe key of their own can be paid"},
			finding{"SOTTO_STRIPE_WEBHOOK_SECRETS", fine, "not needed without SOTTO_STRIPE_KEY"})
	case s.StripeSecrets == "":
		list = append(list, finding{"SOTTO_STRIPE_WEBHOOK_SECRETS", wrong, "is not set: Stripe's webhooks cannot be verified; copy the endpoint's signing secret (API version 2023-10-16)"})
	default:
		list = append(list, finding{"SOTTO_STRIPE_WEBHOOK_SECRETS", fine, fmt.Sprintf("%d of them", len(splitList(s.StripeSecrets)))})
	}
	for _, key := range splitList(s.StripeKey) {
		list = append(list, s.tryStripe(ctx, "SOTTO_STRIPE_KEY", accounts.Account{Key: key}))
	}
	return append(list, s.checkShops(ctx)...)
}

// checkShops tries the keys of those merchants that have an account of their own at Stripe or WeChat Pay. What keeps the database shut is told elsewhere.
func (s *settings) checkShops(ctx context.Context) (list []finding) {
	db, err := openDatabase(ctx, s)
	if err != nil {
		return nil
	}
	defer func() { _ = db.Close() }()
	master, err := s.master()
	if err != nil {
		return nil
	}
	keys, err := privacy.New(db, master)
	if err != nil {
		return nil
	}
	register := merchants.New(db, keys)
	all, err := register.All(ctx)
	if err != nil {
		return nil
	}
	for _, m := range all {
		list = append(list, s.tryWeChatPay(ctx, register, m)...)
		var kept accounts.Kept
		if ok, err := register.Credential(ctx, m.ID, "stripe", &kept); err != nil || !ok {
			continue
		}
		for i, acct := range kept.All(strings.Join(splitList(s.StripeKey), " ")) {
			what := "Stripe key of " + m.Slug
			if i > 0 {
				what += ", from before"
			}
			list = append(list, s.tryStripe(ctx, what, acct))
		}
	}
	return list
}

// tryStripe asks Stripe what a key may do. Nothing is changed by it.
func (s *settings) tryStripe(ctx context.Context, what string, acct accounts.Account) finding {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	v, err := payments.TryStripe(ctx, s.StripeURL, acct)
	switch {
	case err != nil:
		return finding{what, hint, "could not be tried: Stripe does not answer from here"}
	case v.Refused:
		return finding{what, wrong, "is not taken by Stripe any more: make a new one and put it in its place"}
	case len(v.Lacks) > 0:
		var lacks []string
		for _, p := range v.Lacks {
			lacks = append(lacks, p.Resource+": "+p.Level+" ("+p.Why+")")
		}
		return finding{what, wrong, "lacks permissions; give the restricted key " + strings.Join(lacks, ", ")}
	}
	return finding{what, fine, ""}
}

// reach tells whether an address answers at all; any status will do.
func reach(ctx context.Context, setting, address string) finding {
	if u, err := url.Parse(address); err != nil || u.Host == "" {
		return finding{setting, wrong, "is not an address"}
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return finding{setting, wrong, "is not an address"}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return finding{setting, hint, "does not answer from here: check the network and the firewall"}
	}
	_ = res.Body.Close()
	return finding{setting, fine, ""}
}

func (s *settings) checkModel() []finding {
	if s.LLMProvider == "" {
		list := []finding{{"SOTTO_LLM_PROVIDER", fine, "embedded understander alone: no word leaves the house"}}
		for name, value := range map[string]string{"SOTTO_LLM_URL": s.LLMURL, "SOTTO_LLM_MODEL": s.LLMModel, "SOTTO_LLM_KEY": s.LLMKey} {
			if value != "" {
				list = append(list, finding{name, hint, "is set and not used: SOTTO_LLM_PROVIDER is empty"})
			}
		}
		return list
	}
	if _, err := s.model(nil); err != nil {
		return []finding{{"SOTTO_LLM_PROVIDER", wrong, err.Error()}}
	}
	return []finding{{"SOTTO_LLM_PROVIDER", fine, s.LLMProvider}, {"SOTTO_LLM_URL", fine, or(s.LLMURL, "the provider's own")},
		{"SOTTO_LLM_MODEL", fine, or(s.LLMModel, "the provider's usual one")}, {"SOTTO_LLM_KEY", fine, "set"}}
}

// checkSenses tells whether voice notes and photos can be understood, and where they go.
func (s *settings) checkSenses(ctx context.Context) []finding {
	list := []finding{{"SOTTO_LLM_VOICE_MODEL", fine, or(s.VoiceModel, "none: the bot says that it cannot hear voice notes")},
		{"SOTTO_LLM_PHOTO_MODEL", fine, or(s.PhotoModel, "none: the bot says that it cannot see photos")}}
	key := finding{"SOTTO_LLM_SENSES_KEY", fine, "that of SOTTO_LLM_KEY, where SOTTO_LLM_SENSES_URL is not set either"}
	if s.SensesKey != "" {
		key.remedy = "set"
	}
	if s.VoiceModel == "" && s.PhotoModel == "" {
		address := finding{"SOTTO_LLM_SENSES_URL", fine, "not needed without such a model"}
		if s.SensesURL != "" || s.SensesKey != "" {
			address = finding{address.what, hint, "is set and not used: name a model in SOTTO_LLM_VOICE_MODEL or SOTTO_LLM_PHOTO_MODEL"}
		}
		return append(list, address, key)
	}
	if _, err := s.senses(nil); err != nil {
		return append(list, finding{"SOTTO_LLM_SENSES_URL", wrong, err.Error()}, key)
	}
	address := s.SensesURL
	if address == "" && s.SensesKey == "" {
		address = s.LLMURL
	}
	return append(list, reach(ctx, "SOTTO_LLM_SENSES_URL", or(address, senses.OpenAI)), key)
}

// sealFits tells whether the master key opens what the database holds.
func sealFits(ctx context.Context, db *database.DB, master []byte) error {
	keys, err := privacy.New(db, master)
	if err != nil {
		return err
	}
	return keys.Fits(ctx)
}
