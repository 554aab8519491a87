package shelf_test

import (
	"strings"
	"testing"

	"sotto.chat/bot/shelf"
)

func TestRefsFitIntoTaps(t *testing.T) {
	seen := map[string]string{}
	for _, id := range []string{"A", "a", "PIZZA-1", strings.Repeat("x", 24), strings.Repeat("x", 25), strings.Repeat("x", 26), "a:b", "a b", "ñ", "", "a/b"} {
		r := shelf.Ref(id)
		if len(r) > 24 || strings.ContainsAny(r, ": ") || seen[r] != "" {
			t.Errorf("%q: %q", id, r)
		}
		seen[r] = id
	}
}
