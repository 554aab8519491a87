package api

import (
	"context"
	"net/http"
	"sync"

	"sotto.chat/catalog"
	"sotto.chat/internal/database"
	"sotto.chat/merchants"
)

type productIn struct {
	Body ProductNew
}

type productEdit struct {
	ID      string `path:"id" maxLength:"80"`
	IfMatch string `header:"If-Match" doc:"The ETag of what you read; a newer version is then not overwritten."`
	Body    ProductPatch
}

type productList struct {
	Page
	Category  string `query:"category" maxLength:"200"`
	SKU       string `query:"sku" maxLength:"200"`
	Available string `query:"available" enum:"true,false," doc:"Only those on the menu, or only those taken off it."`
}

func (a *api) products() {
	add(a, op{method: http.MethodGet, path: "/v1/products", right: merchants.CatalogRead, tag: "Goods", summary: "List products"},
		func(ctx context.Context, who merchants.Actor, in *productList) (*Answer[List[Product]], error) {
			f := catalog.Filter{Category: in.Category, SKU: in.SKU}
			if in.Available != "" {
				yes := in.Available == "true"
				f.Available = &yes
			}
			rows, next, err := a.Catalog.List(ctx, who.MerchantID, catalog.Page{After: in.After, Limit: in.Limit}, f)
			return list(rows, next, showProduct), err
		})
	add(a, op{method: http.MethodPost, path: "/v1/products", right: merchants.CatalogWrite, tag: "Goods", summary: "Add a product", status: 201},
		func(ctx context.Context, who merchants.Actor, in *productIn) (*Tagged[Product], error) {
			if err := a.sells(ctx, who.MerchantID, in.Body.Price.Currency); err != nil {
				return nil, err
			}
			var p catalog.Product
			err := a.DB.InTx(ctx, func(tx database.Tx) (err error) {
				p, err = a.Catalog.Create(tx, who.MerchantID, in.Body.toCatalog())
				return err
			})
			return &Tagged[Product]{etag(p.Version), showProduct(p)}, err
		})
	add(a, op{method: http.MethodGet, path: "/v1/products/{id}", right: merchants.CatalogRead, tag: "Goods", summary: "Read a product"},
		func(ctx context.Context, who merchants.Actor, in *ByID) (*Tagged[Product], error) {
			p, err := a.Catalog.Get(ctx, who.MerchantID, in.ID)
			return &Tagged[Product]{etag(p.Version), showProduct(p)}, err
		})
	add(a, op{method: http.MethodPatch, path: "/v1/products/{id}", right: merchants.CatalogWrite, tag: "Goods", summary: "Change any part of a product"},
		func(ctx context.Context, who merchants.Actor, in *productEdit) (*Tagged[Product], error) {
			v, err := version(in.IfMatch)
			if err != nil {
				return nil, err
			}
			if in.Body.Price != nil {
				if err := a.sells(ctx, who.MerchantID, in.Body.Price.Currency); err != nil {
					return nil, err
				}
			}
			var p catalog.Product
			err = a.DB.InTx(ctx, func(tx database.Tx) (err error) {
				p, err = a.Catalog.Patch(tx, who.MerchantID, in.ID, v, in.Body.toCatalog())
				return err
			})
			return &Tagged[Product]{etag(p.Version), showProduct(p)}, err
		})
	add(a, op{method: http.MethodDelete, path: "/v1/products/{id}", right: merchants.CatalogWrite, tag: "Goods", summary: "Archive a product; old orders keep it", status: 204},
		func(ctx context.Context, who merchants.Actor, in *struct {
			ByID
			IfMatch string `header:"If-Match"`
		}) (*Nothing, error) {
			v, err := version(in.IfMatch)
			if err != nil {
				return nil, err
			}
			return &Nothing{}, a.DB.InTx(ctx, func(tx database.Tx) error { return a.Catalog.Archive(tx, who.MerchantID, in.ID, v) })
		})
	a.stock()
}

// Stock is what is counted of a variant; nulls where it is not counted.
type Stock struct {
	OnHand    *int64 `json:"on_hand" nullable:"true"`
	Held      int64  `json:"held"`
	Available *int64 `json:"available" nullable:"true"`
}

func (a *api) stock() {
	add(a, op{method: http.MethodGet, path: "/v1/variants/{id}/stock", right: merchants.CatalogRead, tag: "Goods", summary: "Read the stock of a variant (or of a product without variants)"},
		func(ctx context.Context, who merchants.Actor, in *ByID) (*Answer[Stock], error) {
			s, err := a.Catalog.Stock(ctx, who.MerchantID, in.ID)
			return &Answer[Stock]{Stock(s)}, err
		})
	add(a, op{method: http.MethodPut, path: "/v1/variants/{id}/stock", right: merchants.CatalogWrite, tag: "Goods", summary: "Set the stock; null stops counting"},
		func(ctx context.Context, who merchants.Actor, in *struct {
			ByID
			Body struct {
				OnHand *int64 `json:"on_hand" nullable:"true" minimum:"0" maximum:"1000000000" required:"true"`
			}
		}) (*Answer[Stock], error) {
			var s catalog.Stock
			err := a.DB.InTx(ctx, func(tx database.Tx) (err error) {
				s, err = a.Catalog.SetStock(tx, who.MerchantID, in.ID, in.Body.OnHand)
				return err
			})
			return &Answer[Stock]{Stock(s)}, err
		})
}

// cache keeps a bounded number of values, each with the version it was made from.
type cache[T any] struct {
	*cacheState[T]
}

type cacheState[T any] struct {
	mu   sync.Mutex
	most int
	kept map[string]versioned[T]
}

type versioned[T any] struct {
	version int64
	value   T
}

func newCache[T any](most int) cache[T] {
	return cache[T]{&cacheState[T]{most: most, kept: map[string]versioned[T]{}}}
}

// get gives the value of key at this version or a newer one, made anew where it is older.
func (c cache[T]) get(key string, version int64, build func() (T, int64, error)) (T, error) {
	c.mu.Lock()
	v, ok := c.kept[key]
	c.mu.Unlock()
	if ok && v.version >= version {
		return v.value, nil
	}
	value, built, err := build()
	if err != nil {
		return value, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.kept[key]; !ok && len(c.kept) >= c.most {
		for k := range c.kept { // any one: all can be made again
			delete(c.kept, k)
			break
		}
	}
	c.kept[key] = versioned[T]{built, value}
	return value, nil
}
