package llm

import (
	"context"
	"log/slog"
	"time"

	"sotto.chat/internal/database"
)

// Gate lets calls out to one model: a few at once, within the budgets, and none while the server rests after failures. Gates over the
// same database share the budgets, so that no merchant's day has more than one.
type Gate struct {
	ledger  *ledger
	limits  Limits
	breaker *breaker
	slots   chan struct{}
	log     *slog.Logger
}

// NewGate makes a gate. db keeps the budgets; nil, for the command line, means that nobody counts.
func NewGate(limits Limits, db *database.DB, log *slog.Logger) *Gate {
	g := &Gate{limits: limits.orDefault(), breaker: newBreaker(), slots: make(chan struct{}, atOnce), log: log}
	if db != nil {
		g.ledger = &ledger{db}
	}
	return g
}

// Pass makes a call that may cost so many tokens, or gives the reason why it was not made. The call tells what it has really cost; 0
// leaves the estimate.
func (g *Gate) Pass(ctx context.Context, merchant, conversation string, tokens int, call func(context.Context) (used int, err error)) error {
	select {
	case g.slots <- struct{}{}:
		defer func() { <-g.slots }()
	default:
		return ErrBusy
	}
	if !g.breaker.allow(time.Now()) {
		return ErrOpen
	}
	if err := g.reserve(ctx, merchant, conversation, tokens); err != nil {
		g.breaker.done(time.Now(), nil)
		return err
	}
	used, err := call(ctx)
	g.breaker.done(time.Now(), err)
	if err == nil && used > 0 {
		g.settle(ctx, merchant, conversation, used-tokens)
	}
	return err
}

// reserve takes the estimated cost before the call: over any limit there is no call.
func (g *Gate) reserve(ctx context.Context, merchant, conversation string, tokens int) error {
	if tokens > g.limits.MessageTokens {
		return ErrBudget
	}
	if g.ledger == nil || merchant == "" {
		return nil
	}
	return g.ledger.take(ctx, merchant, []allowance{
		{conversation, g.limits.ConversationCalls, g.limits.ConversationTokens},
		{"", g.limits.MerchantCalls, g.limits.MerchantTokens},
	}, tokens)
}

// settle corrects the estimate by what was used. Losing it costs only accuracy.
func (g *Gate) settle(ctx context.Context, merchant, conversation string, difference int) {
	if g.ledger == nil || merchant == "" || difference == 0 {
		return
	}
	if err := g.ledger.correct(ctx, merchant, []string{conversation, ""}, difference); err != nil {
		g.log.WarnContext(ctx, "the budget could not be corrected", "error", err)
	}
}

// Sweep forgets the counts of days long past.
func (g *Gate) Sweep(ctx context.Context) error {
	if g.ledger == nil {
		return nil
	}
	return g.ledger.forget(ctx, g.ledger.db.Now().Add(-3*24*time.Hour))
}

// Sweep forgets the counts of days long past.
func (r *Reader) Sweep(ctx context.Context) error { return r.gate.Sweep(ctx) }
