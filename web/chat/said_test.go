package chat

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
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
	es, err := wordsOf("es")
	if err != nil {
		t.Fatal(err)
	}
	for k := range en {
		if es[k] == "" {
			t.Errorf("es.json lacks %s", k)
		}
	}
	if len(en) != len(es) {
		t.Errorf("en has %d texts, es %d", len(en), len(es))
	}
	if _, err := json.Marshal(en); err != nil {
		t.Error(err)
	}
}
