package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// sessionMark in a success URL is where Stripe puts the session's id (docs.stripe.com/payments/checkout/custom-success-page).
const sessionMark = "{CHECKOUT_SESSION_ID}"

// Limits of a session (docs.stripe.com/api/checkout/sessions/create).
const (
	shortestLife = 30 * time.Minute
	longestLife  = 24 * time.Hour
	maxLines     = 100
	maxAmount    = 99_999_999 // eight digits
)

// sessionParams are those that the sandbox obeys, or may ignore without changing what is paid.
const sessionParams = `
	mode success_url cancel_url client_reference_id currency customer customer_email customer_creation expires_at locale
	submit_type ui_mode metadata[*] payment_method_types[] payment_method_options[**] billing_address_collection
	phone_number_collection[enabled] shipping_address_collection[allowed_countries][] custom_text[**] allow_promotion_codes
	payment_intent_data[metadata][*] payment_intent_data[capture_method] payment_intent_data[description]
	payment_intent_data[receipt_email] payment_intent_data[statement_descriptor]
	payment_intent_data[statement_descriptor_suffix] payment_intent_data[setup_future_usage] payment_intent_data[transfer_group]
	line_items[][quantity] line_items[][price_data][currency] line_items[][price_data][unit_amount]
	line_items[][price_data][tax_behavior] line_items[][price_data][product_data][name]
	line_items[][price_data][product_data][description] line_items[][price_data][product_data][images][]
	line_items[][price_data][product_data][tax_code] line_items[][price_data][product_data][metadata][*]
	shipping_options[][shipping_rate_data][display_name] shipping_options[][shipping_rate_data][type]
	shipping_options[][shipping_rate_data][fixed_amount][amount] shipping_options[][shipping_rate_data][fixed_amount][currency]
	shipping_options[][shipping_rate_data][tax_behavior] shipping_options[][shipping_rate_data][metadata][*]`

func createSession(c *call) (map[string]any, error) {
	f := c.form
	if err := f.allow(strings.Fields(sessionParams)...); err != nil {
		return nil, err
	}
	if err := f.need("mode"); err != nil {
		return nil, err
	}
	if mode, err := f.among("mode", "payment", "setup", "subscription"); err != nil {
		return nil, err
	} else if mode != "payment" {
		return nil, badRequest("", "mode", "The sandbox knows only `payment` mode.")
	}
	if err := f.need("success_url"); err != nil {
		return nil, err
	}
	sess := &session{ID: newID("cs_test_a1", 56), Created: c.unix(), Status: "open", PaymentStatus: "unpaid",
		Customer: f["customer"], Locale: f["locale"], Methods: f.list("payment_method_types")}
	if len(sess.Methods) == 0 {
		sess.Methods = []string{"card"}
	}
	for _, read := range []func() error{
		func() (err error) { sess.SuccessURL, err = f.link("success_url"); return },
		func() (err error) { sess.CancelURL, err = f.link("cancel_url"); return },
		func() (err error) { sess.Reference, err = f.short("client_reference_id", 200); return },
		func() (err error) { sess.Description, err = f.short("payment_intent_data[description]", 1000); return },
		func() (err error) { sess.ReceiptEmail, err = email(f, "payment_intent_data[receipt_email]"); return },
		func() (err error) { sess.Email, err = email(f, "customer_email"); return },
		func() (err error) { sess.Phone, err = f.flag("phone_number_collection[enabled]"); return },
		func() (err error) { sess.Metadata, err = f.metadata("metadata"); return },
		func() (err error) { sess.IntentMetadata, err = f.metadata("payment_intent_data[metadata]"); return },
		func() (err error) { _, err = f.among("ui_mode", "hosted"); return },
		func() (err error) {
			sess.SubmitType, err = f.among("submit_type", "", "auto", "book", "donate", "pay")
			return
		},
		func() (err error) {
			sess.Capture, err = f.among("payment_intent_data[capture_method]", "automatic", "automatic_async", "manual")
			return
		},
		func() (err error) { sess.ExpiresAt, err = c.expiry(); return },
		func() error { return c.whoPays(sess) },
		func() error { return c.lines(sess) },
		func() error { return c.shipping(sess) },
		func() error { return c.total(sess) },
	} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	sess.Account = *c.account
	c.rec.Sessions = append(c.rec.Sessions, sess)
	return c.expanded(c.renderSession(sess))
}

func email(f form, name string) (string, error) {
	raw, ok := f[name]
	if at := strings.Index(raw, "@"); ok && (at < 1 || at == len(raw)-1 || len(raw) > 512 || strings.ContainsAny(raw, " \r\n")) {
		return "", badRequest("email_invalid", name, "Invalid email address: "+raw)
	}
	return raw, nil
}

func (c *call) expiry() (int64, error) {
	at, given, err := c.form.number("expires_at")
	if err != nil {
		return 0, err
	}
	if !given {
		return c.now.Add(longestLife).Unix(), nil
	}
	if at < c.now.Add(shortestLife).Unix() {
		return 0, badRequest("", "expires_at", "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.")
	}
	if at > c.now.Add(longestLife).Unix() {
		return 0, badRequest("", "expires_at", "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.")
	}
	return at, nil
}

func (c *call) lines(sess *session) error {
	f := c.form
	indexes := f.indexes("line_items")
	if len(indexes) == 0 {
		return badRequest("parameter_missing", "line_items", "You must provide `line_items` in `payment` mode.")
	}
	if len(indexes) > maxLines {
		return badRequest("", "line_items", fmt.Sprintf("A session takes at most %d line items.", maxLines))
	}
	for _, i := range indexes {
		at := fmt.Sprintf("line_items[%d]", i)
		data := at + "[price_data]"
		if err := f.need(data+"[currency]", data+"[unit_amount]", data+"[product_data][name]", at+"[quantity]"); err != nil {
			return err
		}
		currency, err := c.currency(data+"[currency]", sess)
		if err != nil {
			return err
		}
		unit, _, err := f.number(data + "[unit_amount]")
		if err != nil {
			return err
		}
		quantity, _, err := f.number(at + "[quantity]")
		if err != nil {
			return err
		}
		if unit < 0 || unit > maxAmount {
			return badRequest("parameter_invalid_integer", data+"[unit_amount]", fmt.Sprintf("This value must be between 0 and %d.", maxAmount))
		}
		if quantity < 1 || quantity > 999_999 {
			return badRequest("parameter_invalid_integer", at+"[quantity]", "This value must be greater than or equal to 1.")
		}
		name, err := f.short(data+"[product_data][name]", 5000)
		if err != nil {
			return err
		}
		meta, err := f.metadata(data + "[product_data][metadata]")
		if err != nil {
			return err
		}
		sess.Currency = currency
		sess.Lines = append(sess.Lines, lineItem{
			ID: newID("li_1", 23), Price: newID("price_1", 23), Product: newID("prod_", 14), Name: name, Metadata: meta,
			Description: f[data+"[product_data][description]"], Images: f.list(data + "[product_data][images]"), Unit: unit, Quantity: quantity,
		})
		// At most 100 × 99,999,999 × 999,999: far below the end of int64.
		sess.Subtotal += unit * quantity
	}
	return nil
}

// currency reads a code and refuses one that differs from the session's other lines.
func (c *call) currency(name string, sess *session) (string, error) {
	code := strings.ToLower(c.form[name])
	if !slices.Contains(strings.Fields(stripeCurrencies), code) {
		return "", badRequest("", name, fmt.Sprintf("Invalid currency: %s. Stripe currently supports these currencies: %s",
			c.form[name], strings.Join(strings.Fields(stripeCurrencies), ", ")))
	}
	if sess.Currency != "" && sess.Currency != code {
		return "", badRequest("", name, "You must use one currency for all `line_items` of a Checkout Session.")
	}
	return code, nil
}

// shipping takes the first option: Stripe's page, too, has it chosen when it opens.
func (c *call) shipping(sess *session) error {
	indexes := c.form.indexes("shipping_options")
	if len(indexes) == 0 {
		return nil
	}
	data := fmt.Sprintf("shipping_options[%d][shipping_rate_data]", indexes[0])
	fixed := data + "[fixed_amount]"
	if err := c.form.need(data+"[display_name]", fixed+"[amount]", fixed+"[currency]"); err != nil {
		return err
	}
	if _, err := c.currency(fixed+"[currency]", sess); err != nil {
		return err
	}
	amount, _, err := c.form.number(fixed + "[amount]")
	if err != nil {
		return err
	}
	if amount < 0 || amount > maxAmount {
		return badRequest("parameter_invalid_integer", fixed+"[amount]", fmt.Sprintf("This value must be between 0 and %d.", maxAmount))
	}
	sess.Shipping, sess.ShippingName = amount, c.form[data+"[display_name]"]
	return nil
}

func (c *call) total(sess *session) error {
	sess.Amount = sess.Subtotal + sess.Shipping
	least := int64(1)
	if c.s.cfg.Strict {
		least = smallest(sess.Currency)
		if digits(sess.Currency) == 3 && sess.Amount%10 != 0 {
			return badRequest("", "line_items", "Amounts in "+strings.ToUpper(sess.Currency)+" must be evenly divisible by 10.")
		}
	}
	if sess.Amount < least {
		return badRequest("amount_too_small", "line_items", "The Checkout Session's total amount must be at least "+
			c.s.cfg.Format(least, sess.Currency)+".")
	}
	if sess.Amount > maxAmount {
		return badRequest("amount_too_large", "line_items", "The Checkout Session's total amount must be no more than "+
			c.s.cfg.Format(maxAmount, sess.Currency)+".")
	}
	return nil
}

func getSession(c *call) (map[string]any, error) {
	sess, err := c.pathSession()
	if err != nil {
		return nil, err
	}
	return c.expanded(c.renderSession(sess))
}

func (c *call) pathSession() (*session, error) {
	if err := c.form.allow(); err != nil {
		return nil, err
	}
	id := c.r.PathValue("id")
	sess := c.session(id)
	if sess == nil {
		return nil, noSuch("checkout.session", id)
	}
	return sess, nil
}

func expireSession(c *call) (map[string]any, error) {
	sess, err := c.pathSession()
	if err != nil {
		return nil, err
	}
	if sess.Status != "open" {
		return nil, refused("", "", fmt.Sprintf("Only Checkout Sessions with a status in [\"open\"] can be expired. "+
			"This Checkout Session has a status of %q.", sess.Status))
	}
	return c.expanded(c.renderSession(c.expire(sess)))
}

func listSessions(c *call) (map[string]any, error) {
	if err := c.form.allow(listParams("payment_intent", "status", "customer", "customer_details[email]")...); err != nil {
		return nil, err
	}
	f := c.form
	return listOf(c, "/v1/checkout/sessions", c.s.state.sessions.all(), func(v *session) int64 { return v.Created },
		func(v *session) bool {
			return match(f["payment_intent"], v.Intent) && match(f["status"], v.Status) && match(f["customer"], v.Customer) &&
				match(f["customer_details[email]"], v.Email)
		}, c.renderSession)
}

func listLines(c *call) (map[string]any, error) {
	if err := c.form.allow(listParams()...); err != nil {
		return nil, err
	}
	id := c.r.PathValue("id")
	sess := c.session(id)
	if sess == nil {
		return nil, noSuch("checkout.session", id)
	}
	return c.expanded(renderLines(sess))
}

// whoPays reads whom a session is for: a customer whom the sandbox made and did not delete, or one who is made with the payment.
func (c *call) whoPays(sess *session) error {
	creation, err := c.form.among("customer_creation", "if_required", "always")
	if err != nil {
		return err
	}
	if sess.NewCustomer = creation == "always"; sess.NewCustomer && sess.Customer != "" {
		return badRequest("", "customer_creation", "You may only specify one of these parameters: customer, customer_creation.")
	}
	if known := look(&c.s.state.customers, c.rec.Customers, sess.Customer); sess.Customer != "" && (known == nil || known.Deleted) {
		e := badRequest("resource_missing", "customer", "No such customer: '"+sess.Customer+"'")
		return e
	}
	use, err := c.form.among("payment_method_options[card][setup_future_usage]", "", "on_session", "off_session")
	sess.KeepsCard = use != ""
	return err
}

// keepCard makes the customer of a session that asked for one, and keeps the card where the session says so.
func (c *change) keepCard(sess *session, in *intent) {
	if sess.NewCustomer && sess.Customer == "" {
		made := &customer{ID: newID("cus_", 14), Created: c.unix(), Email: sess.Email}
		c.rec.Customers = append(c.rec.Customers, made)
		sess.Customer, in.Customer = made.ID, made.ID
	}
	if who := edit(&c.s.state.customers, &c.rec.Customers, sess.Customer); who != nil && sess.KeepsCard {
		who.Cards++
	}
}

func getCustomer(c *call) (map[string]any, error) {
	if err := c.form.allow(); err != nil {
		return nil, err
	}
	id := c.r.PathValue("id")
	v := look(&c.s.state.customers, c.rec.Customers, id)
	if v == nil {
		return nil, noSuch("customer", id)
	}
	return c.expanded(renderCustomer(v))
}

func deleteCustomer(c *call) (map[string]any, error) {
	if err := c.form.allow(); err != nil {
		return nil, err
	}
	id := c.r.PathValue("id")
	v := edit(&c.s.state.customers, &c.rec.Customers, id)
	if v == nil || v.Deleted {
		return nil, noSuch("customer", id)
	}
	v.Deleted, v.Email, v.Cards = true, "", 0
	return renderCustomer(v), nil
}

func renderCustomer(v *customer) object {
	if v.Deleted {
		return object{"id": v.ID, "object": "customer", "deleted": true}
	}
	return object{"id": v.ID, "object": "customer", "created": v.Created, "email": orNull(v.Email), "livemode": false, "metadata": object{},
		"description": nil, "name": nil, "phone": nil, "address": nil, "shipping": nil, "balance": 0, "currency": nil, "default_source": nil,
		"delinquent": false, "discount": nil, "invoice_prefix": v.ID[len(v.ID)-8:], "preferred_locales": []any{}, "tax_exempt": "none"}
}

// Customers counts who lets cards be kept, and the cards.
func (s *Sandbox) Customers() (people, cards int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.state.customers.all() {
		if !v.Deleted {
			people, cards = people+1, cards+v.Cards
		}
	}
	return people, cards
}

// DeleteCustomers deletes them all, as somebody at Stripe's dashboard can.
func (s *Sandbox) DeleteCustomers() {
	_ = s.do(func(c *change) error {
		for _, v := range s.state.customers.all() {
			edit(&s.state.customers, &c.rec.Customers, v.ID).Deleted = true
		}
		return nil
	})
}
