package cards

import (
	"bytes"
	"encoding/json"
)

// named are the fields of platforms that hold their own ids and times and no words.
var named = map[string]bool{"id": true, "wa_id": true, "from": true, "to": true, "user_id": true, "chat_id": true, "message_id": true, "timestamp": true,
	"phone_number_id": true, "display_phone_number": true, "recipient_id": true, "parent_user_id": true, "file_id": true, "file_unique_id": true,
	"sha256": true, "update_id": true, "date": true, "openid": true, "mid": true}

// MaskJSON masks the texts of a JSON value. What is no JSON is masked as text.
func MaskJSON(raw []byte) (masked []byte, found bool) {
	if !suspect(raw) {
		return raw, false
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil || d.More() {
		text, found := Mask(string(raw))
		return []byte(text), found
	}
	value, found = walk(value)
	if !found {
		return raw, false
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return []byte("{}"), true // a value that was read can be written; this is for the case that the library thinks otherwise
	}
	return bytes.TrimSpace(b.Bytes()), true
}

// suspect tells whether it is worth to read raw as JSON: there is a number in it as it stands, or signs that may hide one.
func suspect(raw []byte) bool {
	return bytes.ContainsRune(raw, '\\') || len(find(string(raw))) > 0
}

func walk(value any) (any, bool) {
	found := false
	switch v := value.(type) {
	case string:
		return Mask(v)
	case json.Number:
		if text, is := Mask(v.String()); is {
			return text, true
		}
	case []any:
		for i := range v {
			now, is := walk(v[i])
			v[i], found = now, found || is
		}
	case map[string]any:
		for name, inner := range v {
			if _, leaf := inner.(string); named[name] && leaf {
				continue
			}
			if _, leaf := inner.(json.Number); named[name] && leaf {
				continue
			}
			now, is := walk(inner)
			v[name] = now
			if key, odd := Mask(name); odd {
				delete(v, name)
				v[key], is = now, true
			}
			found = found || is
		}
	}
	return value, found
}
