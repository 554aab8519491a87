package api

import (
	"bytes"
	"context"
	"net/http"

	"sotto.chat/catalog"
	"sotto.chat/catalog/search"
	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/merchants"
)

// Category groups products.
type Category struct {
	ID       string   `json:"id" readOnly:"true"`
	Code     string   `json:"code" minLength:"1" maxLength:"200"`
	Name     string   `json:"name" minLength:"1" maxLength:"200"`
	Synonyms []string `json:"synonyms" required:"false" maxItems:"200"`
	Position int64    `json:"position" required:"false"`
}

// CategoryNew is a category to add or to change, by its code.
type CategoryNew struct {
	Code     string   `json:"code" minLength:"1" maxLength:"200"`
	Name     string   `json:"name" minLength:"1" maxLength:"200"`
	Synonyms []string `json:"synonyms,omitempty" maxItems:"200"`
	Position int64    `json:"position,omitempty"`
}

func showCategory(k catalog.Category) Category {
	return Category{ID: k.ID, Code: k.Code, Name: k.Name, Synonyms: orEmpty(k.Synonyms), Position: k.Position}
}

func (a *api) categories() {
	add(a, op{method: http.MethodGet, path: "/v1/categories", right: merchants.CatalogRead, tag: "Goods", summary: "List categories"},
		func(ctx context.Context, who merchants.Actor, _ *struct{}) (*Answer[List[Category]], error) {
			rows, err := a.Catalog.Categories(ctx, who.MerchantID)
			return list(rows, "", showCategory), err
		})
	add(a, op{method: http.MethodPost, path: "/v1/categories", right: merchants.CatalogWrite, tag: "Goods", summary: "Add a category, or change the one with this code", status: 201},
		func(ctx context.Context, who merchants.Actor, in *struct{ Body CategoryNew }) (*Answer[Category], error) {
			var k catalog.Category
			err := a.DB.InTx(ctx, func(tx database.Tx) (err error) {
				k, err = a.Catalog.PutCategory(tx, who.MerchantID, catalog.Category{Code: in.Body.Code, Name: in.Body.Name, Synonyms: in.Body.Synonyms, Position: in.Body.Position})
				return err
			})
			return &Answer[Category]{showCategory(k)}, err
		})
	add(a, op{method: http.MethodDelete, path: "/v1/categories/{id}", right: merchants.CatalogWrite, tag: "Goods", summary: "Remove a category; its products stay", status: 204},
		func(ctx context.Context, who merchants.Actor, in *ByID) (*Nothing, error) {
			return &Nothing{}, a.DB.InTx(ctx, func(tx database.Tx) error { return a.Catalog.DeleteCategory(tx, who.MerchantID, in.ID) })
		})
}

// ImportReport tells what an import did, or would do.
type ImportReport struct {
	DryRun    bool          `json:"dry_run"`
	Created   int           `json:"created"`
	Updated   int           `json:"updated"`
	Unchanged int           `json:"unchanged"`
	Problems  []fault.Field `json:"problems" doc:"Rows that were left out, each with its place in the file."`
}

// Found is one hit of a search.
type Found struct {
	Score   float64 `json:"score"`
	Product Product `json:"product"`
}

func (a *api) files() {
	add(a, op{method: http.MethodPost, path: "/v1/catalog/import", right: merchants.CatalogWrite, tag: "Goods", summary: "Bring in a catalog file", maxBody: 64 << 20, repeatable: true},
		func(ctx context.Context, who merchants.Actor, in *struct {
			DryRun  bool `query:"dry_run" doc:"Only tell what would happen."`
			RawBody []byte
		}) (*Answer[ImportReport], error) {
			f, problems, err := catalog.DecodeFile(bytes.NewReader(in.RawBody))
			if err != nil {
				return nil, ErrCatalogFile.Say("The catalog file cannot be read: %s.", err)
			}
			if err := a.sells(ctx, who.MerchantID, f.Currency); err != nil {
				return nil, err
			}
			r, err := a.Catalog.Import(ctx, who.MerchantID, f, in.DryRun, func(int, int) {})
			out := ImportReport{DryRun: in.DryRun, Created: r.Created, Updated: r.Updated, Unchanged: r.Unchanged, Problems: []fault.Field{}}
			for _, p := range append(problems, r.Problems...) {
				out.Problems = append(out.Problems, fault.Field(p))
			}
			return &Answer[ImportReport]{out}, err
		})
	add(a, op{method: http.MethodGet, path: "/v1/catalog/export", right: merchants.CatalogRead, tag: "Goods", summary: "The catalog as a file that can be imported"},
		func(ctx context.Context, who merchants.Actor, _ *struct{}) (*Answer[catalog.File], error) {
			f, _, err := a.Catalog.File(ctx, who.MerchantID)
			return &Answer[catalog.File]{f}, err
		})
	indexes := newIndexes()
	add(a, op{method: http.MethodGet, path: "/v1/search", right: merchants.CatalogRead, tag: "Goods", summary: "Find products by a customer's words"},
		func(ctx context.Context, who merchants.Actor, in *struct {
			Q     string `query:"q" required:"true" minLength:"1" maxLength:"500"`
			Limit int    `query:"limit" minimum:"1" maximum:"50" default:"10"`
		}) (*Answer[List[Found]], error) {
			ix, err := indexes.of(ctx, a.Catalog, who.MerchantID)
			if err != nil {
				return nil, err
			}
			hits := ix.Search(in.Q, in.Limit)
			skus := make([]string, len(hits))
			for i, h := range hits {
				skus[i] = h.SKU
			}
			products, err := a.Catalog.BySKUs(ctx, who.MerchantID, skus)
			if err != nil {
				return nil, err
			}
			out := List[Found]{Data: []Found{}}
			for _, h := range hits {
				if p, ok := products[h.SKU]; ok {
					out.Data = append(out.Data, Found{h.Score, showProduct(p)})
				}
			}
			return &Answer[List[Found]]{out}, nil
		})
}

// ErrCatalogFile refuses a file that is no catalog.
var ErrCatalogFile = fault.New(fault.Invalid, "catalog_file_invalid", "The catalog file cannot be read.")

// ErrCurrency refuses goods in another currency than the shop's.
var ErrCurrency = fault.New(fault.Invalid, "currency_not_sold", "This shop sells in another currency.")

// sells checks a currency against the shop's; empty means the shop's own.
func (a *api) sells(ctx context.Context, merchant, currency string) error {
	if currency == "" {
		return nil
	}
	m, err := a.Merchants.Get(ctx, merchant)
	if err == nil && m.Currency != currency {
		return ErrCurrency.Say("This shop sells in %s.", m.Currency).At("price.currency", "must be "+m.Currency)
	}
	return err
}

// indexes keeps a search index for each merchant that searched lately, rebuilt when the catalog moved.
type indexes struct{ cache cache[*search.Index] }

func newIndexes() *indexes { return &indexes{newCache[*search.Index](64)} }

func (x *indexes) of(ctx context.Context, c *catalog.Catalog, merchant string) (*search.Index, error) {
	version, err := c.Version(ctx, merchant)
	if err != nil {
		return nil, err
	}
	return x.cache.get(merchant, version, func() (*search.Index, int64, error) {
		f, v, err := c.File(ctx, merchant)
		if err != nil {
			return nil, 0, err
		}
		return search.Build(f), v, nil
	})
}

// Question is something that customers ask, with the merchant's answer. The bot learns from the examples at once, and knows when none fits.
type Question struct {
	ID       string   `json:"id" readOnly:"true"`
	Code     string   `json:"code"`
	Answer   string   `json:"answer"`
	Examples []string `json:"examples"`
}

// QuestionNew is a question to add or to change, by its code.
type QuestionNew struct {
	Code     string   `json:"code" minLength:"1" maxLength:"120"`
	Answer   string   `json:"answer" minLength:"1" maxLength:"2000"`
	Examples []string `json:"examples" minItems:"1" maxItems:"200" doc:"How customers ask it, one sentence each; three or more in their own words are best."`
}

func showQuestion(q catalog.Question) Question {
	return Question{ID: q.ID, Code: q.Code, Answer: q.Answer, Examples: orEmpty(q.Examples)}
}

func (a *api) questions() {
	add(a, op{method: http.MethodGet, path: "/v1/questions", right: merchants.CatalogRead, tag: "Goods", summary: "List the merchant's own questions"},
		func(ctx context.Context, who merchants.Actor, _ *struct{}) (*Answer[List[Question]], error) {
			rows, err := a.Catalog.Questions(ctx, who.MerchantID)
			return list(rows, "", showQuestion), err
		})
	add(a, op{method: http.MethodPost, path: "/v1/questions", right: merchants.CatalogWrite, tag: "Goods", summary: "Add a question, or change the one with this code", status: 201},
		func(ctx context.Context, who merchants.Actor, in *struct{ Body QuestionNew }) (*Answer[Question], error) {
			q := catalog.Question{Code: in.Body.Code, Answer: in.Body.Answer, Examples: in.Body.Examples}
			err := a.DB.InTx(ctx, func(tx database.Tx) error {
				have, err := a.Catalog.FindQuestions(tx, who.MerchantID)
				for _, o := range have {
					if o.Code == q.Code {
						q.ID = o.ID
					}
				}
				if err == nil {
					q, err = a.Catalog.PutQuestion(tx, who.MerchantID, q)
				}
				return err
			})
			return &Answer[Question]{showQuestion(q)}, err
		})
	add(a, op{method: http.MethodDelete, path: "/v1/questions/{id}", right: merchants.CatalogWrite, tag: "Goods", summary: "Remove a question", status: 204},
		func(ctx context.Context, who merchants.Actor, in *ByID) (*Nothing, error) {
			return &Nothing{}, a.DB.InTx(ctx, func(tx database.Tx) error { return a.Catalog.DeleteQuestion(tx, who.MerchantID, in.ID) })
		})
	if a.Lessons != nil {
		a.questionImport()
	}
}

// QuestionPage is a page with questions: its text, or where it is.
type QuestionPage struct {
	URL      string `json:"url,omitempty" maxLength:"2000" doc:"Where the page is on the public internet."`
	HTML     string `json:"html,omitempty" maxLength:"1000000"`
	Markdown string `json:"markdown,omitempty" maxLength:"1000000"`
	DryRun   bool   `json:"dry_run,omitempty" doc:"Only tell what would become of each question."`
}

// QuestionFound is a question of a page, and what becomes of it.
type QuestionFound struct {
	Code     string `json:"code"`
	Question string `json:"question"`
	Answer   string `json:"answer"`
	Becomes  string `json:"becomes" enum:"created,updated,unchanged"`
}

// QuestionImport tells what an import did, or would do.
type QuestionImport struct {
	DryRun bool            `json:"dry_run"`
	Found  []QuestionFound `json:"found"`
}

// ErrOnePage asks for one page.
var ErrOnePage = fault.New(fault.Invalid, "one_page", "Give one of url, html and markdown.")

func (a *api) questionImport() {
	add(a, op{method: http.MethodPost, path: "/v1/questions/import", right: merchants.CatalogWrite, tag: "Goods", summary: "Take questions with their answers from a page; a dry run first", maxBody: 2 << 20},
		func(ctx context.Context, who merchants.Actor, in *struct{ Body QuestionPage }) (*Answer[QuestionImport], error) {
			given := 0
			for _, s := range []string{in.Body.URL, in.Body.HTML, in.Body.Markdown} {
				if s != "" {
					given++
				}
			}
			if given != 1 {
				return nil, ErrOnePage
			}
			found, err := a.Lessons.Page(ctx, in.Body.URL, in.Body.HTML, in.Body.Markdown)
			if err != nil {
				return nil, err
			}
			out := QuestionImport{DryRun: in.Body.DryRun, Found: []QuestionFound{}}
			err = a.DB.InTx(ctx, func(tx database.Tx) error {
				list, err := a.Lessons.Import(tx, who.MerchantID, found, in.Body.DryRun)
				out.Found = out.Found[:0]
				for _, f := range list {
					out.Found = append(out.Found, QuestionFound(f))
				}
				return err
			})
			return &Answer[QuestionImport]{out}, err
		})
}
