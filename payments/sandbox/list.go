package sandbox

import (
	"fmt"
	"strings"
)

// listParams are what every list takes (docs.stripe.com/api/pagination), and more.
func listParams(more ...string) []string {
	return append(more, "limit", "starting_after", "ending_before", "created", "created[gt]", "created[gte]", "created[lt]", "created[lte]")
}

// match is true when nothing is asked for, or just that.
func match(wanted, got string) bool { return wanted == "" || wanted == got }

func listObject(url string, data []any, more bool) object {
	return object{"object": "list", "url": url, "has_more": more, "data": data}
}

// listOf answers a list request from rows, which stand oldest first.
func listOf[P row](c *call, url string, rows []P, created func(P) int64, want func(P) bool, render func(P) object) (object, error) {
	limit, given, err := c.form.number("limit")
	if err != nil {
		return nil, err
	}
	if !given {
		limit = 10
	}
	if limit < 1 || limit > 100 {
		return nil, badRequest("parameter_invalid_integer", "limit", "This value must be between 1 and 100.")
	}
	inTime, err := createdFilter(c.form)
	if err != nil {
		return nil, err
	}
	newest(rows, created)
	after, before := c.form["starting_after"], c.form["ending_before"]
	if after != "" && before != "" {
		return nil, badRequest("", "starting_after", "You can only specify one of these parameters: starting_after, ending_before.")
	}
	var found []P
	passed := after == "" // with starting_after, rows count only once that row went by
	for _, v := range rows {
		if before != "" && v.key() == before {
			break
		}
		if passed && c.sees(v) && want(v) && inTime(created(v)) {
			found = append(found, v)
		}
		passed = passed || v.key() == after
	}
	more := len(found) > int(limit)
	if more && before != "" {
		found = found[len(found)-int(limit):]
	} else if more {
		found = found[:limit]
	}
	data := make([]any, len(found))
	for i, v := range found {
		data[i] = render(v)
	}
	return c.expanded(listObject(url, data, more))
}

func createdFilter(f form) (func(int64) bool, error) {
	tests := map[string]func(at, bound int64) bool{
		"created":      func(at, bound int64) bool { return at == bound },
		"created[gt]":  func(at, bound int64) bool { return at > bound },
		"created[gte]": func(at, bound int64) bool { return at >= bound },
		"created[lt]":  func(at, bound int64) bool { return at < bound },
		"created[lte]": func(at, bound int64) bool { return at <= bound },
	}
	bounds := map[string]int64{}
	for name := range tests {
		bound, given, err := f.number(name)
		if err != nil {
			return nil, err
		}
		if given {
			bounds[name] = bound
		}
	}
	return func(at int64) bool {
		for name, bound := range bounds {
			if !tests[name](at, bound) {
				return false
			}
		}
		return true
	}, nil
}

// expanded replaces ids by objects along the request's expand[] paths, at most four deep (docs.stripe.com/api/expanding_objects).
func (c *call) expanded(out object) (object, error) {
	for _, path := range c.form.list("expand") {
		steps := strings.Split(path, ".")
		if len(steps) > 4 {
			return nil, badRequest("", "expand", "You cannot expand more than 4 levels of a property: "+path)
		}
		if !c.expand(out, steps) {
			return nil, badRequest("", "expand", fmt.Sprintf("This property cannot be expanded (%s).", path))
		}
	}
	return out, nil
}

// expand follows one path from v and tells whether there is such a property.
func (c *call) expand(v object, steps []string) bool {
	if len(steps) == 0 {
		return true
	}
	name := steps[0]
	if name == "data" && v["object"] == "list" {
		for _, item := range v["data"].([]any) {
			if one, ok := item.(object); !ok || !c.expand(one, steps[1:]) {
				return false
			}
		}
		return true
	}
	got, known := v[name]
	if !known {
		id, _ := v["id"].(string)
		switch {
		case name == "line_items" && v["object"] == "checkout.session":
			got = renderLines(c.session(id))
		case name == "refunds" && v["object"] == "charge":
			got = c.refundsOf(id)
		default:
			return false
		}
		v[name] = got
	}
	switch ref := got.(type) {
	case nil:
		return true
	case object:
		return c.expand(ref, steps[1:])
	case string:
		found := c.find(ref)
		if found == nil {
			return false
		}
		v[name] = found
		return c.expand(found, steps[1:])
	default:
		return false
	}
}

// find renders the object with this id.
func (c *call) find(id string) object {
	prefix, _, _ := strings.Cut(id, "_")
	switch prefix {
	case "pi":
		if v := c.intent(id); v != nil {
			return c.renderIntent(v)
		}
	case "ch":
		if v := c.charge(id); v != nil {
			return c.renderCharge(v)
		}
	case "re":
		if v := c.refund(id); v != nil {
			return c.renderRefund(v)
		}
	case "dp":
		if v := c.dispute(id); v != nil {
			return c.renderDispute(v)
		}
	case "txn":
		if v := c.txn(id); v != nil {
			return renderTxn(v)
		}
	case "po":
		if v := c.payout(id); v != nil {
			return renderPayout(v)
		}
	case "cus":
		return object{"id": id, "object": "customer", "livemode": false, "metadata": object{}}
	case "pm":
		return object{"id": id, "object": "payment_method", "livemode": false, "type": "card", "metadata": object{},
			"card": object{"brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2034, "country": "US"}}
	}
	return nil
}

func (c *call) refundsOf(charge string) object {
	data := []any{}
	rows := c.s.state.refunds.all()
	newest(rows, func(v *refund) int64 { return v.Created })
	for _, v := range rows {
		if v.Charge == charge {
			data = append(data, c.renderRefund(v))
		}
	}
	return listObject("/v1/charges/"+charge+"/refunds", data, false)
}

func getAccount(c *call) (map[string]any, error) {
	return object{"id": "acct_sandbox", "object": "account", "type": "standard", "charges_enabled": true, "payouts_enabled": true,
		"details_submitted": true, "country": "US", "default_currency": "usd", "email": nil, "metadata": object{},
		"business_profile": object{"name": c.s.cfg.ShopName},
		"settings": object{"dashboard": object{"display_name": c.s.cfg.ShopName, "timezone": "Etc/UTC"}, "branding": object{"icon": nil, "logo": nil,
			"primary_color": nil, "secondary_color": nil}, "card_payments": object{"statement_descriptor_prefix": nil,
			"statement_descriptor_prefix_kana": nil, "statement_descriptor_prefix_kanji": nil}, "payments": object{"statement_descriptor": "SANDBOX",
			"statement_descriptor_kana": nil, "statement_descriptor_kanji": nil}}}, nil
}

func listEvents(c *call) (map[string]any, error) {
	if err := c.form.allow(listParams("type", "types[]", "delivery_success")...); err != nil {
		return nil, err
	}
	delivered, err := c.form.flag("delivery_success")
	if err != nil {
		return nil, err
	}
	_, asked := c.form["delivery_success"]
	owed := map[string]bool{}
	for _, d := range c.s.state.deliveries.byID {
		owed[d.Event] = true
	}
	types := c.form.list("types")
	return listOf(c, "/v1/events", c.s.state.events.all(), func(v *event) int64 { return v.Created }, func(v *event) bool {
		return typed(c.form["type"], v.Type) && (len(types) == 0 || oneOf(types, v.Type)) && (!asked || delivered != owed[v.ID])
	}, c.renderEvent)
}

// typed compares an event's type with one wanted, which may end in an asterisk.
func typed(wanted, got string) bool {
	under, open := strings.CutSuffix(wanted, "*")
	return wanted == "" || wanted == got || (open && strings.HasPrefix(got, under))
}

func oneOf(types []string, got string) bool {
	for _, t := range types {
		if typed(t, got) {
			return true
		}
	}
	return false
}

func getEvent(c *call) (map[string]any, error) {
	id := c.r.PathValue("id")
	v := c.s.state.events.byID[id]
	if v == nil {
		return nil, noSuch("event", id)
	}
	return c.renderEvent(v), nil
}
