package whatsapp

import (
	"strconv"
	"time"

	"sotto.chat/channels"
)

// What a merchant reads when the whole channel is affected.
const (
	problemToken    = "WhatsApp refuses the access token: it has expired or lacks a permission. Set a new one."
	problemBilling  = "WhatsApp refuses to send: there is a problem with the payment method of the business account."
	problemLocked   = "WhatsApp has restricted or locked this business account. See Meta's Business Support."
	problemCalls    = "WhatsApp's limit of calls for this account is reached; messages wait."
	problemSpam     = "WhatsApp slows this number down because too many messages were blocked or reported."
	problemTerms    = "WhatsApp refuses payments: its payment terms have not been accepted for this business account. Accept them in Meta's Business Suite."
	problemTemplate = "WhatsApp refuses a template: it is missing, paused or disabled."
)

// consequence is what follows from one of Meta's error codes. The codes come with an answer or later with a status;
// titles and HTTP statuses are not stable and are not looked at.
func consequence(code int) channels.SendError {
	e := channels.SendError{Code: strconv.Itoa(code)}
	retry := func(after time.Duration) { e.Retry, e.After = true, after }
	switch code {
	case 1, 2, 131000, 131016, 133004: // it passes
		retry(time.Second)
	case 130429: // the number's throughput
		retry(2 * time.Second)
	case 131056: // too much to one person: after 4, 16, 64 … seconds; others are not affected
		retry(4 * time.Second)
		e.Grow = true
	case 131057: // maintenance, a minute at most
		retry(30 * time.Second)
	case 4, 80007:
		retry(time.Minute)
		e.Problem = problemCalls
	case 131048:
		retry(15 * time.Minute)
		e.Problem = problemSpam
	case 0, 3, 10, 190:
		e.Problem = problemToken
	case 131042:
		e.Problem = problemBilling
	case 368, 130497, 131031:
		e.Problem = problemLocked
	case 134011:
		e.Problem = problemTerms
	case 132001, 132007, 132015, 132016:
		e.Problem = problemTemplate
	default:
		// among them 131047 (the window closed), 131026 (cannot be reached), 131049, 131050, 130472, 131051 to 131053,
		// 131062, 100, 131008, 131009 and the faults of templates: another try changes nothing. So it is with payments: 2040 (this
		// person cannot pay in the chat), 2046 (the order cannot go from its status to that one), 2047 (it was paid and cannot be
		// canceled) and 1026 (the person's app is too old). The pay link went beside.
		if code >= 200 && code <= 299 {
			e.Problem = problemToken
		}
	}
	return e
}
