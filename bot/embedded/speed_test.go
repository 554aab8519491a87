package embedded_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"sotto.chat/bot/embedded"
	"sotto.chat/bot/reading"
	"sotto.chat/catalog"
)

// bigShop makes up a catalog with names of two to three words and two option groups.
func bigShop(products int) catalog.File {
	kinds := []string{"lamp", "chair", "table", "kettle", "jacket", "blanket", "notebook", "candle", "basket", "mirror"}
	looks := []string{"oak", "linen", "copper", "marble", "velvet", "bamboo", "striped", "folding", "tall", "round"}
	one := 1
	f := catalog.File{Currency: "EUR"}
	for i := range products {
		f.Products = append(f.Products, catalog.FileProduct{
			SKU:   fmt.Sprintf("P%d", i),
			Name:  fmt.Sprintf("%s %s %s%d", looks[i%10], kinds[i/10%10], []string{"alba", "brio", "cova", "dune"}[i%4], i/100),
			Price: int64(100 + i),
			Options: []catalog.FileGroup{
				{ID: "COLOUR", Name: "colour", Max: &one, Choices: []catalog.FileChoice{{ID: "RED", Name: "red"}, {ID: "BLUE", Name: "blue"}}},
				{ID: "WRAP", Name: "wrapping", Amounts: true, Choices: []catalog.FileChoice{{ID: "RIBBON", Name: "ribbon"}, {ID: "PAPER", Name: "paper"}}},
			},
		})
	}
	return f
}

var messages = []string{
	"two oak lamp alba0 in red with a ribbon please",
	"hi, can I get a blue copper table cova3 and where is my last order?",
	"yes that's right",
	"no, make that three",
	"do you have something like the velvet kettle",
	"I'd lik a strpied candle withuot ribbon and a tall miror",
	"what are your opening hours on sunday",
	"thanks, bye",
}

// The limits that a reading and a start keep to.
const (
	mostMedian  = 50 * time.Microsecond
	mostSlowest = 2 * time.Millisecond // of a hundred messages
	mostCompile = 300 * time.Millisecond
	mostMemory  = 30 << 20
)

// BenchmarkRead reads messages of every sort, and gives the times beside the limits: below one is within them. Where the
// outside scorers are, what people write to a coffee shop is read too.
func BenchmarkRead(b *testing.B) {
	state := reading.State{Cart: []reading.CartLine{{Line: "l1", SKU: "P0", Quantity: 1}}, Asked: reading.AskedConfirm}
	lines := make([]devLine, len(messages))
	for i, text := range messages {
		lines[i] = devLine{Text: text, State: state}
	}
	batches := []devBatch{{name: "own shop", lexicon: openMenu(b), lines: lines},
		{name: "products=1000", lexicon: embedded.Compile(bigShop(1000)), lines: lines},
		{name: "products=10000", lexicon: embedded.Compile(bigShop(10000)), lines: lines}}
	for i, coffee := range devBatches(b, "coffee") {
		coffee.name = fmt.Sprintf("coffee shop %d", i+1)
		batches = append(batches, coffee)
	}
	for _, batch := range batches {
		b.Run(batch.name, func(b *testing.B) { readAll(b, &batch) })
	}
}

// readAll reads the messages of a batch over and over, and reports the times.
func readAll(b *testing.B, batch *devBatch) {
	times := make([]time.Duration, 0, b.N)
	for i := 0; b.Loop(); i++ {
		line := &batch.lines[i%len(batch.lines)]
		start := time.Now()
		batch.lexicon.Read(line.Text, line.State, "en")
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	median, slowest := times[len(times)/2], times[len(times)*99/100]
	b.ReportMetric(float64(median.Nanoseconds())/1000, "p50-µs")
	b.ReportMetric(float64(slowest.Nanoseconds())/1000, "p99-µs")
	b.ReportMetric(float64(median)/float64(mostMedian), "p50/limit")
	b.ReportMetric(float64(slowest)/float64(mostSlowest), "p99/limit")
}

// BenchmarkCompile makes lexicons of big catalogs, and gives time and memory beside the limits for ten thousand products.
func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{1000, 10000} {
		f := bigShop(n)
		b.Run(fmt.Sprintf("products=%d", n), func(b *testing.B) {
			least := time.Hour
			for b.Loop() {
				start := time.Now()
				embedded.Compile(f)
				least = min(least, time.Since(start))
			}
			b.ReportMetric(float64(least)/float64(mostCompile), "best/limit")
			b.ReportMetric(float64(held(f))/mostMemory, "memory/limit")
		})
	}
}

// held is the memory that a lexicon keeps.
func held(f catalog.File) uint64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	lexicon := embedded.Compile(f)
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(lexicon)
	return max(after.HeapAlloc, before.HeapAlloc) - before.HeapAlloc
}

// TestMemory holds that the lexicon of ten thousand products keeps within its memory.
func TestMemory(t *testing.T) {
	if got := held(bigShop(10000)); got > mostMemory {
		t.Errorf("the lexicon of 10,000 products holds %.1f MB, the most is %d", float64(got)/(1<<20), mostMemory>>20)
	}
}
