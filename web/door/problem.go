// Package door is what all of the HTTP doors share: problems, keys, limits, request ids, repeated requests.
package door

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"sotto.chat/internal/fault"
)

// Problem is the one shape of a refusal (RFC 9457, application/problem+json) with a stable code.
type Problem struct {
	Type      string        `json:"type" example:"about:blank"`
	Title     string        `json:"title" example:"Conflict"`
	Status    int           `json:"status" example:"409"`
	Code      string        `json:"code" example:"cart_changed" doc:"Stable; decide on this one."`
	Detail    string        `json:"detail" doc:"What happened and what to do, for people."`
	Errors    []fault.Field `json:"errors,omitempty" doc:"What is wrong where."`
	RequestID string        `json:"request_id,omitempty"`

	retryAfter int
}

// Error gives the code and the sentence.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is the media type of a refusal.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// statuses translates each kind of failure, once.
var statuses = map[fault.Kind]int{
	fault.Invalid: http.StatusUnprocessableEntity, fault.Unauthorized: http.StatusUnauthorized, fault.Forbidden: http.StatusForbidden,
	fault.NotFound: http.StatusNotFound, fault.Conflict: http.StatusConflict, fault.Stale: http.StatusPreconditionFailed,
	fault.TooLarge: http.StatusRequestEntityTooLarge, fault.Limited: http.StatusTooManyRequests,
	fault.Upstream: http.StatusBadGateway, fault.Unavailable: http.StatusServiceUnavailable,
}

// Of translates any error. What is no fault is a bug or an outage: a plain apology, and a line in the log.
func Of(log *slog.Logger, err error) *Problem {
	if p, ok := err.(*Problem); ok { //nolint:errorlint // a Problem is made here and never wrapped
		return p
	}
	f, ok := fault.Of(err)
	if !ok {
		log.Error("unexpected failure", "error", err)
		return problem(http.StatusInternalServerError, "internal", "Something went wrong on our side. Nothing was half-done; try again.", nil)
	}
	if f.Kind == fault.Upstream || f.Kind == fault.Unavailable {
		log.Warn("refused", "code", f.Code, "error", err)
	}
	return problem(statuses[f.Kind], f.Code, f.Detail, f.Fields)
}

func problem(status int, code, detail string, fields []fault.Field) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail, Errors: fields}
}

// Plain makes a problem of a status that only the HTTP layer knows.
func Plain(status int, detail string) *Problem { return problem(status, codes[status], detail, nil) }

// codes names the refusals that the HTTP layer itself makes.
var codes = map[int]string{
	400: "bad_request", 401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "method_not_allowed", 406: "not_acceptable",
	408: "too_slow", 409: "conflict", 412: "stale", 413: "too_large", 415: "unsupported_media_type", 422: "invalid", 429: "rate_limited",
	500: "internal", 502: "upstream", 503: "unavailable",
}

// unreadable is what huma says, with status 500, of a body that ended too early: the caller's mistake.
const unreadable = "cannot read request body"

// ErrBody refuses a body that did not arrive whole.
var ErrBody = fault.New(fault.Invalid, "body_unreadable", "The body did not arrive whole.")

// FromHuma makes huma's own refusals problems too. A rejected value is never repeated: it may be private.
func FromHuma(status int, message string, errs ...error) huma.StatusError {
	if status == http.StatusInternalServerError && message == unreadable {
		return Of(nil, ErrBody)
	}
	var fields []fault.Field
	for _, e := range errs {
		if d, ok := e.(huma.ErrorDetailer); ok {
			fields = append(fields, fault.Field{Location: d.ErrorDetail().Location, Message: d.ErrorDetail().Message})
		}
	}
	if message == "validation failed" {
		message = "Some of what was sent cannot be taken; errors says what and where."
	}
	if status >= 500 {
		message, fields = "Something went wrong on our side. Nothing was half-done; try again.", nil
	}
	code := codes[status]
	if code == "" {
		code = "refused"
	}
	return problem(status, code, message, fields)
}

// Write sends a problem where no API library does.
func Write(w http.ResponseWriter, r *http.Request, p *Problem) {
	p.RequestID = RequestID(r.Context())
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	if p.Status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", strconv.Itoa(max(p.retryAfter, 1)))
	}
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client is gone if this fails
}
