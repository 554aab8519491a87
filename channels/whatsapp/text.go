package whatsapp

import (
	"strconv"
	"strings"

	"sotto.chat/channels/fit"
)

// Limits of the Cloud API, in characters. Meta does not say how it counts; UTF-16 units are never too few.
const (
	maxBody        = 4096 // text
	maxInteractive = 1024 // body of anything interactive
	maxCaption     = 1024
	maxHeader      = 60
	maxButtons     = 3
	maxButton      = 20 // title of a button, of a link, of what opens a list
	maxButtonID    = 256
	maxRows        = 10
	maxRow         = 24
	maxRowID       = 200
	maxDetail      = 72
	maxProducts    = 30
	maxSection     = 24
)

// distinct is shorten for labels that must differ from those given out already.
func distinct(s string, n int, taken map[string]bool) string {
	label := fit.Shorten(s, n)
	for i := 2; label == "" || taken[label]; i++ {
		tail := " " + strconv.Itoa(i)
		label = strings.TrimSpace(fit.Shorten(s, n-len(tail)) + tail)
	}
	taken[label] = true
	return label
}

// lead cuts a text so that its end fits below something interactive; what comes before goes ahead as plain texts.
func lead(s string, n int) (before []string, end string) {
	s = strings.TrimSpace(s)
	if fit.Units(s) <= n {
		return nil, s
	}
	small := fit.Chop(s, n)
	end = small[len(small)-1]
	return fit.Chop(strings.TrimSuffix(s, end), maxBody), end
}
