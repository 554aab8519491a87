package llm

import (
	"context"
	"time"

	"sotto.chat/internal/database"
)

// ledger counts calls and tokens by merchant, scope and day. The scope is a conversation, or "" for the merchant.
type ledger struct{ db *database.DB }

type allowance struct {
	scope         string
	calls, tokens int
}

// take counts one call in every scope, or in none with ErrBudget when one of them would pass its limit.
func (l *ledger) take(ctx context.Context, merchant string, scopes []allowance, tokens int) error {
	return l.db.InTx(ctx, func(tx database.Tx) error {
		for _, s := range scopes {
			if s.calls < 1 || tokens > s.tokens { // the first call of a day meets no row to compare with
				return ErrBudget
			}
			done := tx.DB().Exec(`insert into model_budget (merchant_id, scope, day, calls, tokens) values (?, ?, ?, 1, ?)
				on conflict (merchant_id, scope, day) do update set calls = model_budget.calls + 1, tokens = model_budget.tokens + excluded.tokens
				where model_budget.calls < ? and model_budget.tokens + excluded.tokens <= ?`,
				merchant, s.scope, day(tx.Now), tokens, s.calls, s.tokens)
			if done.Error != nil {
				return done.Error
			}
			if done.RowsAffected == 0 {
				return ErrBudget
			}
		}
		return nil
	})
}

func (l *ledger) correct(ctx context.Context, merchant string, scopes []string, difference int) error {
	return l.db.InTx(ctx, func(tx database.Tx) error {
		return tx.DB().Exec(`update model_budget set tokens = tokens + ? where merchant_id = ? and day = ? and scope in ?`,
			difference, merchant, day(tx.Now), scopes).Error
	})
}

func (l *ledger) forget(ctx context.Context, before time.Time) error {
	return l.db.InTx(ctx, func(tx database.Tx) error {
		return tx.DB().Exec(`delete from model_budget where day < ?`, day(before)).Error
	})
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
