// Package fault is the one shape of a failure that people outside may see.
//
// A failure is declared once, beside its rule, with New; it is translated once at each
// door: to problem+json in web, to words in bot. An error that is no fault is a bug or an
// outage: doors answer it with a plain apology and write a log line.
package fault

import (
	"errors"
	"fmt"
)

// Kind groups failures by what the caller can do about them.
type Kind string

// The kinds, each with the HTTP status that web gives it.
const (
	Invalid      Kind = "invalid"      // 400 or 422: the request is wrong; change it
	Unauthorized Kind = "unauthorized" // 401: say who you are
	Forbidden    Kind = "forbidden"    // 403: known, but not allowed
	NotFound     Kind = "not_found"    // 404
	Conflict     Kind = "conflict"     // 409: the state moved; read again, then retry
	Stale        Kind = "stale"        // 412: If-Match does not hold any more
	TooLarge     Kind = "too_large"    // 413
	Limited      Kind = "limited"      // 429: retry later
	Upstream     Kind = "upstream"     // 502: an outside party failed; retry later
	Unavailable  Kind = "unavailable"  // 503
)

// Fault is a failure with a stable code. Detail is for people and never holds personal data.
type Fault struct {
	Kind   Kind
	Code   string
	Detail string
	// Fields names what is wrong where, e.g. {"lines[0].quantity", "must be 1 to 999"}.
	Fields []Field
	cause  error
}

// Field is one problem at one place of the input.
type Field struct {
	Location string `json:"location"`
	Message  string `json:"message"`
}

// New declares a failure: a kind, a stable snake_case code and a sentence that says what to do.
func New(kind Kind, code, detail string) *Fault {
	return &Fault{Kind: kind, Code: code, Detail: detail}
}

// Error gives the code, the sentence and the cause, for logs.
func (f *Fault) Error() string {
	if f.cause != nil {
		return f.Code + ": " + f.Detail + ": " + f.cause.Error()
	}
	return f.Code + ": " + f.Detail
}

// Unwrap gives the cause, if any.
func (f *Fault) Unwrap() error { return f.cause }

// Is makes every copy of a declared fault equal to its declaration, by code.
func (f *Fault) Is(target error) bool {
	t, ok := target.(*Fault)
	return ok && t.Code == f.Code
}

// Because returns a copy that carries err for the log; callers outside never see it.
func (f *Fault) Because(err error) *Fault {
	c := *f
	c.cause = err
	return &c
}

// Say returns a copy with another sentence, formatted.
func (f *Fault) Say(format string, args ...any) *Fault {
	c := *f
	c.Detail = fmt.Sprintf(format, args...)
	return &c
}

// At returns a copy that names the place of the problem as well.
func (f *Fault) At(location, message string) *Fault {
	c := *f
	c.Fields = append(append([]Field(nil), f.Fields...), Field{location, message})
	return &c
}

// Of finds the fault in err's chain.
func Of(err error) (*Fault, bool) {
	var f *Fault
	ok := errors.As(err, &f)
	return f, ok
}
