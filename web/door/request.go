package door

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/http"
	"regexp"
	"time"

	"github.com/gin-gonic/gin"

	"sotto.chat/internal/fault"
	"sotto.chat/internal/trace"
	"sotto.chat/merchants"
)

type key int

const (
	requestKey key = iota
	actorKey
)

var cleanID = regexp.MustCompile(`^[A-Za-z0-9_-]{8,64}$`)

// RequestIDs gives every request an id (the caller's X-Request-Id where it is a clean one), in the answer too.
func RequestIDs(c *gin.Context) {
	rid := c.GetHeader("X-Request-Id")
	if !cleanID.MatchString(rid) {
		var b [12]byte
		_, _ = rand.Read(b[:]) // crypto/rand never fails
		rid = "req_" + hex.EncodeToString(b[:])
	}
	c.Header("X-Request-Id", rid)
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), requestKey, rid))
	c.Next()
}

// RequestID is the id of the request that ctx belongs to.
func RequestID(ctx context.Context) string { s, _ := ctx.Value(requestKey).(string); return s }

// Logged writes one line for each request: the route's pattern, never the path (tokens stand in paths).
func Logged(log *slog.Logger, observe func(route, method string, status int, took time.Duration)) gin.HandlerFunc {
	return func(c *gin.Context) {
		start := time.Now()
		c.Next()
		route := c.FullPath()
		if route == "" {
			route = "none"
		}
		took := time.Since(start)
		observe(route, c.Request.Method, c.Writer.Status(), took)
		log.DebugContext(c.Request.Context(), "request", "route", route, "method", c.Request.Method, "status", c.Writer.Status(),
			"ms", took.Milliseconds(), "request_id", RequestID(c.Request.Context()))
	}
}

// Traced makes one span for each request.
func Traced(t *trace.Tracer) gin.HandlerFunc {
	return func(c *gin.Context) {
		ctx, end := t.Start(c.Request, c.FullPath())
		c.Request = c.Request.WithContext(ctx)
		c.Next()
		end(c.Writer.Status())
	}
}

// Recovered answers a panic with an apology and keeps the server up.
func Recovered(log *slog.Logger) gin.HandlerFunc {
	return gin.CustomRecoveryWithWriter(nil, func(c *gin.Context, what any) {
		log.ErrorContext(c.Request.Context(), "panic in a handler", "route", c.FullPath(), "panic", what, "request_id", RequestID(c.Request.Context()))
		Write(c.Writer, c.Request, problem(500, "internal", "Something went wrong on our side. Nothing was half-done; try again.", nil))
		c.Abort()
	})
}

// ErrNoKey answers a request without a usable key.
var ErrNoKey = fault.New(fault.Unauthorized, "unauthorized", "Send an API key as \"Authorization: Bearer sk_…\".")

// ErrForbidden answers a key whose role may not do this.
var ErrForbidden = fault.New(fault.Forbidden, "forbidden", "This key's role may not do that; use a key with a higher role.")

// Bearer reads the token of the Authorization header.
func Bearer(r *http.Request) string {
	const p = "Bearer "
	h := r.Header.Get("Authorization")
	if len(h) > len(p) && len(h) < 512 && (h[:len(p)] == p || h[:len(p)] == "bearer ") {
		return h[len(p):]
	}
	return ""
}

// Keyed lets only requests with a valid API key pass, and remembers who it is.
func Keyed(log *slog.Logger, register *merchants.Register) gin.HandlerFunc {
	return func(c *gin.Context) {
		var err error = ErrNoKey
		var actor merchants.Actor
		if token := Bearer(c.Request); token != "" {
			actor, err = register.Authenticate(c.Request.Context(), token)
		}
		if err != nil {
			c.Header("WWW-Authenticate", "Bearer")
			Write(c.Writer, c.Request, Of(log, err))
			c.Abort()
			return
		}
		c.Request = c.Request.WithContext(WithActor(c.Request.Context(), actor))
		c.Next()
	}
}

// WithActor says who acts in ctx.
func WithActor(ctx context.Context, a merchants.Actor) context.Context {
	return context.WithValue(ctx, actorKey, a)
}

// Actor is who acts; the zero actor may do nothing.
func Actor(ctx context.Context) merchants.Actor {
	a, _ := ctx.Value(actorKey).(merchants.Actor)
	return a
}

// Capped refuses bodies above limit bytes before anything reads them, and cuts a body that lies about its length.
func Capped(limit int64) gin.HandlerFunc {
	return func(c *gin.Context) {
		if c.Request.ContentLength > limit {
			Write(c.Writer, c.Request, problem(http.StatusRequestEntityTooLarge, "too_large", "The body is larger than this door takes.", nil))
			c.Abort()
			return
		}
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, limit)
		c.Next()
	}
}
