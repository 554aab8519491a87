package main

import (
	"context"
	"errors"
	"fmt"
	"os"
)

type auditCmd struct {
	Merchant string `help:"Only this merchant; all by default."`
}

// errAudit ends the command with status 1.
var errAudit = errors.New("the books do not agree")

// Run has every room check its books, and prints where they do not agree.
func (c auditCmd) Run(ctx context.Context, s *settings) error {
	return withHouse(ctx, s, func(h *house) error {
		all, err := h.Merchants.All(ctx)
		if err != nil {
			return err
		}
		found, seen := 0, 0
		for _, m := range all {
			if c.Merchant != "" && m.ID != c.Merchant {
				continue
			}
			seen++
			problems, err := h.audit(ctx, m.ID)
			if err != nil {
				return err
			}
			for _, p := range problems {
				fmt.Printf("%s: %s\n", m.ID, p)
			}
			found += len(problems)
		}
		if found > 0 {
			fmt.Fprintf(os.Stderr, "%d things do not agree\n", found)
			return errAudit
		}
		fmt.Printf("merchants: %d; money, stock, holds, orders and messages agree\n", seen)
		return nil
	})
}

// audit asks the rooms one after another. The shop may be at work meanwhile: each room looks at one moment.
func (h *house) audit(ctx context.Context, merchant string) ([]string, error) {
	var all []string
	for _, room := range []struct {
		name  string
		check func(context.Context, string) ([]string, error)
	}{
		{"stock", h.Catalog.Audit}, {"payments", h.Payments.Audit}, {"orders", h.Orders.Audit},
		{"inbox", h.Inbox.Audit}, {"channels", h.Channels.Audit},
	} {
		problems, err := room.check(ctx, merchant)
		if err != nil {
			return nil, fmt.Errorf("audit of %s: %w", room.name, err)
		}
		for _, p := range problems {
			all = append(all, room.name+": "+p)
		}
	}
	return all, nil
}
