package wechatpay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/id"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/money"
	"sotto.chat/merchants"
	"sotto.chat/payments"
)

// Config is what the wiring decides.
type Config struct {
	Addresses
	// PublicURL is the shop's own address, before /hooks/wechatpay/{merchant}.
	PublicURL string
	Log       *slog.Logger
}

// Pay is WeChat Pay as one of the shop's ways of paying.
type Pay struct {
	db        *database.DB
	register  *merchants.Register
	payments  *payments.Payments
	api       *API
	publicURL string
	log       *slog.Logger
}

var _ payments.Provider = (*Pay)(nil)

// certificatesEvery is how often WeChat's certificates are fetched; a new one is there days before it signs.
const certificatesEvery = 12 * time.Hour

// New connects WeChat Pay; call it before the desk opens.
func New(db *database.DB, register *merchants.Register, pays *payments.Payments, desk *jobs.Desk, cfg Config) *Pay {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	p := &Pay{db: db, register: register, payments: pays, api: NewAPI(cfg.Addresses, db.Now), publicURL: strings.TrimRight(cfg.PublicURL, "/"), log: cfg.Log}
	pays.Use(payments.MethodWeChat, p)
	desk.Every("wechatpay.certificates", certificatesEvery, p.Refresh)
	desk.Every("wechatpay.bills", billsEvery, p.ReadBills)
	return p
}

// Origins are where the pay page may send a customer on to.
func (p *Pay) Origins() []string { return p.api.Origins() }

// Set keeps a merchant's credentials; what is wrong with them is refused by field.
func Set(tx database.Tx, register *merchants.Register, merchant string, c Credentials) error {
	if _, err := c.Open(); err != nil {
		return err
	}
	return register.SetCredential(tx, merchant, Kind, c)
}

// account opens a merchant's credentials; ErrNoAccount where there are none.
func (p *Pay) account(ctx context.Context, merchant string) (*Account, error) {
	var c Credentials
	ok, err := p.register.Credential(ctx, merchant, Kind, &c)
	if err == nil && !ok {
		err = ErrNoAccount
	}
	if err != nil {
		return nil, err
	}
	acct, err := c.Open()
	if err != nil || !acct.byCertificate() {
		return acct, err
	}
	var fetched []PlatformKey
	if _, err := p.register.Credential(ctx, merchant, KindCertificates, &fetched); err != nil {
		return nil, err
	}
	for _, k := range fetched {
		if err := acct.Add(k); err != nil {
			return nil, err
		}
	}
	return acct, nil
}

// accountOf opens the account in which an offer stands; nil where the merchant has another one now, so that nothing can be asked.
func (p *Pay) accountOf(ctx context.Context, merchant, mchid string) (*Account, error) {
	acct, err := p.account(ctx, merchant)
	if errors.Is(err, ErrNoAccount) || err == nil && acct.MchID != mchid {
		return nil, nil
	}
	return acct, err
}

func (p *Pay) notifyURL(merchant string) string { return p.publicURL + "/hooks/wechatpay/" + merchant }

// Receive takes a notification: it is verified over its raw bytes and written down once. A nil error means that it is safe here.
func (p *Pay) Receive(ctx context.Context, merchant string, raw []byte, h http.Header) error {
	if len(raw) > LargestNotification {
		return ErrNotReadable
	}
	acct, err := p.account(ctx, merchant)
	if err != nil {
		return err
	}
	n, err := acct.Heard(h, raw, p.db.Now())
	if err != nil {
		return err
	}
	w, err := acct.word(n)
	if err != nil || w == nil {
		return err
	}
	return p.payments.HearNow(ctx, merchant, *w)
}

// word is what a notification says about money; nil for those that say nothing.
func (a *Account) word(n Notification) (*payments.Word, error) {
	switch {
	case n.Transaction != nil:
		if n.Transaction.MchID != a.MchID || n.Transaction.AppID != a.AppID {
			return nil, ErrNotReadable.Because(errors.New("about another account"))
		}
		w := n.Transaction.word(a.MchID, n.ID)
		return w, nil
	case n.Refund != nil:
		if n.Refund.MchID != "" && n.Refund.MchID != a.MchID {
			return nil, ErrNotReadable.Because(errors.New("about another account"))
		}
		status, err := n.Refund.status()
		w := &payments.Word{ID: n.ID, Method: payments.MethodWeChat, Account: a.MchID, Reference: n.Refund.OutTradeNo, Kind: payments.WordReturned,
			Coin: n.Refund.TransactionID, Refund: n.Refund.RefundID, Status: status, Amount: money.Of(n.Refund.Amount.Refund, Currency), At: n.Refund.SuccessTime.UTC()}
		if id.Check("ref", n.Refund.OutRefundNo) == nil {
			w.OurRefund = n.Refund.OutRefundNo
		}
		if w.At.IsZero() {
			w.At = n.At
		}
		return w, err
	}
	return nil, nil
}

// word is what an order's state says about money; nil where there is none.
func (t Transaction) word(mchid, telling string) *payments.Word {
	w := &payments.Word{ID: telling, Method: payments.MethodWeChat, Account: mchid, Reference: t.OutTradeNo, Coin: t.TransactionID, Amount: t.Money(), At: t.SuccessTime.UTC()}
	switch t.TradeState {
	case StateSuccess, StateRefund:
		w.Kind = payments.WordPaid
	case StatePayError:
		w.Kind, w.Coin = payments.WordFailed, ""
	default:
		return nil // a closed order is no news: we closed it, or its time was over
	}
	return w
}

// status is a refund's state in the words of the payments.
func (r RefundState) status() (string, error) {
	switch s := r.state(); s {
	case RefundSuccess:
		return payments.RefundSucceeded, nil
	case RefundProcessing:
		return payments.RefundPending, nil
	case RefundClosed, RefundAbnormal:
		return payments.RefundFailed, nil
	default:
		return "", ErrUpstream.Because(fmt.Errorf("the unknown refund state %q", clip(s, 32)))
	}
}

// Look asks how an order stands.
func (p *Pay) Look(ctx context.Context, o payments.Offer) (*payments.Word, error) {
	acct, err := p.accountOf(ctx, o.Merchant, o.Account)
	if err != nil || acct == nil {
		return nil, err
	}
	t, err := p.api.ByNumber(ctx, acct, o.Reference)
	if is(err, "ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS") {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if t.MchID != acct.MchID || t.OutTradeNo != o.Reference {
		return nil, ErrUpstream.Because(errors.New("an answer about another order"))
	}
	return t.word(acct.MchID, "look:"+o.Reference+":"+t.TransactionID), nil
}

// Close ends an order so that nobody can pay it any more.
func (p *Pay) Close(ctx context.Context, o payments.Offer) error {
	acct, err := p.accountOf(ctx, o.Merchant, o.Account)
	if err != nil || acct == nil {
		return err
	}
	return p.api.Close(ctx, acct, o.Reference)
}

// Refund sends money back; the number of our refund makes it one act, however often it is asked for.
func (p *Pay) Refund(ctx context.Context, r payments.RefundOrder) (payments.RefundWord, error) {
	acct, err := p.accountOf(ctx, r.Merchant, r.Account)
	if err != nil {
		return payments.RefundWord{}, err
	}
	if acct == nil {
		return payments.RefundWord{}, payments.ErrRefundRefused.Because(ErrNoAccount).At("code", "old_account")
	}
	s, err := p.api.Refund(ctx, acct, Refund{Number: r.ID, TransactionID: r.Coin, OutTradeNo: r.Reference, Reason: r.Reason, NotifyURL: p.notifyURL(r.Merchant),
		Amount: r.Amount.Amount, Total: r.Paid.Amount})
	var no *Refusal
	if errors.As(err, &no) && no.Final() {
		// A refusal may follow a first try that went through: what WeChat knows of the number stands.
		if s, err = p.api.RefundByNumber(ctx, acct, r.ID); is(err, "RESOURCE_NOT_EXISTS", "NOT_FOUND") {
			return payments.RefundWord{}, payments.ErrRefundRefused.Because(no).At("code", no.Code)
		}
	}
	if err != nil {
		return payments.RefundWord{}, err
	}
	status, err := s.status()
	return payments.RefundWord{ID: s.RefundID, Status: status}, err
}

// Refresh fetches WeChat's certificates for the merchants that use them, so that a new one is known before it signs.
func (p *Pay) Refresh(ctx context.Context) error { return p.each(ctx, "certificates", p.fetch) }

// each does something for each merchant with an account. What fails for one is left to the next beat.
func (p *Pay) each(ctx context.Context, what string, do func(context.Context, string, *Account) error) error {
	list, err := p.register.All(ctx)
	if err != nil {
		return err
	}
	for _, m := range list {
		acct, err := p.account(ctx, m.ID)
		if errors.Is(err, ErrNoAccount) {
			continue
		}
		if err == nil {
			err = do(ctx, m.ID, acct)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			p.log.WarnContext(ctx, "what WeChat Pay has could not be fetched", "what", what, "merchant", m.ID, "error", err)
		}
	}
	return nil
}

func (p *Pay) fetch(ctx context.Context, merchant string, acct *Account) error {
	if !acct.byCertificate() {
		return nil
	}
	keys, err := p.api.Certificates(ctx, acct)
	if err != nil {
		return err
	}
	return p.db.InTx(ctx, func(tx database.Tx) error { return p.register.SetCredential(tx, merchant, KindCertificates, keys) })
}
