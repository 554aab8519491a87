package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/schollz/progressbar/v3"

	"sotto.chat/catalog"
	"sotto.chat/cmd/sotto/practice"
	"sotto.chat/internal/database"
	"sotto.chat/merchants"
	"sotto.chat/rehearsals"
)

type importCmd struct {
	File     string `arg:"" type:"existingfile" help:"The catalog file."`
	Merchant string `help:"The merchant's id; not needed where there is only one."`
	DryRun   bool   `help:"Only tell what would happen."`
	Yes      bool   `help:"Leave out the rows with problems and bring in the rest."`
}

// errProblems stops an import whose file has unsound rows.
var errProblems = errors.New("nothing was changed: mend these rows, or bring in the rest with --yes")

// Run reports what would happen first, then does it.
func (c importCmd) Run(ctx context.Context, s *settings) error {
	in, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	f, problems, err := catalog.DecodeFile(in)
	if err != nil {
		return err
	}
	return withHouse(ctx, s, func(h *house) error {
		merchant, err := h.theMerchant(ctx, c.Merchant)
		if err != nil {
			return err
		}
		if err := h.fitCurrency(ctx, merchant, f.Currency); err != nil {
			return err
		}
		report, err := h.Catalog.Import(ctx, merchant, f, true, func(int, int) {})
		if err != nil {
			return err
		}
		problems = append(problems, report.Problems...)
		for _, p := range problems {
			fmt.Fprintln(os.Stderr, p)
		}
		fmt.Printf("%d to create, %d to update, %d unchanged, %d with problems\n", report.Created, report.Updated, report.Unchanged, len(problems))
		if c.DryRun {
			return nil
		}
		if len(problems) > 0 && !c.Yes {
			return errProblems
		}
		bar := progressbar.NewOptions(len(f.Products), progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetDescription("products"),
			progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100_000_000))
		report, err = h.Catalog.Import(ctx, merchant, f, false, func(done, _ int) { _ = bar.Set(done) })
		_ = bar.Finish() // a bar that cannot be drawn stops nobody
		if err != nil {
			return err
		}
		fmt.Printf("%d created, %d updated, %d unchanged\n", report.Created, report.Updated, report.Unchanged)
		return nil
	})
}

type exportCmd struct {
	Merchant string `help:"The merchant's id; not needed where there is only one."`
}

// Run writes the catalog to stdout.
func (c exportCmd) Run(ctx context.Context, s *settings) error {
	return withHouse(ctx, s, func(h *house) error {
		merchant, err := h.theMerchant(ctx, c.Merchant)
		if err != nil {
			return err
		}
		f, _, err := h.Catalog.File(ctx, merchant)
		if err != nil {
			return err
		}
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(f)
	})
}

// theMerchant takes the one that was named, or the only one there is.
func (h *house) theMerchant(ctx context.Context, named string) (string, error) {
	if named != "" {
		m, err := h.Merchants.Get(ctx, named)
		return m.ID, err
	}
	all, err := h.Merchants.All(ctx)
	switch {
	case err != nil:
		return "", err
	case len(all) == 1:
		return all[0].ID, nil
	case len(all) == 0:
		return "", errors.New("there is no merchant yet: open one with sotto merchant create")
	}
	return "", errors.New("there are several merchants: name one with --merchant")
}

// live lets the commands of package practice read the live shop, each time for a moment.
func (s *settings) live() *practice.Live {
	return &practice.Live{Shop: func(ctx context.Context, named string) (m merchants.Merchant, goods catalog.File, err error) {
		err = withHouse(ctx, s, func(h *house) error {
			merchant, err := h.theMerchant(ctx, named)
			if err != nil {
				return err
			}
			if m, err = h.Merchants.Get(ctx, merchant); err != nil {
				return err
			}
			goods, _, err = h.Catalog.File(ctx, merchant)
			return err
		})
		return m, goods, err
	}, Rehearsals: func(ctx context.Context, named string, f func(merchant string, room *rehearsals.Rehearsals, put func(name, body string) error) error) error {
		return withHouse(ctx, s, func(h *house) error {
			merchant, err := h.theMerchant(ctx, named)
			if err != nil {
				return err
			}
			return f(merchant, h.Rehearsals, func(name, body string) error {
				return h.DB.InTx(ctx, func(tx database.Tx) error { _, err := h.Rehearsals.Put(tx, merchant, name, body); return err })
			})
		})
	}}
}
