// Package payments keeps what is owed and paid: links, Stripe sessions, webhooks, refunds, disputes and the checks of all of them.
package payments

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/jobs"
	"sotto.chat/internal/money"
	"sotto.chat/merchants"
	"sotto.chat/payments/byhand"
	"sotto.chat/payments/flights"
	"sotto.chat/payments/reconcile"
	"sotto.chat/payments/saved"
	"sotto.chat/privacy"
)

// Config says where Stripe is and how links look.
type Config struct {
	// StripeURL is the address of Stripe's API or of a stand-in; empty means api.stripe.com.
	StripeURL string
	// PlatformKey takes the money of merchants without a Stripe account of their own. Empty: such merchants cannot be paid.
	// Whether it is a live or a test key decides which events are believed.
	// While keys rotate it is two, with a space between, the new one first.
	PlatformKey string
	// PlatformSecrets verify the webhooks of the platform's account; while one is rolled there are two.
	PlatformSecrets []string
	// PublicURL is the shop's own address, before /pay/{token}.
	PublicURL string
	// LinkKey signs pay links.
	LinkKey []byte
	// Keys seal what people write about money, and what a provider calls a customer.
	Keys *privacy.Keys
	Log  *slog.Logger
	// Client calls Stripe. Nil: one with a time limit.
	Client *http.Client
}

// Payments is the room. Make it with New before the desk opens.
type Payments struct {
	db       *database.DB
	register *merchants.Register
	desk     *jobs.Desk
	cfg      Config
	stripe   *stripeAPI
	flights  flights.Group
	saved    saved.Desk
	// providers holds the methods beside Stripe; filled before the desk opens, read only afterwards.
	providers map[string]Provider
	// statements compares what providers say with what is written down here.
	statements *reconcile.Desk
}

// New makes the room and registers its work at the desk.
func New(db *database.DB, register *merchants.Register, desk *jobs.Desk, cfg Config) *Payments {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Client == nil {
		cfg.Client = &http.Client{Timeout: 20 * time.Second}
	}
	cfg.PublicURL = strings.TrimRight(cfg.PublicURL, "/")
	p := &Payments{db: db, register: register, desk: desk, cfg: cfg, stripe: newStripe(cfg.StripeURL, cfg.Client),
		saved: saved.New(db, cfg.Keys), providers: map[string]Provider{}}
	p.statements = reconcile.New(db, p.feeOf)
	jobs.On(desk, "payments.close", p.closeSessions)
	jobs.On(desk, "payments.refund", p.finishRefund)
	jobs.On(desk, "payments.held", p.finishHeld)
	jobs.On(desk, "payments.forget", p.deleteDropped)
	jobs.On(desk, "payments.payout", p.seePayout)
	desk.Every("payments.poll", time.Minute, p.Poll)
	desk.Every("payments.recover", recoverEvery, p.Recover)
	desk.Every("payments.book", bookEvery, p.bookOld)
	desk.Every("payments.statements", statementsEvery, p.ReadStatements)
	return p
}

// Payment is one sum that is owed, and what became of it.
type Payment struct {
	MerchantID string `gorm:"primaryKey"`
	ID         string `gorm:"primaryKey"`
	OrderID    string
	CustomerID string // whose key seals what people write about it
	Status     Status
	// Reason says why the payment is where it is: one of the Reason constants, or what Kill and Review were told.
	Reason   string
	Amount   int64
	Currency string
	// PaidAmount and RefundedAmount count money in Currency only; money of another currency stands in the receipts.
	PaidAmount     int64
	RefundedAmount int64
	Description    []Item `gorm:"serializer:json"`
	Language       string
	// ExpiresAt ends the link, and with it the quote and the hold.
	ExpiresAt time.Time
	Version   int64
	CreatedAt time.Time `gorm:"autoCreateTime:false"`
	UpdatedAt time.Time `gorm:"autoUpdateTime:false"`
}

// Money is what is owed.
func (p Payment) Money() money.Money { return money.Of(p.Amount, p.Currency) }

// Processing tells whether a slow method (a bank transfer, a voucher) is on its way; no other link is given meanwhile.
func (p Payment) Processing() bool { return p.Status == Pending && p.Reason == ReasonProcessing }

// Item is one line of what is bought, as shown on the pay page. Total is Quantity × Unit.
type Item struct {
	Name     string `json:"name"`
	Quantity int64  `json:"quantity"`
	Unit     int64  `json:"unit"`
	Total    int64  `json:"total"`
}

// Expected is what an order asks to be paid.
type Expected struct {
	OrderID   string
	Customer  string
	Amount    money.Money
	Items     []Item
	ExpiresAt time.Time
	Language  string
}

// Refund is money on its way back.
type Refund struct {
	MerchantID string `gorm:"primaryKey"`
	ID         string `gorm:"primaryKey"`
	PaymentID  string
	Amount     int64
	Currency   string
	// Status is pending, succeeded or failed.
	Status string
	// Cause is a code of ours: empty, or at_provider for what was given back there. Words are a person's own, sealed; Reason is one of the
	// two as it is shown, where the refund was read for that.
	Cause  string
	Words  []byte
	Reason string `gorm:"-"`
	// ExternalID is the provider's id of it, once known.
	ExternalID string
	// IdempotencyKey is the caller's own; Attempt is part of the one that goes to the provider.
	IdempotencyKey string
	Attempt        int64
	CreatedAt      time.Time `gorm:"autoCreateTime:false"`
	UpdatedAt      time.Time `gorm:"autoUpdateTime:false"`
}

// CauseAtProvider says that a refund was made at the provider's side.
const CauseAtProvider = "at_provider"

// The states of a refund.
const (
	RefundPending   = "pending"
	RefundSucceeded = "succeeded"
	RefundFailed    = "failed"
)

// Page is what the pay page shows.
type Page struct {
	Payment  Payment
	Merchant string
	Slug     string
	// State is open, processing, paid, refunded, expired, cancelled or review.
	State string
	// ByHand says which ways of paying without a provider the merchant offers while the payment is open. Reference is what a bank transfer
	// must name, once the customer chose that way.
	ByHand    byhand.Terms
	Reference string
	// Part counts from 1 among the Parts that an order is paid in; both are 0 where one payment is for all of it.
	Part, Parts int
	// Keeps says that the customer agreed to be known to the provider at the next order; MayKeep, that they can be asked.
	Keeps, MayKeep bool
}

// EventArrived is news: something may have happened to money. Who listens calls Resolve, then Apply in a transaction.
// Merchant is empty for the platform's own account, where the Fact tells the merchant.
type EventArrived struct {
	Merchant string `json:"merchant"`
	Event    string `json:"event"`
}

// NewsKind names the news.
func (EventArrived) NewsKind() string { return "payments.event_arrived" }

// SessionsToClose is news: a payment's links must die at the provider too, unless it has been given more time.
type SessionsToClose struct {
	Merchant string `json:"merchant"`
	Payment  string `json:"payment"`
}

// NewsKind names the news.
func (SessionsToClose) NewsKind() string { return "payments.sessions_to_close" }

// RefundPromised is news: a refund is written down and must be made.
type RefundPromised struct {
	Merchant string `json:"merchant"`
	Refund   string `json:"refund"`
}

// NewsKind names the news.
func (RefundPromised) NewsKind() string { return "payments.refund_promised" }

// Moved is news of a move that no event brought: a refund made by the shop itself.
type Moved struct {
	Merchant string `json:"merchant"`
	Payment  string `json:"payment"`
	Order    string `json:"order"`
	From     Status `json:"from"`
	To       Status `json:"to"`
}

// NewsKind names the news.
func (Moved) NewsKind() string { return "payments.moved" }

// Move is what Apply did.
type Move struct {
	// Payment is as it stands now. Its MerchantID and OrderID tell whose it is. For double money it is a row of its own.
	// Its ExpiresAt may have moved (Processing, or To is Failed: time for a new link); the hold goes with it.
	Payment  Payment
	From, To Status
	// Changed is false when the fact was known already; then nothing else need be done.
	Changed bool
	// Paid says that with this move the money came, all of it and no more. To may already be beyond Paid: when webhooks were lost,
	// the first reading can find money that has gone back since.
	Paid bool
	// Late is money for a payment that had been cancelled for the reason Was: hold the goods again and go on, or call Review.
	Late bool
	Was  string
	// Double is a second coin for what was paid already: it waits for a person; the first payment stands.
	Double bool
	// Processing says that a slow method is on its way: the goods stay held until Payment.ExpiresAt, which moved.
	Processing bool
}

// ToldUntil is the end of the last statement of a method's account that TakeStatement took; zero when there was none.
func (p *Payments) ToldUntil(ctx context.Context, merchant, method, account string) (time.Time, error) {
	at, _, err := p.readCursor(ctx, merchant, statementCursor(method, account))
	return at, err
}

// TakeStatement takes a statement, and remembers until when the account has told.
func (p *Payments) TakeStatement(ctx context.Context, merchant string, s reconcile.Statement) error {
	if _, err := p.statements.Take(ctx, merchant, s); err != nil {
		return err
	}
	return p.db.InTx(ctx, func(tx database.Tx) error {
		return putCursor(tx, merchant, statementCursor(s.Provider, s.Account), s.To)
	})
}

func statementCursor(method, account string) string { return "statement:" + method + ":" + account }

// Statements is the desk where providers' statements are taken and compared, and the report of a day is made.
func (p *Payments) Statements() *reconcile.Desk { return p.statements }

// Status is where a payment stands.
type Status string

// The statuses.
const (
	Pending           Status = "pending"
	Authorized        Status = "authorized"
	Paid              Status = "paid"
	PartiallyRefunded Status = "partially_refunded"
	Refunded          Status = "refunded"
	Failed            Status = "failed"
	Cancelled         Status = "cancelled"
	NeedsReview       Status = "needs_review"
)

// Reasons that this room gives.
const (
	ReasonProcessing    = "processing"     // pending: a slow method is on its way
	ReasonDeclined      = "declined"       // failed: the slow method did not bring the money; a new link is possible
	ReasonLate          = "late"           // paid: the money came after the end
	ReasonDouble        = "double"         // needs_review: the order was paid already
	ReasonWrongAmount   = "wrong_amount"   // needs_review
	ReasonWrongCurrency = "wrong_currency" // needs_review
	ReasonWrongMode     = "wrong_mode"     // needs_review: pretended money where real money is wanted, or the reverse
	ReasonDisputed      = "disputed"       // needs_review: the customer's bank takes the money back
	ReasonDisputeLost   = "dispute_lost"   // needs_review: it did
	ReasonRefundFailed  = "refund_failed"  // needs_review: the money of a refund came back to the shop
	ReasonNothingDue    = "nothing_due"    // paid: the sum was zero
	ReasonAccepted      = "accepted"       // paid: a person looked and took the money as good
	ReasonPart          = "part"           // paid: less came than was asked; a person took it as a part, another payment asks for the rest
	ReasonCapturing     = "capturing"      // authorized: the goods went out, and the held money is being taken
	ReasonCaptured      = "captured_part"  // paid: less was taken than was held, as somebody said; the rest was let go
	ReasonCaptureFailed = "capture_failed" // needs_review: the goods went out, and the held money could not be taken
	ReasonHoldEnds      = "hold_ends"      // authorized: what is held must be taken within a day, or the bank lets it go
	ReasonHoldEnded     = "hold_ended"     // failed: the bank let the held money go before anybody took it; a new link is possible
	ReasonPartly        = "partly_paid"    // needs_review: the order ended with a part of its money in
)

// moves is every move that a payment may make. Money that came is never refused, so cancelled and failed lead back.
var moves = map[Status][]Status{
	Pending:           {Authorized, Paid, PartiallyRefunded, Refunded, Failed, Cancelled, NeedsReview},
	Authorized:        {Paid, PartiallyRefunded, Refunded, Failed, Cancelled, NeedsReview},
	Paid:              {PartiallyRefunded, Refunded, NeedsReview},
	PartiallyRefunded: {Paid, Refunded, NeedsReview},
	Refunded:          {Paid, PartiallyRefunded, NeedsReview},
	Failed:            {Pending, Authorized, Paid, PartiallyRefunded, Refunded, Cancelled, NeedsReview},
	Cancelled:         {Paid, PartiallyRefunded, Refunded, NeedsReview},
	NeedsReview:       {Paid, PartiallyRefunded, Refunded},
}

// May tells whether a payment may go from s to the other status.
func (s Status) May(to Status) bool { return slices.Contains(moves[s], to) }

// Known tells whether s is a status.
func (s Status) Known() bool { _, ok := moves[s]; return ok }

// ErrMove refuses a move that the table does not have.
var ErrMove = fault.New(fault.Conflict, "payment_state", "The payment's state does not allow this.")

// move changes the status, or refuses.
func (p *Payment) move(to Status, reason string) error {
	if p.Status != to && !p.Status.May(to) {
		return ErrMove.Say("A payment that is %s cannot become %s.", p.Status, to)
	}
	p.Status, p.Reason = to, reason
	return nil
}

// settled gives the status that the amounts alone ask for, once money has come.
func (p *Payment) settled() Status {
	switch {
	case p.RefundedAmount == 0:
		return Paid
	case p.RefundedAmount < p.PaidAmount:
		return PartiallyRefunded
	}
	return Refunded
}
