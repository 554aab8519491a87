package assets

import (
	"net/http"
	"strings"
)

// Policy is what a page may do beyond the strict rule: own scripts, styles and connections only, nothing inline.
type Policy struct {
	// FormAction lists origins besides our own that a form may lead to, redirects included.
	FormAction []string
	// Pictures lets pictures come from anywhere over https: merchants keep photos at home or at a CDN of theirs.
	Pictures bool
	// Framed lets any page show this one in a frame; only for pages whose cookies do not reach a frame.
	Framed bool
}

// Secure sets the headers of a page.
func Secure(h http.Header, p Policy) {
	img, frame := "'self' data:", "'none'"
	if p.Pictures {
		img += " https:"
	}
	if p.Framed {
		frame = "*"
	} else {
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
	}
	h.Set("Content-Security-Policy", "default-src 'self'; img-src "+img+"; object-src 'none'; base-uri 'none'; form-action "+
		strings.Join(append([]string{"'self'"}, p.FormAction...), " ")+"; frame-ancestors "+frame)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "text/html; charset=utf-8")
}
