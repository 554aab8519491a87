package odds

import (
	"strings"
	"testing"
)

func TestTheNumbersAreWhole(t *testing.T) {
	m := Fitted()
	var plain, odd Signs
	plain[Orders], odd[Orders] = 1, 1
	odd[UnknownOrder], odd[Strange], odd[Doubt] = 0.6, 1.4, 0.5
	if a, b := m.Right(&plain), m.Right(&odd); a < 0.8 || b > a-0.05 {
		t.Errorf("a plain order is right with %.2f, one among strange words with %.2f", a, b)
	}
	moved := m.Moved(&odd)
	if len(moved) == 0 || len(moved) > len(odd.Named()) {
		t.Error(moved, odd.Named())
	}
	for _, bad := range []string{"{", `{"bias": 1, "weights": {"doubt": 1}}`, strings.Replace(string(fitted), `"weights": {`, `"weights": {"luck": 1,`, 1)} {
		if _, err := parse([]byte(bad)); err == nil {
			t.Errorf("%.60s is taken for numbers", bad)
		}
	}
}
