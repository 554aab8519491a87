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
	ParticipantID   string `json:"recipient_participant_id"`
	Opaque          string `json:"biz_opaque_callback_data"`
	Errors          []struct {
		Code json.Number `json:"code"`
	} `json:"errors"`
	Payment *struct {
		Transaction struct {
			ID     string `json:"id"`
			Status string `json:"status"`
		} `json:"transaction"`
	} `json:"payment"`
}

// parseStatus reads how one of our messages fared. A payment's status is kept only: money never comes from a platform.
func parseStatus(raw json.RawMessage) channels.Incoming {
	var s status
	if json.Unmarshal(raw, &s) != nil || s.ID == "" || s.Status == "" {
		return other(raw, "status")
	}
	key := []string{"status", s.ID, s.Status, s.ParticipantID}
	in := channels.Incoming{Kind: channels.KindStatus, At: s.Timestamp.time(), Parties: parties(s.RecipientID, s.RecipientUserID, "")}
	if s.Payment != nil || s.Type == "payment" {
		in.Kind = channels.KindOther
		if s.Payment != nil {
			key = append(key, s.Payment.Transaction.ID, s.Payment.Transaction.Status)
		}
	}
	in.DedupKey = strings.Join(key, "|")
	if in.Kind == channels.KindStatus {
		in.Status = &channels.StatusUpdate{ExternalID: s.ID, Opaque: s.Opaque, Status: s.Status}
		if len(s.Errors) > 0 && s.Status == "failed" {
			in.Status.ErrorCode = clip(s.Errors[0].Code.String(), 20)
			if n, err := strconv.Atoi(in.Status.ErrorCode); err == nil {
				in.Status.Problem = consequence(n).Problem
			}
		}
	}
	return in
}
