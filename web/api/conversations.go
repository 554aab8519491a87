package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/merchants"
	"sotto.chat/web/talk"
)

// Conversation is a talk with one customer on one channel.
type Conversation struct {
	ID             string     `json:"id"`
	Channel        string     `json:"channel"`
	Platform       string     `json:"platform"`
	Customer       string     `json:"customer"`
	Answering      string     `json:"answering" enum:"bot,person"`
	AssignedTo     *string    `json:"assigned_to" nullable:"true"`
	Language       string     `json:"language"`
	LastCustomerAt *time.Time `json:"last_customer_at" nullable:"true"`
	ClosedAt       *time.Time `json:"closed_at" nullable:"true"`
	CreatedAt      time.Time  `json:"created_at"`
	UpdatedAt      time.Time  `json:"updated_at"`
}

func showConversation(c inbox.Conversation) Conversation {
	return Conversation{ID: c.ID, Channel: c.ChannelID, Platform: c.Platform, Customer: c.CustomerID, Answering: c.Answering,
		AssignedTo: orNull(c.AssignedTo), Language: c.Language, LastCustomerAt: c.LastCustomerAt, ClosedAt: c.ClosedAt, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt}
}

func (a *api) conversations() {
	add(a, op{method: http.MethodGet, path: "/v1/conversations", right: merchants.TalkRead, tag: "Talk", summary: "List conversations, the latest first"},
		func(ctx context.Context, who merchants.Actor, in *Page) (*Answer[List[Conversation]], error) {
			if err := in.past("con"); err != nil {
				return nil, err
			}
			rows, next, err := a.Inbox.List(ctx, who.MerchantID, in.After, in.Limit)
			return list(rows, next, showConversation), err
		})
	add(a, op{method: http.MethodGet, path: "/v1/conversations/{id}", right: merchants.TalkRead, tag: "Talk", summary: "Read a conversation's state"},
		func(ctx context.Context, who merchants.Actor, in *ByID) (*Answer[Conversation], error) {
			c, err := a.Inbox.Get(ctx, who.MerchantID, in.ID)
			return &Answer[Conversation]{showConversation(c)}, err
		})
	add(a, op{method: http.MethodGet, path: "/v1/conversations/{id}/messages", right: merchants.TalkRead, tag: "Talk", summary: "Read the messages; the look is written to the access log"},
		func(ctx context.Context, who merchants.Actor, in *struct {
			ByID
			Page
		}) (*Answer[List[talk.Message]], error) {
			if err := in.past("msg"); err != nil {
				return nil, err
			}
			rows, err := a.Inbox.StaffMessages(ctx, who.MerchantID, in.ID, who.KeyID, in.After, in.Limit)
			return list(rows, nextOf(rows, in.Limit, func(m inbox.Message) string { return m.ID }), talk.ShowToStaff), err
		})
	add(a, op{method: http.MethodPost, path: "/v1/conversations/{id}/messages", right: merchants.TalkWrite, tag: "Talk", summary: "Answer as a person; the bot falls silent", status: 201},
		func(ctx context.Context, who merchants.Actor, in *struct {
			ByID
			Body struct {
				Text string `json:"text" minLength:"1" maxLength:"4096"`
			}
		}) (*Answer[talk.Message], error) {
			m, err := a.Inbox.StaffSay(ctx, who.MerchantID, in.ID, who.Name, in.Body.Text)
			return &Answer[talk.Message]{talk.Show(m)}, err
		})
	a.conversationActs()
}

func (a *api) conversationActs() {
	free := func(context.Context, merchants.Actor, string) error { return nil }
	act := func(path, summary string, may func(ctx context.Context, who merchants.Actor, to string) error,
		do func(tx database.Tx, c *inbox.Conversation, to string) error) {
		add(a, op{method: http.MethodPost, path: "/v1/conversations/{id}/" + path, right: merchants.TalkWrite, tag: "Talk", summary: summary},
			func(ctx context.Context, who merchants.Actor, in *struct {
				ByID
				Body *To
			}) (*Answer[Conversation], error) {
				to := given(in.Body).To
				if err := may(ctx, who, to); err != nil {
					return nil, err
				}
				var c inbox.Conversation
				err := a.DB.InTx(ctx, func(tx database.Tx) (err error) {
					if c, err = a.Inbox.Lock(tx, who.MerchantID, in.ID); err != nil {
						return err
					}
					return do(tx, &c, to)
				})
				return &Answer[Conversation]{showConversation(c)}, err
			})
	}
	act("handoff", "Say who answers: bot or person", free, func(tx database.Tx, c *inbox.Conversation, to string) error {
		return a.Inbox.Handoff(tx, c, to)
	})
	act("assign", "Give the conversation to one of the staff; empty takes it back", a.works, func(tx database.Tx, c *inbox.Conversation, to string) error {
		return a.Inbox.Assign(tx, c, to)
	})
	act("close", "Close the conversation; the customer's next message opens it again", free, func(tx database.Tx, c *inbox.Conversation, _ string) error {
		return a.Inbox.Close(tx, c)
	})
}

// works tells whether somebody is of the staff; nobody is fine.
func (a *api) works(ctx context.Context, who merchants.Actor, member string) error {
	if member == "" {
		return nil
	}
	staff, err := a.Merchants.Staff(ctx, who.MerchantID)
	if err == nil && !slices.ContainsFunc(staff, func(s merchants.Staff) bool { return s.ID == member && s.RemovedAt == nil }) {
		err = merchants.ErrNoStaff
	}
	return err
}

// To is who a conversation goes to.
type To struct {
	To string `json:"to,omitempty" maxLength:"80" doc:"bot or person for handoff; a member of the staff for assign."`
}
