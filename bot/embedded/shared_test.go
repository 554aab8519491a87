package embedded_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"sotto.chat/bot/reading"
)

// TestAttacksDoNothing reads public collections of attack texts, sent at the worst moment: a cart is full and the
// question is whether to order. Not one of them may move anything.
func TestAttacksDoNothing(t *testing.T) {
	lexicon := openMenu(t)
	state := reading.State{Asked: reading.AskedConfirm, Cart: []reading.CartLine{{Line: "l1", SKU: "TEA", Quantity: 1}}}
	texts := attackTexts(t)
	for _, text := range texts {
		for _, a := range lexicon.Read(text, state, "").Actions {
			switch a.Kind {
			case reading.Add, reading.Change, reading.Remove, reading.ClearCart, reading.Checkout, reading.Confirm, reading.Pay,
				reading.ApplyCode, reading.CancelOrder, reading.Reorder, reading.ReturnOrder:
				t.Errorf("%.200q gives %s", text, a.Kind)
			}
		}
	}
	t.Logf("%d texts read", len(texts))
}

func attackTexts(t *testing.T) []string {
	t.Helper()
	shared := os.Getenv("SOTTO_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "shared")
	}
	files, err := filepath.Glob(filepath.Join(shared, "data", "injection", "dev", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skipf("no attack texts under %s: set SOTTO_SHARED to the folder of the shared data", shared)
	}
	var texts []string
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var list []struct {
			Text string `json:"user_input"`
		}
		var named map[string][]string
		if json.Unmarshal(data, &list) == nil {
			for _, x := range list {
				texts = append(texts, x.Text)
			}
		} else if err := json.Unmarshal(data, &named); err == nil {
			for _, group := range named {
				texts = append(texts, group...)
			}
		} else {
			t.Fatalf("%s: %v", path, err)
		}
	}
	return texts
}
