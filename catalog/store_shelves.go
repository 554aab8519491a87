package catalog

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm/clause"
)

func (r rows) categories() ([]Category, error) {
	var list []Category
	err := r.db.Where("merchant_id = ?", r.merchant).Order("position, id").Find(&list).Error
	for i := range list {
		list[i].Synonyms = tidy(list[i].Synonyms)
	}
	return list, err
}

// category finds by id or code.
func (r rows) category(idOrCode string) (Category, error) {
	var list []Category
	err := r.db.Where("merchant_id = ? and (id = ? or code = ?)", r.merchant, idOrCode, idOrCode).Limit(1).Find(&list).Error
	if err != nil {
		return Category{}, fmt.Errorf("load a category: %w", err)
	}
	if len(list) == 0 {
		return Category{}, ErrCategoryNotFound
	}
	list[0].Synonyms = tidy(list[0].Synonyms)
	return list[0], nil
}

func (r rows) saveCategories(list []Category) error {
	return upsert(r, list, "code", "name", "synonyms", "position")
}

// moveCategory takes the products of one category to another, or to none.
func (r rows) moveCategory(from, to string, now time.Time) error {
	return r.db.Exec(`update products set category = ?, version = version + 1, updated_at = ?
		where merchant_id = ? and category = ? and archived_at is null`, to, now, r.merchant, from).Error
}

func (r rows) questions() ([]Question, error) {
	var list []Question
	err := r.db.Where("merchant_id = ?", r.merchant).Order("id").Find(&list).Error
	for i := range list {
		list[i].Examples = tidy(list[i].Examples)
	}
	return list, err
}

func (r rows) saveQuestions(list []Question) error {
	return upsert(r, list, "code", "answer", "examples")
}

func (r rows) deleteQuestion(questionID string) (bool, error) {
	done := r.db.Exec(`delete from questions where merchant_id = ? and id = ?`, r.merchant, questionID)
	return done.RowsAffected > 0, done.Error
}

func (r rows) savePicture(pictureID string, p picture, now time.Time) error {
	return r.db.Exec(`insert into pictures (merchant_id, id, media_type, body, created_at) values (?, ?, ?, ?, ?)`,
		r.merchant, pictureID, p.mediaType, p.body, now).Error
}

func (r rows) picture(pictureID string) (picture, error) {
	var p picture
	err := r.db.Raw(`select media_type, body from pictures where merchant_id = ? and id = ?`, r.merchant, pictureID).
		Row().Scan(&p.mediaType, &p.body)
	if errors.Is(err, sql.ErrNoRows) {
		return picture{}, ErrPictureNotFound
	}
	return p, err
}

// upsert inserts rows, or writes these columns where they exist.
func upsert[T any](r rows, list []T, columns ...string) error {
	if len(list) == 0 {
		return nil
	}
	return r.db.Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "merchant_id"}, {Name: "id"}},
		DoUpdates: clause.AssignmentColumns(columns),
	}).CreateInBatches(&list, batch).Error
}
