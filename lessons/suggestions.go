package lessons

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"sotto.chat/catalog"
	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/id"
	"sotto.chat/privacy"
)

// Where a suggestion comes from.
const (
	ByCustomer = "customer" // they chose it after "did you mean"
	ByStaff    = "staff"    // they said "this meant…"
)

// What became of a suggestion.
const (
	Undecided = "open"
	Accepted  = "accepted"
	Declined  = "declined"
)

var (
	// ErrNoSuggestion is the answer to an unknown one.
	ErrNoSuggestion = fault.New(fault.NotFound, "unknown_suggestion", "There is no such suggestion.")
	// ErrDecided is the answer to a second decision.
	ErrDecided = fault.New(fault.Conflict, "already_decided", "Somebody has decided on this suggestion already.")
)

// Bounds of what may be taught by one suggestion.
const (
	wordsOfName     = 4
	wordsOfQuestion = 16
	longestWord     = 30
)

// Suggestion is words that perhaps name a product, or ask one of the merchant's questions.
type Suggestion struct {
	ID, Kind, Target, Words, Source, State string
	Seen                                   int64 // how often it came up
	CreatedAt                              time.Time
}

type suggested struct{ kind, target, words, language, source string }

// Chose notes that a customer, asked what was meant by some words, chose a product.
func (l *Lessons) Chose(tx database.Tx, merchant, words, sku, language string) error {
	return l.suggest(tx, merchant, suggested{kind: MeantProduct, target: sku, words: words, language: language, source: ByCustomer})
}

func (l *Lessons) suggest(tx database.Tx, merchant string, s suggested) error {
	there, err := l.teachable(tx, merchant, s.kind, s.target)
	if err != nil {
		return err
	}
	if !there {
		return ErrTarget
	}
	most := wordsOfName
	if s.kind == MeantQuestion {
		most = wordsOfQuestion
	}
	words := Plain(s.words, s.language, most)
	if words == "" {
		return nil // what is left tells nothing
	}
	r := row{MerchantID: merchant, ID: id.New("sug"), Kind: s.kind, Target: s.target, Source: s.source, Seen: 1, State: Undecided, CreatedAt: tx.Now,
		Mark: l.keys.Blind(merchant, "suggestions."+s.kind, s.target+"\n"+words)}
	if r.Words, err = l.keys.Seal(tx, merchant, privacy.MerchantSubject(), label(r.Mark), []byte(words)); err != nil {
		return err
	}
	return putSuggestion(tx, r)
}

// label names the place of the words; by the mark, which stays the same however often they come up.
func label(mark string) string { return "suggestions.words:" + mark }

// teachable tells whether there is something to teach the words for.
func (l *Lessons) teachable(tx database.Tx, merchant, kind, target string) (bool, error) {
	if kind == MeantProduct {
		found, err := l.catalog.FindSKUs(tx, merchant, []string{target})
		_, ok := found[target]
		return ok, err
	}
	list, err := l.catalog.FindQuestions(tx, merchant)
	return slices.ContainsFunc(list, func(q catalog.Question) bool { return q.Code == target }), err
}

// Suggestions gives what nobody has decided, the newest first.
func (l *Lessons) Suggestions(ctx context.Context, merchant, after string, limit int) (out []Suggestion, next string, err error) {
	rows, err := listSuggestions(l.db.Read(ctx), merchant, after, limit+1)
	if err != nil || len(rows) == 0 {
		return nil, "", err
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = rows[limit-1].ID
	}
	box, err := l.keys.BoxNow(ctx, merchant, privacy.MerchantSubject())
	if err != nil {
		return nil, "", err
	}
	for _, r := range rows {
		words, err := box.Open(label(r.Mark), r.Words)
		if err != nil {
			return nil, "", err
		}
		out = append(out, r.show(string(words)))
	}
	return out, next, nil
}

func (r row) show(words string) Suggestion {
	return Suggestion{ID: r.ID, Kind: r.Kind, Target: r.Target, Words: words, Source: r.Source, State: r.State, Seen: r.Seen, CreatedAt: r.CreatedAt}
}

// Accept teaches the words, at once, and Decline forgets them. Both are for good.
func (l *Lessons) Accept(tx database.Tx, merchant, suggestion, actor string) (Suggestion, error) {
	return l.decide(tx, merchant, suggestion, actor, Accepted)
}

// Decline forgets the words; the same ones for the same thing are not suggested again while this is kept.
func (l *Lessons) Decline(tx database.Tx, merchant, suggestion, actor string) (Suggestion, error) {
	return l.decide(tx, merchant, suggestion, actor, Declined)
}

func (l *Lessons) decide(tx database.Tx, merchant, suggestion, actor, state string) (Suggestion, error) {
	r, err := findSuggestion(tx.DB(), merchant, suggestion)
	if database.NotFound(err) {
		return Suggestion{}, ErrNoSuggestion
	}
	if err != nil {
		return Suggestion{}, err
	}
	if r.State != Undecided {
		return Suggestion{}, ErrDecided
	}
	words, err := l.keys.Open(tx, merchant, privacy.MerchantSubject(), label(r.Mark), r.Words)
	if err != nil {
		return Suggestion{}, err
	}
	r.State, r.DecidedBy, r.DecidedAt, r.Words = state, actor, &tx.Now, nil
	moved, err := decide(tx, r)
	if err == nil && !moved {
		err = ErrDecided
	}
	if err == nil && state == Accepted {
		err = l.teach(tx, merchant, r, string(words))
	}
	if state == Declined {
		words = nil
	}
	return r.show(string(words)), err
}

// teach writes the words into the catalog: from the next message on the bot knows them.
func (l *Lessons) teach(tx database.Tx, merchant string, r row, words string) error {
	if r.Kind == MeantProduct {
		found, err := l.catalog.FindSKUs(tx, merchant, []string{r.Target})
		if err != nil {
			return err
		}
		p, ok := found[r.Target]
		if !ok {
			return ErrTarget
		}
		synonyms := append(slices.Clone(p.Synonyms), words)
		_, err = l.catalog.Patch(tx, merchant, p.ID, 0, catalog.Edit{Synonyms: &synonyms})
		return err
	}
	list, err := l.catalog.FindQuestions(tx, merchant)
	if err != nil {
		return err
	}
	for _, q := range list {
		if q.Code == r.Target {
			q.Examples = append(slices.Clone(q.Examples), words)
			_, err := l.catalog.PutQuestion(tx, merchant, q)
			return err
		}
	}
	return ErrTarget
}

// Plain gives the words of a text that may name goods, and nothing that may name a person: no word with a digit, no
// address of mail or web, no word that begins with a capital inside a sentence, unless the language writes all names of
// things so. Nothing is left where there are more than most.
func Plain(text, language string, most int) string {
	var out []string
	shouted := text == strings.ToUpper(text)
	for i, field := range strings.Fields(text) {
		word := strings.TrimFunc(field, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) })
		if word == "" {
			continue
		}
		odd := strings.ContainsAny(field, "@/\\:") || strings.Contains(word, ".") || strings.IndexFunc(word, unicode.IsDigit) >= 0 || len([]rune(word)) > longestWord
		capital := i > 0 && !shouted && !strings.HasPrefix(language, "de") && unicode.IsUpper([]rune(word)[0])
		if !odd && !capital {
			out = append(out, strings.ToLower(word))
		}
	}
	if len(out) > most || len(strings.Join(out, "")) < 3 {
		return ""
	}
	return strings.Join(out, " ")
}
