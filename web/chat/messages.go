package chat

import (
	"context"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"sotto.chat/channels"
	"sotto.chat/inbox"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/id"
	"sotto.chat/merchants"
	"sotto.chat/web/door"
)

var errLimit = fault.New(fault.Invalid, "limit_invalid", "limit must be a number from 1 to 200.")

// pageSize is how many messages one answer gives unless asked for fewer; the most that the inbox gives.
const pageSize = 200

// hardEnd cuts the work on one message at the door; what is promised is still done by the workers.
const hardEnd = 30 * time.Second

// say takes what a visitor says. The answer comes when the bot has answered, or after patience, whichever is first.
func (h *chat) say(c *gin.Context) {
	m, ok := h.merchant(c)
	if !ok {
		return
	}
	v := h.visitor(c, m.ID)
	if v.token == "" {
		v.token = h.tokens.fresh(m.ID)
	}
	if after, ok := h.visitors.Allow(v.token); !ok {
		door.TooMany(c.Writer, c.Request, after)
		return
	}
	what, err := readSaid(c.Request.Body)
	if err != nil {
		h.refuse(c, err)
		return
	}
	key, err := repeatKey(c.Request)
	if err != nil {
		h.refuse(c, err)
		return
	}
	if key == "" {
		key = id.New("web")
	}
	msg, err := h.hear(c.Request.Context(), m.ID, h.hash(m.ID, v.token), channels.Incoming{
		DedupKey: key, Text: what.Text, Tap: what.Tap, Language: language(c.GetHeader("Accept-Language"))})
	if err != nil {
		h.refuse(c, err)
		return
	}
	h.remember(c, m.ID, v)
	c.JSON(http.StatusOK, gin.H{"message": shape(msg, ""), "visitor": v.token})
}

// hear hands the message on and waits for the turn, but not beyond patience: then the same sending is asked for again,
// which gives the stored message without doing it twice.
func (h *chat) hear(ctx context.Context, merchant, visitor string, in channels.Incoming) (inbox.Message, error) {
	type heard struct {
		m   inbox.Message
		err error
	}
	done := make(chan heard, 1)
	whole, cancel := context.WithTimeout(context.WithoutCancel(ctx), hardEnd)
	go func() {
		defer cancel()
		_, m, err := h.Inbox.HearWeb(whole, merchant, visitor, in)
		done <- heard{m, err}
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case r := <-done:
		return r.m, r.err
	case <-timer.C:
	}
	again := make(chan heard, 1)
	go func() {
		_, m, err := h.Inbox.HearWeb(whole, merchant, visitor, in)
		again <- heard{m, err}
	}()
	select {
	case r := <-again:
		if r.err == nil {
			return r.m, nil
		}
		r = <-done
		return r.m, r.err
	case r := <-done:
		return r.m, r.err
	}
}

var tagForm = regexp.MustCompile(`^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}$`)

// language is the first tag of an Accept-Language header, or nothing.
func language(header string) string {
	tag, _, _ := strings.Cut(header, ",")
	tag, _, _ = strings.Cut(tag, ";")
	if tag = strings.TrimSpace(tag); tagForm.MatchString(tag) {
		return tag
	}
	return ""
}

// read gives the talk from its start, or what follows a message.
func (h *chat) read(c *gin.Context) {
	m, ok := h.merchant(c)
	if !ok {
		return
	}
	v, ok := h.known(c, m)
	if !ok {
		return
	}
	limit := pageSize
	if q := c.Query("limit"); q != "" {
		n, err := strconv.Atoi(q)
		if err != nil || n < 1 || n > pageSize {
			h.refuse(c, errLimit)
			return
		}
		limit = n
	}
	list := []inbox.Message(nil)
	if v.token != "" {
		conv, err := h.conversation(c.Request.Context(), m, v)
		if err == nil {
			list, err = h.Inbox.Messages(c.Request.Context(), m.ID, conv.ID, c.Query("after"), limit)
		}
		if err != nil {
			h.refuse(c, err)
			return
		}
	}
	data, err := h.shapes(c.Request.Context(), m.ID, list)
	if err != nil {
		h.refuse(c, err)
		return
	}
	c.JSON(http.StatusOK, gin.H{"data": data})
}

func (h *chat) conversation(ctx context.Context, m merchants.Merchant, v visitor) (inbox.Conversation, error) {
	return h.Inbox.OpenWeb(ctx, m.ID, h.hash(m.ID, v.token))
}
