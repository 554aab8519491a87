// Package logs makes the one logger, which hides whatever looks like a secret or a person.
package logs

import (
	"context"
	"io"
	"log/slog"
	"regexp"
	"strings"
)

// New logs to w at a level (debug, info, warn, error); asJSON for machines.
func New(w io.Writer, level string, asJSON bool) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo
	}
	opts := &slog.HandlerOptions{Level: l, ReplaceAttr: redact}
	if asJSON {
		return slog.New(quiet{slog.NewJSONHandler(w, opts)})
	}
	return slog.New(quiet{slog.NewTextHandler(w, opts)})
}

// quiet also redacts the message itself.
type quiet struct{ slog.Handler }

// Handle passes a record on with its message redacted.
func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	r.Message = Redact(r.Message)
	return q.Handler.Handle(ctx, r)
}

// WithAttrs keeps the wrapper.
func (q quiet) WithAttrs(a []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(a)} }

// WithGroup keeps the wrapper.
func (q quiet) WithGroup(n string) slog.Handler { return quiet{q.Handler.WithGroup(n)} }

// private are keys whose value is never shown, whatever it is.
var private = map[string]bool{"token": true, "secret": true, "password": true, "authorization": true, "api_key": true, "body": true,
	"text": true, "phone": true, "email": true, "address": true, "customer_name": true, "payload": true, "url": true}

func redact(_ []string, a slog.Attr) slog.Attr {
	if private[strings.ToLower(a.Key)] {
		return slog.String(a.Key, "[hidden]")
	}
	switch v := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(Redact(v))
	case error:
		a.Value = slog.StringValue(Redact(v.Error()))
	}
	return a
}

// What a secret or a person looks like: keys of ours, Stripe's and others', Telegram's token in a path, a password in an
// address, mail addresses, and numbers as long as a phone's or a card's. Ids are hexadecimal and stay readable.
var shapes = []*regexp.Regexp{
	regexp.MustCompile(`\b(sk|rk|pk|whsec|EAA)[_A-Za-z0-9]{12,}`),
	regexp.MustCompile(`(?i)bearer\s+[^\s"]+`),
	regexp.MustCompile(`\bbot\d{5,}:[A-Za-z0-9_-]+`),
	regexp.MustCompile(`://[^/\s:@]*:[^/\s@]+@`),
	regexp.MustCompile(`/pay/[A-Za-z0-9_-]{16,}`),
	regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}`),
	regexp.MustCompile(`(?:^|[^0-9A-Za-z_.:-])\+?\d(?:[ ().-]?\d){8,18}\b`),
}

// Redact hides in s whatever looks like a secret or a person.
func Redact(s string) string {
	for _, re := range shapes {
		s = re.ReplaceAllString(s, "[hidden]")
	}
	return s
}
