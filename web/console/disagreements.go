package console

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"sotto.chat/internal/database"
	"sotto.chat/lessons"
	"sotto.chat/merchants"
	"sotto.chat/web/door"
)

// disagreementsView is where the two understanders read a message differently.
type disagreementsView struct {
	Entries []differRow
	Counts  []lessons.Count
	Days    int
	Opened  string // the one whose readings are shown
	Words   string
	Twice   lessons.Twice
	Target  string // the product or question that the model thought of
	On      bool   // messages are read twice
	Query   string // of this page, to come back to it
}

type differRow struct {
	ID, Acted, Kind, Language, Conversation string
	At                                      time.Time
}

// countedDays is how far back the page counts.
const countedDays = 30

func (h *console) disagreementPages(in gin.IRouter) {
	in.GET("/disagreements", h.may(merchants.TalkRead), func(c *gin.Context) { h.disagreements(c, "") })
	in.POST("/disagreements/:id/open", h.may(merchants.TalkRead), func(c *gin.Context) { h.disagreements(c, c.Param("id")) })
	in.POST("/disagreements/:id/judge", h.may(merchants.TalkWrite), h.judge)
}

// disagreements shows the list, with both readings of one where they were asked for.
func (h *console) disagreements(c *gin.Context, opened string) {
	m, ok := h.shop(c)
	if !ok {
		return
	}
	if h.Lessons == nil {
		h.fail(c, errNoLessons)
		return
	}
	ctx := c.Request.Context()
	v := disagreementsView{Opened: opened, Days: countedDays, On: m.Settings.LLM && m.Settings.LLMShadow}
	kind := c.Query("kind")
	v.Query = with("", "after", c.Query("after"), "kind", kind)
	entries, next, err := h.Lessons.Disagreements(ctx, m.ID, lessons.DisagreementFilter{Open: true, Kind: kind, After: c.Query("after"), Limit: mostMissed})
	for _, d := range entries {
		v.Entries = append(v.Entries, differRow{d.ID, d.Acted, words(d.Kind), d.Language, d.ConversationID, d.CreatedAt})
	}
	if err == nil {
		v.Counts, err = h.Lessons.Counts(ctx, m.ID, countedDays)
	}
	if err == nil && opened != "" {
		_, v.Words, v.Twice, err = h.Lessons.OpenDisagreement(ctx, m.ID, opened, actorOf(door.Actor(ctx)))
		v.Target = target(v.Twice.Model)
	}
	if err != nil {
		h.fail(c, err)
		return
	}
	page := view{Title: "Disagreements", Shop: m, Disagreements: &v}
	if next != "" {
		page.NextPage = with("/console/disagreements", "after", next, "kind", kind)
	}
	h.write(c, http.StatusOK, "disagreements", page)
}

// target is the first product or question of the merchant's own that a reading speaks of.
func target(list []lessons.TrialDeed) string {
	for _, d := range list {
		var about struct{ SKU, Question string }
		if json.Unmarshal([]byte(d.Deed), &about) == nil && about.SKU+about.Question != "" {
			return about.SKU + about.Question
		}
	}
	return ""
}

// judge keeps which of the two was right. Where the bot followed the wrong one, the page goes on with what the message meant.
func (h *console) judge(c *gin.Context) {
	who := door.Actor(c.Request.Context())
	if h.Lessons == nil {
		h.fail(c, errNoLessons)
		return
	}
	var e lessons.Entry
	err := h.DB.InTx(c.Request.Context(), func(tx database.Tx) (err error) {
		_, e, err = h.Lessons.Judge(tx, who.MerchantID, c.Param("id"), c.PostForm("right"), actorOf(who))
		return err
	})
	switch {
	case err != nil:
		h.fail(c, err)
	case e.ID == "" || e.SettledAt != nil:
		h.redirect(c, "/console/disagreements")
	default:
		h.lessons(c, e.ID)
	}
}
