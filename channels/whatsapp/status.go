package whatsapp

import (
	"encoding/json"
	"strconv"
	"strings"

	"sotto.chat/channels"
)

type status struct {
	ID              string `json:"id"`
	Status          string `json:"status"`
	Type            string `json:"type"`
	Timestamp       loose  `json:"timestamp"`
	RecipientID     loose  `json:"recipient_id"`
	RecipientUserID loose  `json:"recipient_user_id"`
	From            loose  `json:"from"` // some payments name the person so
	ParticipantID   string `json:"recipient_participant_id"`
	Opaque          string `json:"biz_opaque_callback_data"`
	Errors          []struct {
		Code json.Number `json:"code"`
	} `json:"errors"`
	Payment *payment `json:"payment"`
}

// parseStatus reads how one of our messages fared, or what became of money.
func parseStatus(raw json.RawMessage) []channels.Incoming {
	var s status
	if json.Unmarshal(raw, &s) != nil || s.ID == "" || s.Status == "" {
		return []channels.Incoming{other(raw, "status")}
	}
	if s.Payment != nil || s.Type == "payment" {
		return parsePayment(raw, s)
	}
	in := channels.Incoming{Kind: channels.KindStatus, At: s.Timestamp.time(), Parties: parties(s.RecipientID, s.RecipientUserID, ""),
		DedupKey: strings.Join([]string{"status", s.ID, s.Status, s.ParticipantID}, "|")}
	in.Status = &channels.StatusUpdate{ExternalID: s.ID, Opaque: s.Opaque, Status: s.Status}
	if len(s.Errors) > 0 && s.Status == "failed" {
		in.Status.ErrorCode = clip(s.Errors[0].Code.String(), 20)
		if n, err := strconv.Atoi(in.Status.ErrorCode); err == nil {
			in.Status.Problem = consequence(n).Problem
		}
	}
	return []channels.Incoming{in}
}
