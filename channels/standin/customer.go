package standin

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Customer is somebody who writes to the shop. UserID is the business-scoped id; without a Phone it is all that is told.
type Customer struct {
	Phone  string
	UserID string
	Name   string
}

// Item is a line of a basket that was filled in WhatsApp. The price is what the customer's phone claims.
type Item struct {
	SKU      string  `json:"sku"`
	Quantity int     `json:"quantity"`
	Price    float64 `json:"price"`
	Currency string  `json:"currency"`
}

type object = map[string]any

// Text has a customer write, and gives the message's id.
func (s *Server) Text(ctx context.Context, c Customer, text string) (string, error) {
	return s.Message(ctx, c, object{"type": "text", "text": object{"body": text}}, text)
}

// Tap has a customer choose a button or a row.
func (s *Server) Tap(ctx context.Context, c Customer, id, title string) (string, error) {
	return s.Message(ctx, c, object{"type": "interactive", "interactive": object{"type": "button_reply",
		"button_reply": object{"id": id, "title": title}}}, title)
}

// Order has a customer send a basket.
func (s *Server) Order(ctx context.Context, c Customer, items []Item) (string, error) {
	var list []object
	for _, i := range items {
		list = append(list, object{"product_retailer_id": i.SKU, "quantity": i.Quantity, "item_price": i.Price, "currency": i.Currency})
	}
	return s.Message(ctx, c, object{"type": "order", "order": object{"catalog_id": "1", "text": "", "product_items": list}}, "a basket")
}

// Message has a customer send any kind of message; m lacks only who and when.
func (s *Server) Message(ctx context.Context, c Customer, m object, seen string) (string, error) {
	if c.Phone == "" && c.UserID == "" {
		return "", errors.New("a customer needs a phone number or a user id")
	}
	m["id"], m["timestamp"] = newID(), strconv.FormatInt(time.Now().Unix(), 10)
	contact := object{"profile": object{"name": c.Name}}
	number := c.Phone
	if c.Phone != "" {
		m["from"], contact["wa_id"] = c.Phone, c.Phone
	} else {
		number = c.UserID
	}
	if c.UserID != "" {
		m["from_user_id"], contact["user_id"] = c.UserID, c.UserID
	}
	s.mu.Lock()
	s.heard[number] = time.Now()
	s.say(number, line{mine: true, text: seen})
	s.mu.Unlock()
	return fmt.Sprint(m["id"]), s.post(ctx, object{"contacts": []object{contact}, "messages": []object{m}})
}

// Status reports what became of a message that the shop sent: sent, delivered, read, failed with a code.
func (s *Server) Status(ctx context.Context, m Sent, status string, code int) error {
	v := object{"id": m.ID, "status": status, "timestamp": strconv.FormatInt(time.Now().Unix(), 10), "recipient_id": m.To,
		"biz_opaque_callback_data": m.Opaque}
	if code != 0 {
		v["errors"] = []object{{"code": code, "title": "as the test wants it"}}
	}
	return s.post(ctx, object{"statuses": []object{v}})
}

func (s *Server) post(ctx context.Context, value object) error {
	value["messaging_product"] = "whatsapp"
	value["metadata"] = object{"display_phone_number": "15550001111", "phone_number_id": s.cfg.PhoneNumberID}
	raw, err := json.Marshal(object{"object": "whatsapp_business_account", "entry": []object{{"id": "1",
		"changes": []object{{"field": "messages", "value": value}}}}})
	if err != nil {
		return err
	}
	return s.Post(ctx, raw)
}

// Post signs a webhook body and sends it to the shop. Like Meta it tries again when the shop fails.
func (s *Server) Post(ctx context.Context, raw []byte) error {
	s.mu.Lock()
	url := s.webhook
	s.mu.Unlock()
	if url == "" {
		return errors.New("the shop's webhook is not known yet")
	}
	for try := 1; ; try++ {
		err := s.postOnce(ctx, url, raw)
		if err == nil || try == 5 || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(try) * 300 * time.Millisecond):
		}
	}
}

func (s *Server) postOnce(ctx context.Context, url string, raw []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Hub-Signature-256", Sign(s.cfg.AppSecret, raw))
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the shop answered %d to a webhook", resp.StatusCode)
	}
	return nil
}

// Sign gives the value of X-Hub-Signature-256.
func Sign(secret string, raw []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(raw)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}
