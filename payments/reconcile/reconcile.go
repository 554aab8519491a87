// Package reconcile compares providers' statements with what is written down here, and makes the daily report of money.
package reconcile

import (
	"context"
	"errors"
	"strings"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/id"
	"sotto.chat/internal/money"
)

// What a line of a statement can be about.
const (
	Payment         = "payment"
	RefundLine      = "refund"
	RefundReversal  = "refund_reversal" // a refund that failed: the money is the shop's again
	DisputeLine     = "dispute"
	DisputeReversal = "dispute_reversal"
	Fee             = "fee"
	Payout          = "payout"
	Adjustment      = "adjustment"
	Unknown         = "unknown" // the provider's word for it is not known here
)

// Line is one line of a provider's statement in one form for all providers.
type Line struct {
	MerchantID string `gorm:"primaryKey"`
	Provider   string `gorm:"primaryKey"`
	// Account is whose statement it is at the provider; empty where there is but one.
	Account string `gorm:"primaryKey"`
	// ID is the provider's own id of the line. A line told differently later is another Revision of it.
	ID          string `gorm:"primaryKey"`
	Revision    int64  `gorm:"primaryKey"`
	StatementID string
	Kind        string
	// Word is the provider's own word for the kind.
	Word string
	// Coin is the provider's id of the money that the line is about; Reference is what we wrote on it.
	Coin, Reference string
	// Refund and Dispute are the provider's ids of them, OurRefund our own if it is told; Payout is the payout that the line went out with.
	Refund, OurRefund, Dispute, Payout string
	// Amount is what came in (or with a minus, went out) in the statement's currency; Fee is what the provider kept of it, Net what is left.
	Amount, Fee, Net int64
	Currency         string
	// Gross is what the customer paid, where that was in another currency.
	Gross         int64
	GrossCurrency string
	At            time.Time
}

// TableName names the table.
func (Line) TableName() string { return "statement_lines" }

// sum is the line's amount in the customer's currency.
func (l Line) sum() money.Money {
	if l.GrossCurrency != "" {
		return money.Of(l.Gross, l.GrossCurrency)
	}
	return money.Of(l.Amount, l.Currency)
}

// Statement is what a provider says of a span of time: every line that it has in it, and no other.
type Statement struct {
	Provider, Account string
	From, To          time.Time
	Lines             []Line
	// Warnings are what whoever brought the file should look at.
	Warnings []string
}

// statement is how a span is kept.
type statement struct {
	MerchantID string `gorm:"primaryKey"`
	ID         string `gorm:"primaryKey"`
	Provider   string
	Account    string
	BeginsAt   time.Time
	EndsAt     time.Time
	Lines      int64
	CreatedAt  time.Time `gorm:"autoCreateTime:false"`
}

// TableName names the table.
func (statement) TableName() string { return "statements" }

// Taken tells what became of a statement's lines. The same statement a second time has only known ones.
type Taken struct {
	Statement                string
	Stored, Known, Restated  int
	FeesLearnt               int
	From, To                 time.Time
	Provider, StatementOwner string
}

// FeeOf is told by whoever keeps receipts: it puts a fee on a coin whose fee is not known, has the ledger follow, and says whether it did.
type FeeOf func(tx database.Tx, merchant, coin string, fee money.Money) (bool, error)

// Desk takes statements and compares them.
type Desk struct {
	db    *database.DB
	feeOf FeeOf
}

// New opens the desk.
func New(db *database.DB, feeOf FeeOf) *Desk { return &Desk{db, feeOf} }

// ErrStatement refuses a file that is no statement.
var ErrStatement = fault.New(fault.Invalid, "statement_invalid", "The statement cannot be read.")

// atOnce is how many lines go into one transaction: others want to write, too.
const atOnce = 200

// Take stores a statement's lines, enters into the ledger what they alone tell (fees, payouts, adjustments) and gives receipts the fees
// that are known now. The span counts as told only once all of its lines are in, so a death in between is put right by taking it again.
func (d *Desk) Take(ctx context.Context, merchant string, s Statement) (t Taken, err error) {
	t = Taken{Statement: id.New("stm"), From: s.From, To: s.To, Provider: s.Provider, StatementOwner: s.Account}
	for rest := s.Lines; len(rest) > 0; {
		n := min(len(rest), atOnce)
		if err := d.takeSome(ctx, merchant, s, rest[:n], &t); err != nil {
			return t, err
		}
		rest = rest[n:]
	}
	err = d.db.InTx(ctx, func(tx database.Tx) error {
		return insertStatement(tx, statement{MerchantID: merchant, ID: t.Statement, Provider: s.Provider, Account: s.Account, BeginsAt: s.From, EndsAt: s.To,
			Lines: int64(len(s.Lines)), CreatedAt: tx.Now})
	})
	if err != nil {
		return t, err
	}
	t.FeesLearnt, err = d.learn(ctx, merchant, s.Provider)
	return t, err
}

// learn gives receipts the fees that statements tell, also to those that came after their statement. What is known already stays: if a
// statement tells another fee, that is a difference.
func (d *Desk) learn(ctx context.Context, merchant, provider string) (learnt int, err error) {
	list, err := unlearnt(d.db.Read(ctx), merchant, provider)
	for _, u := range list {
		var did bool
		err := d.db.InTx(ctx, func(tx database.Tx) (err error) {
			did, err = d.feeOf(tx, merchant, u.Coin, money.Of(u.Fee, u.Currency))
			return err
		})
		if err != nil {
			return learnt, err
		}
		if did {
			learnt++
		}
	}
	return learnt, err
}

// takeSome stores some lines in one transaction. Somebody else may take the same ones at this moment: then they are looked at again.
func (d *Desk) takeSome(ctx context.Context, merchant string, s Statement, lines []Line, t *Taken) error {
	for {
		now, raced := *t, false
		err := d.db.InTx(ctx, func(tx database.Tx) error {
			now, raced = *t, false
			fresh, err := d.fresh(tx, merchant, s, lines, &now)
			if err != nil || len(fresh) == 0 {
				return err
			}
			stored, err := insertLines(tx, fresh)
			if raced = err == nil && stored != len(fresh); raced {
				return errRaced
			}
			for _, l := range fresh {
				if err == nil {
					err = post(tx, l)
				}
			}
			return err
		})
		if raced {
			continue
		}
		if err == nil {
			*t = now
		}
		return err
	}
}

var errRaced = errors.New("somebody else takes the same statement")

// fresh gives those of the lines that do not stand there just so.
func (d *Desk) fresh(tx database.Tx, merchant string, s Statement, lines []Line, t *Taken) ([]Line, error) {
	known, err := knownLines(tx, merchant, s.Provider, s.Account, lines)
	if err != nil {
		return nil, err
	}
	var out []Line
	for _, l := range lines {
		l.MerchantID, l.Provider, l.Account, l.StatementID, l.Revision = merchant, s.Provider, s.Account, t.Statement, 0
		l.At = l.At.UTC().Truncate(time.Microsecond)
		if l.GrossCurrency != "" && l.Coin != "" {
			// Where the customer was shown another currency, the receipt is in the one that was asked for: nothing is exchanged for us.
			one, ok, err := coinOf(tx.DB(), l)
			if err != nil {
				return nil, err
			}
			if ok && one.Currency == l.Currency {
				l.Gross, l.GrossCurrency = 0, ""
			}
		}
		old, ok := known[l.ID]
		switch {
		case ok && l.says(old):
			t.Known++
			continue
		case ok:
			l.Revision = old.Revision + 1
			t.Restated++
		default:
			t.Stored++
		}
		out, known[l.ID] = append(out, l), l
	}
	return out, nil
}

// says tells whether two lines say the same.
func (l Line) says(o Line) bool {
	o.Revision, o.StatementID, l.Revision, l.StatementID = 0, "", 0, ""
	same := l.At.Equal(o.At)
	l.At = o.At
	return same && l == o
}

// subject is the line's name in the ledger.
func (l Line) subject() string {
	return linePrefix + strings.Join([]string{l.Provider, l.Account, l.ID}, ":")
}

// linePrefix begins the name of each line in the ledger; no other subject begins so.
const linePrefix = "line:"
