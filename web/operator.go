package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"sotto.chat/web/door"
)

// operator are the doors for whoever keeps the machine running.
func operator(r *gin.Engine, cfg Config) {
	r.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok\n") })
	r.GET("/readyz", func(c *gin.Context) {
		ctx, cancel := context.WithTimeout(c.Request.Context(), 3*time.Second)
		defer cancel()
		if err := cfg.Ready(ctx); err != nil {
			cfg.Log.WarnContext(ctx, "not ready", "error", err)
			door.Write(c.Writer, c.Request, door.Plain(http.StatusServiceUnavailable, "Not ready: the database does not answer or its schema is old; see the log."))
			return
		}
		c.String(http.StatusOK, "ready\n")
	})
	r.GET("/metrics", gin.WrapH(cfg.Metrics.Handler()))
	r.GET("/", func(c *gin.Context) { c.Redirect(http.StatusFound, "/console") })
}

// pictures serves the photos of products, which never change under one id.
func pictures(r *gin.Engine, cfg Config) {
	r.GET("/pictures/:merchant/:id", func(c *gin.Context) {
		kind, body, err := cfg.Catalog.Picture(c.Request.Context(), c.Param("merchant"), c.Param("id"))
		if err != nil {
			refuse(c, cfg, err)
			return
		}
		sum := sha256.Sum256(body)
		tag := `"` + hex.EncodeToString(sum[:8]) + `"`
		c.Header("ETag", tag)
		c.Header("Cache-Control", "public, max-age=31536000, immutable")
		c.Header("Content-Security-Policy", "default-src 'none'; sandbox")
		if c.GetHeader("If-None-Match") == tag {
			c.Status(http.StatusNotModified)
			c.Writer.WriteHeaderNow()
			return
		}
		c.Data(http.StatusOK, kind, body)
	})
}
