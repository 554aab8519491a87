package reconcile

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"sotto.chat/internal/fault"
	"sotto.chat/internal/money"
)

// What each kind of cell must look like, for whoever has to change the file.
const (
	sumForm      = "a sum in the major unit with a point and no finer than its currency, such as 12.50 or -3"
	feeForm      = "a sum in the major unit with a point, such as 0.30"
	momentForm   = "a moment in UTC: 2026-01-31T10:00:00Z, 2026-01-31 10:00:00 or 2026-01-31"
	currencyForm = "a currency's three letters, such as EUR"
)

// unreadable refuses a cell: which row and column, what stands there, and what is expected.
func unreadable(row string, n int, column, value, form string) *fault.Fault {
	stands := "is empty"
	if value != "" {
		stands = "cannot be read"
	}
	if mayRepeat(value) {
		stands = fmt.Sprintf("has %q", value)
	}
	return ErrStatement.Say("%s %d: the column %q %s; it must be %s.", row, n, column, stands, form).At(column, "must be "+form)
}

// mayRepeat tells whether a cell may stand in an answer: only what looks like a sum, a date or a currency does. Where the columns are shifted, a name or
// the number of a card or an account may stand in any of them.
func mayRepeat(value string) bool {
	digits := 0
	for _, r := range value {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case !strings.ContainsRune(".,:+-/ TZ", r) && !(len(value) <= 3 && r >= 'A' && r <= 'Z'):
			return false
		}
	}
	return value != "" && digits <= 14 && len(value) <= 30 && (digits <= 10 || strings.ContainsAny(value, ":-/"))
}

func knownCurrency(currency string) bool {
	_, err := money.Digits(currency)
	return err == nil && len(currency) == 3 || currency == Stars
}

// moment reads RFC 3339, or a plain date or time, which is in UTC.
func moment(s string) (time.Time, error) {
	for _, form := range []string{time.RFC3339Nano, "2006-01-02 15:04:05", time.DateOnly} {
		if t, err := time.Parse(form, strings.TrimSpace(s)); err == nil && t.Year() > 1970 && t.Year() < 9000 {
			return t.UTC(), nil
		}
	}
	return time.Time{}, strconv.ErrSyntax
}

// exact reads a sum in the major unit. What is finer than the currency is refused: nobody pays half a cent, so the file means something else.
func exact(s, currency string) (int64, error) {
	s = strings.TrimPrefix(strings.TrimSpace(s), "+")
	if s == "" {
		return 0, nil
	}
	if currency == Stars { // they are no currency of ISO 4217, and whole
		return strconv.ParseInt(s, 10, 64)
	}
	m, err := money.Parse(s, currency)
	return m.Amount, err
}

// rounded reads a sum in the major unit; finer parts than the currency has are rounded, as providers' fees have them, and what is left after those.
func rounded(s, currency string) (int64, error) {
	n, err := exact(s, currency)
	if err == nil || currency == Stars {
		return n, err
	}
	digits, unknown := money.Digits(currency)
	f, bad := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(s), "+"), 64)
	if unknown != nil || bad != nil || math.Abs(f) > 1e9 || strings.ContainsAny(s, "eExXpP_nN") {
		return 0, err
	}
	return int64(math.Round(f * math.Pow10(digits))), nil
}

// mostWarnings is how many of the lines that a file repeats are named one by one.
const mostWarnings = 20

// number gives the second line with one id a name of its own, as a provider that lists something twice has said it twice, and gives a warning of each to
// whoever brought the file, by accounts.
func number(lines []Line) map[string][]string {
	type place struct{ account, id string }
	first, times := map[place]Line{}, map[place]int{}
	for _, l := range lines {
		times[place{l.Account, l.ID}] = 0 // no new name may be one that a line has
	}
	out, more := map[string][]string{}, map[string]int{}
	for i, l := range lines {
		at := place{l.Account, l.ID}
		if _, again := first[at]; !again {
			first[at] = l
			times[at] = 1
			continue
		}
		for taken := true; taken; {
			times[at]++
			lines[i].ID = fmt.Sprintf("%s#%d", l.ID, times[at])
			_, taken = times[place{l.Account, lines[i].ID}]
		}
		if len(out[l.Account]) >= mostWarnings {
			more[l.Account]++
			continue
		}
		same := "with the same sum"
		if l.sum() != first[at].sum() {
			same = "with another sum"
		}
		out[l.Account] = append(out[l.Account], fmt.Sprintf("Line %d below the head has the id of an earlier line, %s: both count, and this one is called %s. "+
			"If it is the same movement, give each movement one id and bring the file again.", i+1, same, lines[i].ID))
	}
	for account, n := range more {
		out[account] = append(out[account], fmt.Sprintf("%d more lines have the id of an earlier one.", n))
	}
	return out
}
