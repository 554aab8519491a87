package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/lessons"
	"sotto.chat/merchants"
	"sotto.chat/rehearsals"
)

// Misunderstood is a message that the bot could not read, asked about or handed over. Its words are sealed; read them with
// GET /v1/misunderstood/{id}/message, which the customer can see was done.
type Misunderstood struct {
	ID           string     `json:"id"`
	Conversation string     `json:"conversation"`
	Message      string     `json:"message"`
	Why          string     `json:"why" enum:"unread,asked,handed_over,disagreed" doc:"disagreed: staff said that the bot followed the wrong one of two readings."`
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
	a.disagreements()
}

// Disagreement is a message that the embedded understander and the language model would have answered by different deeds. What each made of it
// is sealed; read it with GET /v1/disagreements/{id}/readings, which the customer can see was done.
type Disagreement struct {
	ID            string     `json:"id"`
	Conversation  string     `json:"conversation"`
	Message       string     `json:"message"`
	Acted         string     `json:"acted" enum:"embedded,model" doc:"Whose reading the bot followed."`
	Kind          string     `json:"kind" doc:"The kind of the first action in which they differ."`
	Language      string     `json:"language"`
	Right         *string    `json:"right" nullable:"true" enum:"embedded,model,neither" doc:"Which one staff said was right; null while nobody has."`
	SettledAt     *time.Time `json:"settled_at" nullable:"true"`
	Misunderstood *string    `json:"misunderstood" nullable:"true" doc:"After the bot was said to have followed the wrong one: where to say what the message meant, POST /v1/misunderstood/{id}/meant."`
	At            time.Time  `json:"at"`
}

func showDisagreement(d lessons.Disagreement) Disagreement {
	return Disagreement{ID: d.ID, Conversation: d.ConversationID, Message: d.MessageID, Acted: d.Acted, Kind: d.Kind, Language: d.Language, Right: orNull(d.Verdict),
		SettledAt: d.SettledAt, At: d.CreatedAt}
}

// Readings are the words of one message, and what each understander made of them.
type Readings struct {
	ID       string      `json:"id"`
	Text     string      `json:"text"`
	Embedded []ActionOut `json:"embedded"`
	Model    []ActionOut `json:"model"`
}

// ActionOut is one thing that a reading would have the bot do.
type ActionOut struct {
	Kind   string          `json:"kind"`
	Action json.RawMessage `json:"action" doc:"The action with its details."`
}

func showDeeds(list []lessons.TrialDeed) []ActionOut {
	out := make([]ActionOut, 0, len(list))
	for _, d := range list {
		out = append(out, ActionOut{d.Kind, json.RawMessage(d.Deed)})
	}
	return out
}

// Agreement is how often the two understanders came to the same, for one kind of action.
type Agreement struct {
	Kind       string `json:"kind" doc:"none: nothing was understood."`
	Agreed     int64  `json:"agreed"`
	Differed   int64  `json:"differed"`
	Unanswered int64  `json:"unanswered" doc:"The model was asked and gave no reading."`
}

// Verdict is which of two readings was right.
type Verdict struct {
	Right string `json:"right" enum:"embedded,model,neither"`
}

func (a *api) disagreements() {
	add(a, op{method: http.MethodGet, path: "/v1/disagreements", right: merchants.TalkRead, tag: "Lessons", summary: "List messages that the two understanders read differently (llm_shadow in the settings)"},
		func(ctx context.Context, who merchants.Actor, in *struct {
			Page
			Acted string `query:"acted" enum:"embedded,model" doc:"Only those where the bot followed this one."`
			Kind  string `query:"kind" maxLength:"40" doc:"Only those that differ in this kind of action."`
			Open  bool   `query:"open" doc:"Only those of which nobody has said which was right."`
		}) (*Answer[List[Disagreement]], error) {
			if err := in.past("dis"); err != nil {
				return nil, err
			}
			rows, next, err := a.Lessons.Disagreements(ctx, who.MerchantID, lessons.DisagreementFilter{Acted: in.Acted, Kind: in.Kind, Open: in.Open, After: in.After, Limit: in.Limit})
			return list(rows, next, showDisagreement), err
		})
	add(a, op{method: http.MethodGet, path: "/v1/disagreements/counts", right: merchants.TalkRead, tag: "Lessons", summary: "Count how often the two understanders agreed and differed, by kind of action"},
		func(ctx context.Context, who merchants.Actor, in *struct {
			Days int `query:"days" minimum:"1" maximum:"60" default:"30" doc:"So many days up to today, in UTC."`
		}) (*Answer[List[Agreement]], error) {
			rows, err := a.Lessons.Counts(ctx, who.MerchantID, in.Days)
			return list(rows, "", func(c lessons.Count) Agreement { return Agreement(c) }), err
		})
	add(a, op{method: http.MethodGet, path: "/v1/disagreements/{id}/readings", right: merchants.TalkRead, tag: "Lessons", summary: "Read the words and both readings of one; the look is written to the access log"},
		func(ctx context.Context, who merchants.Actor, in *ByID) (*Answer[Readings], error) {
			d, text, t, err := a.Lessons.OpenDisagreement(ctx, who.MerchantID, in.ID, who.KeyID)
			return &Answer[Readings]{Readings{d.MessageID, text, showDeeds(t.Embedded), showDeeds(t.Model)}}, err
		})
	add(a, op{method: http.MethodPost, path: "/v1/disagreements/{id}/judge", right: merchants.TalkWrite, tag: "Lessons", summary: "Say which of the two was right; where the bot followed the wrong one, the message is listed as misunderstood"},
		func(ctx context.Context, who merchants.Actor, in *struct {
			ByID
			Body Verdict
		}) (*Answer[Disagreement], error) {
			var out Disagreement
			err := a.DB.InTx(ctx, func(tx database.Tx) error {
				d, e, err := a.Lessons.Judge(tx, who.MerchantID, in.ID, in.Body.Right, who.KeyID)
				out = showDisagreement(d)
				out.Misunderstood = orNull(e.ID)
				return err
			})
			return &Answer[Disagreement]{out}, err
		})
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

// Rehearsal is one play of all written conversations in a shop made of the goods and settings of that moment.
type Rehearsal struct {
	ID        string            `json:"id"`
	Catalog   int64             `json:"catalog" doc:"The version of the goods."`
	Passed    int64             `json:"passed"`
	Failed    int64             `json:"failed"`
	LeftOut   int64             `json:"left_out"`
	Outcomes  []RehearsalScript `json:"outcomes"`
	StartedAt time.Time         `json:"started_at"`
	EndedAt   time.Time         `json:"ended_at"`
}

// RehearsalScript is what became of one conversation.
type RehearsalScript struct {
	Name    string `json:"name"`
	Outcome string `json:"outcome" enum:"passed,failed,left out"`
	Line    int    `json:"line,omitempty" doc:"The line that is not as written."`
	Step    string `json:"step,omitempty"`
	Message string `json:"message,omitempty"`
	Talk    string `json:"talk,omitempty" doc:"What was said until then, with a pretended customer."`
}

// RehearsalChange is what differs from the rehearsal before.
type RehearsalChange struct {
	Name    string  `json:"name"`
	Before  *string `json:"before" nullable:"true" enum:"passed,failed,left out"`
	After   *string `json:"after" nullable:"true" enum:"passed,failed,left out"`
	Message string  `json:"message,omitempty"`
}

// RehearsalReport is a rehearsal with what has changed since the one before.
type RehearsalReport struct {
	Rehearsal
	Changes []RehearsalChange `json:"changes"`
}

// ConversationTest is a conversation that the bot is held to each night.
type ConversationTest struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Text      string    `json:"text"`
	UpdatedAt time.Time `json:"updated_at"`
}

// ConversationTestNew is one to keep, in the place of one of the same name.
type ConversationTestNew struct {
	Name string `json:"name" minLength:"1" maxLength:"80"`
	Text string `json:"text" minLength:"1" maxLength:"65536" doc:"One step a line; sotto test --words shows them."`
}

func showRehearsal(r rehearsals.Run) Rehearsal {
	out := Rehearsal{ID: r.ID, Catalog: r.Catalog, Passed: r.Passed, Failed: r.Failed, LeftOut: r.LeftOut, Outcomes: []RehearsalScript{}, StartedAt: r.StartedAt, EndedAt: r.EndedAt}
	for _, o := range r.Outcomes {
		out.Outcomes = append(out.Outcomes, RehearsalScript(o))
	}
	return out
}

func (a *api) rehearsed(ctx context.Context, merchant, run string) (*Answer[RehearsalReport], error) {
	r, changes, err := a.Rehearsals.Changes(ctx, merchant, run)
	out := RehearsalReport{Rehearsal: showRehearsal(r), Changes: []RehearsalChange{}}
	for _, c := range changes {
		out.Changes = append(out.Changes, RehearsalChange{c.Name, orNull(c.Before), orNull(c.After), c.Message})
	}
	return &Answer[RehearsalReport]{out}, err
}

func showTest(s rehearsals.Script) ConversationTest {
	return ConversationTest{ID: s.ID, Name: s.Name, Text: s.Body, UpdatedAt: s.UpdatedAt}
}

func (a *api) rehearsals() {
	if a.Rehearsals == nil {
		return
	}
	add(a, op{method: http.MethodGet, path: "/v1/rehearsals", right: merchants.CatalogRead, tag: "Lessons", summary: "List rehearsals, the newest first"},
		func(ctx context.Context, who merchants.Actor, in *Page) (*Answer[List[Rehearsal]], error) {
			if err := in.past("reh"); err != nil {
				return nil, err
			}
			rows, next, err := a.Rehearsals.Runs(ctx, who.MerchantID, in.After, in.Limit)
			return list(rows, next, showRehearsal), err
		})
	add(a, op{method: http.MethodGet, path: "/v1/rehearsals/{id}", right: merchants.CatalogRead, tag: "Lessons", summary: "Read a rehearsal, with what has changed since the one before"},
		func(ctx context.Context, who merchants.Actor, in *ByID) (*Answer[RehearsalReport], error) {
			return a.rehearsed(ctx, who.MerchantID, in.ID)
		})
	add(a, op{method: http.MethodPost, path: "/v1/rehearsals", right: merchants.CatalogWrite, tag: "Lessons", summary: "Rehearse now", status: 201, repeatable: true},
		func(ctx context.Context, who merchants.Actor, _ *struct{}) (*Answer[RehearsalReport], error) {
			run, err := a.Rehearsals.Rehearse(ctx, who.MerchantID)
			if err != nil {
				return nil, err
			}
			return a.rehearsed(ctx, who.MerchantID, run.ID)
		})
	a.conversationTests()
}

func (a *api) conversationTests() {
	add(a, op{method: http.MethodGet, path: "/v1/conversation_tests", right: merchants.CatalogRead, tag: "Lessons", summary: "List the conversations that the bot is held to"},
		func(ctx context.Context, who merchants.Actor, _ *struct{}) (*Answer[List[ConversationTest]], error) {
			rows, err := a.Rehearsals.Scripts(ctx, who.MerchantID)
			return list(rows, "", showTest), err
		})
	add(a, op{method: http.MethodPost, path: "/v1/conversation_tests", right: merchants.CatalogWrite, tag: "Lessons", summary: "Keep a conversation for each night", status: 201},
		func(ctx context.Context, who merchants.Actor, in *struct{ Body ConversationTestNew }) (*Answer[ConversationTest], error) {
			var s rehearsals.Script
			err := a.DB.InTx(ctx, func(tx database.Tx) (err error) {
				s, err = a.Rehearsals.Put(tx, who.MerchantID, in.Body.Name, in.Body.Text)
				return err
			})
			return &Answer[ConversationTest]{showTest(s)}, err
		})
	add(a, op{method: http.MethodDelete, path: "/v1/conversation_tests/{id}", right: merchants.CatalogWrite, tag: "Lessons", summary: "Remove a conversation", status: 204},
		func(ctx context.Context, who merchants.Actor, in *ByID) (*Nothing, error) {
			return &Nothing{}, a.DB.InTx(ctx, func(tx database.Tx) error { return a.Rehearsals.Remove(tx, who.MerchantID, in.ID) })
		})
}
