package cards

// issuer is a range of first digits and the lengths of its numbers, as a set of bits.
type issuer struct {
	from, to string
	lengths  int
}

func of(lengths ...int) (set int) {
	for _, n := range lengths {
		set |= 1 << n
	}
	return set
}

var (
	sixteen = of(16)
	long    = of(16, 17, 18, 19)
	maestro = of(13, 14, 15, 16, 17, 18, 19)
)

// issuers are the ranges that the schemes have published, the world over.
var issuers = [...]issuer{
	{"4", "4", of(13, 16, 19)},                           // Visa, and within it Electron, Elo, Dankort
	{"51", "55", sixteen},                                // Mastercard
	{"2221", "2720", sixteen},                            // Mastercard
	{"34", "34", of(15)},                                 // American Express
	{"37", "37", of(15)},                                 // American Express
	{"300", "305", of(14, 16, 17, 18, 19)},               // Diners Club
	{"3095", "3095", of(14, 16, 17, 18, 19)},             // Diners Club
	{"36", "36", of(14, 15, 16, 17, 18, 19)},             // Diners Club
	{"38", "39", of(14, 16, 17, 18, 19)},                 // Diners Club, Hipercard
	{"3528", "3589", long},                               // JCB
	{"353", "353", sixteen},                              // RuPay with JCB
	{"6011", "6011", long},                               // Discover
	{"644", "659", long},                                 // Discover, Elo, RuPay, Troy, Verve
	{"60", "60", sixteen},                                // RuPay, Hipercard, Cabal
	{"62", "62", long},                                   // UnionPay
	{"81", "82", long},                                   // UnionPay, RuPay
	{"508", "508", sixteen},                              // RuPay
	{"506", "507", of(16, 18, 19)},                       // Elo, Verve
	{"509", "509", sixteen},                              // Elo
	{"5018", "5020", maestro}, {"5038", "5038", maestro}, // Maestro, Dankort
	{"5041", "5041", sixteen},                               // Elo
	{"56", "58", of(16, 18, 19)}, {"5893", "5893", maestro}, // Maestro, Cabal, Naranja
	{"6304", "6304", maestro}, {"6362", "6363", sixteen}, {"636", "639", long}, // Maestro, Elo, InterPayment, InstaPayment
	{"6703", "6706", maestro}, {"6759", "6763", maestro}, {"6767", "6767", maestro}, {"6771", "6771", maestro},
	{"2200", "2204", long},                               // Mir
	{"9792", "9792", sixteen},                            // Troy
	{"8600", "8600", sixteen}, {"9860", "9860", sixteen}, // Uzcard, Humo
}

// issued tells whether somebody issues numbers that begin so and are so long.
func issued(digits string) bool {
	if len(digits) < shortest || len(digits) > longest {
		return false
	}
	for _, i := range issuers {
		if first := digits[:len(i.from)]; i.from <= first && first <= i.to && i.lengths&(1<<len(digits)) != 0 {
			return true
		}
	}
	return false
}
