package embedded

import "sotto.chat/bot/reading"

// rule reads a clause by the concepts that it holds: one of each set in all, none of none. The first rule that fits
// speaks for the clause. Rules know no language and no shop.
type rule struct {
	kind  string
	about string
	all   [][]concept
	none  []concept
	words int // most unknown words that the clause may have, 0 for any number
	acts  bool
}

func is(cs ...concept) []concept { return cs }

// rules are in the order in which they are tried: what is said most plainly comes first. What acts on a cart or an order
// is narrow, what only shows something may be wide.
var rules = []rule{
	{kind: reading.Privacy, about: reading.WhoRead, all: [][]concept{is(cWhoRead), is(cData, cIt, cMyAccount)}},
	{kind: reading.Privacy, about: reading.Private, all: [][]concept{is(cPrivate)}},
	{kind: reading.Privacy, about: reading.Stop, all: [][]concept{is(cStop)}},
	{kind: reading.Privacy, about: reading.Stop, all: [][]concept{is(cCancel, cNevermind, cRemove), is(cNewsletter)}},
	{kind: reading.Privacy, about: reading.Start, all: [][]concept{is(cNewsletter)}},
	{kind: reading.Privacy, about: reading.Erase, all: [][]concept{is(cDelete, cCancel), is(cData, cMyAccount)}, none: is(cAddress, cCart)},
	{kind: reading.Privacy, about: reading.Export, all: [][]concept{is(cExport), is(cData)}},
	{kind: reading.Human, all: [][]concept{is(cHumanNow)}},
	{kind: reading.Human, all: [][]concept{is(cTalk), is(cPerson)}},
	{kind: reading.ClearCart, all: [][]concept{is(cEmpty, cTakeOff), is(cCart)}, none: is(cQuestion, cPolicy, cTake, cKnow, cNumber, cOrdinal, cBoth), words: 2, acts: true},
	{kind: reading.ClearCart, all: [][]concept{is(cStartOver)}, none: is(cQuestion), words: 2, acts: true},
	{kind: reading.CancelOrder, all: [][]concept{is(cCancel), is(cOrder, cMyOrder)}, none: is(cFee, cPolicy), words: 8, acts: true},
	{kind: reading.ReturnOrder, all: [][]concept{is(cRefund)}, none: is(cPolicy), words: 8, acts: true},
	{kind: reading.ReturnOrder, all: [][]concept{is(cReturn), is(cOrder, cMyOrder)}, none: is(cPolicy), words: 5, acts: true},
	{kind: reading.OrderStatus, all: [][]concept{is(cMoneyHere)}, none: is(cProblem, cPlaceOrder, cHypothetical), words: 3},
	{kind: reading.ShowCart, all: [][]concept{is(cChange, cRemove), is(cOrder)}, none: is(cAddress)},
	{kind: reading.ReportProblem, about: "payment", all: [][]concept{is(cProblem), is(cPayment)}},
	{kind: reading.SetAddress, all: [][]concept{is(cAddress), is(cSet, cChange, cProblem)}, none: is(cEmail)},
	{kind: reading.SetAddress, all: [][]concept{is(cMyAddress)}, none: is(cQuestion, cEmail)},
	{kind: reading.Reorder, all: [][]concept{is(cSame)}, none: is(cQuestion), words: 1, acts: true},
	{kind: reading.ShowCart, all: [][]concept{is(cWhatHaveI)}},
	{kind: reading.ShowCart, all: [][]concept{is(cCart), is(cSee)}, none: is(cTake)},
	{kind: reading.OrderStatus, all: [][]concept{is(cTrack), is(cOrder, cMyOrder)}, none: is(cPlaceOrder, cProblem)},
	{kind: reading.OrderStatus, all: [][]concept{is(cMyOrder), is(cQuestion)}, none: is(cPlaceOrder)},
	{kind: reading.ReportProblem, all: [][]concept{is(cProblem)}, none: is(cSignup)},
	{kind: reading.OrderStatus, all: [][]concept{is(cPaid)}, none: is(cQuestion, cNo, cWeakNo, cPlaceOrder), words: 2},
	{kind: reading.ApplyCode, all: [][]concept{is(cCode), is(cApply)}, none: is(cQuestion), acts: true},
	{kind: reading.SetLanguage, all: [][]concept{is(cLanguageChange)}},
	{kind: reading.SetLanguage, all: [][]concept{is(cLanguageWord), is(cLanguageName)}, none: is(cQuestion), words: 2},
	{kind: reading.Pay, all: [][]concept{is(cPayLink)}, none: is(cProblem, cNo, cWeakNo, cWithout, cUnsure, cKnow), words: 1, acts: true},
	{kind: reading.Ask, about: reading.WaysToPay, all: [][]concept{is(cPayWays)}, none: is(cProblem, cFee, cPolicy, cRefund, cSignup), words: 2},
	{kind: reading.Repeat, all: [][]concept{is(cRepeat)}, words: 3},
	{kind: reading.Checkout, all: [][]concept{is(cCheckout)}, none: is(cQuestion, cHypothetical, cWeakNo, cUnsure, cKnow), words: 1, acts: true},
	{kind: reading.Pay, all: [][]concept{is(cPay)}, none: is(cQuestion, cKnow, cPayHow, cProblem, cNo, cWeakNo, cWithout, cUnsure), words: 1, acts: true},
	{kind: reading.Rate, all: [][]concept{is(cRate), is(cNumber)}},
	{kind: reading.Browse, all: [][]concept{is(cMenu)}, words: 3},
	{kind: reading.Browse, all: [][]concept{is(cPlaceOrder)}},
	{kind: reading.Help, all: [][]concept{is(cHelp)}, none: is(cThanks), words: 3},
}

// maxActing is the longest clause, in words, that may act by its small words alone: a story is no wish.
const maxActing = 20

func (u *rule) fits(c *clause) bool {
	for _, any := range u.all {
		if !c.concepts.hasAny(any...) {
			return false
		}
	}
	if u.acts && (c.to-c.from > maxActing || c.stranded || c.concepts.has(cLanguageName)) {
		return false
	}
	return !c.concepts.hasAny(u.none...) && (u.words == 0 || c.words <= u.words)
}
