package whatsapp

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"sotto.chat/channels"
)

// maxText bounds what is kept of one text; WhatsApp itself allows 4096 characters.
const maxText = 10000

type envelope struct {
	Object string `json:"object"`
	Entry  []struct {
		ID      string            `json:"id"`
		Time    json.RawMessage   `json:"time"`
		Changes []json.RawMessage `json:"changes"`
	} `json:"entry"`
}

type change struct {
	Field string          `json:"field"`
	Value json.RawMessage `json:"value"`
}

type value struct {
	Metadata struct {
		PhoneNumberID loose `json:"phone_number_id"`
	} `json:"metadata"`
	Contacts []contact         `json:"contacts"`
	Messages []json.RawMessage `json:"messages"`
	Statuses []json.RawMessage `json:"statuses"`
}

type contact struct {
	Profile struct {
		Name string `json:"name"`
	} `json:"profile"`
	WaID         loose `json:"wa_id"`
	UserID       loose `json:"user_id"`
	ParentUserID loose `json:"parent_user_id"`
}

// loose takes a string, a number or nothing: Meta writes ids and times both ways.
type loose string

// UnmarshalJSON never fails on valid JSON.
func (l *loose) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*l = loose(s)
		return nil
	}
	if len(b) > 0 && (b[0] == '-' || (b[0] >= '0' && b[0] <= '9')) {
		*l = loose(b)
	}
	return nil
}

func (l loose) time() time.Time {
	n, err := strconv.ParseInt(string(l), 10, 64)
	if err != nil || n <= 0 || n > 1<<40 {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}

// Parse reads a webhook body: every entry, change, message and status. What it cannot read is kept as other.
func (p *Platform) Parse(raw []byte) []channels.Incoming {
	var e envelope
	if err := json.Unmarshal(raw, &e); err != nil || len(e.Entry) == 0 {
		return []channels.Incoming{other(raw, "")}
	}
	var list []channels.Incoming
	for _, entry := range e.Entry {
		for _, c := range entry.Changes {
			list = append(list, parseChange(c, entry.ID+"@"+string(entry.Time))...)
		}
		if len(entry.Changes) == 0 {
			list = append(list, other(raw, ""))
		}
	}
	return list
}

// other keeps what is not acted upon. It is known again by its own bytes and where they stood.
func other(raw []byte, where string) channels.Incoming {
	sum := sha256.Sum256(append([]byte(where+"\n"), raw...))
	return channels.Incoming{Kind: channels.KindOther, DedupKey: "raw:" + hex.EncodeToString(sum[:]), Raw: raw}
}

func parseChange(raw json.RawMessage, where string) []channels.Incoming {
	var c change
	var v value
	if json.Unmarshal(raw, &c) != nil || c.Field != "messages" || json.Unmarshal(c.Value, &v) != nil ||
		len(v.Messages)+len(v.Statuses) == 0 {
		return []channels.Incoming{other(raw, where)}
	}
	account := string(v.Metadata.PhoneNumberID)
	list := make([]channels.Incoming, 0, len(v.Messages)+len(v.Statuses))
	for _, m := range v.Messages {
		in := parseMessage(m, v.Contacts, len(v.Messages) == 1)
		in.Account, in.Raw = account, m
		list = append(list, in)
	}
	for _, s := range v.Statuses {
		for _, in := range parseStatus(s) {
			in.Account, in.Raw = account, s
			list = append(list, in)
		}
	}
	return list
}

// parties names a person by what Meta told, the surest first: a business-scoped id stays when the number hides.
// Both places may hold either: some webhooks put the id where the number belongs.
func parties(phone, user, parent loose) []channels.Party {
	var list []channels.Party
	number := ""
	for _, v := range []string{string(user), string(phone)} {
		switch {
		case scoped(v) && len(list) == 0:
			list = append(list, channels.Party{Kind: "bsuid", Value: v})
		case digits(v) && number == "":
			number = v
		}
	}
	if number != "" {
		list = append(list, channels.Party{Kind: "phone", Value: number})
	}
	if scoped(string(parent)) && len(list) > 0 {
		list = append(list, channels.Party{Kind: "parent_bsuid", Value: string(parent)})
	}
	return list
}

// digits tells a number as E.164 has it, without the plus.
func digits(s string) bool {
	return len(s) >= 5 && len(s) <= 15 && s[0] != '0' && strings.Trim(s, "0123456789") == ""
}

// scoped tells a business-scoped user id: US.1349… or US.ENT.1349….
func scoped(s string) bool {
	country, rest, ok := strings.Cut(s, ".")
	rest = strings.TrimPrefix(rest, "ENT.")
	if !ok || len(country) != 2 || rest == "" || len(rest) > 128 {
		return false
	}
	for i := range len(country) {
		if country[i] < 'A' || country[i] > 'Z' {
			return false
		}
	}
	for i := range len(rest) {
		c := rest[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

// clip bounds a text at a whole character.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}
