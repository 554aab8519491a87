package talk_test

import (
	"encoding/json"
	"strings"
	"testing"

	"sotto.chat/inbox"
	"sotto.chat/web/talk"
)

// Staff read what the bot tells them; customers see the same message without it.
func TestTheNoteIsForStaff(t *testing.T) {
	m := inbox.Message{Sender: inbox.Bot, Content: inbox.Content{Text: "A person answers you.", Note: "still open: which size?"}}
	if raw, err := json.Marshal(talk.Show(m)); err != nil || strings.Contains(string(raw), "which size") {
		t.Errorf("%s %v", raw, err)
	}
	if got := talk.ShowToStaff(m).Note; got != m.Content.Note {
		t.Errorf("%q", got)
	}
}
