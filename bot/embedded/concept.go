package embedded

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
