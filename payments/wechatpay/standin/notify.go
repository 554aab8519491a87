package standin

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// notice is a notification that the shop has not taken yet.
type notice struct {
	body []byte
	to   string
}

// seal closes a text with the APIv3 key, as WeChat does.
func (s *Server) seal(plain []byte, kind string) object {
	once := hexText(6)
	block, _ := aes.NewCipher([]byte(s.APIv3Key)) // 32 bytes
	gcm, _ := cipher.NewGCM(block)                // AES always can
	return object{"algorithm": "AEAD_AES_256_GCM", "original_type": kind, "associated_data": kind, "nonce": once,
		"ciphertext": base64.StdEncoding.EncodeToString(gcm.Seal(nil, []byte(once), plain, []byte(kind)))}
}

// Notice makes the body of a notification.
func (s *Server) Notice(event, kind string, what map[string]any) []byte {
	plain, _ := json.Marshal(what) // made here of texts and numbers
	body, _ := json.Marshal(object{"id": hexText(16), "create_time": s.Now().In(time.FixedZone("", 8*3600)).Format(time.RFC3339), "resource_type": "encrypt-resource",
		"event_type": event, "summary": "支付成功", "resource": s.seal(plain, kind)})
	return body
}

// Tell sends a notification and keeps it for Again where the shop does not take it.
func (s *Server) Tell(body []byte, to string) {
	if to == "" {
		return
	}
	if err := s.post(body, to); err != nil {
		s.mu.Lock()
		s.notices = append(s.notices, notice{body, to})
		s.mu.Unlock()
	}
}

// Again tries once more what was not taken, and tells how much is still left.
func (s *Server) Again() int {
	s.mu.Lock()
	list := s.notices
	s.notices = nil
	s.mu.Unlock()
	for _, n := range list {
		s.Tell(n.body, n.to)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.notices)
}

func (s *Server) post(body []byte, to string) error {
	status, _, err := s.Post(body, to, s.sign(body))
	if err == nil && status != http.StatusOK && status != http.StatusNoContent {
		err = fmt.Errorf("status %d", status)
	}
	return err
}

// Signed gives the headers with which a body is sent.
func (s *Server) Signed(body []byte) http.Header { return s.sign(body) }

// Post sends a body with these headers, whatever they are, and gives the answer.
func (s *Server) Post(body []byte, to string, h http.Header) (status int, answer map[string]any, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second) // WeChat waits no longer
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body)) //nolint:gosec // where the shop asked to be told
	if err != nil {
		return 0, nil, err
	}
	for k, v := range h {
		r.Header[k] = v
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := s.client.Do(r) //nolint:gosec // as above
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	_ = json.NewDecoder(resp.Body).Decode(&answer) // 204 has none
	return resp.StatusCode, answer, nil
}
