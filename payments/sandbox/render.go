package sandbox

import (
	"fmt"
	"maps"
	"strings"
)

// object is a Stripe object on its way out. References are ids; expanded replaces them.
type object = map[string]any

// orNull gives JSON null for "".
func orNull(v string) any {
	if v == "" {
		return nil
	}
	return v
}

func orNullTime(v int64) any {
	if v == 0 {
		return nil
	}
	return v
}

// copyMeta makes metadata that is never null.
func copyMeta(m map[string]string) map[string]string {
	out := map[string]string{}
	maps.Copy(out, m)
	return out
}

func noAddress() object {
	return object{"city": nil, "country": nil, "line1": nil, "line2": nil, "postal_code": nil, "state": nil}
}

func (c *change) renderSession(v *session) object {
	var url, details, shipping any
	if v.Status == "open" {
		url = c.s.pageURL(v.ID)
	}
	if v.Email != "" || v.Status == "complete" {
		details = object{"address": noAddress(), "email": orNull(v.Email), "name": nil, "phone": nil, "tax_exempt": "none", "tax_ids": []any{}}
	}
	creation := any("if_required")
	if v.NewCustomer {
		creation = "always"
	}
	if v.ShippingName != "" {
		shipping = object{"amount_subtotal": v.Shipping, "amount_tax": 0, "amount_total": v.Shipping, "shipping_rate": nil}
	}
	return object{
		"id": v.ID, "object": "checkout.session", "created": v.Created, "expires_at": v.ExpiresAt, "livemode": v.Livemode,
		"mode": "payment", "status": v.Status, "payment_status": v.PaymentStatus, "ui_mode": "hosted", "url": url,
		"amount_subtotal": v.Subtotal, "amount_total": v.Amount, "currency": v.Currency, "currency_conversion": v.conversion(),
		"total_details":       object{"amount_discount": 0, "amount_shipping": v.Shipping, "amount_tax": 0},
		"client_reference_id": orNull(v.Reference), "client_secret": nil, "metadata": copyMeta(v.Metadata),
		"customer": orNull(v.Customer), "customer_email": orNull(v.Email), "customer_details": details, "customer_creation": creation,
		"payment_intent": orNull(v.Intent), "payment_link": nil, "payment_method_types": v.Methods, "payment_method_options": object{},
		"payment_method_collection": "if_required", "payment_method_configuration_details": nil,
		"success_url": v.SuccessURL, "cancel_url": orNull(v.CancelURL), "locale": orNull(v.Locale), "submit_type": orNull(v.SubmitType),
		"phone_number_collection": object{"enabled": v.Phone}, "shipping_cost": shipping, "shipping_details": nil, "shipping_options": []any{},
		"shipping_address_collection": nil, "after_expiration": nil, "allow_promotion_codes": nil,
		"automatic_tax": object{"enabled": false, "liability": nil, "status": nil}, "billing_address_collection": nil, "consent": nil,
		"consent_collection": nil, "custom_fields": []any{}, "invoice": nil, "invoice_creation": nil, "recovered_from": nil,
		"custom_text":  object{"after_submit": nil, "shipping_address": nil, "submit": nil, "terms_of_service_acceptance": nil},
		"setup_intent": nil, "subscription": nil,
	}
}

// conversion is what the shop asked for, where the customer pays in another currency; sessions of this API version have it so.
func (v *session) conversion() any {
	if v.SourceCurrency == "" {
		return nil
	}
	return object{"amount_subtotal": v.SourceAmount, "amount_total": v.SourceAmount, "source_currency": v.SourceCurrency,
		"fx_rate": fmt.Sprintf("%.6f", float64(v.Amount)/float64(v.SourceAmount))}
}

func renderLines(v *session) object {
	data := []any{}
	for _, l := range v.Lines {
		total := l.Unit * l.Quantity
		data = append(data, object{
			"id": l.ID, "object": "item", "description": l.Name, "quantity": l.Quantity, "currency": v.Currency, "amount_subtotal": total,
			"amount_total": total, "amount_discount": 0, "amount_tax": 0,
			"price": object{"id": l.Price, "object": "price", "active": false, "billing_scheme": "per_unit", "created": v.Created, "currency": v.Currency,
				"custom_unit_amount": nil, "livemode": v.Livemode, "lookup_key": nil, "metadata": object{}, "nickname": nil, "product": l.Product,
				"recurring": nil, "tax_behavior": "unspecified", "tiers_mode": nil, "transform_quantity": nil, "type": "one_time", "unit_amount": l.Unit},
		})
	}
	return listObject("/v1/checkout/sessions/"+v.ID+"/line_items", data, false)
}

func (c *change) renderIntent(v *intent) object {
	var failure, capturable any = nil, int64(0)
	if v.Error != nil {
		told := object{"type": "card_error", "code": v.Error.Code, "message": v.Error.Message, "charge": v.Charge}
		if v.Error.DeclineCode != "" {
			told["decline_code"] = v.Error.DeclineCode
		}
		failure = told
	}
	if v.Status == "requires_capture" {
		capturable = v.Amount
	}
	var next any
	if v.Status == "requires_action" {
		next = object{"type": "redirect_to_url", "redirect_to_url": object{"url": c.s.pageURL(v.Session) + "/3ds", "return_url": c.s.pageURL(v.Session)}}
	}
	return object{
		"id": v.ID, "object": "payment_intent", "created": v.Created, "livemode": v.Livemode, "amount": v.Amount, "currency": v.Currency,
		"amount_capturable": capturable, "amount_received": v.Received, "amount_details": object{"tip": object{}}, "status": v.Status,
		"capture_method": v.Capture, "confirmation_method": "automatic", "client_secret": v.ID + "_secret_sandbox", "latest_charge": orNull(v.Charge),
		"last_payment_error": failure, "next_action": next, "metadata": copyMeta(v.Metadata), "customer": orNull(v.Customer),
		"description": orNull(v.Description), "receipt_email": orNull(v.ReceiptEmail), "payment_method": orNull(v.Method),
		"payment_method_types": v.Methods, "payment_method_options": object{}, "payment_method_configuration_details": nil,
		"canceled_at": orNullTime(v.CanceledAt), "cancellation_reason": orNull(v.CancelReason), "application": nil, "application_fee_amount": nil,
		"automatic_payment_methods": nil, "invoice": nil, "on_behalf_of": nil, "processing": nil, "review": nil, "setup_future_usage": nil,
		"shipping": nil, "statement_descriptor": nil, "statement_descriptor_suffix": nil, "transfer_data": nil, "transfer_group": nil,
	}
}

func (c *change) renderCharge(v *charge) object {
	in := c.intent(v.Intent)
	var code, message any
	outcome := object{"network_status": "approved_by_network", "reason": nil, "risk_level": "normal", "risk_score": 12,
		"seller_message": "Payment complete.", "type": "authorized"}
	if v.Error != nil {
		code, message = v.Error.Code, v.Error.Message
		outcome = object{"network_status": "declined_by_network", "reason": orNull(v.Error.DeclineCode), "risk_level": "normal",
			"risk_score": 12, "seller_message": "The bank did not return any further details with this decline.", "type": "issuer_declined"}
	}
	return object{
		"id": v.ID, "object": "charge", "created": v.Created, "livemode": in.Livemode, "amount": v.Amount, "amount_captured": v.Captured,
		"amount_refunded": v.Refunded + v.neverTaken(), "currency": v.Currency, "captured": v.Captured > 0, "paid": v.Status == "succeeded", "status": v.Status,
		"refunded": v.Released || (v.Captured > 0 && v.Refunded == v.Captured), "disputed": v.Disputed, "payment_intent": v.Intent,
		"balance_transaction": orNull(v.Txn), "payment_method": orNull(in.Method), "payment_method_details": methodDetails(in, v),
		"failure_code": code, "failure_message": message, "failure_balance_transaction": nil, "outcome": outcome, "metadata": copyMeta(in.Metadata),
		"billing_details": object{"address": noAddress(), "email": orNull(in.ReceiptEmail), "name": nil, "phone": nil},
		"description":     orNull(in.Description), "customer": orNull(in.Customer), "receipt_email": orNull(in.ReceiptEmail), "receipt_number": nil,
		"receipt_url": nil, "fraud_details": object{}, "application": nil, "application_fee": nil, "application_fee_amount": nil,
		"calculated_statement_descriptor": "SANDBOX", "invoice": nil, "on_behalf_of": nil, "review": nil, "shipping": nil, "source_transfer": nil,
		"statement_descriptor": nil, "statement_descriptor_suffix": nil, "transfer_data": nil, "transfer_group": nil,
	}
}

// neverTaken is what was held and let go; Stripe counts it as refunded.
func (v *charge) neverTaken() int64 {
	if v.Captured == 0 && !v.Released {
		return 0
	}
	return v.Amount - v.Captured
}

func methodDetails(in *intent, v *charge) object {
	if in.MethodType != "card" {
		return object{"type": in.MethodType, in.MethodType: object{}}
	}
	var secure any
	if v.Secure {
		secure = object{"authentication_flow": "challenge", "result": "authenticated", "result_reason": nil, "version": "2.2.0"}
	}
	return object{"type": "card", "card": object{
		"brand": "visa", "country": "US", "exp_month": 12, "exp_year": 2034, "fingerprint": "sandboxsandbox01", "funding": "credit", "last4": "4242",
		"network": "visa", "three_d_secure": secure, "wallet": nil, "installments": nil, "mandate": nil,
		"checks": object{"address_line1_check": nil, "address_postal_code_check": nil, "cvc_check": "pass"},
	}}
}

func (c *change) renderRefund(v *refund) object {
	out := object{
		"id": v.ID, "object": "refund", "created": v.Created, "amount": v.Amount, "currency": v.Currency, "charge": v.Charge,
		"payment_intent": orNull(v.Intent), "reason": orNull(v.Reason), "status": v.Status, "metadata": copyMeta(v.Metadata),
		"balance_transaction": orNull(v.Txn), "receipt_number": nil, "source_transfer_reversal": nil, "transfer_reversal": nil,
		"destination_details": object{"type": "card", "card": object{"type": "refund", "reference_status": "pending", "reference_type": "acquirer_reference_number"}},
	}
	if v.Failure != "" {
		out["failure_reason"], out["failure_balance_transaction"] = v.Failure, v.FailTxn
	}
	return out
}

func (c *change) renderDispute(v *dispute) object {
	booked := []any{}
	for _, id := range v.Txns {
		booked = append(booked, renderTxn(c.txn(id)))
	}
	return object{
		"id": v.ID, "object": "dispute", "created": v.Created, "livemode": false, "amount": v.Amount, "currency": v.Currency, "charge": v.Charge,
		"payment_intent": v.Intent, "reason": v.Reason, "status": v.Status, "metadata": copyMeta(v.Metadata), "balance_transactions": booked,
		"evidence": copyMeta(v.Evidence), "is_charge_refundable": false,
		"evidence_details":       object{"due_by": v.Created + 7*24*3600, "has_evidence": len(v.Evidence) > 0, "past_due": false, "submission_count": v.Handed},
		"payment_method_details": object{"type": "card", "card": object{"brand": "visa", "network_reason_code": "10.4"}},
	}
}

// renderEvent tells how many webhooks of it are still owed beside.
func (c *change) renderEvent(v *event) object {
	pending := 0
	for _, d := range c.s.state.deliveries.byID {
		if d.Event == v.ID {
			pending++
		}
	}
	return v.render(pending)
}

func (v *event) render(pending int) object {
	out := object{
		"id": v.ID, "object": "event", "api_version": APIVersion, "created": v.Created, "type": v.Type, "livemode": v.Livemode,
		"data": object{"object": v.Object}, "pending_webhooks": pending,
		"request": object{"id": orNull(v.Request), "idempotency_key": orNull(v.Key)},
	}
	if strings.HasPrefix(v.Account, "acct_") {
		out["account"] = v.Account
	}
	return out
}
