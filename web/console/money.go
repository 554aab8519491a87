package console

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"sotto.chat/internal/fault"
	"sotto.chat/internal/money"
	"sotto.chat/merchants"
	"sotto.chat/payments/reconcile"
	"sotto.chat/web/api"
	"sotto.chat/web/assets"
)

// moneyView is the report of some days.
type moneyView struct {
	Day, Span, Last, CSV, Before, After string
	Days                                int
	Chart                               chart
	Totals                              []sums
	Accounts                            []sums
	Waiting                             []waitingRow
	Told                                []reconcile.Told
	Differences                         []differenceRow
	Payouts                             []payoutRow
}

// sums is a row of figures: of a currency, or of an account.
type sums struct {
	Name, Currency string
	Sums           []string
}

type waitingRow struct {
	Order, Reason, Amount, Paid string
	Since                       time.Time
}

type differenceRow struct {
	Cause, Explanation, Here, There, Which, Order string
	At                                            time.Time
}

type payoutRow struct {
	Status, Amount, ID string
	Back               bool
	Made, Arrives      time.Time
}

// mostDays bounds the report of one page.
const mostDays = 366

// money shows the report of some days. Its state is in the address: day (the first) and days.
func (h *console) money(c *gin.Context) {
	m, ok := h.shop(c)
	if !ok {
		return
	}
	day, err := time.Parse(time.DateOnly, c.Query("day"))
	if err != nil || day.Year() < 2000 || day.Year() > 2200 {
		day = h.DB.Now().Truncate(24 * time.Hour)
	}
	days, _ := strconv.Atoi(c.Query("days")) // none is one
	days = min(max(days, 1), mostDays)
	if h.Payments == nil {
		h.fail(c, errNoMoney)
		return
	}
	r, err := h.Payments.Statements().Report(c.Request.Context(), m.ID, day, day.AddDate(0, 0, days))
	if err == nil && c.Query("format") == "csv" {
		h.moneyFile(c, r)
		return
	}
	var v moneyView
	if err == nil {
		v, err = h.moneyOf(c.Request.Context(), m, r, days)
	}
	if err != nil {
		h.fail(c, err)
		return
	}
	h.write(c, http.StatusOK, "money", view{Title: "Money", Shop: m, Money: &v})
}

var errNoMoney = fault.New(fault.NotFound, "no_report", "There is no report of money here.")

// moneyFile sends the report for a spreadsheet.
func (h *console) moneyFile(c *gin.Context, r reconcile.Report) {
	raw, err := api.Table(r)
	if err == nil {
		err = h.keep(c)
	}
	if err != nil {
		h.fail(c, err)
		return
	}
	c.Header("Cache-Control", "no-store")
	c.Header("Content-Disposition", `attachment; filename="money-`+r.From.Format(time.DateOnly)+`.csv"`)
	c.Data(http.StatusOK, "text/csv; charset=utf-8", raw)
}

func (h *console) moneyOf(ctx context.Context, m merchants.Merchant, r reconcile.Report, days int) (moneyView, error) {
	desk, day, end := h.Payments.Statements(), r.From, r.To
	first := end.AddDate(0, 0, -chartDays)
	sold, err := desk.SalesOf(ctx, m.ID, m.Currency, first, chartDays)
	if err != nil {
		return moneyView{}, err
	}
	to := func(day time.Time) string {
		return with("/console/money", "day", day.Format(time.DateOnly), "days", strconv.Itoa(days))
	}
	v := moneyView{Day: day.Format(time.DateOnly), Days: days, Span: day.Format("2 Jan 2006"), Last: end.AddDate(0, 0, -1).Format("2 Jan"),
		Before: to(day.AddDate(0, 0, -days)), After: to(end), CSV: to(day) + "&format=csv", Chart: soldChart(m, first, sold), Told: r.Told}
	if days > 1 {
		v.Span += " to " + end.AddDate(0, 0, -1).Format("2 Jan 2006")
	}
	for _, t := range r.Totals {
		row := sums{Name: t.Currency, Currency: t.Currency}
		for _, n := range []int64{t.Sales, t.Refunds, t.DisputesLost, t.Fees, t.Margin, t.Disputed, t.Unsettled, t.Payouts} {
			row.Sums = append(row.Sums, show(m, n, t.Currency))
		}
		v.Totals = append(v.Totals, row)
	}
	for _, a := range r.Accounts {
		row := sums{Name: accountName(a.Account), Currency: a.Currency}
		for _, n := range []int64{a.Opening, a.Debit, a.Credit, a.Closing} {
			row.Sums = append(row.Sums, show(m, n, a.Currency))
		}
		v.Accounts = append(v.Accounts, row)
	}
	for _, w := range r.Waiting {
		v.Waiting = append(v.Waiting, waitingRow{w.OrderID, words(w.Reason), show(m, w.Amount, w.Currency), show(m, w.Paid, w.Currency), w.Since.UTC()})
	}
	for _, d := range r.Differences {
		which := d.Line
		if which == "" {
			which = d.Coin
		}
		v.Differences = append(v.Differences, differenceRow{words(d.Cause), reconcile.Explain(d.Cause), side(m, d.Here), side(m, d.There),
			d.Provider + " " + which, d.Order, d.At.UTC()})
	}
	for _, p := range r.Payouts {
		status := words(p.Status)
		if p.Failure != "" {
			status += ": " + words(p.Failure)
		}
		v.Payouts = append(v.Payouts, payoutRow{status, show(m, p.Amount, p.Currency), p.ID, p.Back(), p.CreatedAt.UTC(), p.ArrivesAt.UTC()})
	}
	return v, nil
}

// side writes a sum, or nothing where a side has none.
func side(m merchants.Merchant, sum money.Money) string {
	if sum.Currency == "" {
		return "–"
	}
	return assets.Money(m.Language, sum)
}

// accountName makes an account readable: provider:stripe → at stripe.
func accountName(account string) string {
	if provider, ok := strings.CutPrefix(account, "provider:"); ok {
		return "At " + provider
	}
	name := words(account)
	return strings.ToUpper(name[:1]) + name[1:]
}

// soldChart draws what was sold on each day.
func soldChart(m merchants.Merchant, first time.Time, sold []int64) chart {
	c := chart{Whole: true}
	var top, sum int64 = 1, 0
	for _, n := range sold {
		top, sum = max(top, n), sum+n
	}
	step := chartWidth / float64(len(sold))
	for i, n := range sold {
		at, amount := first.AddDate(0, 0, i), show(m, n, m.Currency)
		height := max(2, chartHeight*float64(max(n, 0))/float64(top)) // a day without sales is a day, too
		b := bar{X: float64(i)*step + barGap/2, Width: step - barGap, Y: chartHeight - height, Height: height, Label: at.Format("2 Jan") + ": " + amount,
			TickX: (float64(i) + 0.5) * step, Empty: n <= 0}
		if (len(sold)-1-i)%ticksEvery == 0 {
			b.Tick = at.Format("2 Jan")
		}
		c.Bars = append(c.Bars, b)
		c.Days = append(c.Days, dayRow{Day: at.Format("Mon 2 Jan"), Amount: amount})
	}
	c.Total = show(m, sum, m.Currency)
	c.Label = fmt.Sprintf("Sold in %d days: %s", len(sold), c.Total)
	return c
}
