package embedded

import "sotto.chat/bot/reading"

// concept is what a phrase of a language is used for. The language files name the phrases, the rules combine them, so
// that a new language is a file and not code.
type concept uint8

const (
	cNumber concept = iota
	cOrdinal
	cLanguageName
	cAbout
	cAddress
	cAnd
	cAnother
	cAnythingWith
	cApply
	cArticle
	cAux
	cBoth
	cBut
	cBye
	cCancel
	cCart
	cChange
	cCheckout
	cCode
	cConsent
	cData
	cDelete
	cDeliverTo
	cDeliveryWay
	cDouble
	cEach
	cEatIn
	cEmail
	cEmpty
	cExport
	cExtra
	cFee
	cFewer
	cFiller
	cFraction
	cGreet
	cHelp
	cHesitation
	cHumanNow
	cHypothetical
	cIndefinite
	cInfo
	cInstead
	cInsteadOf
	cIt
	cKnow
	cLanguageChange
	cLanguageWord
	cLight
	cMake
	cMenu
	cModal
	cMoneyHere
	cMoreOfIt
	cMove
	cMy
	cMyAccount
	cMyAddress
	cMyOrder
	cNeed
	cNevermind
	cNewsletter
	cNo
	cOf
	cOfEach
	cOff
	cOne
	cOnly
	cOnto
	cOpener
	cOr
	cOrder
	cOther
	cPaid
	cPay
	cPayHow
	cPayLink
	cPayWays
	cPayment
	cPerson
	cPickup
	cPlaceOrder
	cPolicy
	cPrice
	cPrivate
	cProblem
	cPut
	cQuestion
	cRate
	cRefund
	cRemove
	cRepeat
	cReturn
	cRight
	cSame
	cSearch
	cSee
	cSelf
	cSet
	cSignup
	cSkippable
	cStartOver
	cStop
	cTake
	cTakeOff
	cTalk
	cTaste
	cThanks
	cTimes
	cTo
	cTrack
	cTurnInto
	cUnsure
	cWant
	cWeakNo
	cWeakYes
	cWhatHaveI
	cWhoRead
	cWith
	cWithout
	cYes
	conceptCount
)

// conceptNames are the keys that a language file may use. Numbers, ordinals and language names have tables of their own.
var conceptNames = map[string]concept{
	"about":           cAbout,
	"address":         cAddress,
	"and":             cAnd,
	"another":         cAnother,
	"anything_with":   cAnythingWith,
	"apply":           cApply,
	"article":         cArticle,
	"aux":             cAux,
	"both":            cBoth,
	"but":             cBut,
	"bye":             cBye,
	"cancel":          cCancel,
	"cart":            cCart,
	"change":          cChange,
	"checkout":        cCheckout,
	"code":            cCode,
	"consent":         cConsent,
	"data":            cData,
	"delete":          cDelete,
	"deliver_to":      cDeliverTo,
	"delivery_way":    cDeliveryWay,
	"double":          cDouble,
	"each":            cEach,
	"eat_in":          cEatIn,
	"email":           cEmail,
	"empty":           cEmpty,
	"export":          cExport,
	"extra":           cExtra,
	"fee":             cFee,
	"fewer":           cFewer,
	"filler":          cFiller,
	"fraction":        cFraction,
	"greet":           cGreet,
	"help":            cHelp,
	"hesitation":      cHesitation,
	"human_now":       cHumanNow,
	"hypothetical":    cHypothetical,
	"indefinite":      cIndefinite,
	"info":            cInfo,
	"instead":         cInstead,
	"instead_of":      cInsteadOf,
	"it":              cIt,
	"know":            cKnow,
	"language_change": cLanguageChange,
	"language_word":   cLanguageWord,
	"light":           cLight,
	"make":            cMake,
	"menu":            cMenu,
	"modal":           cModal,
	"money_here":      cMoneyHere,
	"more_of_it":      cMoreOfIt,
	"move":            cMove,
	"my":              cMy,
	"my_account":      cMyAccount,
	"my_address":      cMyAddress,
	"my_order":        cMyOrder,
	"need":            cNeed,
	"nevermind":       cNevermind,
	"newsletter":      cNewsletter,
	"no":              cNo,
	"of":              cOf,
	"of_each":         cOfEach,
	"off":             cOff,
	"one":             cOne,
	"only":            cOnly,
	"onto":            cOnto,
	"opener":          cOpener,
	"or":              cOr,
	"order":           cOrder,
	"other":           cOther,
	"paid":            cPaid,
	"pay":             cPay,
	"pay_how":         cPayHow,
	"pay_link":        cPayLink,
	"pay_ways":        cPayWays,
	"payment":         cPayment,
	"person":          cPerson,
	"pickup":          cPickup,
	"place_order":     cPlaceOrder,
	"policy":          cPolicy,
	"price":           cPrice,
	"private":         cPrivate,
	"problem":         cProblem,
	"put":             cPut,
	"question":        cQuestion,
	"rate":            cRate,
	"refund":          cRefund,
	"remove":          cRemove,
	"repeat":          cRepeat,
	"return":          cReturn,
	"right":           cRight,
	"same":            cSame,
	"search":          cSearch,
	"see":             cSee,
	"self":            cSelf,
	"set":             cSet,
	"signup":          cSignup,
	"skippable":       cSkippable,
	"start_over":      cStartOver,
	"stop":            cStop,
	"take":            cTake,
	"take_off":        cTakeOff,
	"talk":            cTalk,
	"taste":           cTaste,
	"thanks":          cThanks,
	"times":           cTimes,
	"to":              cTo,
	"track":           cTrack,
	"turn_into":       cTurnInto,
	"unsure":          cUnsure,
	"want":            cWant,
	"weak_no":         cWeakNo,
	"weak_yes":        cWeakYes,
	"what_have_i":     cWhatHaveI,
	"who_read":        cWhoRead,
	"with":            cWith,
	"without":         cWithout,
	"yes":             cYes,
}

// topical are the concepts that tell what somebody talks about, small those that any sentence may hold.
var (
	topical = setOf(cAddress, cCancel, cChange, cCheckout, cCode, cDelete, cDeliveryWay, cDeliverTo, cEmail, cFee, cHelp, cHumanNow, cInfo, cMenu,
		cMoneyHere, cMyAccount, cMyOrder, cNewsletter, cOrder, cPaid, cPay, cPayLink, cPayWays, cPayment, cPerson, cPickup, cPlaceOrder, cPolicy,
		cPrice, cProblem, cPut, cRefund, cRemove, cReturn, cSearch, cSet, cSignup, cStartOver, cTake, cTalk, cTrack)
	small = setOf(cAbout, cAnd, cArticle, cAux, cBut, cGreet, cIt, cModal, cMy, cOf, cOnto, cOpener, cSkippable, cThanks, cTo, cWant, cWith)
)

func setOf(cs ...concept) conceptSet {
	var s conceptSet
	for _, c := range cs {
		s.add(c)
	}
	return s
}

// conceptSet tells which concepts a clause holds.
type conceptSet [2]uint64

func (s *conceptSet) add(c concept)     { s[c>>6] |= 1 << (c & 63) }
func (s conceptSet) has(c concept) bool { return s[c>>6]&(1<<(c&63)) != 0 }

// hasAny tells whether one of the concepts is there.
func (s conceptSet) hasAny(cs ...concept) bool {
	for _, c := range cs {
		if s.has(c) {
			return true
		}
	}
	return false
}

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
