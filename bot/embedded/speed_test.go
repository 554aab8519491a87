package embedded_test

import (
	"fmt"
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

func BenchmarkRead(b *testing.B) {
	for _, n := range []int{1000, 10000} {
		lexicon := embedded.Compile(bigShop(n))
		state := reading.State{Cart: []reading.CartLine{{Line: "l1", SKU: "P0", Quantity: 1}}, Asked: reading.AskedConfirm}
		b.Run(fmt.Sprintf("products=%d", n), func(b *testing.B) {
			times := make([]time.Duration, 0, b.N)
			for i := 0; b.Loop(); i++ {
				start := time.Now()
				lexicon.Read(messages[i%len(messages)], state, "en")
				times = append(times, time.Since(start))
			}
			slices.Sort(times)
			b.ReportMetric(float64(times[len(times)/2].Nanoseconds())/1000, "p50-µs")
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{1000, 10000} {
		f := bigShop(n)
		b.Run(fmt.Sprintf("products=%d", n), func(b *testing.B) {
			for b.Loop() {
				embedded.Compile(f)
			}
		})
	}
}
