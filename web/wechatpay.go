package web

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"sotto.chat/internal/id"
	"sotto.chat/payments/wechatpay"
	"sotto.chat/web/door"
)

// wechatPatience is below the five seconds after which WeChat Pay gives up and tells the same again.
const wechatPatience = 4 * time.Second

// wechatPay takes a notification of WeChat Pay. It answers in WeChat's own form: nothing for yes, and FAIL for whatever must be told again.
func wechatPay(c *gin.Context, cfg Config) {
	merchant := c.Param("merchant")
	if cfg.WeChat == nil || id.Check("mer", merchant) != nil {
		failWeChat(c, cfg, wechatpay.ErrNoAccount)
		return
	}
	raw, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, wechatpay.LargestNotification))
	if err != nil {
		failWeChat(c, cfg, wechatpay.ErrNotReadable)
		return
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), wechatPatience)
	defer cancel()
	if err := cfg.WeChat.Receive(ctx, merchant, raw, c.Request.Header); err != nil {
		failWeChat(c, cfg, err)
		return
	}
	c.Status(http.StatusNoContent)
	c.Writer.WriteHeaderNow()
}

func failWeChat(c *gin.Context, cfg Config, err error) {
	p := door.Of(cfg.Log, err) // logs what is no fault of the caller's
	c.JSON(p.Status, gin.H{"code": "FAIL", "message": p.Code})
	c.Abort()
}
