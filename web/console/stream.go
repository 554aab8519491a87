package console

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"sotto.chat/inbox"
	"sotto.chat/web/door"
)

// Times of a stream.
const (
	lookEvery   = 5 * time.Second // orders move without a word in the inbox, and nudges may be lost
	streamFor   = 10 * time.Minute
	writeWithin = 10 * time.Second
	settleFor   = 150 * time.Millisecond // a turn nudges several times
)

// stream tells an open page when to look again. It carries no data: the page asks for itself, with its own rights.
func (h *console) stream(c *gin.Context) {
	ctx, err := h.load(c.Request)
	if err != nil {
		door.Write(c.Writer, c.Request, door.Of(h.Log, err))
		return
	}
	actor, ok := h.actor(ctx)
	if !ok {
		c.Status(http.StatusUnauthorized)
		return
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), streamFor)
	defer cancel()
	head := c.Writer.Header()
	head.Set("Content-Type", "text/event-stream")
	head.Set("Cache-Control", "no-store")
	head.Set("X-Accel-Buffering", "no")
	rc := http.NewResponseController(c.Writer)
	_ = rc.SetReadDeadline(time.Time{}) // the limit for slow requests would cut the stream
	send := func(event string) bool {
		_ = rc.SetWriteDeadline(time.Now().Add(writeWithin))
		_, err := c.Writer.WriteString(event)
		c.Writer.Flush()
		return err == nil
	}
	nudges := h.Hub.Subscribe(ctx, inbox.TopicOfAll(actor.MerchantID))
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for ok := send("retry: 2000\n\n"); ok; {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
			ok = send("event: look\ndata: {}\n\n")
		case <-nudges:
			pause(ctx, settleFor)
			ok = send("event: changed\ndata: {}\n\n")
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
