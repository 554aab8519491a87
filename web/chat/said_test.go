package chat

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"sotto.chat/web/assets"
)

func FuzzSaid(f *testing.F) {
	for _, seed := range []string{`{"text":"hello"}`, `{"tap":"yes:1"}`, `{"text":"a","tap":"b"}`, `{"text":"\ud800"}`, `[]`, "{\"text\":\"\xff\"}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := parseSaid(raw)
		if err != nil {
			return
		}
		if (s.Text == "") == (s.Tap == "") || !utf8.ValidString(s.Text+s.Tap) || strings.ContainsRune(s.Text+s.Tap, 0) || utf8.RuneCountInString(s.Text) > maxText {
			t.Errorf("%q was taken as %+v", raw, s)
		}
	})
}

func TestTokens(t *testing.T) {
	k := tokens{[]byte("key")}
	token := k.fresh("mer_1")
	if !k.good("mer_1", token) || k.good("mer_2", token) || (tokens{[]byte("other")}).good("mer_1", token) {
		t.Error("a token is good for its merchant and under its key alone")
	}
	for _, bad := range []string{"", token[1:], token + "A", "x" + token[1:], strings.Repeat("A", 64)} {
		if k.good("mer_1", bad) {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestWordsAgree(t *testing.T) {
	en, err := wordsOf("en")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := files.ReadDir(".")
	if err != nil || len(entries) != 10 {
		t.Fatal(entries, err)
	}
	for _, e := range entries {
		code, isWords := strings.CutSuffix(e.Name(), ".json")
		if !isWords {
			continue
		}
		other, err := wordsOf(code)
		if err != nil || other["lang"] != code || assets.Language(code) != code || len(en) != len(other) {
			t.Errorf("%s has %d texts, en %d: %v", code, len(other), len(en), err)
		}
		for k, text := range en {
			if other[k] == "" || strings.Contains(text, "{n}") != strings.Contains(other[k], "{n}") {
				t.Errorf("%s: %s is %q", e.Name(), k, other[k])
			}
		}
	}
	if _, err := json.Marshal(en); err != nil {
		t.Error(err)
	}
}
