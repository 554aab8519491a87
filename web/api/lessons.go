package api

import (
	"context"
	"net/http"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/lessons"
	"sotto.chat/merchants"
)

// Misunderstood is a message that the bot could not read, asked about or handed over. Its words are sealed; read them with
// GET /v1/misunderstood/{id}/message, which the customer can see was done.
type Misunderstood struct {
	ID           string     `json:"id"`
	Conversation string     `json:"conversation"`
	Message      string     `json:"message"`
	Why          string     `json:"why" enum:"unread,asked,handed_over"`
	Language     string     `json:"language"`
	Meant        *string    `json:"meant" nullable:"true" enum:"product,question,nothing" doc:"What staff said that it meant; null while nobody has."`
	Target       *string    `json:"target" nullable:"true" doc:"The sku, or the code of the question."`
	SettledAt    *time.Time `json:"settled_at" nullable:"true"`
	At           time.Time  `json:"at"`
}

func showMisunderstood(e lessons.Entry) Misunderstood {
	return Misunderstood{ID: e.ID, Conversation: e.ConversationID, Message: e.MessageID, Why: e.Why, Language: e.Language, Meant: orNull(e.Meant), Target: orNull(e.Target),
		SettledAt: e.SettledAt, At: e.CreatedAt}
}

// Suggestion is words that perhaps name a product, or ask one of the merchant's questions. Nothing of it is in use before it is accepted.
type Suggestion struct {
	ID     string    `json:"id"`
	Kind   string    `json:"kind" enum:"product,question"`
	Target string    `json:"target" doc:"The sku, or the code of the question."`
	Words  string    `json:"words"`
	Source string    `json:"source" enum:"customer,staff"`
	Seen   int64     `json:"seen" doc:"How often it came up."`
	State  string    `json:"state" enum:"open,accepted,declined"`
	At     time.Time `json:"at"`
}

func showSuggestion(s lessons.Suggestion) Suggestion {
	return Suggestion{ID: s.ID, Kind: s.Kind, Target: s.Target, Words: s.Words, Source: s.Source, Seen: s.Seen, State: s.State, At: s.CreatedAt}
}

// Meant is what a message meant.
type Meant struct {
	As     string `json:"as" enum:"product,question,nothing"`
	Target string `json:"target,omitempty" maxLength:"200" doc:"The sku, or the code of the question."`
	Words  string `json:"words,omitempty" maxLength:"400" doc:"The words that name the product or ask the question; they become a suggestion. Names of people, numbers and addresses are left out."`
}

// Words are the words of one message.
type Words struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

func (a *api) lessons() {
	if a.Lessons == nil {
		return
	}
	add(a, op{method: http.MethodGet, path: "/v1/misunderstood", right: merchants.TalkRead, tag: "Lessons", summary: "List messages that the bot could not read, asked about or handed over"},
		func(ctx context.Context, who merchants.Actor, in *struct {
			Page
			Open bool `query:"open" doc:"Only those of which nobody has said what they meant."`
		}) (*Answer[List[Misunderstood]], error) {
			if err := in.past("mis"); err != nil {
				return nil, err
			}
			rows, next, err := a.Lessons.List(ctx, who.MerchantID, in.After, in.Open, in.Limit)
			return list(rows, next, showMisunderstood), err
		})
	add(a, op{method: http.MethodGet, path: "/v1/misunderstood/{id}/message", right: merchants.TalkRead, tag: "Lessons", summary: "Read the words of one; the look is written to the access log"},
		func(ctx context.Context, who merchants.Actor, in *ByID) (*Answer[Words], error) {
			e, text, err := a.Lessons.Open(ctx, who.MerchantID, in.ID, who.KeyID)
			return &Answer[Words]{Words{e.MessageID, text}}, err
		})
	add(a, op{method: http.MethodPost, path: "/v1/misunderstood/{id}/meant", right: merchants.TalkWrite, tag: "Lessons", summary: "Say what a message meant; its words become a suggestion"},
		func(ctx context.Context, who merchants.Actor, in *struct {
			ByID
			Body Meant
		}) (*Answer[Misunderstood], error) {
			var e lessons.Entry
			err := a.DB.InTx(ctx, func(tx database.Tx) (err error) {
				e, err = a.Lessons.Settle(tx, who.MerchantID, in.ID, lessons.Meaning{As: in.Body.As, Target: in.Body.Target, Words: in.Body.Words, Actor: who.KeyID})
				return err
			})
			return &Answer[Misunderstood]{showMisunderstood(e)}, err
		})
	a.suggestions()
}

func (a *api) suggestions() {
	add(a, op{method: http.MethodGet, path: "/v1/suggestions", right: merchants.CatalogRead, tag: "Lessons", summary: "List what the bot may be taught"},
		func(ctx context.Context, who merchants.Actor, in *Page) (*Answer[List[Suggestion]], error) {
			if err := in.past("sug"); err != nil {
				return nil, err
			}
			rows, next, err := a.Lessons.Suggestions(ctx, who.MerchantID, in.After, in.Limit)
			return list(rows, next, showSuggestion), err
		})
	decide := func(path, summary string, do func(tx database.Tx, merchant, suggestion, actor string) (lessons.Suggestion, error)) {
		add(a, op{method: http.MethodPost, path: "/v1/suggestions/{id}/" + path, right: merchants.CatalogWrite, tag: "Lessons", summary: summary},
			func(ctx context.Context, who merchants.Actor, in *ByID) (*Answer[Suggestion], error) {
				var s lessons.Suggestion
				err := a.DB.InTx(ctx, func(tx database.Tx) (err error) {
					s, err = do(tx, who.MerchantID, in.ID, who.KeyID)
					return err
				})
				return &Answer[Suggestion]{showSuggestion(s)}, err
			})
	}
	decide("accept", "Teach the bot these words; it knows them from the next message on", a.Lessons.Accept)
	decide("decline", "Forget these words", a.Lessons.Decline)
}
