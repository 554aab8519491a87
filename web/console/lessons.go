package console

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/lessons"
	"sotto.chat/merchants"
	"sotto.chat/web/door"
)

// lessonsView is what the bot could not read, and what it may be taught.
type lessonsView struct {
	Entries     []missedRow
	Suggestions []lessons.Suggestion
	Opened      string // the entry whose words are shown
	Words       string
	Goods       []pair // sku and name
	Questions   []string
	MayTeach    bool
	Target      string // the sku or question that is proposed for the entry that is shown
}

type missedRow struct {
	ID, Why, Language, Conversation, Meant string
	At                                     time.Time
}

// How much one page shows.
const (
	mostMissed      = 50
	mostSuggestions = 50
	mostGoods       = 500
)

var errNoLessons = fault.New(fault.NotFound, "no_lessons", "Nobody keeps here what was not understood.")

func (h *console) lessonsPages(in gin.IRouter) {
	in.GET("/lessons", h.may(merchants.TalkRead), func(c *gin.Context) { h.lessons(c, "") })
	in.POST("/lessons/:id/open", h.may(merchants.TalkRead), func(c *gin.Context) { h.lessons(c, c.Param("id")) })
	in.POST("/lessons/:id/meant", h.may(merchants.TalkWrite), h.meant)
	in.POST("/lessons/suggestions/:id/:what", h.may(merchants.CatalogWrite), h.decide)
}

// lessons shows the list, with the words of one where they were asked for.
func (h *console) lessons(c *gin.Context, opened string) {
	m, ok := h.shop(c)
	if !ok {
		return
	}
	if h.Lessons == nil {
		h.fail(c, errNoLessons)
		return
	}
	ctx, who := c.Request.Context(), door.Actor(c.Request.Context())
	v := lessonsView{Opened: opened, MayTeach: who.May(merchants.CatalogWrite), Target: c.PostForm("target")}
	entries, next, err := h.Lessons.List(ctx, m.ID, c.Query("after"), true, mostMissed)
	for _, e := range entries {
		v.Entries = append(v.Entries, missedRow{e.ID, words(e.Why), e.Language, e.ConversationID, e.Meant, e.CreatedAt})
	}
	if err == nil && opened != "" {
		if _, v.Words, err = h.Lessons.Open(ctx, m.ID, opened, actorOf(who)); err == nil {
			err = h.meanings(c, m.ID, &v)
		}
	}
	if err == nil && who.May(merchants.CatalogRead) {
		v.Suggestions, _, err = h.Lessons.Suggestions(ctx, m.ID, "", mostSuggestions)
	}
	if err != nil {
		h.fail(c, err)
		return
	}
	page := view{Title: "Lessons", Shop: m, Lessons: &v}
	if next != "" {
		page.NextPage = with("/console/lessons", "after", next)
	}
	h.write(c, http.StatusOK, "lessons", page)
}

// meanings lists what a message can be said to mean.
func (h *console) meanings(c *gin.Context, merchant string, v *lessonsView) error {
	f, _, err := h.Catalog.File(c.Request.Context(), merchant)
	for _, p := range f.Products[:min(len(f.Products), mostGoods)] {
		v.Goods = append(v.Goods, pair{Name: p.SKU, Value: p.Name})
	}
	for _, q := range f.Questions {
		v.Questions = append(v.Questions, q.ID)
	}
	return err
}

func actorOf(a merchants.Actor) string {
	if a.StaffID != "" {
		return a.StaffID
	}
	return a.KeyID
}

// meant keeps what one of the staff says that a message meant.
func (h *console) meant(c *gin.Context) {
	who := door.Actor(c.Request.Context())
	meaning := lessons.Meaning{As: c.PostForm("as"), Words: c.PostForm("words"), Actor: actorOf(who)}
	switch meaning.As {
	case lessons.MeantProduct:
		meaning.Target = c.PostForm("sku")
	case lessons.MeantQuestion:
		meaning.Target = c.PostForm("question")
	}
	h.act(c, func(tx database.Tx) error {
		_, err := h.Lessons.Settle(tx, who.MerchantID, c.Param("id"), meaning)
		return err
	})
}

// decide accepts or declines a suggestion.
func (h *console) decide(c *gin.Context) {
	who := door.Actor(c.Request.Context())
	h.act(c, func(tx database.Tx) (err error) {
		switch c.Param("what") {
		case "accept":
			_, err = h.Lessons.Accept(tx, who.MerchantID, c.Param("id"), actorOf(who))
		case "decline":
			_, err = h.Lessons.Decline(tx, who.MerchantID, c.Param("id"), actorOf(who))
		default:
			err = lessons.ErrNoSuggestion
		}
		return err
	})
}

// act does one thing and shows the list again.
func (h *console) act(c *gin.Context, f func(tx database.Tx) error) {
	err := error(errNoLessons)
	if h.Lessons != nil {
		err = h.DB.InTx(c.Request.Context(), f)
	}
	if err != nil {
		h.fail(c, err)
		return
	}
	h.redirect(c, "/console/lessons")
}
