package rehearsals

import (
	"context"
	"encoding/json"
	"errors"

	"sotto.chat/internal/database"
	"sotto.chat/privacy"
)

// errUnreadable stands for what a library would say, which may quote what was written.
var errUnreadable = errors.New("rehearsals: what became of them cannot be read or written")

func scriptLabel(script string) string { return "rehearsal_scripts.sealed:" + script }

func runLabel(run string) string { return "rehearsals.sealed:" + run }

// sealedScript gives a conversation as it is kept.
func (r *Rehearsals) sealedScript(tx database.Tx, s Script) (Script, error) {
	sealed, err := r.keys.Seal(tx, s.MerchantID, privacy.MerchantSubject(), scriptLabel(s.ID), []byte(s.Body))
	s.Body, s.Sealed = "", sealed
	return s, err
}

// sealedRun gives a rehearsal as it is kept.
func (r *Rehearsals) sealedRun(tx database.Tx, run Run) (Run, error) {
	plain, err := json.Marshal(run.Outcomes)
	if err != nil {
		return run, errUnreadable
	}
	run.Sealed, err = r.keys.Seal(tx, run.MerchantID, privacy.MerchantSubject(), runLabel(run.ID), plain)
	run.Outcomes = []Outcome{}
	return run, err
}

// openScripts opens what is sealed of conversations.
func (r *Rehearsals) openScripts(ctx context.Context, merchant string, list []Script) error {
	return openAll(ctx, r, merchant, list, func(s *Script, open func(label string, sealed []byte) ([]byte, error)) error {
		if len(s.Sealed) == 0 {
			return nil
		}
		plain, err := open(scriptLabel(s.ID), s.Sealed)
		s.Body, s.Sealed = string(plain), nil
		return err
	})
}

// openRuns opens what is sealed of rehearsals.
func (r *Rehearsals) openRuns(ctx context.Context, merchant string, list []Run) error {
	return openAll(ctx, r, merchant, list, func(run *Run, open func(label string, sealed []byte) ([]byte, error)) error {
		if len(run.Sealed) == 0 {
			return nil
		}
		plain, err := open(runLabel(run.ID), run.Sealed)
		if err == nil && json.Unmarshal(plain, &run.Outcomes) != nil {
			err = errUnreadable
		}
		run.Sealed = nil
		return err
	})
}

// openAll opens the rows of a list with the merchant's key. What an earlier version kept in clear is there already, until Seal has come to it.
func openAll[T any](ctx context.Context, r *Rehearsals, merchant string, list []T, one func(row *T, open func(label string, sealed []byte) ([]byte, error)) error) error {
	if len(list) == 0 {
		return nil
	}
	box, err := r.keys.BoxNow(ctx, merchant, privacy.MerchantSubject())
	for i := 0; i < len(list) && err == nil; i++ {
		err = one(&list[i], box.Open)
	}
	return err
}

// Seal seals what an earlier version kept in clear. It may be done again at any time, and beside anything.
func (r *Rehearsals) Seal(ctx context.Context) error {
	all, err := r.stage.Merchants(ctx, r.db.Now())
	if err != nil {
		return err
	}
	for _, merchant := range all {
		if err := r.db.InTx(ctx, func(tx database.Tx) error { return r.sealOld(tx, merchant) }); err != nil {
			return err
		}
	}
	return nil
}

func (r *Rehearsals) sealOld(tx database.Tx, merchant string) error {
	written, played, err := inClear(tx.DB(), merchant)
	if err != nil {
		return err
	}
	for _, s := range written {
		kept, err := r.sealedScript(tx, s)
		if err == nil {
			err = sealScript(tx, kept, s.Body)
		}
		if err != nil {
			return err
		}
	}
	for _, run := range played {
		kept, err := r.sealedRun(tx, run)
		if err == nil {
			err = sealRun(tx, kept)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
