package chat

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"sotto.chat/internal/fault"
	"sotto.chat/merchants"
	"sotto.chat/web/assets"
)

//go:embed page.html *.json
var files embed.FS

// words are the page's own texts in one language; the script gets them all.
type words map[string]string

func wordsOf(language string) (words, error) {
	raw, err := files.ReadFile(language + ".json")
	if err != nil {
		return nil, err
	}
	w := words{}
	return w, json.Unmarshal(raw, &w)
}

// view is what page.html shows.
type view struct {
	Shop     merchants.Merchant
	Initial  string
	Language string
	Base     string // the path of the chat's REST
	Known    bool   // the browser brought a visitor's cookie
	Embedded bool
	Words    words
	JSON     string
}

// page shows the chat. It is the same for everybody but for the language and whether the visitor is known.
func (h *chat) page(c *gin.Context) {
	embedded := c.Query("embed") != ""
	assets.Secure(c.Writer.Header(), assets.Policy{Pictures: true, Framed: embedded})
	m, err := h.Merchants.BySlug(c.Request.Context(), c.Param("merchant"))
	lang := assets.Language(c.GetHeader("Accept-Language"), m.Language)
	status := http.StatusOK
	if f, ok := fault.Of(err); ok && f.Kind == fault.NotFound {
		status = http.StatusNotFound
	} else if err != nil {
		h.refuse(c, err)
		return
	}
	v := view{Shop: m, Language: lang, Base: "/chat/" + m.Slug, Embedded: embedded, Initial: initial(m.Name)}
	if status == http.StatusOK {
		v.Known = h.visitor(c, m.ID).token != ""
	}
	body, err := v.render(h.template)
	if err != nil {
		h.refuse(c, err)
		return
	}
	c.Header("Vary", "Accept-Language, Cookie")
	c.Header("Content-Language", lang)
	c.Data(status, "text/html; charset=utf-8", body)
}

func initial(name string) string {
	r, _ := utf8.DecodeRuneInString(strings.TrimSpace(name))
	return strings.ToUpper(string(r))
}

// parse reads the embedded page once; that it can be read is proved by every test of this package.
func parse() *template.Template {
	return template.Must(template.New("page.html").Funcs(template.FuncMap{"asset": assets.URL, "dir": assets.Direction}).ParseFS(files, "page.html"))
}

func (v view) render(t *template.Template) ([]byte, error) {
	w, err := wordsOf(v.Language)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(w)
	if err != nil {
		return nil, err
	}
	v.Words, v.JSON = w, string(raw)
	var b bytes.Buffer
	err = t.Execute(&b, v)
	return b.Bytes(), err
}
