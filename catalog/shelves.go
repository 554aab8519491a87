package catalog

import (
	"context"
	"errors"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
)

// The failures of categories, questions and pictures.
var (
	ErrCategoryNotFound = fault.New(fault.NotFound, "category_not_found", "There is no such category.")
	ErrQuestionNotFound = fault.New(fault.NotFound, "question_not_found", "There is no such question.")
	ErrCodeTaken        = fault.New(fault.Conflict, "code_taken", "Another one has this code.")
	ErrPictureNotFound  = fault.New(fault.NotFound, "picture_not_found", "There is no such picture.")
	ErrPictureKind      = fault.New(fault.Invalid, "picture_kind", "A picture must be a PNG, JPEG, WebP or GIF file.")
	ErrPictureSize      = fault.New(fault.TooLarge, "picture_too_large", "A picture has at most 5 MB.")
)

// Categories gives all categories in the merchant's order.
func (c *Catalog) Categories(ctx context.Context, merchant string) ([]Category, error) {
	return nil, errors.ErrUnsupported
}

// Category gives one category by its id or its code.
func (c *Catalog) Category(ctx context.Context, merchant, id string) (Category, error) {
	return Category{}, errors.ErrUnsupported
}

// PutCategory makes a category (empty ID) or changes the one with the ID; an empty Code is made from the name.
func (c *Catalog) PutCategory(tx database.Tx, merchant string, k Category) (Category, error) {
	return Category{}, errors.ErrUnsupported
}

// DeleteCategory removes a category; its products stay, without one.
func (c *Catalog) DeleteCategory(tx database.Tx, merchant, id string) error {
	return errors.ErrUnsupported
}

// Questions gives all questions.
func (c *Catalog) Questions(ctx context.Context, merchant string) ([]Question, error) {
	return nil, errors.ErrUnsupported
}

// PutQuestion makes a question (empty ID) or changes the one with the ID.
func (c *Catalog) PutQuestion(tx database.Tx, merchant string, q Question) (Question, error) {
	return Question{}, errors.ErrUnsupported
}

// DeleteQuestion removes a question.
func (c *Catalog) DeleteQuestion(tx database.Tx, merchant, id string) error {
	return errors.ErrUnsupported
}

// MaxPicture is the largest picture in bytes.
const MaxPicture = 5 << 20

// PutPicture keeps a picture and gives its id. Its kind is read from its bytes.
func (c *Catalog) PutPicture(tx database.Tx, merchant string, body []byte) (string, error) {
	return "", errors.ErrUnsupported
}

// Picture gives a picture's media type and bytes.
func (c *Catalog) Picture(ctx context.Context, merchant, id string) (mediaType string, body []byte, err error) {
	return "", nil, errors.ErrUnsupported
}
