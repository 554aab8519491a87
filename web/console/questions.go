package console

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"sotto.chat/catalog"
	"sotto.chat/internal/database"
	"sotto.chat/lessons"
	"sotto.chat/merchants"
	"sotto.chat/web/door"
)

// questionsView is the merchant's own questions, and what was found on a page.
type questionsView struct {
	List     []catalog.Question
	Found    []lessons.Imported
	URL      string
	Text     string
	MayWrite bool
}

func (h *console) questionPages(in gin.IRouter) {
	in.GET("/questions", h.may(merchants.CatalogRead), func(c *gin.Context) { h.questions(c, questionsView{}) })
	in.POST("/questions", h.may(merchants.CatalogWrite), h.putQuestion)
	in.POST("/questions/import", h.may(merchants.CatalogWrite), h.importQuestions)
	in.POST("/questions/:id/remove", h.may(merchants.CatalogWrite), func(c *gin.Context) {
		h.teach(c, func(tx database.Tx, merchant string) error {
			return h.Catalog.DeleteQuestion(tx, merchant, c.Param("id"))
		})
	})
}

func (h *console) questions(c *gin.Context, v questionsView) {
	m, ok := h.shop(c)
	if !ok {
		return
	}
	err := error(errNoLessons)
	if h.Lessons != nil && h.Catalog != nil {
		v.List, err = h.Catalog.Questions(c.Request.Context(), m.ID)
	}
	if err != nil {
		h.fail(c, err)
		return
	}
	v.MayWrite = door.Actor(c.Request.Context()).May(merchants.CatalogWrite)
	h.write(c, http.StatusOK, "questions", view{Title: "Questions", Shop: m, Questions: &v})
}

// teach does one thing and shows the list again.
func (h *console) teach(c *gin.Context, f func(tx database.Tx, merchant string) error) {
	err := error(errNoLessons)
	if h.Lessons != nil && h.Catalog != nil {
		err = h.DB.InTx(c.Request.Context(), func(tx database.Tx) error { return f(tx, door.Actor(c.Request.Context()).MerchantID) })
	}
	if err != nil {
		h.fail(c, err)
		return
	}
	h.redirect(c, "/console/questions")
}

// putQuestion keeps a question, in the place of one of the same code.
func (h *console) putQuestion(c *gin.Context) {
	q := catalog.Question{Code: strings.TrimSpace(c.PostForm("code")), Answer: strings.TrimSpace(c.PostForm("answer"))}
	for line := range strings.Lines(c.PostForm("examples")) {
		if line = strings.TrimSpace(line); line != "" {
			q.Examples = append(q.Examples, line)
		}
	}
	h.teach(c, func(tx database.Tx, merchant string) error {
		have, err := h.Catalog.FindQuestions(tx, merchant)
		for _, o := range have {
			if o.Code == q.Code {
				q.ID = o.ID
			}
		}
		if err == nil {
			_, err = h.Catalog.PutQuestion(tx, merchant, q)
		}
		return err
	})
}

// importQuestions shows what would become of a page's questions, and takes them where that was agreed to.
func (h *console) importQuestions(c *gin.Context) {
	if h.Lessons == nil || h.Catalog == nil {
		h.fail(c, errNoLessons)
		return
	}
	ctx, merchant := c.Request.Context(), door.Actor(c.Request.Context()).MerchantID
	v := questionsView{URL: strings.TrimSpace(c.PostForm("url")), Text: c.PostForm("text")}
	page, markdown := v.Text, ""
	if !strings.Contains(page, "</") {
		page, markdown = "", v.Text
	}
	found, err := h.Lessons.Page(ctx, v.URL, page, markdown)
	agreed := c.PostForm("do") == "take"
	if err == nil {
		err = h.DB.InTx(ctx, func(tx database.Tx) (err error) {
			v.Found, err = h.Lessons.Import(tx, merchant, found, !agreed)
			return err
		})
	}
	switch {
	case err != nil:
		h.fail(c, err)
	case agreed:
		h.redirect(c, "/console/questions")
	default:
		h.questions(c, v)
	}
}
