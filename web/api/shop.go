package api

import (
	"context"
	"net/http"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/money"
	"sotto.chat/merchants"
	"sotto.chat/payments/accounts"
	"sotto.chat/payments/wechatpay"
)

// Key is an API key; its text is shown once, when it is made.
type Key struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Role      string     `json:"role"`
	Last4     string     `json:"last4"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at" nullable:"true"`
	RevokedAt *time.Time `json:"revoked_at" nullable:"true"`
}

// KeyMade is a fresh key.
type KeyMade struct {
	Key
	Secret string `json:"key" doc:"Shown this once; keep it safe."`
}

func showKey(k merchants.Key) Key {
	return Key{k.ID, k.Name, string(k.Role), k.Last4, k.CreatedAt, k.ExpiresAt, k.RevokedAt}
}

// Member is one of the staff.
type Member struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Role      string     `json:"role"`
	CreatedAt time.Time  `json:"created_at"`
	RemovedAt *time.Time `json:"removed_at" nullable:"true"`
}

// MemberMade is somebody new, with the key that is theirs.
type MemberMade struct {
	Member
	Secret string `json:"key" doc:"Shown this once."`
}

func showMember(s merchants.Staff) Member {
	return Member{s.ID, s.Name, string(s.Role), s.CreatedAt, s.RemovedAt}
}

// Settings is what the merchant decides.
type Settings struct {
	Merchant     string      `json:"merchant"`
	Name         string      `json:"name"`
	Slug         string      `json:"slug"`
	Currency     string      `json:"currency"`
	Country      string      `json:"country"`
	Language     string      `json:"language"`
	TaxPPM       int64       `json:"tax_ppm" doc:"Millionths: 19 % is 190000."`
	TaxInclusive bool        `json:"tax_inclusive"`
	Shipping     money.Money `json:"shipping"`
	HoldMinutes  int64       `json:"hold_minutes" doc:"How long quote, goods and pay link live together."`
	Formal       bool        `json:"formal"`
	Pickup       bool        `json:"pickup"`
	Delivery     bool        `json:"delivery"`
	Notice       bool        `json:"ai_notice"`
	LLM          bool        `json:"llm" doc:"Whether messages, voice notes and photos may go to the operator's models."`
	LLMWording   bool        `json:"llm_wording" doc:"Whether the model may word answers that need no figures. What it words is checked, and said in the shop's own words where it does not fit."`
	LLMShadow    bool        `json:"llm_shadow" doc:"Whether the model also reads messages that the bot is sure of, after they are answered, to list where the two understand them differently: GET /v1/disagreements. It needs llm, and costs calls of its budget."`
	Capture      string      `json:"capture" enum:"automatic,manual" doc:"manual: cards are held when the customer pays, and charged when the goods go out."`
	Stripe       bool        `json:"stripe" doc:"Whether the shop has a Stripe account of its own."`
	WeChatPay    bool        `json:"wechatpay" doc:"Whether the shop takes WeChat Pay."`
	Version      int64       `json:"version"`
}

// SettingsPatch is what is to change; what is absent stays.
type SettingsPatch struct {
	Name         *string      `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Slug         *string      `json:"slug,omitempty" minLength:"1" maxLength:"100"`
	Country      *string      `json:"country,omitempty" maxLength:"2"`
	Language     *string      `json:"language,omitempty" maxLength:"20"`
	TaxPPM       *int64       `json:"tax_ppm,omitempty" minimum:"0" maximum:"1000000"`
	TaxInclusive *bool        `json:"tax_inclusive,omitempty"`
	Shipping     *money.Money `json:"shipping,omitempty"`
	HoldMinutes  *int64       `json:"hold_minutes,omitempty" minimum:"30" maximum:"1440"`
	Formal       *bool        `json:"formal,omitempty"`
	Pickup       *bool        `json:"pickup,omitempty"`
	Delivery     *bool        `json:"delivery,omitempty"`
	Notice       *bool        `json:"ai_notice,omitempty"`
	LLM          *bool        `json:"llm,omitempty"`
	LLMWording   *bool        `json:"llm_wording,omitempty"`
	LLMShadow    *bool        `json:"llm_shadow,omitempty"`
	Capture      *string      `json:"capture,omitempty" enum:"automatic,manual"`
	Stripe       *StripeIn    `json:"stripe,omitempty"`
	WeChatPay    *WeChatPayIn `json:"wechatpay,omitempty"`
}

// StripeIn is the shop's own Stripe account; it is sealed and never comes back.
type StripeIn struct {
	SecretKey      string   `json:"secret_key,omitempty" minLength:"8" maxLength:"255" doc:"A secret or restricted key; without one, the installation's key acts for the connected account."`
	WebhookSecrets []string `json:"webhook_secrets,omitempty" maxItems:"8" doc:"The signing secrets of all endpoints, and the old and the new one while a secret is rolled."`
	Account        string   `json:"account,omitempty" maxLength:"64" doc:"The account's id, acct_…"`
	ForgetOld      bool     `json:"forget_old,omitempty" doc:"Forget the keys and secrets from before at once. Else they are kept for what was made under them, and go with the next change that says so."`
}

// StripeCheck tells what the shop's Stripe key may do.
type StripeCheck struct {
	OK      bool               `json:"ok"`
	Refused bool               `json:"refused" doc:"Stripe does not take the key any more."`
	Lacks   []StripePermission `json:"lacks" doc:"What a restricted key still needs."`
}

// StripePermission is one permission, as Stripe's dashboard names it.
type StripePermission struct {
	Resource string `json:"resource"`
	Level    string `json:"level" enum:"Read,Write"`
	Why      string `json:"why"`
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

func (p SettingsPatch) over(m *merchants.Merchant) error {
	set(&m.Name, p.Name)
	set(&m.Slug, p.Slug)
	set(&m.Country, p.Country)
	set(&m.Language, p.Language)
	set(&m.TaxPPM, p.TaxPPM)
	set(&m.TaxInclusive, p.TaxInclusive)
	set(&m.HoldMinutes, p.HoldMinutes)
	set(&m.Settings.Formal, p.Formal)
	set(&m.Settings.Pickup, p.Pickup)
	set(&m.Settings.Delivery, p.Delivery)
	set(&m.Settings.EUNotice, p.Notice)
	set(&m.Settings.LLM, p.LLM)
	set(&m.Settings.LLMWording, p.LLMWording)
	set(&m.Settings.LLMShadow, p.LLMShadow)
	if p.Capture != nil {
		m.Settings.ManualCapture = *p.Capture == "manual"
	}
	if p.Shipping != nil {
		if p.Shipping.Currency != m.Currency {
			return merchants.ErrCurrencyFixed.At("shipping.currency", "must be "+m.Currency)
		}
		m.ShippingAmount = p.Shipping.Amount
	}
	return nil
}

func (a *api) shown(ctx context.Context, merchant string) (*Tagged[Settings], error) {
	m, err := a.Merchants.Get(ctx, merchant)
	if err != nil {
		return nil, err
	}
	own, err := a.Merchants.Credential(ctx, merchant, "stripe", &struct{}{})
	if err != nil {
		return nil, err
	}
	wechat, err := a.Merchants.Credential(ctx, merchant, wechatpay.Kind, &struct{}{})
	return &Tagged[Settings]{etag(m.Version), Settings{Merchant: m.ID, Name: m.Name, Slug: m.Slug, Currency: m.Currency, Country: m.Country,
		Language: m.Language, TaxPPM: m.TaxPPM, TaxInclusive: m.TaxInclusive, Shipping: money.Of(m.ShippingAmount, m.Currency), HoldMinutes: m.HoldMinutes,
		Formal: m.Settings.Formal, Pickup: m.Settings.Pickup, Delivery: m.Settings.Delivery, Notice: m.Settings.EUNotice, LLM: m.Settings.LLM,
		LLMWording: m.Settings.LLMWording, LLMShadow: m.Settings.LLMShadow,
		Capture: capture(m.Settings), Stripe: own, WeChatPay: wechat, Version: m.Version}}, err
}

func capture(s merchants.Settings) string {
	if s.ManualCapture {
		return "manual"
	}
	return "automatic"
}

func (a *api) shop() {
	add(a, op{method: http.MethodGet, path: "/v1/settings", right: merchants.SettingsRead, tag: "Shop", summary: "Read the shop's settings"},
		func(ctx context.Context, who merchants.Actor, _ *struct{}) (*Tagged[Settings], error) {
			return a.shown(ctx, who.MerchantID)
		})
	add(a, op{method: http.MethodPatch, path: "/v1/settings", right: merchants.SettingsWrite, tag: "Shop", summary: "Change the shop's settings"},
		func(ctx context.Context, who merchants.Actor, in *struct {
			IfMatch string `header:"If-Match"`
			Body    SettingsPatch
		}) (*Tagged[Settings], error) {
			v, err := version(in.IfMatch)
			if err != nil {
				return nil, err
			}
			err = a.DB.InTx(ctx, func(tx database.Tx) error {
				m, err := a.Merchants.Find(tx, who.MerchantID)
				if err != nil {
					return err
				}
				if v != 0 {
					m.Version = v
				}
				if err := in.Body.over(&m); err != nil {
					return err
				}
				if s := in.Body.Stripe; s != nil {
					kept := accounts.Kept{SecretKey: s.SecretKey, WebhookSecrets: s.WebhookSecrets, Account: s.Account}
					if err := a.Payments.SetStripe(tx, who.MerchantID, kept, s.ForgetOld); err != nil {
						return err
					}
				}
				if w := in.Body.WeChatPay; w != nil {
					if err := wechatpay.Set(tx, a.Merchants, who.MerchantID, w.credentials()); err != nil {
						return err
					}
				}
				_, err = a.Merchants.Update(tx, m)
				return err
			})
			if err != nil {
				return nil, err
			}
			return a.shown(ctx, who.MerchantID)
		})
	add(a, op{method: http.MethodGet, path: "/v1/settings/stripe/check", right: merchants.SettingsWrite, tag: "Shop", summary: "Try what the shop's Stripe key may do; nothing is changed"},
		func(ctx context.Context, who merchants.Actor, _ *struct{}) (*Answer[StripeCheck], error) {
			v, err := a.Payments.TryStripe(ctx, who.MerchantID)
			out := StripeCheck{OK: !v.Refused && len(v.Lacks) == 0, Refused: v.Refused, Lacks: []StripePermission{}}
			for _, p := range v.Lacks {
				out.Lacks = append(out.Lacks, StripePermission{p.Resource, p.Level, p.Why})
			}
			return &Answer[StripeCheck]{out}, err
		})
	a.apiKeys()
	a.staff()
}

func (a *api) apiKeys() {
	add(a, op{method: http.MethodGet, path: "/v1/keys", right: merchants.KeysRead, tag: "Shop", summary: "List API keys"},
		func(ctx context.Context, who merchants.Actor, _ *struct{}) (*Answer[List[Key]], error) {
			rows, err := a.Merchants.Keys(ctx, who.MerchantID)
			return list(rows, "", showKey), err
		})
	add(a, op{method: http.MethodPost, path: "/v1/keys", right: merchants.KeysWrite, tag: "Shop", summary: "Make an API key; its text is shown once", status: 201},
		func(ctx context.Context, who merchants.Actor, in *struct {
			Body struct {
				Name      string     `json:"name" minLength:"1" maxLength:"200"`
				Role      string     `json:"role" enum:"owner,manager,agent,read_only"`
				ExpiresAt *time.Time `json:"expires_at,omitempty"`
			}
		}) (*Answer[KeyMade], error) {
			var out KeyMade
			err := a.DB.InTx(ctx, func(tx database.Tx) error {
				k, secret, err := a.Merchants.NewKey(tx, who.MerchantID, in.Body.Name, merchants.Role(in.Body.Role), in.Body.ExpiresAt)
				out = KeyMade{showKey(k), secret}
				return err
			})
			return &Answer[KeyMade]{out}, err
		})
	add(a, op{method: http.MethodDelete, path: "/v1/keys/{id}", right: merchants.KeysWrite, tag: "Shop", summary: "Revoke an API key, at once", status: 204},
		func(ctx context.Context, who merchants.Actor, in *ByID) (*Nothing, error) {
			return &Nothing{}, a.DB.InTx(ctx, func(tx database.Tx) error { return a.Merchants.RevokeKey(tx, who.MerchantID, in.ID) })
		})
}

func (a *api) staff() {
	add(a, op{method: http.MethodGet, path: "/v1/staff", right: merchants.SettingsRead, tag: "Shop", summary: "List the staff"},
		func(ctx context.Context, who merchants.Actor, _ *struct{}) (*Answer[List[Member]], error) {
			rows, err := a.Merchants.Staff(ctx, who.MerchantID)
			return list(rows, "", showMember), err
		})
	add(a, op{method: http.MethodPost, path: "/v1/staff", right: merchants.KeysWrite, tag: "Shop", summary: "Take somebody on, with a key of their own", status: 201},
		func(ctx context.Context, who merchants.Actor, in *struct {
			Body struct {
				Name string `json:"name" minLength:"1" maxLength:"200"`
				Role string `json:"role" enum:"owner,manager,agent,read_only"`
			}
		}) (*Answer[MemberMade], error) {
			var out MemberMade
			err := a.DB.InTx(ctx, func(tx database.Tx) error {
				s, err := a.Merchants.AddStaff(tx, who.MerchantID, in.Body.Name, merchants.Role(in.Body.Role))
				if err != nil {
					return err
				}
				out.Member = showMember(s)
				_, out.Secret, err = a.Merchants.NewStaffKey(tx, who.MerchantID, s.ID, nil)
				return err
			})
			return &Answer[MemberMade]{out}, err
		})
	add(a, op{method: http.MethodDelete, path: "/v1/staff/{id}", right: merchants.KeysWrite, tag: "Shop", summary: "Let somebody go; their keys end at once", status: 204},
		func(ctx context.Context, who merchants.Actor, in *ByID) (*Nothing, error) {
			return &Nothing{}, a.DB.InTx(ctx, func(tx database.Tx) error { return a.Merchants.RemoveStaff(tx, who.MerchantID, in.ID) })
		})
}
