package reconcile

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// needed are the columns without which a row says nothing.
var needed = []string{"kind", "amount", "currency", "at"}

// readPlain reads the plain CSV for banks, Pix, UPI and whoever else has no form of their own here. The first row names the columns, in
// any order; a comma or a semicolon parts them:
//
//	id              the line's own id at the provider; without one, the id of what it is about
//	kind            payment, refund, refund_reversal, dispute, dispute_reversal, fee, payout, adjustment
//	coin            the provider's id of the money: Pix's end-to-end id, UPI's UTR, a bank's entry
//	reference       what we gave the customer to write on it
//	refund, our_refund, dispute, payout   ids, where the line is about such
//	amount          in major units with a point, what comes in plain and what goes out with a minus: 12.50, -3; never finer than the currency
//	fee, net        what the provider kept, and amount less fee; both may be left out, and finer parts of them are rounded
//	currency        three letters
//	gross, gross_currency   what the customer paid, where that was in another currency
//	at              2026-01-31T10:00:00Z, or 2026-01-31 10:00:00, or 2026-01-31, in UTC
//	account         whose statement it is, where a file has several
func readPlain(raw []byte) ([]Line, error) {
	rows, err := table(raw)
	if err != nil {
		return nil, err
	}
	for _, name := range needed {
		if !slices.Contains(rows.names, name) {
			return nil, ErrStatement.Say("The statement's first row does not name the column %q.", name)
		}
	}
	var out []Line
	for i, get := range rows.all {
		l := Line{ID: get("id"), Kind: get("kind"), Account: get("account"), Coin: get("coin"), Reference: get("reference"), Refund: get("refund"),
			OurRefund: get("our_refund"), Dispute: get("dispute"), Payout: get("payout"), Currency: strings.ToUpper(get("currency")),
			GrossCurrency: strings.ToUpper(get("gross_currency"))}
		if err := rows.fits(i); err != nil {
			return nil, err
		}
		if err := l.cells(i+2, get); err != nil {
			return nil, err
		}
		if l, err = l.sorted(i + 2); err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

// cells reads the sums and the moment of a row.
func (l *Line) cells(row int, get func(string) string) error {
	if !knownCurrency(l.Currency) { // without it no sum can be read
		return unreadable("Row", row, "currency", get("currency"), currencyForm)
	}
	if l.GrossCurrency != "" && !knownCurrency(l.GrossCurrency) || l.GrossCurrency == "" && get("gross") != "" {
		return unreadable("Row", row, "gross_currency", get("gross_currency"), currencyForm)
	}
	for _, c := range []struct {
		column   string
		read     func(sum, currency string) (int64, error)
		currency string
		into     *int64
		form     string
	}{{"amount", exact, l.Currency, &l.Amount, sumForm}, {"fee", rounded, l.Currency, &l.Fee, feeForm}, {"net", rounded, l.Currency, &l.Net, feeForm},
		{"gross", exact, l.GrossCurrency, &l.Gross, sumForm}} {
		var err error
		*c.into, err = c.read(get(c.column), c.currency)
		if err != nil || c.column == "amount" && get(c.column) == "" {
			return unreadable("Row", row, c.column, get(c.column), c.form)
		}
	}
	if get("net") == "" {
		l.Net = l.Amount - l.Fee
	}
	var err error
	if l.At, err = moment(get("at")); err != nil {
		return unreadable("Row", row, "at", get("at"), momentForm)
	}
	return nil
}

// fits refuses a row that ends before a column that is needed, or that goes on after the last one.
func (s *sheet) fits(i int) error {
	row, last := s.rows[i], 0
	for at, name := range s.names {
		if slices.Contains(needed, name) {
			last = at
		}
	}
	switch {
	case len(row) <= last:
		return ErrStatement.Say("Row %d has %d values and the head names %d columns: the row was cut off, or the file is parted by another sign.", i+2, len(row), len(s.names))
	case len(row) > len(s.names) && slices.ContainsFunc(row[len(s.names):], func(v string) bool { return v != "" }):
		return ErrStatement.Say("Row %d has %d values and the head names %d columns: a value with a comma in it must stand in quotes, and sums are written with a point.",
			i+2, len(row), len(s.names))
	}
	return nil
}

// sheet is a CSV file with its columns by name.
type sheet struct {
	names []string
	rows  [][]string
	all   []func(name string) string
}

// table reads a CSV file.
func table(raw []byte) (s sheet, err error) {
	r := csv.NewReader(bytes.NewReader(raw))
	head, _, _ := bytes.Cut(raw, []byte("\n"))
	if bytes.Count(head, []byte(";")) > bytes.Count(head, []byte(",")) {
		r.Comma = ';'
	}
	r.FieldsPerRecord, r.LazyQuotes, r.TrimLeadingSpace = -1, true, true
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil || len(s.all) > mostLines {
			return s, ErrStatement.Say("The statement is no CSV that can be read, or has more than %d rows.", mostLines)
		}
		for i, v := range row {
			row[i] = strings.TrimSpace(v)
		}
		s.add(row)
	}
}

// add takes a row; the first has the columns' names.
func (s *sheet) add(row []string) {
	if s.names == nil {
		for i, n := range row {
			row[i] = strings.ToLower(n)
		}
		s.names = row
		return
	}
	names := s.names
	s.rows = append(s.rows, row)
	s.all = append(s.all, func(name string) string {
		if i := slices.Index(names, name); i >= 0 && i < len(row) {
			return strings.TrimSpace(row[i])
		}
		return ""
	})
}

// beijing is the time in which WeChat's bills are written.
var beijing = time.FixedZone("UTC+8", 8*3600)

// readTradeBill reads WeChat Pay's trade bill of all kinds of rows. A grave accent stands before each value, which also tells a comma
// between two from one in the name of the goods. The last row holds sums, of which the number of rows is checked.
func readTradeBill(raw []byte) ([]Line, error) {
	rows := strings.Split(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n")
	names := strings.Split(rows[0], ",")
	var out []Line
	for i, row := range rows[1:] {
		if strings.HasPrefix(row, "总交易单数") {
			if next := rows[i+2:]; len(next) > 0 && values(next[0])[0] != strconv.Itoa(len(out)) {
				return nil, ErrStatement.Say("The bill counts %s rows and has %d: it was cut off.", values(next[0])[0], len(out))
			}
			return out, nil
		}
		cells := values(row)
		if len(cells) != len(names) || len(out) > mostLines {
			return nil, ErrStatement.Say("Row %d of the bill has %d values for %d columns.", i+2, len(cells), len(names))
		}
		l, err := billLine(func(name string) string {
			if at := slices.Index(names, name); at >= 0 {
				return cells[at]
			}
			return ""
		})
		if err != nil {
			return nil, ErrStatement.Say("Row %d of the bill cannot be read.", i+2).Because(err)
		}
		word := l.Word
		if l, err = l.sorted(i + 2); err != nil {
			return nil, err
		}
		l.Word = word
		out = append(out, l)
	}
	return nil, ErrStatement.Say("The bill has no sums at its end: it was cut off.")
}

func values(row string) []string {
	cells := strings.Split(strings.TrimPrefix(row, "`"), ",`")
	for i, v := range cells {
		cells[i] = strings.TrimSpace(v)
	}
	return cells
}

// billLine reads one row: SUCCESS is a payment, REFUND and REVOKED are money that went back.
func billLine(get func(string) string) (l Line, err error) {
	at, err := time.ParseInLocation(time.DateTime, get("交易时间"), beijing)
	if err != nil {
		return l, err
	}
	l = Line{Account: get("商户号"), Coin: get("微信订单号"), Reference: get("商户订单号"), Currency: get("货币种类"), At: at.UTC(), Word: get("交易状态")}
	sum := func(names ...string) int64 {
		for _, n := range names {
			if get(n) == "" {
				continue
			}
			read := exact
			if n == "手续费" {
				read = rounded // WeChat tells it in parts of a fen
			}
			v, bad := read(get(n), l.Currency)
			err = errors.Join(err, bad)
			return v
		}
		return 0
	}
	l.Fee = sum("手续费")
	switch get("交易状态") {
	case "SUCCESS":
		l.Kind, l.ID, l.Amount = Payment, l.Coin, sum("订单金额", "应结订单金额")
	case "REFUND", "REVOKED":
		l.Kind, l.Refund, l.OurRefund, l.Amount = RefundLine, get("微信退款单号"), get("商户退款单号"), -sum("申请退款金额", "退款金额")
		if get("交易状态") == "REVOKED" && l.Amount == 0 {
			l.Amount = -sum("订单金额", "应结订单金额")
		}
		if l.ID = l.Refund; l.ID == "" || l.ID == "0" {
			l.ID, l.Refund = "back:"+l.Coin, ""
		}
		if get("退款状态") == "FAIL" {
			l.Amount, l.Fee = 0, 0 // the money has not gone
		}
	default:
		l.Kind, l.ID, l.Amount = get("交易状态"), l.Coin, sum("订单金额", "应结订单金额")
	}
	l.Net = l.Amount - l.Fee
	return l, err
}
