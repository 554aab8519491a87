package chat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"sotto.chat/inbox"
	"sotto.chat/internal/fault"
	"sotto.chat/merchants"
	"sotto.chat/web/door"
)

var errFull = fault.New(fault.Unavailable, "too_many_streams", "Too many pages listen at the moment; ask for the messages instead.")

// writeWithin cuts a listener that does not take what it is sent.
const writeWithin = 10 * time.Second

// stream sends each new message as it comes. It begins after Last-Event-ID, or ?after, or at the start of the talk.
func (h *chat) stream(c *gin.Context) {
	m, ok := h.merchant(c)
	if !ok {
		return
	}
	v, ok := h.known(c, m)
	if !ok {
		return
	}
	select {
	case h.streams <- struct{}{}:
		defer func() { <-h.streams }()
	default:
		h.refuse(c, errFull)
		return
	}
	if v.token == "" {
		h.refuse(c, errVisitor)
		return
	}
	conv, err := h.conversation(c.Request.Context(), m, v)
	if err != nil {
		h.refuse(c, err)
		return
	}
	after := c.GetHeader("Last-Event-ID")
	if after == "" {
		after = c.Query("after")
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), streamFor)
	defer cancel()
	nudges := h.Hub.Subscribe(ctx, inbox.Topic(conv.ID))
	l := newListener(c, after)
	poll, ping := time.NewTicker(pollEvery), time.NewTicker(pingEvery)
	defer poll.Stop()
	defer ping.Stop()
	for err == nil {
		if err = h.news(ctx, m, conv.ID, l); err != nil {
			break
		}
		select {
		case <-ctx.Done():
			return
		case <-nudges:
		case <-poll.C:
		case <-ping.C:
			err = l.send(": ping\n\n")
		}
	}
	if ctx.Err() == nil && !errors.Is(err, errGone) {
		h.Log.WarnContext(ctx, "a stream ended", "error", err, "request_id", door.RequestID(ctx))
	}
}

// news sends what the listener has not seen.
func (h *chat) news(ctx context.Context, m merchants.Merchant, conversation string, l *listener) error {
	for {
		list, err := h.Inbox.Messages(ctx, m.ID, conversation, l.after, pageSize)
		if errors.Is(err, inbox.ErrCursor) { // what the page knows was forgotten meanwhile: it begins anew
			if err = l.send("event: reset\ndata: {}\n\n"); err == nil {
				l.after = ""
				continue
			}
		}
		if err != nil {
			return err
		}
		shown, err := h.shapes(ctx, m.ID, list)
		if err != nil {
			return err
		}
		for _, msg := range shown {
			if err := l.message(msg); err != nil {
				return err
			}
		}
		if len(list) < pageSize {
			break
		}
	}
	conv, err := h.Inbox.Get(ctx, m.ID, conversation)
	if err != nil {
		return err
	}
	return l.typing(l.last == inbox.Customer && conv.Answering == inbox.ByBot)
}

var errGone = errors.New("the listener is gone")

// listener is one open page.
type listener struct {
	w     gin.ResponseWriter
	rc    *http.ResponseController
	after string // the last message sent
	last  string // who said it
	shown bool   // the page shows that somebody is typing
}

func newListener(c *gin.Context, after string) *listener {
	h := c.Writer.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	l := &listener{w: c.Writer, rc: http.NewResponseController(c.Writer), after: after}
	_ = l.rc.SetReadDeadline(time.Time{}) // the limit for slow requests would cut the stream; not every writer has deadlines
	_ = l.send("retry: 2000\n\n")         // a listener that is gone is noticed at the next event
	return l
}

// send writes one event within a time of its own: the server's limit for whole answers does not fit a stream.
func (l *listener) send(event string) error {
	_ = l.rc.SetWriteDeadline(time.Now().Add(writeWithin)) // not every writer has deadlines
	if _, err := l.w.WriteString(event); err != nil {
		return errGone
	}
	l.w.Flush()
	return nil
}

func (l *listener) message(m Message) error {
	raw, err := json.Marshal(m)
	if err != nil {
		return err
	}
	l.after, l.last = m.ID, m.From
	return l.send(fmt.Sprintf("id: %s\nevent: message\ndata: %s\n\n", m.ID, raw))
}

// typing tells when somebody begins or ceases to work on an answer.
func (l *listener) typing(now bool) error {
	if l.shown == now {
		return nil
	}
	l.shown = now
	return l.send(fmt.Sprintf("event: typing\ndata: {\"from\":\"bot\",\"typing\":%t}\n\n", now))
}
