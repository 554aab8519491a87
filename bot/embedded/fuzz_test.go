package embedded_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"sotto.chat/bot/reading"
)

// readingLimit is far above what any message takes, and far below what a customer would notice.
const readingLimit = 2 * time.Second

// FuzzRead holds that no text and no state make Read panic, hang, or touch lines that are not in the cart.
func FuzzRead(f *testing.F) {
	lexicon := openMenu(f)
	for _, seed := range []string{"", "two teas with no lemon or honey", "sí, quítalo", "👍", "x 2 x 2 x 2", "%", "a\xffb", "茶をください", "no no no", "[|]",
		strings.Repeat("tea and ", 200), strings.Repeat("one with lemon ", 60)} {
		f.Add(seed, "confirm_order", "TEA", "l1")
	}
	f.Fuzz(func(t *testing.T, text, asked, sku, line string) {
		s := reading.State{Asked: asked, Shown: []string{sku, "POT"}, Cart: []reading.CartLine{{Line: line, SKU: sku, Quantity: 1}}}
		start := time.Now()
		r := lexicon.Read(text, s, "")
		if took := time.Since(start); took > readingLimit {
			t.Errorf("%d bytes took %s", len(text), took)
		}
		for _, a := range r.Actions {
			if a.Kind == "" || a.Quantity < 0 {
				t.Errorf("%q: a broken action %+v", text, a)
			}
			if (a.Kind == reading.Change || a.Kind == reading.Remove) && a.Line != line {
				t.Errorf("%q: the line %q is not in the cart", text, a.Line)
			}
		}
		if r.Confidence < 0 || r.Confidence > 1 {
			t.Errorf("%q: confidence %v", text, r.Confidence)
		}
	})
}

// TestReadTogether holds that one lexicon serves many readers at once, and that a reading never depends on chance.
func TestReadTogether(t *testing.T) {
	lexicon := openMenu(t)
	want := brief(lexicon.Read("two teas, one with lemon, and a scone with jm", reading.State{}, "en"))
	var readers sync.WaitGroup
	for range 16 {
		readers.Go(func() {
			if got := brief(openMenu(t).Read("two teas, one with lemon, and a scone with jm", reading.State{}, "en")); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			for range 20 {
				if got := brief(lexicon.Read("two teas, one with lemon, and a scone with jm", reading.State{}, "en")); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			}
		})
	}
	readers.Wait()
}
