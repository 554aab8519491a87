package web

import (
	"errors"
	"io"
	"net/http"

	"github.com/gin-gonic/gin"

	"sotto.chat/channels"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/id"
	"sotto.chat/web/door"
)

// maxStripe bounds a Stripe event; theirs are far smaller.
const maxStripe = 1 << 20

// hooks are the addresses that platforms and Stripe call. They verify, write down and answer; work comes after.
func hooks(r *gin.Engine, cfg Config) {
	flood := door.Limited(door.NewLimiter(1000, 2000), func(c *gin.Context) string { return c.ClientIP() })
	r.POST("/hooks/telegram/:channel", flood, func(c *gin.Context) { receive(c, cfg, "telegram") })
	for _, platform := range []string{"whatsapp", "messenger", "wechat"} {
		r.GET("/hooks/"+platform+"/:channel", flood, func(c *gin.Context) { challenge(c, cfg, platform) })
		r.POST("/hooks/"+platform+"/:channel", flood, func(c *gin.Context) { receive(c, cfg, platform) })
	}
	r.POST("/hooks/wechatpay/:merchant", flood, func(c *gin.Context) { wechatPay(c, cfg) })
	r.POST("/hooks/stripe", flood, func(c *gin.Context) { stripe(c, cfg, "") })
	r.POST("/hooks/stripe/:merchant", flood, func(c *gin.Context) {
		merchant := c.Param("merchant")
		if id.Check("mer", merchant) != nil {
			refuse(c, cfg, fault.New(fault.NotFound, "merchant_not_found", "There is no such merchant."))
			return
		}
		stripe(c, cfg, merchant)
	})
}

func refuse(c *gin.Context, cfg Config, err error) {
	door.Write(c.Writer, c.Request, door.Of(cfg.Log, err))
	c.Abort()
}

// fits tells whether the address names a channel of this platform.
func fits(c *gin.Context, cfg Config, platform string) (string, bool) {
	channel := c.Param("channel")
	if id.Check("chn", channel) != nil {
		refuse(c, cfg, channels.ErrUnknown)
		return "", false
	}
	ch, err := cfg.Channels.ByID(c.Request.Context(), channel)
	if err == nil && ch.Platform != platform {
		err = channels.ErrUnknown
	}
	if err != nil {
		refuse(c, cfg, err)
		return "", false
	}
	return channel, true
}

func challenge(c *gin.Context, cfg Config, platform string) {
	channel, ok := fits(c, cfg, platform)
	if !ok {
		return
	}
	answer, err := cfg.Channels.Challenge(c.Request.Context(), channel, c.Request.URL.Query())
	if err != nil {
		refuse(c, cfg, err)
		return
	}
	c.Header("Content-Type", "text/plain; charset=utf-8")
	c.String(http.StatusOK, "%s", answer)
}

func receive(c *gin.Context, cfg Config, platform string) {
	channel, ok := fits(c, cfg, platform)
	if !ok {
		return
	}
	raw, ok := body(c, cfg, channels.MaxBody)
	if !ok {
		return
	}
	c.Request.Header.Set(channels.QueryHeader, c.Request.URL.RawQuery) // some platforms sign there
	answer, err := cfg.Channels.Respond(c.Request.Context(), channel, raw, c.Request.Header)
	if err != nil {
		refuse(c, cfg, err)
		return
	}
	if answer != nil {
		c.Data(http.StatusOK, "application/json", answer)
		return
	}
	c.Status(http.StatusOK)
	c.Writer.WriteHeaderNow()
}

func stripe(c *gin.Context, cfg Config, merchant string) {
	raw, ok := body(c, cfg, maxStripe)
	if !ok {
		return
	}
	if err := cfg.Payments.ReceiveStripe(c.Request.Context(), merchant, raw, c.GetHeader("Stripe-Signature")); err != nil {
		refuse(c, cfg, err)
		return
	}
	c.JSON(http.StatusOK, gin.H{"received": true})
}

// body reads the raw bytes, over which signatures are made.
func body(c *gin.Context, cfg Config, most int64) ([]byte, bool) {
	raw, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, most))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		refuse(c, cfg, channels.ErrTooLarge)
	case err != nil:
		refuse(c, cfg, door.ErrBody)
	}
	return raw, err == nil
}
