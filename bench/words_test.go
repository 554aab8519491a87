package bench

import (
	"testing"
	"time"

	"fmt"
	"slices"
	"sotto.chat/bot/embedded"
	"sotto.chat/bot/reading"
	"sotto.chat/catalog"
)

// said is what customers say; it names goods right and wrong, and says yes, no and thanks.
var said = []string{
	"two oak lamp alba0 in red with a ribbon please",
	"hi, can I get a blue copper table cova3 and where is my last order?",
	"yes that's right",
	"no, make that three",
	"do you have something like the velvet kettle",
	"I'd lik a strpied candle withuot ribbon and a tall miror",
	"what are your opening hours on sunday",
	"thanks, bye",
}

// understand is goal 8: what a message costs in a shop of a thousand goods, and how long one of ten thousand takes to load.
func understand(b *testing.B, l *lab) {
	small, large := shelf(1000), shelf(10_000)
	lexicon := embedded.Compile(small)
	state := reading.State{Cart: []reading.CartLine{{Line: "l1", SKU: "P0", Quantity: 1}}, Asked: reading.AskedConfirm}
	var p50, p99, load []float64
	for range rounds() {
		var took []time.Duration
		for end := time.Now().Add(time.Duration(cell() / 3 * float64(time.Second))); time.Now().Before(end); {
			for _, text := range said {
				start := time.Now()
				lexicon.Read(text, state, "en")
				took = append(took, time.Since(start))
			}
		}
		f := latencies([][]time.Duration{took}, time.Second)
		p50, p99 = append(p50, f["p50"]*1000), append(p99, f["p99"]*1000)
		start := time.Now()
		embedded.Compile(large)
		load = append(load, float64(time.Since(start).Milliseconds()))
	}
	l.add(row{goal: "8", what: "understand a message, 1,000 goods, p50", unit: "µs", product: p50, atMost: true, want: 50, stretch: 20})
	l.add(row{goal: "8", what: "understand a message, 1,000 goods, p99", unit: "µs", product: p99})
	l.add(row{goal: "8", what: "load 10,000 goods", unit: "ms", product: load, atMost: true, want: 300})
}

// shelf makes up goods with names of three words and two option groups.
func shelf(n int) catalog.File {
	kinds := []string{"lamp", "chair", "table", "kettle", "jacket", "blanket", "notebook", "candle", "basket", "mirror"}
	looks := []string{"oak", "linen", "copper", "marble", "velvet", "bamboo", "striped", "folding", "tall", "round"}
	makers := []string{"alba", "brio", "cova", "dune"}
	one := 1
	options := []catalog.FileGroup{
		{ID: "COLOUR", Name: "colour", Max: &one, Choices: []catalog.FileChoice{{ID: "RED", Name: "red"}, {ID: "BLUE", Name: "blue"}}},
		{ID: "WRAP", Name: "wrapping", Amounts: true, Choices: []catalog.FileChoice{{ID: "RIBBON", Name: "ribbon"}, {ID: "PAPER", Name: "paper"}}},
	}
	f := catalog.File{Currency: "EUR"}
	for i := range n {
		f.Products = append(f.Products, catalog.FileProduct{SKU: fmt.Sprintf("P%d", i), Price: int64(100 + i), Options: slices.Clone(options),
			Name: fmt.Sprintf("%s %s %s%d", looks[i%10], kinds[i/10%10], makers[i%4], i/100)})
	}
	return f
}
