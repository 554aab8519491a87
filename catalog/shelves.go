package catalog

import (
	"context"
	"net/http"
	"strings"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/id"
)

// The failures of categories, questions and pictures.
var (
	ErrCategoryNotFound = fault.New(fault.NotFound, "category_not_found", "There is no such category.")
	ErrQuestionNotFound = fault.New(fault.NotFound, "question_not_found", "There is no such question.")
	ErrInvalidShelf     = fault.New(fault.Invalid, "invalid_entry", "The category or question is not valid.")
	ErrCodeTaken        = fault.New(fault.Conflict, "code_taken", "Another one has this code.")
	ErrPictureNotFound  = fault.New(fault.NotFound, "picture_not_found", "There is no such picture.")
	ErrPictureKind      = fault.New(fault.Invalid, "picture_kind", "A picture must be a PNG, JPEG, WebP or GIF file.")
	ErrPictureSize      = fault.New(fault.TooLarge, "picture_too_large", "A picture has at most 5 MB.")
)

// Categories gives all categories in the merchant's order.
func (c *Catalog) Categories(ctx context.Context, merchant string) ([]Category, error) {
	return c.outside(ctx, merchant).categories()
}

// Category gives one category by its id or its code.
func (c *Catalog) Category(ctx context.Context, merchant, idOrCode string) (Category, error) {
	return c.outside(ctx, merchant).category(idOrCode)
}

// PutCategory makes a category (empty ID) or changes the one with the ID; an empty Code is made from the
// name. Products follow when the code of their category changes.
func (c *Catalog) PutCategory(tx database.Tx, merchant string, k Category) (Category, error) {
	k.MerchantID, k.Synonyms = merchant, tidy(k.Synonyms)
	var ck check
	if ck.category(k); len(ck.fields) > 0 {
		return Category{}, invalidShelf(ck.fields)
	}
	r := in(tx, merchant)
	if err := r.lock(); err != nil {
		return Category{}, err
	}
	list, err := r.categories()
	if err != nil {
		return Category{}, err
	}
	old, others := Category{}, map[string]bool{}
	for _, o := range list {
		if o.ID == k.ID {
			old = o
		} else {
			others[o.Code] = true
		}
	}
	switch {
	case k.ID == "":
		k.ID = id.New("cat")
	case old.ID == "":
		return Category{}, ErrCategoryNotFound
	case k.Code == "":
		k.Code = old.Code
	}
	if k.Code == "" {
		k.Code = strings.ToLower(codeFrom(k.Name, func(s string) bool { return others[strings.ToLower(s)] }))
	}
	if others[k.Code] {
		return Category{}, ErrCodeTaken
	}
	if err := r.saveCategories([]Category{k}); err != nil {
		return Category{}, err
	}
	if old.Code != "" && old.Code != k.Code {
		if err := r.moveCategory(old.Code, k.Code, tx.Now); err != nil {
			return Category{}, err
		}
	}
	return k, c.announce(tx, r)
}

func (c *check) category(k Category) {
	c.text("name", k.Name, maxName, true)
	c.text("code", k.Code, maxCode, false)
	c.texts("synonyms", k.Synonyms)
	if strings.HasPrefix(k.Code, "cat_") {
		c.add("code", "must not look like an id")
	}
}

func (c *check) question(q Question) {
	c.text("code", q.Code, maxCode, true)
	c.text("answer", q.Answer, maxText, false)
	c.texts("examples", q.Examples)
}

func invalidShelf(fields []fault.Field) error {
	f := *ErrInvalidShelf
	f.Fields = fields
	return &f
}

// DeleteCategory removes a category; its products stay, without one.
func (c *Catalog) DeleteCategory(tx database.Tx, merchant, idOrCode string) error {
	r := in(tx, merchant)
	if err := r.lock(); err != nil {
		return err
	}
	k, err := r.category(idOrCode)
	if err != nil {
		return err
	}
	if err := r.drop("categories", []string{k.ID}); err != nil {
		return err
	}
	if err := r.moveCategory(k.Code, "", tx.Now); err != nil {
		return err
	}
	return c.announce(tx, r)
}

// Questions gives all questions.
func (c *Catalog) Questions(ctx context.Context, merchant string) ([]Question, error) {
	return c.outside(ctx, merchant).questions()
}

// FindQuestions is Questions inside a transaction.
func (c *Catalog) FindQuestions(tx database.Tx, merchant string) ([]Question, error) {
	return in(tx, merchant).questions()
}

// PutQuestion makes a question (empty ID) or changes the one with the ID.
func (c *Catalog) PutQuestion(tx database.Tx, merchant string, q Question) (Question, error) {
	q.MerchantID, q.Examples = merchant, tidy(q.Examples)
	var ck check
	if ck.question(q); len(ck.fields) > 0 {
		return Question{}, invalidShelf(ck.fields)
	}
	r := in(tx, merchant)
	if err := r.lock(); err != nil {
		return Question{}, err
	}
	list, err := r.questions()
	if err != nil {
		return Question{}, err
	}
	known := false
	for _, o := range list {
		known = known || o.ID == q.ID
		if o.Code == q.Code && o.ID != q.ID {
			return Question{}, ErrCodeTaken
		}
	}
	if q.ID == "" {
		q.ID = id.New("qst")
	} else if !known {
		return Question{}, ErrQuestionNotFound
	}
	if err := r.saveQuestions([]Question{q}); err != nil {
		return Question{}, err
	}
	return q, c.announce(tx, r)
}

// DeleteQuestion removes a question.
func (c *Catalog) DeleteQuestion(tx database.Tx, merchant, questionID string) error {
	r := in(tx, merchant)
	if err := r.lock(); err != nil {
		return err
	}
	found, err := r.deleteQuestion(questionID)
	if err != nil {
		return err
	}
	if !found {
		return ErrQuestionNotFound
	}
	return c.announce(tx, r)
}

// MaxPicture is the largest picture in bytes.
const MaxPicture = 5 << 20

// picture is an uploaded file as it is kept.
type picture struct {
	mediaType string
	body      []byte
}

// PutPicture keeps a picture and gives its id. Its kind is read from its bytes, never from a name or a
// header, because it is served from the shop's own address.
func (c *Catalog) PutPicture(tx database.Tx, merchant string, body []byte) (string, error) {
	if len(body) > MaxPicture {
		return "", ErrPictureSize
	}
	kind := http.DetectContentType(body)
	switch kind {
	case "image/png", "image/jpeg", "image/webp", "image/gif":
	default:
		return "", ErrPictureKind
	}
	pictureID := id.New("pic")
	return pictureID, in(tx, merchant).savePicture(pictureID, picture{kind, body}, tx.Now)
}

// Picture gives a picture's media type and bytes.
func (c *Catalog) Picture(ctx context.Context, merchant, pictureID string) (mediaType string, body []byte, err error) {
	p, err := c.outside(ctx, merchant).picture(pictureID)
	return p.mediaType, p.body, err
}
