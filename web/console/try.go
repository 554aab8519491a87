package console

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"sotto.chat/internal/fault"
	"sotto.chat/lessons"
)

// tryView is a message that somebody types to see what the bot makes of it.
type tryView struct {
	Text, Locale, Asked string
	Questions           []string
	Trial               *lessons.Trial
}

// maxTry is how long a message may be that is tried, in bytes.
const maxTry = 4000

var (
	errNoTry   = fault.New(fault.NotFound, "no_try", "There is nothing here that reads messages.")
	errTryLong = fault.New(fault.Invalid, "message_too_long", "Try a message of at most 4000 characters.")
)

// askable are the questions that can be open, as the bot knows them.
func askable() []string {
	return []string{"none", "confirm_order", "choose_product", "choose_option", "quantity", "address"}
}

func (h *console) tryPage(c *gin.Context) {
	m, ok := h.shop(c)
	if !ok {
		return
	}
	if h.Try == nil {
		h.fail(c, errNoTry)
		return
	}
	h.write(c, http.StatusOK, "try", view{Title: "Try", Shop: m, Try: &tryView{Locale: m.Language, Questions: askable()}})
}

// try reads one message. It comes by POST, so that no address and no log holds it, and it is kept nowhere.
func (h *console) try(c *gin.Context) {
	m, ok := h.shop(c)
	if !ok {
		return
	}
	v := tryView{Text: strings.TrimSpace(c.PostForm("text")), Locale: c.PostForm("locale"), Asked: c.PostForm("asked"), Questions: askable()}
	if !slices.Contains(v.Questions, v.Asked) {
		v.Asked = v.Questions[0]
	}
	if v.Locale == "" || len(v.Locale) > 10 {
		v.Locale = m.Language
	}
	var err error
	switch {
	case h.Try == nil:
		err = errNoTry
	case len(v.Text) > maxTry:
		err = errTryLong
	case v.Text != "":
		var t lessons.Trial
		t, err = h.Try(c.Request.Context(), m.ID, v.Text, v.Locale, v.Asked)
		v.Trial = &t
	}
	if err != nil {
		h.fail(c, err)
		return
	}
	h.write(c, http.StatusOK, "try", view{Title: "Try", Shop: m, Try: &v})
}
