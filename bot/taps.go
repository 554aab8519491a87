package bot

import (
	"strconv"
	"strings"

	"sotto.chat/bot/reading"
	"sotto.chat/bot/shelf"
	"sotto.chat/catalog"
)

// The kinds of tap. A tap is at most 60 bytes, which every platform carries, and untrusted like any text: whoever can
// write to the shop can send any of them, so each is checked as if it had been typed.
const (
	tapAdd      = "add"  // add:REF[:QUANTITY]
	tapShow     = "show" // show:REF
	tapOption   = "opt"  // opt:GROUP:CHOICE, for the line that was asked about
	tapChoices  = "opts" // opts:FROM, more choices of the option that was asked about
	tapCategory = "cat"  // cat:REF[:FROM]
	tapMenu     = "menu" // menu[:FROM]
	tapYes      = "yes"  // yes:HASH, the beginning of the quote's hash
	tapVoid     = "void" // void:ORDER, the yes to cancelling
	tapNo       = "no"
	tapMeant    = "meant" // meant:REF, what an unclear message meant
	tapCart     = "cart"
	tapEdit     = "edit"
	tapRemove   = "rm"  // rm:LINE
	tapSet      = "set" // set:LINE:QUANTITY
	tapCheckout = "checkout"
	tapPay      = "pay"
	tapBy       = "by"    // by:cash, by:bank, by:link
	tapWay      = "way"   // way:pickup
	tapAddress  = "where" // another address
	tapAgain    = "again" // again:ORDER
	tapStatus   = "status"
	tapHuman    = "human"
	tapHelp     = "help"
	tapHello    = "hello"
	tapStop     = "stop" // no more offers
	tapLanguage = "lang" // lang:es
)

const (
	maxTap      = 200
	hashInTap   = 16
	maxPageFrom = 100_000
)

// tapTo puts a tap together.
func tapTo(kind string, rest ...string) string {
	return strings.Join(append([]string{kind}, rest...), ":")
}

// untap reads a tap as an action, where it says the same as words could. The other taps belong to a question that must
// be open: own gives their kind and what they are about.
func untap(g *shelf.Goods, tap string) (a reading.Action, own, about string, ok bool) {
	if len(tap) > maxTap {
		return a, "", "", false
	}
	kind, rest, _ := strings.Cut(tap, ":")
	switch kind {
	case tapAdd:
		a, ok = untapAdd(g, rest)
		return a, "", "", ok
	case tapShow:
		sku, ok := g.SKU(rest)
		return reading.Action{Kind: reading.ShowProduct, SKU: sku}, "", "", ok
	case tapCategory:
		name, from, _ := strings.Cut(rest, ":")
		id, ok := g.Shelf(name)
		return reading.Action{Kind: reading.Browse, Category: id, Number: pageFrom(from)}, "", "", ok
	case tapMenu:
		return reading.Action{Kind: reading.Browse, Number: pageFrom(rest)}, "", "", true
	case tapRemove:
		return reading.Action{Kind: reading.Remove, Line: rest}, "", "", rest != ""
	case tapSet:
		line, n, _ := strings.Cut(rest, ":")
		a = reading.Action{Kind: reading.Change, Line: line, Quantity: pageFrom(n)}
		return a, "", "", line != "" && a.Quantity > 0
	case tapWay:
		return reading.Action{Kind: reading.SetDelivery, Method: rest}, "", "", rest != ""
	case tapLanguage:
		return reading.Action{Kind: reading.SetLanguage, Language: rest}, "", "", rest != ""
	case tapYes, tapVoid, tapMeant, tapOption, tapChoices, tapAgain, tapAddress, tapEdit, tapStop, tapBy:
		return a, kind, rest, true
	}
	plain, ok := map[string]string{tapNo: reading.Deny, tapCart: reading.ShowCart, tapCheckout: reading.Checkout, tapPay: reading.Pay,
		tapHuman: reading.Human, tapHelp: reading.Help, tapHello: reading.Greet, tapStatus: reading.OrderStatus}[tap]
	return reading.Action{Kind: plain}, "", "", ok
}

// untapAdd takes a sku as it is, too: a page may send the sku of a card. A sku may hold colons.
func untapAdd(g *shelf.Goods, rest string) (reading.Action, bool) {
	if sku, ok := g.SKU(rest); ok {
		return reading.Action{Kind: reading.Add, SKU: sku, Quantity: 1}, true
	}
	at := strings.LastIndexByte(rest, ':')
	if at < 0 {
		return reading.Action{}, false
	}
	sku, ok := g.SKU(rest[:at])
	n, err := strconv.Atoi(rest[at+1:])
	return reading.Action{Kind: reading.Add, SKU: sku, Quantity: n}, ok && err == nil && n > 0 && n <= catalog.MaxQuantity
}

func pageFrom(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > maxPageFrom {
		return 0
	}
	return n
}
