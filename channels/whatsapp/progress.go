package whatsapp

import (
	"strings"

	"sotto.chat/channels"
)

// Where an order can stand, in our words.
const (
	statusPending    = "pending"
	statusProcessing = "processing"
	statusPartly     = "partially_shipped"
	statusShipped    = "shipped"
	statusCompleted  = "completed"
	statusCanceled   = "canceled"
)

// spell writes a status as the region's bodies do.
func (r region) spell(status string) string {
	if status == statusPartly {
		return r.partial
	}
	return status
}

// statusOf reads a status in any region's spelling; "" for what is none.
func statusOf(s string) string {
	s = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(s)), "-", "_")
	switch s {
	case "cancelled":
		return statusCanceled
	case statusPending, statusProcessing, statusPartly, statusShipped, statusCompleted, statusCanceled:
		return s
	}
	return ""
}

// follows tells whether Meta lets an order go from one status to another: out of pending everywhere; among processing and the
// shipped ones back and forth; from there to an end. What is paid can no more be canceled. A move that is not allowed would
// come back as error 2046 or 2047 after the message was taken.
func follows(from, to string, paid bool) bool {
	under := func(s string) bool { return s == statusProcessing || s == statusPartly || s == statusShipped }
	ends := to == statusCompleted || to == statusCanceled && !paid
	switch {
	case from == to:
		return false
	case from == statusPending:
		return under(to) || ends
	case under(from):
		return under(to) || ends
	}
	return false
}

// tells says whether a status can be told of the order that a request was about.
func tells(settings map[string]string, r channels.PayRequest) bool {
	reg, ok := regionOf(settings[payRegion])
	from := statusOf(r.Was)
	if r.Was == "" {
		from = statusPending
	}
	return ok && reg.names(r.Reference) && follows(from, statusOf(r.Status), r.Paid)
}

// progress is order_status. Brazil's says also how the payment stands, for there the business alone knows it.
func progress(settings map[string]string, piece channels.Content) object {
	r := piece.Pay
	reg, _ := regionOf(settings[payRegion])
	parameters := object{"reference_id": r.Reference, "order": object{"status": reg.spell(statusOf(r.Status))}}
	if settings[payRegion] == brazil && r.Paid && !r.PaidAt.IsZero() {
		parameters["payment"] = object{"status": "captured", "timestamp": r.PaidAt.Unix()}
	}
	return interactive("order_status", piece.Text, object{"name": "review_order", "parameters": parameters})
}
