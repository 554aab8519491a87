package chat

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"sotto.chat/internal/database"
	"sotto.chat/internal/money"
	"sotto.chat/orders"
)

// Cart is what the visitor means to buy, with the prices of this moment.
type Cart struct {
	ID       string      `json:"id"`
	Currency string      `json:"currency"`
	Status   string      `json:"status"`
	Lines    []CartLine  `json:"lines"`
	Subtotal money.Money `json:"subtotal"`
	Tax      money.Money `json:"tax"`
	Shipping money.Money `json:"shipping"`
	Discount money.Money `json:"discount"`
	Total    money.Money `json:"total"`
	// TaxInclusive says that the prices hold the tax already.
	TaxInclusive bool   `json:"tax_inclusive"`
	Hash         string `json:"hash"`
}

// CartLine is one line of the cart.
type CartLine struct {
	ID        string      `json:"id"`
	SKU       string      `json:"sku"`
	Name      string      `json:"name"`
	Quantity  int64       `json:"quantity"`
	Options   []Option    `json:"options"`
	UnitPrice money.Money `json:"unit_price"`
	Total     money.Money `json:"total"`
	Problem   string      `json:"problem,omitempty"`
}

// Option is one choice of a line.
type Option struct {
	Group  string `json:"group"`
	Choice string `json:"choice"`
	Name   string `json:"name"`
	Amount string `json:"amount,omitempty"`
	Count  int64  `json:"count"`
}

// cart shows the visitor's cart; one without an id and lines when there is none.
func (h *chat) cart(c *gin.Context) {
	m, ok := h.merchant(c)
	if !ok {
		return
	}
	v, ok := h.known(c, m)
	if !ok {
		return
	}
	if v.token == "" {
		c.JSON(http.StatusOK, cartOf(orders.Quote{Currency: m.Currency, Status: orders.CartOpen}))
		return
	}
	ctx := c.Request.Context()
	conv, err := h.conversation(ctx, m, v)
	q := orders.Quote{Currency: m.Currency, Status: orders.CartOpen}
	if err == nil {
		err = h.DB.InTx(ctx, func(tx database.Tx) error {
			cart, found, err := h.Orders.CartOf(tx, m.ID, conv.ID)
			if err != nil || !found {
				return err
			}
			q, err = h.Orders.Quote(tx, m.ID, cart.ID)
			return err
		})
	}
	if err != nil {
		h.refuse(c, err)
		return
	}
	c.JSON(http.StatusOK, cartOf(q))
}

func cartOf(q orders.Quote) Cart {
	of := func(n int64) money.Money { return money.Of(n, q.Currency) }
	out := Cart{ID: q.CartID, Currency: q.Currency, Status: string(q.Status), Lines: make([]CartLine, 0, len(q.Lines)), Hash: q.Hash,
		Subtotal: of(q.Subtotal), Tax: of(q.Tax), Shipping: of(q.Shipping), Discount: of(q.Discount), Total: of(q.Total), TaxInclusive: q.TaxInclusive}
	for _, l := range q.Lines {
		line := CartLine{ID: l.ID, SKU: l.SKU, Name: l.Name, Quantity: l.Quantity, Options: []Option{}, UnitPrice: of(l.Unit), Total: of(l.Total)}
		for _, o := range l.Options {
			line.Options = append(line.Options, Option{Group: o.Group, Choice: o.Choice, Name: o.ChoiceName, Amount: o.Amount, Count: o.Count})
		}
		if l.Problem != nil {
			line.Problem = l.Problem.Code
		}
		out.Lines = append(out.Lines, line)
	}
	return out
}
