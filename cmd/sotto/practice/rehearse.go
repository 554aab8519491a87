package practice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"text/tabwriter"
	"time"

	"sotto.chat/bot/transcript"
	"sotto.chat/catalog"
	"sotto.chat/merchants"
	"sotto.chat/payments"
	"sotto.chat/rehearsals"
)

// Rooms are what a rehearsal reads of the live shop.
type Rooms struct {
	Merchants *merchants.Register
	Catalog   *catalog.Catalog
	Payments  *payments.Payments
}

// Stage lets the room rehearsals play: over a copy of what is live, with pretended money, and without a call to anybody.
func Stage(rooms Rooms) rehearsals.Stage {
	return rehearsals.Stage{Play: rooms.play, Merchants: rooms.openAt, Check: func(name, body string) error {
		s, err := transcript.Parse(name, strings.NewReader(body))
		if err == nil && s.Shop != nil {
			err = errOwnShop
		}
		return err
	}}
}

var errOwnShop = errors.New("it plays in your shop as it is, so it may not begin with a line “shop: …”")

// openAt gives the shops that were open at a moment.
func (r Rooms) openAt(ctx context.Context, at time.Time) (ids []string, err error) {
	all, err := r.Merchants.All(ctx)
	for _, m := range all {
		if m.CreatedAt.Before(at) {
			ids = append(ids, m.ID)
		}
	}
	return ids, err
}

func (r Rooms) play(ctx context.Context, merchant string, own []rehearsals.Script) ([]rehearsals.Outcome, int64, error) {
	m, err := r.Merchants.Get(ctx, merchant)
	if err != nil {
		return nil, 0, err
	}
	goods, version, err := r.Catalog.File(ctx, merchant)
	if err != nil {
		return nil, 0, err
	}
	shop := transcript.ShopOf(m, goods)
	terms, err := r.Payments.Terms(ctx, merchant)
	if err != nil {
		return nil, 0, err
	}
	shop.Cash, shop.Transfer = terms.Cash, terms.Bank
	if shop.Goods.Currency == "" {
		shop.Goods.Currency = m.Currency
	}
	all, err := transcript.Starter(m.Language)
	if err != nil {
		return nil, 0, err
	}
	var out []rehearsals.Outcome
	for _, s := range own {
		script, err := transcript.Parse(s.Name, strings.NewReader(s.Body))
		var wrong *transcript.Problem
		if errors.As(err, &wrong) { // it could be read when it was written
			out = append(out, rehearsals.Outcome{Name: s.Name, Outcome: rehearsals.Failed, Line: wrong.Line, Message: wrong.Message})
			continue
		}
		all = append(all, script)
	}
	results, err := (&transcript.Theatre{Shop: &shop}).Play(ctx, all)
	for _, r := range results {
		out = append(out, outcome(r))
	}
	return out, version, err
}

func outcome(r transcript.Result) rehearsals.Outcome {
	l := lineOf(r)
	return rehearsals.Outcome{Name: strings.TrimPrefix(l.Name, "starter/"), Outcome: l.Outcome, Line: l.Line, Step: l.Step, Message: l.Message, Talk: l.Talk}
}

// RehearseCmd is the mystery shopper by hand.
type RehearseCmd struct {
	Merchant string   `help:"The merchant; not needed where there is only one."`
	Last     bool     `help:"Show the last rehearsal instead of holding one."`
	Keep     []string `type:"existingfile" placeholder:"FILE" help:"Keep these conversations (*.chat) for every night, then rehearse."`
	JSON     bool     `name:"json" help:"Print one line of JSON."`
}

// Help shows an example.
func (RehearseCmd) Help() string {
	return "Each night the starter set and your own conversations are played against a copy of your shop.\n  sotto rehearse --keep my/*.chat\n  sotto rehearse --last"
}

var errNoRun = errors.New("there was no rehearsal yet")

// Run rehearses, prints what became of it and what has changed, and fails where something is not as written.
func (c *RehearseCmd) Run(ctx context.Context, live *Live) error {
	return live.Rehearsals(ctx, c.Merchant, func(merchant string, room *rehearsals.Rehearsals, put func(name, body string) error) error {
		for _, file := range c.Keep {
			raw, err := os.ReadFile(file)
			if err == nil {
				err = put(path.Base(file), string(raw))
			}
			if err != nil {
				return err
			}
		}
		if !c.Last {
			if _, err := room.Rehearse(ctx, merchant); err != nil {
				return err
			}
		}
		list, _, err := room.Runs(ctx, merchant, "", 1)
		if err == nil && len(list) == 0 {
			err = errNoRun
		}
		if err != nil {
			return err
		}
		run, changes, err := room.Changes(ctx, merchant, list[0].ID)
		if err != nil {
			return err
		}
		return c.print(run, changes)
	})
}

func (c *RehearseCmd) print(run rehearsals.Run, changes []rehearsals.Change) error {
	if c.JSON {
		if err := json.NewEncoder(os.Stdout).Encode(map[string]any{"id": run.ID, "started_at": run.StartedAt, "passed": run.Passed, "failed": run.Failed,
			"left_out": run.LeftOut, "outcomes": run.Outcomes, "changes": changes}); err != nil {
			return err
		}
	} else if err := c.table(run, changes); err != nil {
		return err
	}
	if run.Failed > 0 {
		return fmt.Errorf("%d of %d conversations are not as written", run.Failed, len(run.Outcomes))
	}
	return nil
}

func (c *RehearseCmd) table(run rehearsals.Run, changes []rehearsals.Change) error {
	out := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	p := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format, args...) } // Flush tells of a failure
	p("rehearsal of %s\n", run.StartedAt.Format("2 Jan 2006 15:04 MST"))
	for _, o := range run.Outcomes {
		p("%s\t%s\t%s\n", o.Name, o.Outcome, o.Message)
	}
	for _, o := range changes {
		p("changed: %s\t%s → %s\t%s\n", o.Name, orDash(o.Before), orDash(o.After), o.Message)
	}
	if len(changes) == 0 {
		p("nothing has changed since the one before\n")
	}
	return out.Flush()
}

func orDash(s string) string {
	if s == "" {
		return "not there"
	}
	return s
}
