package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// MaxFileSize bounds a catalog file, so that an upload cannot fill the memory.
const MaxFileSize = 256 << 20

// ErrFileTooLarge is the answer to a catalog file above MaxFileSize.
var ErrFileTooLarge = fmt.Errorf("the catalog file is larger than %d MB", MaxFileSize>>20)

// File is a merchant's whole catalog as it travels: imported, exported, and given to the understander.
type File struct {
	Currency   string         `json:"currency"`
	Products   []FileProduct  `json:"products"`
	Categories []FileCategory `json:"categories"`
	Questions  []FileQuestion `json:"questions"`
}

// FileProduct is one product. Price is in the currency's minor unit; a nil Stock is not counted.
type FileProduct struct {
	SKU         string            `json:"sku"`
	Name        string            `json:"name"`
	Synonyms    []string          `json:"synonyms,omitempty"`
	Description string            `json:"description,omitempty"`
	Category    string            `json:"category,omitempty"`
	Brand       string            `json:"brand,omitempty"`
	Price       int64             `json:"price"`
	Stock       *int64            `json:"stock"`
	Attributes  map[string]string `json:"attributes,omitempty"`
	Images      []FileImage       `json:"images,omitempty"`
	Variants    []FileVariant     `json:"variants,omitempty"`
	Options     []FileGroup       `json:"options,omitempty"`
}

// FileImage is a picture with the words for those who cannot see it.
type FileImage struct {
	URL string `json:"url"`
	Alt string `json:"alt,omitempty"`
}

// FileVariant is a form in which a product is kept in stock; a nil Price is the product's own.
type FileVariant struct {
	SKU        string            `json:"sku"`
	Attributes map[string]string `json:"attributes,omitempty"`
	Price      *int64            `json:"price,omitempty"`
	Stock      *int64            `json:"stock,omitempty"`
}

// FileGroup is an option group. A nil Max is no limit; Amounts allows extra, light and none of a choice.
type FileGroup struct {
	ID      string       `json:"id"`
	Name    string       `json:"name"`
	Min     int          `json:"min"`
	Max     *int         `json:"max"`
	Amounts bool         `json:"amounts,omitempty"`
	Choices []FileChoice `json:"choices"`
}

// FileChoice is one choice of a group; its price is added to the product's.
type FileChoice struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Synonyms []string `json:"synonyms,omitempty"`
	Price    int64    `json:"price"`
	Default  bool     `json:"default,omitempty"`
}

// FileCategory is a shelf of the shop.
type FileCategory struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Synonyms []string `json:"synonyms,omitempty"`
}

// FileQuestion is something that customers ask, in the merchant's own examples.
type FileQuestion struct {
	ID       string   `json:"id"`
	Answer   string   `json:"answer,omitempty"`
	Examples []string `json:"examples,omitempty"`
}

// Problem is what is wrong with one place of a catalog file.
type Problem struct {
	Location string `json:"location"`
	Message  string `json:"message"`
}

func (p Problem) String() string { return p.Location + ": " + p.Message }

// looseFile keeps the rows apart, so that one bad row does not hide the others.
type looseFile struct {
	Currency   string            `json:"currency"`
	Products   []json.RawMessage `json:"products"`
	Categories []json.RawMessage `json:"categories"`
	Questions  []json.RawMessage `json:"questions"`
}

// DecodeFile reads a catalog file. The File holds the rows that are sound, the problems name every row that is not;
// an error means that the file as a whole cannot be read.
func DecodeFile(r io.Reader) (File, []Problem, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxFileSize+1))
	if err != nil {
		return File{}, nil, fmt.Errorf("read the catalog file: %w", err)
	}
	if len(data) > MaxFileSize {
		return File{}, nil, ErrFileTooLarge
	}
	var loose looseFile
	if err := decodeStrict(bytes.TrimPrefix(data, []byte("\ufeff")), &loose); err != nil {
		return File{}, nil, fmt.Errorf("the catalog file: %w", err)
	}
	c := &fileCheck{skus: map[string]string{}}
	f := File{Currency: loose.Currency}
	f.Products = decodeRows(c, "products", loose.Products, c.product)
	f.Categories = decodeRows(c, "categories", loose.Categories, c.category)
	f.Questions = decodeRows(c, "questions", loose.Questions, c.question)
	return f, c.problems, nil
}

// decodeRows gives the sound rows of one list and notes the problems of the others.
func decodeRows[T any](c *fileCheck, list string, raws []json.RawMessage, check func(where string, row *T)) []T {
	rows := make([]T, 0, len(raws))
	for i, raw := range raws {
		where, before := fmt.Sprintf("%s[%d]", list, i), len(c.problems)
		var row T
		if err := decodeStrict(raw, &row); err != nil {
			c.locate(where, raw, row, err)
			continue
		}
		check(where, &row)
		if len(c.problems) == before {
			rows = append(rows, row)
		}
	}
	return rows
}

func decodeStrict(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the end of the JSON value")
	}
	return nil
}
