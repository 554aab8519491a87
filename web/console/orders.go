package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/merchants"
	"sotto.chat/orders"
	"sotto.chat/web/door"
)

const pageSize = 50

// statuses are the filters of the list, in the order of an order's life.
var statuses = [...]struct{ Code, Name string }{
	{"", "All"}, {"awaiting_payment", "Awaiting payment"}, {"paid", "Paid"}, {"fulfilled", "Fulfilled"}, {"completed", "Completed"},
	{"cancelled", "Cancelled"}, {"expired", "Expired"},
}

// orders lists orders, the newest first. Its state is in the address: status, q (a number), after.
func (h *console) orders(c *gin.Context) {
	m, ok := h.shop(c)
	if !ok {
		return
	}
	ctx := c.Request.Context()
	status, after, number := c.Query("status"), c.Query("after"), strings.ToUpper(strings.TrimSpace(c.Query("q")))
	if number != "" {
		if ord, err := h.Orders.ByNumber(ctx, m.ID, number); err == nil {
			h.redirect(c, "/console/orders/"+ord.ID)
			return
		} else if f, known := fault.Of(err); !known || f.Kind != fault.NotFound {
			h.fail(c, err)
			return
		}
	}
	v := view{Title: "Orders", Shop: m, Search: number, Status: status}
	for _, s := range statuses {
		v.Filters = append(v.Filters, filter{Name: s.Name, Href: with("/console/orders", "status", s.Code), Current: s.Code == status})
	}
	if number == "" {
		list, err := h.Orders.List(ctx, m.ID, orders.Filter{Status: orders.Status(status), After: after, Limit: pageSize})
		if err != nil {
			h.fail(c, err)
			return
		}
		for _, o := range list {
			v.Orders = append(v.Orders, orderRow(m, o))
		}
		if len(list) == pageSize {
			v.NextPage = with("/console/orders", "status", status, "after", list[len(list)-1].ID)
		}
	}
	if after == "" && status == "" && number == "" {
		chart, err := h.chart(ctx, m)
		if err != nil {
			h.fail(c, err)
			return
		}
		v.Chart = &chart
	}
	h.write(c, http.StatusOK, "orders", v)
}

// with puts pairs of names and values that are not empty behind a path.
func with(path string, pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// order shows one order with its lines, money and history.
func (h *console) order(c *gin.Context) {
	m, ok := h.shop(c)
	if !ok {
		return
	}
	ctx := c.Request.Context()
	o, err := h.Orders.Get(ctx, m.ID, c.Param("id"))
	if err != nil {
		h.fail(c, err)
		return
	}
	d := orderDetail(m, o)
	if door.Actor(ctx).May(merchants.CustomersRead) {
		if err := h.whereTo(ctx, o, &d); err != nil {
			h.fail(c, err)
			return
		}
	}
	v := view{Title: "Order " + o.Number, Shop: m, Order: &d}
	if o.CustomerID != "" {
		if v.Customer, err = h.customer(ctx, m.ID, o.CustomerID); err != nil {
			h.fail(c, err)
			return
		}
	}
	h.write(c, http.StatusOK, "order", v)
}

// whereTo opens the delivery, unless the customer was forgotten.
func (h *console) whereTo(ctx context.Context, o orders.Order, d *detail) error {
	to, err := h.Orders.DeliveryOf(ctx, o)
	if isForgotten(err) {
		d.Forgotten = true
		return nil
	}
	if err == nil && to.Address != nil {
		d.Address = addressLines(*to.Address)
	}
	return err
}

// chartDays and chartPages bound the chart: the last two weeks, and no more than 4,000 orders of them.
const (
	chartDays  = 14
	chartPages = 20
)

// chart counts what was sold on each of the last days, by days of UTC.
func (h *console) chart(ctx context.Context, m merchants.Merchant) (chart, error) {
	today := h.DB.Now().Truncate(24 * time.Hour)
	first := today.AddDate(0, 0, 1-chartDays)
	days := make([]day, chartDays)
	for i := range days {
		days[i].At = first.AddDate(0, 0, i)
	}
	whole, after := false, ""
	for range chartPages {
		list, err := h.Orders.List(ctx, m.ID, orders.Filter{After: after, Limit: 200})
		if err != nil {
			return chart{}, err
		}
		for _, o := range list {
			i := int(o.CreatedAt.Sub(first).Hours() / 24)
			if o.CreatedAt.Before(first) || i < 0 || i >= len(days) || !sold(o.Status) {
				continue
			}
			days[i].Count++
			days[i].Amount += o.Total
		}
		if len(list) < 200 || list[len(list)-1].CreatedAt.Before(first) {
			whole = true
			break
		}
		after = list[len(list)-1].ID
	}
	return draw(m, days, whole), nil
}

func sold(s orders.Status) bool {
	return s == orders.Paid || s == orders.Fulfilled || s == orders.Completed
}

// ordersOf gives the orders of a conversation for the pane beside the talk.
func (h *console) ordersOf(ctx context.Context, m merchants.Merchant, conversation string) ([]detail, error) {
	var list []orders.Order
	err := h.DB.InTx(ctx, func(tx database.Tx) (err error) {
		list, err = h.Orders.OfConversation(tx, m.ID, conversation, 5)
		return err
	})
	out := make([]detail, 0, len(list))
	for _, o := range list {
		out = append(out, orderDetail(m, o))
	}
	return out, err
}
