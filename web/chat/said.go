package chat

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"sotto.chat/internal/fault"
)

// Failures of a message that a visitor sends.
var (
	errSaid    = fault.New(fault.Invalid, "message_invalid", `Send {"text": "…"} or {"tap": "…"}, one of the two, as JSON.`)
	errTooLong = fault.New(fault.TooLarge, "too_large", "The message is too long: 4096 characters at most.")
	errBody    = fault.New(fault.TooLarge, "too_large", "The body is larger than this door takes.")
	errRepeat  = fault.New(fault.Invalid, "idempotency_key_invalid", "Idempotency-Key must be 1 to 255 visible characters.")
)

const (
	maxText = 4096
	maxTap  = 1024
)

// said is what a visitor sends: words, or the tap of a button.
type said struct{ Text, Tap string }

// readSaid reads a body strictly: known fields under their exact names, text that is text.
func readSaid(body io.Reader) (said, error) {
	raw, err := io.ReadAll(body)
	if err != nil {
		return said{}, errBody
	}
	return parseSaid(raw)
}

func parseSaid(raw []byte) (said, error) {
	var fields map[string]json.RawMessage
	if !utf8.Valid(raw) || json.Unmarshal(raw, &fields) != nil || len(fields) == 0 {
		return said{}, errSaid
	}
	var s said
	for name, value := range fields {
		var text string
		if err := json.Unmarshal(value, &text); err != nil || string(value) == "null" {
			return said{}, errSaid.At(clean(name), "must be a text")
		}
		switch name {
		case "text":
			s.Text = text
		case "tap":
			s.Tap = text
		default:
			return said{}, errSaid.At("body", "has a field that is not known")
		}
	}
	return s, s.check(len(fields))
}

func (s said) check(fields int) error {
	switch {
	case fields != 1:
		return errSaid.At("body", "has text and tap; send one of the two")
	case strings.ContainsRune(s.Text+s.Tap, 0):
		return errSaid.At("text", "holds a zero character")
	case utf8.RuneCountInString(s.Text) > maxText, len(s.Tap) > maxTap:
		return errTooLong
	case strings.TrimSpace(s.Text+s.Tap) == "":
		return errSaid.At("text", "is empty")
	}
	return nil
}

// clean keeps what somebody wrote as a field's name out of the answer.
func clean(name string) string {
	if name == "text" || name == "tap" {
		return name
	}
	return "body"
}

// repeatKey names this sending for good: a page that sends again what it is not sure of gives the same key.
func repeatKey(r *http.Request) (string, error) {
	key := r.Header.Get("Idempotency-Key")
	for _, b := range []byte(key) {
		if b < 0x21 || b > 0x7e {
			return "", errRepeat
		}
	}
	if len(key) > 255 {
		return "", errRepeat
	}
	return key, nil
}
