package console

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"sotto.chat/inbox"
	"sotto.chat/internal/fault"
	"sotto.chat/merchants"
	"sotto.chat/privacy"
	"sotto.chat/web/door"
)

// oneLook is how long a talk stays open after it was written down that somebody opened it; a page that refreshes
// itself meanwhile is the same look.
const oneLook = 10 * time.Minute

// most bounds the messages that one page shows.
const most = 1000

var answering = [...]struct{ Code, Name string }{{"", "All"}, {inbox.ByPerson, "Waiting for a person"}, {inbox.ByBot, "With the bot"}}

func isForgotten(err error) bool { return errors.Is(err, privacy.ErrForgotten) }

// conversations lists the talks without a word of them: opening one is a look, and is written down.
func (h *console) conversations(c *gin.Context) {
	m, ok := h.shop(c)
	if !ok {
		return
	}
	v := view{Title: "Conversations", Shop: m}
	if err := h.talks(c, m, &v); err != nil {
		h.fail(c, err)
		return
	}
	h.write(c, http.StatusOK, "conversations", v)
}

func (h *console) talks(c *gin.Context, m merchants.Merchant, v *view) error {
	by, after := c.Query("answering"), c.Query("after")
	for _, a := range answering {
		v.Filters = append(v.Filters, filter{Name: a.Name, Href: with("/console/conversations", "answering", a.Code), Current: a.Code == by})
	}
	list, next, err := h.Inbox.Search(c.Request.Context(), m.ID, inbox.Filter{Answering: by, After: after, Limit: pageSize})
	if err != nil {
		return err
	}
	for _, t := range list {
		r := talkRow{ID: t.ID, Href: with("/console/conversations/"+t.ID, "answering", by), Platform: platform(t.Platform), At: t.UpdatedAt.UTC(),
			Person: t.Answering == inbox.ByPerson, Closed: t.ClosedAt != nil, Language: t.Language, Current: t.ID == c.Param("id"), Name: "Customer " + short(t.CustomerID)}
		v.Talks = append(v.Talks, r)
	}
	if next != "" {
		v.NextPage = with("/console/conversations", "answering", by, "after", next)
	}
	return nil
}

// short is the end of an id, enough to tell two apart by eye.
func short(id string) string {
	if len(id) > 6 {
		return id[len(id)-6:]
	}
	return id
}

// conversation shows one talk, with its orders and its customer beside it.
func (h *console) conversation(c *gin.Context) {
	m, ok := h.shop(c)
	if !ok {
		return
	}
	ctx := c.Request.Context()
	t, err := h.Inbox.Get(ctx, m.ID, c.Param("id"))
	if err != nil {
		h.fail(c, err)
		return
	}
	v := view{Title: "Conversation", Shop: m, Talk: &talkView{ID: t.ID, Platform: platform(t.Platform), Person: t.Answering == inbox.ByPerson, Closed: t.ClosedAt != nil, Language: t.Language}}
	list, err := h.look(ctx, m, t.ID)
	if err == nil {
		v.Talk.Messages, err = h.said(ctx, m, list)
	}
	if err == nil {
		err = h.talks(c, m, &v)
	}
	if err == nil && door.Actor(ctx).May(merchants.OrdersRead) {
		v.Beside, err = h.ordersOf(ctx, m, t.ID)
	}
	if err == nil {
		v.Customer, err = h.customer(ctx, m.ID, t.CustomerID)
	}
	if err != nil {
		h.fail(c, err)
		return
	}
	h.write(c, http.StatusOK, "conversation", v)
}

// look reads the messages. The first look in a while is written into the log that the customer can read.
func (h *console) look(ctx context.Context, m merchants.Merchant, conversation string) ([]inbox.Message, error) {
	name := inOpened + conversation
	opened, _ := time.Parse(time.RFC3339, h.sessions.GetString(ctx, name)) // nothing there is long ago
	fresh := h.DB.Now().Sub(opened) < oneLook
	read := func(after string) ([]inbox.Message, error) {
		if fresh || after != "" {
			return h.Inbox.Messages(ctx, m.ID, conversation, after, 200)
		}
		a := door.Actor(ctx)
		who := a.StaffID
		if who == "" {
			who = a.KeyID
		}
		return h.Inbox.StaffMessages(ctx, m.ID, conversation, who, "", 200)
	}
	var all []inbox.Message
	for after := ""; ; {
		list, err := read(after)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
		if len(list) < 200 {
			break
		}
		after = list[len(list)-1].ID
		all = all[max(0, len(all)-most):]
	}
	if !fresh {
		h.sessions.Put(ctx, name, h.DB.Now().Format(time.RFC3339))
	}
	return all, nil
}

// customer opens who somebody is, for those who may know.
func (h *console) customer(ctx context.Context, merchant, id string) (*person, error) {
	if !door.Actor(ctx).May(merchants.CustomersRead) {
		return nil, nil
	}
	cus, d, err := h.Customers.Get(ctx, merchant, id)
	f, known := fault.Of(err)
	switch {
	case known && f.Kind == fault.NotFound:
		return &person{ID: id, Forgotten: true}, nil
	case err != nil:
		return nil, err
	}
	p := &person{ID: cus.ID, Name: d.Name, Phone: d.Phone, Email: d.Email, Language: cus.Language, Since: cus.CreatedAt.UTC(), Forgotten: cus.ErasedAt != nil}
	if d.Address != nil {
		p.Address = addressLines(*d.Address)
	}
	return p, nil
}
