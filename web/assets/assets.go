// Package assets is what all pages share: their files, their look, their headers, and how they write money and times.
package assets

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
)

//go:embed files
var embedded embed.FS

// file is one embedded file, ready to be sent.
type file struct {
	body, zipped []byte
	media, tag   string
}

// shelf reads the files once; afterwards it never changes.
var shelf = sync.OnceValue(func() map[string]file {
	all := map[string]file{}
	entries, err := embedded.ReadDir("files")
	if err != nil {
		panic("assets: the embedded folder is unreadable: " + err.Error())
	}
	for _, e := range entries {
		body, err := embedded.ReadFile(path.Join("files", e.Name()))
		if err != nil {
			panic("assets: an embedded file is unreadable: " + err.Error())
		}
		sum := sha256.Sum256(body)
		all[e.Name()] = file{body: body, zipped: zip(body), media: mediaType(e.Name()), tag: hex.EncodeToString(sum[:6])}
	}
	return all
})

func zip(body []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is a valid one
	_, err := w.Write(body)
	if err != nil || w.Close() != nil || b.Len() >= len(body) {
		return nil
	}
	return b.Bytes()
}

func mediaType(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return mime.TypeByExtension(path.Ext(name))
}

// URL is the address of a file, which changes with its content, so that browsers may keep it for good.
func URL(name string) string {
	f, ok := shelf()[name]
	if !ok {
		panic("assets: there is no file " + name)
	}
	return "/assets/" + name + "?v=" + f.tag
}

// Mount serves the files under /assets/.
func Mount(r gin.IRouter) {
	serve := func(c *gin.Context) { Serve(c, c.Param("name"), c.Query("v")) }
	r.GET("/assets/:name", serve)
	r.HEAD("/assets/:name", serve)
}

// Serve sends one file. With the version that URL gave, it may be kept for good.
func Serve(c *gin.Context, name, version string) {
	f, ok := shelf()[name]
	if !ok {
		c.String(http.StatusNotFound, "There is no such file.")
		return
	}
	h := c.Writer.Header()
	h.Set("Content-Type", f.media)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Access-Control-Allow-Origin", "*") // a module on a merchant's own page is fetched with CORS
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "public, max-age=300")
	if version == f.tag {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	body, tag := f.body, f.tag
	if f.zipped != nil && strings.Contains(c.GetHeader("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body, tag = f.zipped, f.tag+"-gzip"
	}
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, bytes.NewReader(body))
}
