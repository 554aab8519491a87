package shadow_test

import (
	"testing"

	"sotto.chat/bot/reading"
	"sotto.chat/bot/shadow"
)

func TestSame(t *testing.T) {
	cart := reading.State{Cart: []reading.CartLine{{Line: "l1", SKU: "TEA", Quantity: 2, Options: []reading.Option{{Group: "milk", Choice: "oat"}}}, {Line: "l2", SKU: "BUN", Quantity: 1}},
		Shown: []string{"BUN", "TEA"}}
	option := cart
	option.Asked = reading.AskedOption
	type list = []reading.Action
	add := func(sku string, n int, options ...reading.Option) reading.Action {
		return reading.Action{Kind: reading.Add, SKU: sku, Quantity: n, Options: options}
	}
	for name, c := range map[string]struct {
		acted, other list
		before       reading.State
		kind         string
		same         bool
	}{
		"nothing and nothing":          {nil, nil, cart, shadow.None, true},
		"the same in another order":    {list{add("TEA", 2), add("BUN", 1)}, list{add("BUN", 1), add("TEA", 2)}, cart, reading.Add, true},
		"twice one and two":            {list{add("TEA", 1), add("TEA", 1)}, list{add("TEA", 2)}, cart, reading.Add, true},
		"one where none was said":      {list{add("TEA", 0)}, list{add("TEA", 1)}, cart, reading.Add, true},
		"another number":               {list{add("TEA", 2)}, list{add("TEA", 3)}, cart, reading.Add, false},
		"another thing":                {list{add("TEA", 2)}, list{add("BUN", 2)}, cart, reading.Add, false},
		"options in another order":     {list{add("TEA", 1, reading.Option{Group: "a", Choice: "x", Count: 1}, reading.Option{Group: "b", Choice: "y"})}, list{add("TEA", 1, reading.Option{Group: "b", Choice: "y"}, reading.Option{Group: "a", Choice: "x"})}, cart, reading.Add, true},
		"an option less":               {list{add("TEA", 1, reading.Option{Group: "a", Choice: "x"})}, list{add("TEA", 1)}, cart, reading.Add, false},
		"one more, and three":          {list{add("TEA", 1, reading.Option{Group: "milk", Choice: "oat"})}, list{{Kind: reading.Change, Line: "l1", Quantity: 3}}, cart, reading.Add, true},
		"one less, and one":            {list{{Kind: reading.Remove, Line: "l1", Quantity: 1}}, list{{Kind: reading.Change, Line: "l1", Quantity: 1}}, cart, reading.Remove, true},
		"all of a line":                {list{{Kind: reading.Remove, Line: "l1"}}, list{{Kind: reading.Remove, Line: "l1", Quantity: 2}}, cart, reading.Remove, true},
		"a part of a line":             {list{{Kind: reading.Remove, Line: "l1"}}, list{{Kind: reading.Remove, Line: "l1", Quantity: 1}}, cart, reading.Remove, false},
		"every line and the cart":      {list{{Kind: reading.Remove, Line: "l2"}, {Kind: reading.Remove, Line: "l1"}}, list{{Kind: reading.ClearCart}}, cart, reading.ClearCart, true},
		"one line and the cart":        {list{{Kind: reading.Remove, Line: "l2"}}, list{{Kind: reading.ClearCart}}, cart, reading.Remove, false},
		"the second and its name":      {list{{Kind: reading.Choose, Number: 2}}, list{add("TEA", 1)}, cart, reading.Add, true},
		"the second of an option":      {list{{Kind: reading.Choose, Number: 2}}, list{add("TEA", 1)}, option, reading.Choose, false},
		"a greeting beside a deed":     {list{{Kind: reading.Greet}, add("TEA", 1)}, list{add("TEA", 1)}, cart, reading.Add, true},
		"a greeting alone":             {list{{Kind: reading.Greet}}, list{{Kind: reading.Thanks}}, cart, reading.Greet, false},
		"words in another case":        {list{{Kind: reading.Search, Query: "Green  Tea?"}}, list{{Kind: reading.Search, Query: "green tea"}}, cart, reading.Search, true},
		"the second has more":          {list{add("TEA", 1)}, list{add("TEA", 1), {Kind: reading.Checkout}}, cart, reading.Checkout, false},
		"the second has less":          {list{{Kind: reading.Checkout}, add("TEA", 1)}, list{{Kind: reading.Checkout}}, cart, reading.Add, false},
		"what no model may do":         {list{add("TEA", 1), {Kind: reading.Confirm}}, list{add("TEA", 1)}, cart, reading.Add, true},
		"the other found nothing":      {list{{Kind: reading.Help}}, nil, cart, reading.Help, false},
		"details of no weight":         {list{{Kind: reading.Browse, Category: "c", Number: 8}}, list{{Kind: reading.Browse, Category: "c"}}, cart, reading.Browse, true},
		"another question of the shop": {list{{Kind: reading.Ask, Question: "HOURS"}}, list{{Kind: reading.Ask, Question: "PARKING"}}, cart, reading.Ask, false},
	} {
		kind, same := shadow.Same(c.acted, c.other, c.before)
		if kind != c.kind || same != c.same {
			t.Errorf("%s: %s %v, want %s %v", name, kind, same, c.kind, c.same)
		}
		if _, back := shadow.Same(c.other, c.acted, c.before); back != c.same {
			t.Errorf("%s: not the same from the other side", name)
		}
	}
	if shadow.Worth(list{{Kind: reading.Confirm}, {Kind: reading.Pay}}) || !shadow.Worth(list{{Kind: reading.Confirm}, {Kind: reading.Help}}) || shadow.Worth(nil) {
		t.Error("what only the customer can do is compared, or what a model can do is not")
	}
}
