// Package docs serves the description of the API, for machines at /openapi.json and for people at /docs.
package docs

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"sotto.chat/web/assets"
)

//go:embed page.html
var files embed.FS

// Mount adds /openapi.json and /docs. Both are made once, from the description as it is now: mount the API first.
func Mount(r gin.IRouter, api *huma.OpenAPI) {
	raw, err := json.MarshalIndent(api, "", " ")
	if err != nil {
		panic("docs: the description cannot be written: " + err.Error())
	}
	page, err := render(api)
	if err != nil {
		panic("docs: the page cannot be made: " + err.Error())
	}
	serve := func(body []byte, media string, secure bool) gin.HandlerFunc {
		sum := sha256.Sum256(body)
		tag := `"` + hex.EncodeToString(sum[:8]) + `"`
		return func(c *gin.Context) {
			h := c.Writer.Header()
			if secure {
				assets.Secure(h, assets.Policy{})
			} else {
				h.Set("Access-Control-Allow-Origin", "*")
				h.Set("X-Content-Type-Options", "nosniff")
			}
			h.Set("Content-Type", media)
			h.Set("Cache-Control", "public, max-age=60")
			h.Set("ETag", tag)
			http.ServeContent(c.Writer, c.Request, "", time.Time{}, bytes.NewReader(body))
		}
	}
	r.GET("/openapi.json", serve(raw, "application/json", false))
	r.GET("/docs", serve(page, "text/html; charset=utf-8", true))
}

func render(api *huma.OpenAPI) ([]byte, error) {
	t, err := template.New("page.html").Funcs(template.FuncMap{"asset": assets.URL, "code": code}).ParseFS(files, "page.html")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, read(api))
	return b.Bytes(), err
}

// code sets what stands between backticks as code, and nothing else.
func code(text string) template.HTML {
	var b strings.Builder
	for i, part := range strings.Split(text, "`") {
		part = template.HTMLEscapeString(part)
		if i%2 == 1 {
			part = "<code>" + part + "</code>"
		}
		b.WriteString(part)
	}
	return template.HTML(b.String()) //nolint:gosec // every part is escaped
}
