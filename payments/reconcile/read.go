package reconcile

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// File is an uploaded statement. From and To are what it covers; where they are zero, the days of its first and last line.
type File struct {
	Provider, Account string
	From, To          time.Time
	// Now, where it is known, lets lines be refused that speak of the future.
	Now time.Time
	Raw []byte
}

// mostLines bounds a file: a month of a busy shop.
const mostLines = 200_000

// Read understands a file by its form: WeChat's trade bill, Telegram's list of Star transactions, or the plain CSV or JSON that is
// described at readPlain. It gives one statement for each account that the file speaks of.
func Read(f File) ([]Statement, error) {
	raw := bytes.TrimPrefix(f.Raw, []byte("\ufeff"))
	var lines []Line
	var err error
	zone := time.UTC
	switch text := bytes.TrimSpace(raw); {
	case len(text) == 0:
		return nil, ErrStatement.Say("The statement is empty.")
	case !utf8.Valid(text) || bytes.ContainsRune(text, 0):
		return nil, ErrStatement.Say("The statement is not written in UTF-8.")
	case text[0] == '{' || text[0] == '[':
		lines, err = readJSON(text)
	case bytes.HasPrefix(text, []byte("交易时间")):
		lines, err = readTradeBill(text)
		zone = beijing
	default:
		lines, err = readPlain(text)
	}
	if err != nil {
		return nil, err
	}
	if len(lines) > mostLines {
		return nil, ErrStatement.Say("A statement has at most %d lines; upload it in parts.", mostLines)
	}
	for i, l := range lines {
		lines[i].Account = cmp.Or(l.Account, f.Account)
		if largest := int64(1e15); max(l.Amount, l.Fee, l.Net, l.Gross) > largest || min(l.Amount, l.Fee, l.Net, l.Gross) < -largest {
			return nil, ErrStatement.Say("Line %d below the head has a sum that nobody pays.", i+1)
		}
		if !f.Now.IsZero() && l.At.After(f.Now.AddDate(0, 0, 1)) {
			return nil, ErrStatement.Say("Line %d below the head is of %s, which is in the future: check how the file writes its dates.", i+1,
				l.At.Format(time.DateOnly)).At("at", "is in the future")
		}
	}
	if len(lines) == 0 && (f.From.IsZero() || f.To.IsZero()) {
		return nil, ErrStatement.Say("The statement has no lines: if no money moved, say for which days with from and to; else check that the file is whole.").
			At("from", "must be given for a statement without lines").At("to", "must be given for a statement without lines")
	}
	warnings := number(lines)
	list := f.split(lines, zone)
	for i, s := range list {
		list[i].Warnings = warnings[s.Account]
	}
	return list, nil
}

// split puts the lines of each account together. A file that has none covers its span for the account that was named.
func (f File) split(lines []Line, zone *time.Location) (out []Statement) {
	from, to := f.From, f.To
	for _, l := range lines {
		day := time.Date(l.At.In(zone).Year(), l.At.In(zone).Month(), l.At.In(zone).Day(), 0, 0, 0, 0, zone).UTC()
		if f.From.IsZero() && (from.IsZero() || day.Before(from)) {
			from = day
		}
		if end := day.AddDate(0, 0, 1); f.To.IsZero() && end.After(to) {
			to = end
		}
	}
	by := map[string][]Line{}
	for _, l := range lines {
		by[l.Account] = append(by[l.Account], l)
	}
	if len(by) == 0 {
		by[f.Account] = nil
	}
	for account, some := range by {
		out = append(out, Statement{Provider: f.Provider, Account: account, From: from.UTC(), To: to.UTC(), Lines: some})
	}
	slices.SortFunc(out, func(a, b Statement) int { return cmp.Compare(a.Account, b.Account) })
	return out
}

// plain is a line in our own JSON: sums in minor units.
type plain struct {
	ID            string `json:"id"`
	Kind          string `json:"kind"`
	Account       string `json:"account"`
	Coin          string `json:"coin"`
	Reference     string `json:"reference"`
	Refund        string `json:"refund"`
	OurRefund     string `json:"our_refund"`
	Dispute       string `json:"dispute"`
	Payout        string `json:"payout"`
	Amount        int64  `json:"amount"`
	Fee           int64  `json:"fee"`
	Net           *int64 `json:"net"`
	Currency      string `json:"currency"`
	Gross         int64  `json:"gross"`
	GrossCurrency string `json:"gross_currency"`
	At            string `json:"at"`
}

// readJSON reads {"lines":[…]} of ours, or Telegram's answer to getStarTransactions.
func readJSON(raw []byte) ([]Line, error) {
	var f struct {
		Lines        []plain           `json:"lines"` // nil where there are none, and empty where there is a list of none
		Transactions []starTransaction `json:"transactions"`
		Result       struct {
			Transactions []starTransaction `json:"transactions"`
		} `json:"result"`
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, ErrStatement.Say("The statement is no JSON of a form that is known here.")
	}
	if f.Lines == nil && f.Transactions == nil && f.Result.Transactions == nil {
		return nil, ErrStatement.Say(`The statement has neither "lines" nor Telegram's "transactions".`)
	}
	if stars := append(f.Transactions, f.Result.Transactions...); len(stars) > 0 {
		return readStars(stars)
	}
	var out []Line
	for i, p := range f.Lines {
		at, err := moment(p.At)
		if err != nil {
			return nil, unreadable("Line", i+1, "at", p.At, momentForm).At("lines["+strconv.Itoa(i)+"].at", "must be RFC 3339")
		}
		l := Line{ID: p.ID, Kind: p.Kind, Account: p.Account, Coin: p.Coin, Reference: p.Reference, Refund: p.Refund, OurRefund: p.OurRefund,
			Dispute: p.Dispute, Payout: p.Payout, Amount: p.Amount, Fee: p.Fee, Net: p.Amount - p.Fee, Currency: strings.ToUpper(p.Currency),
			Gross: p.Gross, GrossCurrency: strings.ToUpper(p.GrossCurrency), At: at}
		if p.Net != nil {
			l.Net = *p.Net
		}
		if l, err = l.sorted(i + 1); err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

// kinds are the words that our own forms take.
var kinds = []string{Payment, RefundLine, RefundReversal, DisputeLine, DisputeReversal, Fee, Payout, Adjustment}

// longest is the longest id or reference that is taken.
const longest = 255

// sorted checks a line of a plain statement and gives its kind; a word that is not known is kept as it is.
func (l Line) sorted(row int) (Line, error) {
	l.Word, l.Kind = l.Kind, strings.ToLower(strings.TrimSpace(l.Kind))
	if !slices.Contains(kinds, l.Kind) {
		l.Kind = Unknown
	}
	if l.ID == "" {
		l.ID = cmp.Or(l.Refund, l.Dispute, l.Coin, l.Payout, l.Reference)
	}
	if l.ID == "" {
		return l, ErrStatement.Say("Line %d has no id.", row).At("id", "is empty, and so is every other id")
	}
	if !knownCurrency(l.Currency) {
		return l, unreadable("Line", row, "currency", l.Currency, currencyForm)
	}
	if l.GrossCurrency != "" && !knownCurrency(l.GrossCurrency) {
		return l, unreadable("Line", row, "gross_currency", l.GrossCurrency, currencyForm)
	}
	if l.GrossCurrency == l.Currency {
		l.Gross, l.GrossCurrency = 0, ""
	}
	if l.Kind == Payout && l.Payout == "" {
		l.Payout = l.ID
	}
	for _, s := range []string{l.ID, l.Word, l.Coin, l.Reference, l.Refund, l.OurRefund, l.Dispute, l.Payout, l.Account, l.GrossCurrency} {
		if len(s) > longest || strings.ContainsRune(s, 0) {
			return l, ErrStatement.Say("Line %d has a word that is too long.", row)
		}
	}
	return l, nil
}
