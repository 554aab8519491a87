package orders

import (
	"context"
	"fmt"
)

// Audit compares orders with their lines, their money, their goods, their history and their carts, and gives a
// sentence for each place where they disagree. Each comparison is one statement, so it sees one moment of the shop and
// is right beside a working one.
func (o *Orders) Audit(ctx context.Context, merchant string) ([]string, error) {
	q := o.db.Read(ctx)
	var out []string
	for _, check := range []func(query, string) ([]string, error){auditSums, auditMoney, auditHolds, auditRest} {
		found, err := check(q, merchant)
		if err != nil {
			return nil, fmt.Errorf("audit the orders: %w", err)
		}
		out = append(out, found...)
	}
	return out, nil
}

// moneyCount is what the payments of one order amount to: how many stand where, what is expected, and what is good. Least is the smallest
// good sum about which no person has decided.
type moneyCount struct {
	ID                                 string
	Status                             Status
	Total                              int64
	Live, Good, Review, Back, Accepted int64
	Asked, Sum, Least, AtTheDoor       int64
}

// problem says what is wrong between an order's status and its payments, "" when nothing is.
func (m moneyCount) problem() string {
	switch m.Status {
	case AwaitingPayment:
		switch {
		case m.Sum >= m.Total && m.Good > 0:
			return "waits for money that has come"
		case m.Live == 0 && m.Review == 0 && m.Good == 0:
			return "waits for money, but no payment is expected"
		case m.Asked+m.Sum > m.Total:
			return fmt.Sprintf("expects %d although %d of %d is here", m.Asked, m.Sum, m.Total)
		}
	case Paid, Fulfilled, Completed:
		switch {
		case m.Total > 0 && m.Good+m.Review+m.Back == 0 && m.AtTheDoor == 0:
			return "counts as paid, but no payment brought the money"
		case m.Least > 0 && m.Sum-m.Least >= m.Total:
			return "was paid more than once, and nobody is asked to look"
		case m.Live > 0 && (m.Status != Fulfilled || m.AtTheDoor < m.Live):
			return "is paid, but another payment is expected"
		}
	case Cancelled, Expired:
		switch {
		case m.Live > 0:
			return "is over, but a payment is still expected"
		case m.Good > m.Accepted:
			return "is over, but its money is neither refunded nor before a person"
		}
	}
	return ""
}

// The statements of this file read the tables of catalog and payments beside this room's own: only one statement
// sees one moment of all of them. Nothing else in this room does.

// auditSums checks that an order is the sum of its lines.
func auditSums(q query, merchant string) ([]string, error) {
	var rows []struct {
		ID                   string
		Subtotal, Lines, Odd int64
		Total, Sum           int64
	}
	err := q.Raw(`select * from (
		select o.id, o.subtotal, o.total, coalesce(l.total, 0) as lines, coalesce(l.odd, 0) as odd,
			o.subtotal - o.discount + o.shipping + case when o.tax_inclusive then 0 else o.tax end as sum
		from orders o left join (
			select order_id, sum(total) as total, sum(case when total <> unit_price * quantity then 1 else 0 end) as odd
			from order_lines where merchant_id = ? group by order_id) l on l.order_id = o.id
		where o.merchant_id = ?) x
		where subtotal <> lines or total <> sum or odd > 0 order by id`, merchant, merchant).Scan(&rows).Error
	var out []string
	for _, r := range rows {
		switch {
		case r.Subtotal != r.Lines:
			out = append(out, fmt.Sprintf("order %s: its subtotal is %d, its lines sum to %d", r.ID, r.Subtotal, r.Lines))
		case r.Total != r.Sum:
			out = append(out, fmt.Sprintf("order %s: its total is %d, its parts sum to %d", r.ID, r.Total, r.Sum))
		default:
			out = append(out, fmt.Sprintf("order %s: %d of its lines are not quantity × unit price", r.ID, r.Odd))
		}
	}
	return out, err
}

// auditMoney checks that orders and payments tell the same story.
func auditMoney(q query, merchant string) ([]string, error) {
	rows, err := q.Raw(`select o.id, o.status, o.total, count(x.live), count(x.good), count(x.review), count(x.back), count(x.accepted),
			coalesce(sum(x.live), 0), coalesce(sum(case when x.currency = o.currency then x.good end), 0),
			coalesce(min(case when x.accepted is null then x.good end), 0), count(x.door)
		from orders o left join (select merchant_id, order_id, currency,
			case when status in ('pending', 'failed', 'authorized') then amount end as live,
			case when status in ('paid', 'partially_refunded') then case when reason = 'part' then paid_amount else amount end end as good,
			case when status = 'needs_review' then 1 end as review,
			case when status = 'refunded' then 1 end as back,
			case when status = 'partially_refunded' or status = 'paid' and reason in ('accepted', 'part') then 1 end as accepted,
			case when status = 'pending' and reason = 'on_delivery' or status = 'authorized' and reason = 'capturing' then 1 end as door
			from payments where merchant_id = ?) x on x.merchant_id = o.merchant_id and x.order_id = o.id
		where o.merchant_id = ? group by o.id, o.status, o.total order by o.id`, merchant, merchant).Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() { // one by one: a shop may have millions
		var m moneyCount
		if err := rows.Scan(&m.ID, &m.Status, &m.Total, &m.Live, &m.Good, &m.Review, &m.Back, &m.Accepted, &m.Asked, &m.Sum, &m.Least, &m.AtTheDoor); err != nil {
			return nil, err
		}
		if problem := m.problem(); problem != "" {
			out = append(out, fmt.Sprintf("order %s %s", m.ID, problem))
		}
	}
	return out, rows.Err()
}

// auditHolds checks that goods are held for orders that wait, gone for those that are paid, and free for the others.
func auditHolds(q query, merchant string) ([]string, error) {
	var rows []struct {
		ID, VariantID string
		Status        Status
		Wanted, Held  int64
		Gone          bool
	}
	err := q.Raw(`select o.id, o.status, w.variant_id, w.quantity as wanted, coalesce(h.quantity, 0) as held,
			h.consumed_at is not null as gone
		from orders o
		join (select order_id, variant_id, sum(quantity) as quantity from order_lines where merchant_id = ? group by order_id, variant_id) w
			on w.order_id = o.id
		left join holds h on h.merchant_id = o.merchant_id and h.order_id = o.id and h.variant_id = w.variant_id
		where o.merchant_id = ? and (
			o.status = 'awaiting_payment' and (h.quantity is null or h.quantity <> w.quantity or h.consumed_at is not null)
			or o.status in ('cancelled', 'expired') and h.quantity is not null and h.consumed_at is null
			or o.status in ('paid', 'fulfilled', 'completed') and (h.consumed_at is null or h.quantity <> w.quantity))
		order by o.id, w.variant_id`, merchant, merchant).Scan(&rows).Error
	if err != nil {
		return nil, err
	}
	var out []string
	for _, r := range rows {
		state := "held"
		if r.Gone {
			state = "gone"
		}
		out = append(out, fmt.Sprintf("order %s is %s and wants %d of variant %s, but %d are %s", r.ID, r.Status, r.Wanted, r.VariantID, r.Held, state))
	}
	lost, err := sentences(q, `select h.order_id from holds h left join orders o on o.merchant_id = h.merchant_id and o.id = h.order_id
		where h.merchant_id = ? and h.consumed_at is null and o.id is null order by h.order_id`, "goods are held for order %s, which does not exist", merchant)
	return append(out, lost...), err
}

// auditRest checks history, carts and payments that belong to nothing.
func auditRest(q query, merchant string) ([]string, error) {
	var out []string
	for _, c := range []struct{ sentence, sql string }{
		{"order %s has a status that its history does not know", `select o.id from orders o where o.merchant_id = ? and not exists (
			select 1 from order_events e where e.merchant_id = o.merchant_id and e.order_id = o.id and e.to_status = o.status) order by o.id`},
		{"cart %s counts as ordered, but no order of it waits for money", `select c.id from carts c where c.merchant_id = ? and c.status = 'ordered'
			and not exists (select 1 from orders o where o.merchant_id = c.merchant_id and o.cart_id = c.id and o.status = 'awaiting_payment') order by c.id`},
		{"cart %s is open while an order of it waits for money", `select c.id from carts c join orders o on o.merchant_id = c.merchant_id and o.cart_id = c.id
			where c.merchant_id = ? and c.status = 'open' and o.status = 'awaiting_payment' order by c.id`},
		{"payment %s is for an order that does not exist", `select p.id from payments p left join orders o on o.merchant_id = p.merchant_id and o.id = p.order_id
			where p.merchant_id = ? and o.id is null order by p.id`},
	} {
		found, err := sentences(q, c.sql, c.sentence, merchant)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// sentences puts each id that sql finds into a sentence.
func sentences(q query, sql, sentence, merchant string) ([]string, error) {
	var ids []string
	err := q.Raw(sql, merchant).Scan(&ids).Error
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = fmt.Sprintf(sentence, id)
	}
	return out, err
}
