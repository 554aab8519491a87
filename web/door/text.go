package door

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
)

// Readable refuses an address whose decoded bytes are no text, or hold a zero character: Postgres takes neither in a query.
func Readable(c *gin.Context) {
	ok := isText(c.Request.URL.Path)
	if strings.Contains(c.Request.URL.RawQuery, "%") || !isText(c.Request.URL.RawQuery) {
		for name, values := range c.Request.URL.Query() {
			ok = ok && isText(name)
			for _, v := range values {
				ok = ok && isText(v)
			}
		}
	}
	if !ok {
		Write(c.Writer, c.Request, Plain(http.StatusBadRequest, "The address holds bytes that are no text."))
		c.Abort()
		return
	}
	c.Next()
}

func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// errText refuses a body; where it is wrong is not repeated.
var errText = errors.New("must be text in UTF-8 without zero characters")

// Unmarshal is json.Unmarshal for text alone: the library would put a replacement in the place of each byte that is none.
func Unmarshal(raw []byte, into any) error {
	if !utf8.Valid(raw) {
		return errText
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return err
	}
	if whole, ok := into.(*any); ok && hasZero(*whole) { // the API library looks at the whole body first
		return errText
	}
	return nil
}

func hasZero(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.ContainsRune(v, 0)
	case []any:
		for _, e := range v {
			if hasZero(e) {
				return true
			}
		}
	case map[string]any:
		for name, e := range v {
			if hasZero(name) || hasZero(e) {
				return true
			}
		}
	}
	return false
}
