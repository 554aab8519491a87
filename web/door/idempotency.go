package door

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/privacy"
)

// Failures of a repeated request.
var (
	ErrKeyReused   = fault.New(fault.Invalid, "idempotency_key_reused", "This Idempotency-Key was used for another request; make a new one for each act.")
	ErrKeyInFlight = fault.New(fault.Conflict, "idempotency_in_flight", "The first request with this Idempotency-Key is still at work; try again in a moment.")
	errLarge       = fault.New(fault.TooLarge, "too_large", "The body is larger than this door takes.")
	errKeyForm     = fault.New(fault.Invalid, "idempotency_key_invalid", "Idempotency-Key must be 1 to 255 visible characters.")
)

// staleClaim is after how long an unfinished first request counts as crashed, so that a repetition does the work.
// It is longer than any request may take.
const staleClaim = 90 * time.Second

// keepKeys is how long an answer is kept.
const keepKeys = 24 * time.Hour

// Repeats answers a POST that repeats an earlier Idempotency-Key with the first answer. Answers of 5xx and 429 are not kept.
type Repeats struct {
	DB   *database.DB
	Keys *privacy.Keys
	Log  *slog.Logger
}

// Handle is the middleware; it stands after Keyed.
func (s *Repeats) Handle(c *gin.Context) {
	key := c.GetHeader("Idempotency-Key")
	if key == "" || c.Request.Method != http.MethodPost {
		c.Next()
		return
	}
	actor := Actor(c.Request.Context())
	body, err := io.ReadAll(c.Request.Body)
	if large := new(http.MaxBytesError); errors.As(err, &large) {
		s.refuse(c, errLarge)
		return
	}
	if err != nil {
		s.refuse(c, ErrBody)
		return
	}
	if !visible(key) {
		s.refuse(c, errKeyForm)
		return
	}
	c.Request.Body = io.NopCloser(bytes.NewReader(body))
	row := keyRow{MerchantID: actor.MerchantID, KeyID: actor.KeyID, Key: digest(key), RequestHash: digest(c.Request.Method, c.Request.URL.RequestURI(), string(body))}
	first, err := s.claim(c.Request.Context(), &row)
	switch {
	case err != nil:
		s.refuse(c, err)
	case first:
		s.record(c, row)
	default:
		s.replay(c, row)
	}
}

func (s *Repeats) refuse(c *gin.Context, err error) {
	Write(c.Writer, c.Request, Of(s.Log, err))
	c.Abort()
}

// record does the request and keeps its answer, sealed: answers hold personal data and new keys.
func (s *Repeats) record(c *gin.Context, row keyRow) {
	w := &tee{ResponseWriter: c.Writer}
	c.Writer = w
	c.Next()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), 10*time.Second)
	defer cancel()
	if status := w.Status(); status >= 500 || status == http.StatusTooManyRequests {
		if err := s.drop(ctx, row); err != nil {
			s.Log.WarnContext(ctx, "an idempotency claim stays until it is stale", "error", err)
		}
		return
	}
	kept := map[string]string{}
	for _, h := range []string{"Content-Type", "ETag", "Location"} {
		if v := w.Header().Get(h); v != "" {
			kept[h] = v
		}
	}
	headers, err := json.Marshal(kept)
	if err == nil {
		row.Status, row.Headers = int64(w.Status()), string(headers)
		err = s.finish(ctx, row, w.body.Bytes())
	}
	if err != nil {
		s.Log.ErrorContext(ctx, "an answer could not be kept for its Idempotency-Key", "error", err)
	}
}

func (s *Repeats) replay(c *gin.Context, row keyRow) {
	body, err := s.Keys.OpenNow(c.Request.Context(), row.MerchantID, privacy.MerchantSubject(), row.label(), row.Sealed)
	headers := map[string]string{}
	if err == nil {
		err = json.Unmarshal([]byte(row.Headers), &headers)
	}
	if err != nil {
		s.refuse(c, err)
		return
	}
	for k, v := range headers {
		c.Header(k, v)
	}
	c.Header("Idempotent-Replayed", "true")
	c.Writer.WriteHeader(int(row.Status))
	_, _ = c.Writer.Write(body) // the client is gone if this fails
	c.Abort()
}

func visible(s string) bool {
	for _, r := range s {
		if r < 0x21 || r > 0x7e {
			return false
		}
	}
	return len(s) <= 255
}

func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// tee keeps what is written.
type tee struct {
	gin.ResponseWriter
	body bytes.Buffer
}

// Write passes on and keeps.
func (t *tee) Write(b []byte) (int, error) {
	t.body.Write(b)
	return t.ResponseWriter.Write(b)
}

// WriteString passes on and keeps.
func (t *tee) WriteString(s string) (int, error) { return t.Write([]byte(s)) }
