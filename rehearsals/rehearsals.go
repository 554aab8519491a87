// Package rehearsals plays the merchant's written conversations against a shop made of the live goods and settings, each night, and tells what has changed.
package rehearsals

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/id"
	"sotto.chat/internal/jobs"
	"sotto.chat/privacy"
)

// Bounds of what one merchant keeps.
const (
	MaxScripts = 20
	maxName    = 80
	maxTalk    = 4000
	keepRuns   = 90 * 24 * time.Hour
	// nightHour is the hour in UTC from which a night's run is due.
	nightHour = 2
)

// The failures of this room.
var (
	ErrUnknown = fault.New(fault.NotFound, "unknown_rehearsal", "There is no such rehearsal.")
	ErrScript  = fault.New(fault.NotFound, "unknown_script", "There is no such conversation.")
	ErrMany    = fault.New(fault.Conflict, "too_many_scripts", "A shop keeps at most 20 conversations. Remove one first.")
	ErrName    = fault.New(fault.Invalid, "bad_name", "A conversation needs a name of at most 80 characters.")
	ErrWritten = fault.New(fault.Invalid, "bad_script", "The conversation cannot be read.")
)

// Script is one conversation that the merchant wrote. Body is opened; in the database it is sealed with the merchant's key.
type Script struct {
	MerchantID, ID, Name, Body string
	Sealed                     []byte
	CreatedAt, UpdatedAt       time.Time
}

// The outcomes of a script.
const (
	Passed  = "passed"
	Failed  = "failed"
	LeftOut = "left out"
)

// Outcome is what became of one script.
type Outcome struct {
	Name    string `json:"name"`
	Outcome string `json:"outcome"`
	Line    int    `json:"line,omitempty"`
	Step    string `json:"step,omitempty"`
	Message string `json:"message,omitempty"`
	Talk    string `json:"talk,omitempty"`
}

// Run is one rehearsal of all scripts. Outcomes are opened; in the database they are sealed with the merchant's key, for they
// quote what was written.
type Run struct {
	MerchantID, ID          string
	Catalog                 int64 // the version of the goods that it played with
	Passed, Failed, LeftOut int64
	Outcomes                []Outcome `gorm:"serializer:json"`
	Sealed                  []byte
	StartedAt, EndedAt      time.Time
}

// TableName is the table of runs.
func (Run) TableName() string { return "rehearsals" }

// TableName is the table of scripts.
func (Script) TableName() string { return "rehearsal_scripts" }

// Change is what differs between two rehearsals. Before or After is empty where a script was not there.
type Change struct {
	Name, Before, After, Message string
}

// Stage plays scripts in a shop of their own, made of the merchant's goods and settings of now; own is what the merchant
// wrote, and the starter set plays too. It also tells the version of the goods, and which of the texts cannot be read.
type Stage struct {
	Play  func(ctx context.Context, merchant string, own []Script) (outcomes []Outcome, catalog int64, err error)
	Check func(name, body string) error
	// Merchants gives the ids of all shops that were open at a moment.
	Merchants func(ctx context.Context, at time.Time) ([]string, error)
}

// Rehearsals is the room's door. It is safe for concurrent use.
type Rehearsals struct {
	db    *database.DB
	keys  *privacy.Keys
	desk  *jobs.Desk
	log   *slog.Logger
	stage Stage
}

// Due is announced for each shop whose night's run is due.
type Due struct{ Merchant string }

// NewsKind names this news in the job queue.
func (Due) NewsKind() string { return "rehearsals.due" }

// New makes the room, and has it rehearse each night.
func New(db *database.DB, keys *privacy.Keys, desk *jobs.Desk, log *slog.Logger, stage Stage) *Rehearsals {
	r := &Rehearsals{db: db, keys: keys, desk: desk, log: log, stage: stage}
	jobs.On(desk, "rehearsals.run", r.nightly)
	desk.Every("rehearsals.seal", 24*time.Hour, r.Seal)
	desk.Every("rehearsals.night", time.Hour, r.Night)
	return r
}

// night gives the latest moment from which a run was due.
func night(now time.Time) time.Time {
	at := time.Date(now.Year(), now.Month(), now.Day(), nightHour, 0, 0, 0, time.UTC)
	if now.Before(at) {
		at = at.AddDate(0, 0, -1)
	}
	return at
}

// Night promises a run to every shop that has had none since the hour, and forgets old ones.
func (r *Rehearsals) Night(ctx context.Context) error {
	since := night(r.db.Now())
	all, err := r.stage.Merchants(ctx, since)
	if err != nil {
		return err
	}
	for _, merchant := range all {
		err := r.db.InTx(ctx, func(tx database.Tx) error {
			last, err := lastRun(tx.DB(), merchant)
			if err != nil && !database.NotFound(err) || err == nil && !last.StartedAt.Before(since) {
				return err
			}
			if err := dropRuns(tx, merchant, tx.Now.Add(-keepRuns)); err != nil {
				return err
			}
			return r.desk.Announce(tx, Due{merchant}, jobs.Once())
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// nightly runs a shop's scripts, unless somebody has done so since the hour.
func (r *Rehearsals) nightly(ctx context.Context, n Due) error {
	last, err := lastRun(r.db.Read(ctx), n.Merchant)
	if err == nil && !last.StartedAt.Before(night(r.db.Now())) || err != nil && !database.NotFound(err) {
		return err
	}
	run, err := r.Rehearse(ctx, n.Merchant)
	if err == nil && run.Failed > 0 {
		r.log.WarnContext(ctx, "the bot does not do as written", "merchant", n.Merchant, "failed", run.Failed, "of", len(run.Outcomes))
	}
	return err
}

// Rehearse plays everything now and keeps what became of it.
func (r *Rehearsals) Rehearse(ctx context.Context, merchant string) (Run, error) {
	own, err := r.Scripts(ctx, merchant)
	if err != nil {
		return Run{}, err
	}
	run := Run{MerchantID: merchant, ID: id.New("reh"), StartedAt: r.db.Now()}
	if run.Outcomes, run.Catalog, err = r.stage.Play(ctx, merchant, own); err != nil {
		return Run{}, err
	}
	if run.Outcomes == nil {
		run.Outcomes = []Outcome{}
	}
	for i := range run.Outcomes {
		o := &run.Outcomes[i]
		if len(o.Talk) > maxTalk {
			o.Talk = "…" + strings.ToValidUTF8(o.Talk[len(o.Talk)-maxTalk:], "")
		}
		switch o.Outcome {
		case Passed:
			run.Passed++
		case Failed:
			run.Failed++
		default:
			run.LeftOut++
		}
	}
	return run, r.db.InTx(ctx, func(tx database.Tx) error {
		run.EndedAt = tx.Now
		kept, err := r.sealedRun(tx, run)
		if err != nil {
			return err
		}
		return insertRun(tx, kept)
	})
}

// Runs gives the rehearsals, the newest first; next is the after of the next page, or empty.
func (r *Rehearsals) Runs(ctx context.Context, merchant, after string, limit int) (list []Run, next string, err error) {
	if list, err = runs(r.db.Read(ctx), merchant, after, limit+1); err != nil {
		return nil, "", err
	}
	if len(list) > limit {
		list = list[:limit]
		next = list[limit-1].ID
	}
	return list, next, r.openRuns(ctx, merchant, list)
}

// Changes gives a rehearsal with what differs from the one before it.
func (r *Rehearsals) Changes(ctx context.Context, merchant, run string) (Run, []Change, error) {
	now, err := findRun(r.db.Read(ctx), merchant, run)
	if database.NotFound(err) {
		return now, nil, ErrUnknown
	}
	if err != nil {
		return now, nil, err
	}
	before, err := runs(r.db.Read(ctx), merchant, now.ID, 1)
	if err != nil {
		return now, nil, err
	}
	both := append([]Run{now}, before...)
	if err := r.openRuns(ctx, merchant, both); err != nil || len(both) == 1 {
		return both[0], nil, err
	}
	return both[0], compare(both[1].Outcomes, both[0].Outcomes), nil
}

func compare(before, after []Outcome) (out []Change) {
	old := map[string]Outcome{}
	for _, o := range before {
		old[o.Name] = o
	}
	for _, o := range after {
		was, there := old[o.Name]
		delete(old, o.Name)
		if !there || was.Outcome != o.Outcome || o.Outcome == Failed && (was.Step != o.Step || was.Message != o.Message) {
			out = append(out, Change{o.Name, was.Outcome, o.Outcome, o.Message})
		}
	}
	for _, o := range before {
		if _, gone := old[o.Name]; gone {
			out = append(out, Change{Name: o.Name, Before: o.Outcome})
		}
	}
	return out
}

// Scripts gives what the merchant wrote, by name.
func (r *Rehearsals) Scripts(ctx context.Context, merchant string) ([]Script, error) {
	list, err := scripts(r.db.Read(ctx), merchant)
	if err != nil {
		return nil, err
	}
	return list, r.openScripts(ctx, merchant, list)
}

// Put keeps a conversation, in the place of one of the same name.
func (r *Rehearsals) Put(tx database.Tx, merchant, name, body string) (Script, error) {
	name = strings.TrimSpace(name)
	if name == "" || len(name) > maxName || strings.ContainsAny(name, "/\\\n\r\x00") {
		return Script{}, ErrName
	}
	if err := r.stage.Check(name, body); err != nil {
		return Script{}, ErrWritten.Say("%s", err.Error()).At("text", err.Error())
	}
	all, err := scripts(tx.DB(), merchant)
	if err != nil {
		return Script{}, err
	}
	s := Script{MerchantID: merchant, ID: id.New("scr"), Name: name, Body: body, CreatedAt: tx.Now, UpdatedAt: tx.Now}
	known := false
	for _, o := range all {
		if o.Name == name {
			s.ID, s.CreatedAt, known = o.ID, o.CreatedAt, true
		}
	}
	if !known && len(all) >= MaxScripts {
		return Script{}, ErrMany
	}
	kept, err := r.sealedScript(tx, s)
	if err != nil {
		return s, err
	}
	return s, saveScript(tx, kept)
}

// Remove takes a conversation out.
func (r *Rehearsals) Remove(tx database.Tx, merchant, script string) error {
	found, err := dropScript(tx, merchant, script)
	if err == nil && !found {
		err = ErrScript
	}
	return err
}
