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
	"sync/atomic"
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
	// ErrAnswerLost is for what was done by a request whose answer died with the server.
	ErrAnswerLost = fault.New(fault.Conflict, "idempotency_answer_lost",
		"The first request with this Idempotency-Key was carried out, but the server stopped before its answer was kept. Look whether what you asked for is there; for a new act use a new key.")
	errLarge   = fault.New(fault.TooLarge, "too_large", "The body is larger than this door takes.")
	errKeyForm = fault.New(fault.Invalid, "idempotency_key_invalid", "Idempotency-Key must be 1 to 255 visible characters.")
)

// Times of a claim.
const (
	// staleClaim is after how long a first request that has not acted may be overtaken by a repetition: it may have died with the
	// server. If it lives, the fence keeps it from acting too, so this may be short.
	staleClaim = 3 * time.Second
	// longestRequest is longer than any request may take: what has acted and is not finished by then has died.
	longestRequest = 90 * time.Second
)

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

// record does the request and keeps its answer. A handler that knows its answer inside its transaction keeps it there (Answered);
// any other act at least marks the claim there, so that nothing is done twice.
func (s *Repeats) record(c *gin.Context, row keyRow) {
	w := &tee{ResponseWriter: c.Writer}
	c.Writer = w
	ctx := c.Request.Context()
	work := &claimed{repeats: s, row: row}
	c.Request = c.Request.WithContext(context.WithValue(database.Witnessed(ctx, work.witness), claimKey{}, work))
	c.Next()
	work.over.Store(true)
	if work.kept.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if status := w.Status(); status >= 500 || status == http.StatusTooManyRequests {
		if err := s.drop(ctx, row); err != nil {
			s.Log.WarnContext(ctx, "an idempotency claim stays until it is stale", "error", err)
		}
		return
	}
	err := row.answer(w.Status(), w.Header())
	if err == nil {
		err = s.DB.InTx(ctx, func(tx database.Tx) error { return s.keep(tx, row, w.body.Bytes()) })
	}
	if err != nil {
		s.Log.ErrorContext(ctx, "an answer could not be kept for its Idempotency-Key", "error", err)
	}
}

// answer notes what is replayed beside the body.
func (row *keyRow) answer(status int, h http.Header) error {
	kept := map[string]string{}
	for _, name := range []string{"Content-Type", "ETag", "Location"} {
		if v := h.Get(name); v != "" {
			kept[name] = v
		}
	}
	headers, err := json.Marshal(kept)
	row.Status, row.Headers = int64(status), string(headers)
	return err
}

type claimKey struct{}

// claimed is a request at work under an Idempotency-Key.
type claimed struct {
	repeats *Repeats
	row     keyRow
	acted   atomic.Bool // a transaction with the mark has committed
	kept    atomic.Bool // one with the answer has
	over    atomic.Bool
	status  int // of a good answer
}

// Key is the Idempotency-Key that a request may have; the zero Key is none.
type Key struct{ work *claimed }

// About tells the key what its operation is: the status of a good answer, and whether the operation is one act however often it is
// done, so that a repetition may simply do it again.
func (k Key) About(status int, repeatable bool) {
	if k.work != nil {
		k.work.status = status
		k.work.acted.Store(repeatable)
	}
}

// witness stands at the end of each transaction of the request.
func (w *claimed) witness(tx database.Tx) error {
	if w.over.Load() || w.acted.Load() {
		return nil
	}
	tx.AfterCommit(func(context.Context) { w.acted.Store(true) })
	return w.row.fence(tx)
}

// KeyOf is the Key of the request at work in ctx.
func KeyOf(ctx context.Context) Key {
	w, _ := ctx.Value(claimKey{}).(*claimed)
	return Key{w}
}

// Answer keeps the answer that a POST will give inside the transaction of its act: after a crash a repetition gets it, and nothing
// is done twice. body is the JSON that goes out.
func (k Key) Answer(tx database.Tx, body []byte) error {
	w := k.work
	if w == nil || w.over.Load() {
		return nil
	}
	row := w.row
	if err := row.answer(w.status, http.Header{"Content-Type": {"application/json"}}); err != nil {
		return err
	}
	tx.AfterCommit(func(context.Context) { w.acted.Store(true); w.kept.Store(true) })
	return w.repeats.keep(tx, row, body)
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
