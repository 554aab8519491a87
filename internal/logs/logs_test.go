package logs_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"sotto.chat/internal/logs"
)

func TestSecretsAndPeopleAreHidden(t *testing.T) {
	for name, secret := range map[string]string{
		"our key":      "sk_2b7e151628aed2a6abf7158809cf4f3c",
		"webhook":      "whsec_abcdefghijklmnop",
		"bearer":       "Bearer abc.def",
		"telegram":     "https://api.telegram.org/bot123456:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc/sendMessage",
		"database":     "postgres://sotto:hunter2@db/sotto",
		"mail":         "ana@example.org",
		"phone":        "+34 600 123 456",
		"phone digits": "16505551234",
		"pay link":     "https://shop.example/pay/AZPrVCa8c3aQ0-ILwkR1",
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			l := logs.New(&out, "debug", true)
			l.Info("said "+secret, "error", errors.New("about "+secret), "where", secret)
			if strings.Contains(out.String(), secret) {
				t.Errorf("shown: %s", out.String())
			}
		})
	}
}

func TestIdsStayReadable(t *testing.T) {
	const line = "order ord_0198f0c1a2b37c4d8e9f00112233aabb took 1250 ms"
	if got := logs.Redact(line); got != line {
		t.Errorf("got %q", got)
	}
}
