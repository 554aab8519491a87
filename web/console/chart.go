package console

import (
	"fmt"
	"time"

	"sotto.chat/merchants"
)

type day struct {
	At     time.Time
	Count  int
	Amount int64
}

// chart is what the pages draw: bars for the counts, and the same in a table.
type chart struct {
	Bars         []bar
	Days         []dayRow
	Count        int
	Total, Label string
	Whole        bool // false: there were more orders than are counted
	Top          int  // the highest count, at the upper line
}

type bar struct {
	X, Y, Width, Height float64
	Label, Tick         string
	TickX               float64
	Empty               bool
}

type dayRow struct{ Day, Count, Amount string }

// The chart's box in its own units.
const (
	chartWidth  = 560.0
	chartHeight = 150.0
	barGap      = 8.0
	ticksEvery  = 3
)

func draw(m merchants.Merchant, days []day, whole bool) chart {
	c := chart{Whole: whole, Top: 1}
	var sum int64
	for _, d := range days {
		c.Top, c.Count, sum = max(c.Top, d.Count), c.Count+d.Count, sum+d.Amount
	}
	step := chartWidth / float64(len(days))
	for i, d := range days {
		amount := show(m, d.Amount, m.Currency)
		height := chartHeight * float64(d.Count) / float64(c.Top)
		if d.Count == 0 {
			height = 2 // a day without orders is a day, too
		}
		b := bar{X: float64(i)*step + barGap/2, Width: step - barGap, Y: chartHeight - height, Height: height,
			Label: fmt.Sprintf("%s: %d, %s", d.At.Format("2 Jan"), d.Count, amount), TickX: (float64(i) + 0.5) * step, Empty: d.Count == 0}
		if (len(days)-1-i)%ticksEvery == 0 {
			b.Tick = d.At.Format("2 Jan")
		}
		c.Bars = append(c.Bars, b)
		c.Days = append(c.Days, dayRow{d.At.Format("Mon 2 Jan"), fmt.Sprint(d.Count), amount})
	}
	c.Total = show(m, sum, m.Currency)
	c.Label = fmt.Sprintf("Paid orders of the last %d days: %d, %s", len(days), c.Count, c.Total)
	return c
}
