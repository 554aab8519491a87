package console

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/merchants"
	"sotto.chat/rehearsals"
	"sotto.chat/web/door"
)

// rehearsalsView is the last rehearsal, what has changed, and the conversations that the bot is held to.
type rehearsalsView struct {
	Run      *rehearsals.Run
	Changes  []rehearsals.Change
	Scripts  []rehearsals.Script
	MayWrite bool
}

var errNoRehearsals = fault.New(fault.NotFound, "no_rehearsals", "Nobody rehearses here.")

func (h *console) rehearsalPages(in gin.IRouter) {
	in.GET("/rehearsals", h.may(merchants.CatalogRead), h.rehearsals)
	in.POST("/rehearsals", h.may(merchants.CatalogWrite), func(c *gin.Context) {
		h.rehearse(c, func(merchant string) error {
			_, err := h.Rehearsals.Rehearse(c.Request.Context(), merchant)
			return err
		})
	})
	in.POST("/rehearsals/scripts", h.may(merchants.CatalogWrite), func(c *gin.Context) {
		h.rehearse(c, func(merchant string) error {
			return h.DB.InTx(c.Request.Context(), func(tx database.Tx) error {
				_, err := h.Rehearsals.Put(tx, merchant, c.PostForm("name"), strings.ReplaceAll(c.PostForm("text"), "\r\n", "\n"))
				return err
			})
		})
	})
	in.POST("/rehearsals/scripts/:id/remove", h.may(merchants.CatalogWrite), func(c *gin.Context) {
		h.rehearse(c, func(merchant string) error {
			return h.DB.InTx(c.Request.Context(), func(tx database.Tx) error { return h.Rehearsals.Remove(tx, merchant, c.Param("id")) })
		})
	})
}

// rehearse does one thing and shows the page again.
func (h *console) rehearse(c *gin.Context, f func(merchant string) error) {
	err := error(errNoRehearsals)
	if h.Rehearsals != nil {
		err = f(door.Actor(c.Request.Context()).MerchantID)
	}
	if err != nil {
		h.fail(c, err)
		return
	}
	h.redirect(c, "/console/rehearsals")
}

func (h *console) rehearsals(c *gin.Context) {
	m, ok := h.shop(c)
	if !ok {
		return
	}
	if h.Rehearsals == nil {
		h.fail(c, errNoRehearsals)
		return
	}
	ctx := c.Request.Context()
	v := rehearsalsView{MayWrite: door.Actor(ctx).May(merchants.CatalogWrite)}
	list, _, err := h.Rehearsals.Runs(ctx, m.ID, "", 1)
	if err == nil && len(list) > 0 {
		var run rehearsals.Run
		run, v.Changes, err = h.Rehearsals.Changes(ctx, m.ID, list[0].ID)
		v.Run = &run
	}
	if err == nil {
		v.Scripts, err = h.Rehearsals.Scripts(ctx, m.ID)
	}
	if err != nil {
		h.fail(c, err)
		return
	}
	h.write(c, http.StatusOK, "rehearsals", view{Title: "Rehearsals", Shop: m, Rehearsals: &v})
}
