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

// openScripts opens what is sealed; what an earlier version kept in clear is there already, until Seal has come to it.
func (r *Rehearsals) openScripts(ctx context.Context, merchant string, list []Script) error {
	if len(list) == 0 {
		return nil
	}
	box, err := r.keys.BoxNow(ctx, merchant, privacy.MerchantSubject())
	if err != nil {
		return err
	}
	for i := range list {
		s := &list[i]
		if len(s.Sealed) == 0 {
			continue
		}
		plain, err := box.Open(scriptLabel(s.ID), s.Sealed)
		if err != nil {
			return err
		}
		s.Body, s.Sealed = string(plain), nil
	}
	return nil
}

func (r *Rehearsals) openRuns(ctx context.Context, merchant string, list []Run) error {
	if len(list) == 0 {
		return nil
	}
	box, err := r.keys.BoxNow(ctx, merchant, privacy.MerchantSubject())
	if err != nil {
		return err
	}
	for i := range list {
		run := &list[i]
		if len(run.Sealed) == 0 {
			continue
		}
		plain, err := box.Open(runLabel(run.ID), run.Sealed)
		if err != nil {
			return err
		}
		if json.Unmarshal(plain, &run.Outcomes) != nil {
			return errUnreadable
		}
		run.Sealed = nil
	}
	return nil
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
