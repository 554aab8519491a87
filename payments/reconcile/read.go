package reconcile

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"sotto.chat/internal/money"
)

// File is an uploaded statement. From and To are what it covers; where they are zero, the days of its first and last line.
type File struct {
	Provider, Account string
	From, To          time.Time
	Raw               []byte
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
	for _, l := range lines {
		if largest := int64(1e15); max(l.Amount, l.Fee, l.Net, l.Gross) > largest || min(l.Amount, l.Fee, l.Net, l.Gross) < -largest {
			return nil, ErrStatement.Say("Line %s has a sum that nobody pays.", l.ID)
		}
	}
	return f.split(number(lines), zone), nil
}

// number gives the second line with one id a name of its own: a provider that lists something twice has said it twice.
func number(lines []Line) []Line {
	seen := map[[2]string]int{}
	for i, l := range lines {
		at := [2]string{l.Account, l.ID}
		if seen[at]++; seen[at] > 1 {
			lines[i].ID = fmt.Sprintf("%s#%d", l.ID, seen[at])
		}
	}
	return lines
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
		account := cmp.Or(l.Account, f.Account)
		by[account] = append(by[account], l)
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
		Lines        []plain           `json:"lines"`
		Transactions []starTransaction `json:"transactions"`
		Result       struct {
			Transactions []starTransaction `json:"transactions"`
		} `json:"result"`
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, ErrStatement.Say("The statement is no JSON of a form that is known here.")
	}
	if stars := append(f.Transactions, f.Result.Transactions...); len(stars) > 0 {
		return readStars(stars)
	}
	var out []Line
	for i, p := range f.Lines {
		at, err := moment(p.At)
		if err != nil {
			return nil, ErrStatement.Say("Line %d has no moment that can be read.", i+1).At("lines["+strconv.Itoa(i)+"].at", "must be RFC 3339")
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
		return l, ErrStatement.Say("Line %d has no id.", row)
	}
	if len(l.Currency) != 3 || strings.ContainsFunc(l.Currency, func(r rune) bool { return r < 'A' || r > 'Z' }) {
		return l, ErrStatement.Say("Line %d has no currency.", row)
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

// moment reads RFC 3339, or a plain date or time, which is in UTC.
func moment(s string) (time.Time, error) {
	for _, form := range []string{time.RFC3339Nano, "2006-01-02 15:04:05", time.DateOnly} {
		if t, err := time.Parse(form, strings.TrimSpace(s)); err == nil && t.Year() > 1970 && t.Year() < 2200 {
			return t.UTC(), nil
		}
	}
	return time.Time{}, strconv.ErrSyntax
}

// decimal reads a sum in the major unit; finer parts than the currency has are rounded, as providers' fees sometimes have them.
func decimal(s, currency string) (int64, error) {
	s = strings.TrimPrefix(strings.TrimSpace(s), "+")
	if s == "" {
		return 0, nil
	}
	if currency == "XTR" { // Telegram's Stars are no currency of ISO 4217, and whole
		return strconv.ParseInt(s, 10, 64)
	}
	m, err := money.Parse(s, currency)
	if err == nil {
		return m.Amount, nil
	}
	digits, unknown := money.Digits(currency)
	f, bad := strconv.ParseFloat(s, 64)
	if unknown != nil || bad != nil || math.Abs(f) > 1e9 || strings.ContainsAny(s, "eExXpP_nN") {
		return 0, err
	}
	return int64(math.Round(f * math.Pow10(digits))), nil
}
