package senses

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/textproto"
	"strings"
	"unicode"

	"sotto.chat/bot"
	"sotto.chat/inbox"
)

const (
	// maxVoice is what a voice note may weigh: more than five minutes of speech as phones record it.
	maxVoice = 3 << 19
	// bytesForToken turns the weight of a voice note into what hearing it may cost: ten tokens a second, two kilobytes each.
	bytesForToken = 200
	// maxHeard bounds what is taken of a transcript, in characters.
	maxHeard = 2000
)

// Hear gives the words of a voice note; none where nothing was said.
func (s *Senses) Hear(ctx context.Context, channel string, m inbox.Media, q bot.Question) (string, error) {
	raw, err := s.fetch(ctx, q, channel, m, maxVoice)
	if err != nil {
		return "", err
	}
	k, ok := soundOf(raw, m.MediaType)
	if !ok {
		return "", ErrFile
	}
	body, kind, err := s.voiceForm(raw, k, q.Locale)
	if err != nil {
		return "", err
	}
	answer, err := s.ask(ctx, q, len(raw)/bytesForToken+1, "/audio/transcriptions", kind, body)
	if err != nil {
		return "", err
	}
	var heard struct {
		Text *string `json:"text"`
	}
	if json.Unmarshal(answer, &heard) != nil || heard.Text == nil {
		return "", ErrRefused
	}
	return spoken(*heard.Text), nil
}

// voiceForm is what the endpoint gets: the sound under a name of ours, and the language that the customer speaks, where that is known, with
// a few words of ours in it: so it is written down in the letters that the shop reads it in.
func (s *Senses) voiceForm(raw []byte, k sound, language string) (body []byte, kind string, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	h := textproto.MIMEHeader{"Content-Disposition": {fmt.Sprintf("form-data; name=\"file\"; filename=\"voice.%s\"", k.ending)}, "Content-Type": {k.mime}}
	part, err := w.CreatePart(h)
	if err != nil {
		return nil, "", err
	}
	if _, err := part.Write(raw); err != nil {
		return nil, "", err
	}
	fields := [][2]string{{"model", s.cfg.VoiceModel}, {"response_format", "json"}}
	if language != "" {
		fields = append(fields, [2]string{"language", language}, [2]string{"prompt", s.book.Voice("", false, language).Say("ready", nil)})
	}
	for _, f := range fields {
		if err := w.WriteField(f[0], f[1]); err != nil {
			return nil, "", err
		}
	}
	err = w.Close() // writes the end
	return b.Bytes(), w.FormDataContentType(), err
}

// spoken makes one line of what was heard. What stands in brackets alone is a sign that nothing was said.
func spoken(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > maxHeard {
		text = string(r[:maxHeard])
	}
	for _, pair := range []string{"[]", "()", "**"} {
		if len(text) > 1 && text[0] == pair[0] && strings.IndexByte(text[1:], pair[1]) == len(text)-2 {
			return ""
		}
	}
	if !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) {
		return ""
	}
	return text
}
