package standin

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Handler serves the API, the page on which one chats as a customer, and the controls under /standin.
func (s *Server) Handler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("POST /{version}/{number}/messages", s.messages)
	m.HandleFunc("POST /{version}/{number}/media", s.upload)
	m.HandleFunc("GET /{version}/{number}/payments/{configuration}/{reference}", s.look)
	m.HandleFunc("POST /{version}/{number}/payments_refund", s.giveBack)
	m.HandleFunc("GET /{version}/{media}", s.mediaInfo)
	m.HandleFunc("GET /standin/media/{media}", s.mediaBody)
	m.HandleFunc("GET /standin/sent", s.listSent)
	m.HandleFunc("GET /standin/bills", s.listBills)
	m.HandleFunc("POST /standin/pay", s.payControl)
	m.HandleFunc("POST /standin/say", s.control)
	m.HandleFunc("POST /standin/faults", s.control)
	m.HandleFunc("GET /{$}", s.page)
	m.HandleFunc("GET /talk", s.talk)
	m.HandleFunc("POST /talk", s.write)
	return m
}

func (s *Server) allowed(w http.ResponseWriter, r *http.Request) bool {
	want := "Bearer " + s.cfg.AccessToken
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte(want)) != 1 {
		refuse(w, http.StatusUnauthorized, 190, "Invalid OAuth access token")
		return false
	}
	if n := r.PathValue("number"); n != "" && n != s.cfg.PhoneNumberID {
		refuse(w, http.StatusBadRequest, 100, "Object with this id does not exist")
		return false
	}
	return true
}

func refuse(w http.ResponseWriter, status, code int, why string) {
	answer(w, status, map[string]any{"error": map[string]any{"message": fmt.Sprintf("(#%d) %s", code, why), "type": "OAuthException",
		"code": code, "error_data": map[string]any{"messaging_product": "whatsapp", "details": why}, "fbtrace_id": "standin"}})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // who asked may have gone
}

func (s *Server) messages(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil || !s.allowed(w, r) {
		return
	}
	var m outgoing
	if err := json.Unmarshal(raw, &m); err != nil {
		refuse(w, http.StatusBadRequest, 100, "The body is not what was expected")
		return
	}
	if m.Status == "read" {
		s.mu.Lock()
		s.reads = append(s.reads, m.MessageID)
		s.mu.Unlock()
		answer(w, http.StatusOK, map[string]bool{"success": true})
		return
	}
	f := s.fault()
	if f.hit(w, r) {
		return
	}
	if why := m.wrong(); why != "" {
		s.cfg.Log.Warn("the WhatsApp stand-in refused a message", "why", why)
		refuse(w, http.StatusBadRequest, 131009, why)
		return
	}
	to := strings.TrimPrefix(m.To, "+")
	if to == "" {
		to = m.Recipient
	}
	if !s.inWindow(to) {
		refuse(w, http.StatusBadRequest, 131047, "More than 24 hours have passed since the customer last replied")
		return
	}
	later := 0
	if m.aboutMoney() {
		var why string
		if why, later = s.money(m, to); why != "" {
			refuse(w, http.StatusBadRequest, 131009, why)
			return
		}
	}
	sent := Sent{ID: newID(), To: to, Type: m.Type, Opaque: m.Opaque, Body: raw, At: time.Now().UTC()}
	s.keep(sent, m.show())
	if !f.Mute || later != 0 {
		s.report(sent, later)
	}
	if f.Lost {
		panic(http.ErrAbortHandler) // the connection breaks without an answer
	}
	contact := map[string]string{"input": m.To, "wa_id": to}
	if m.To == "" {
		contact = map[string]string{"input": m.Recipient, "user_id": to}
	}
	answer(w, http.StatusOK, map[string]any{"messaging_product": "whatsapp", "contacts": []any{contact},
		"messages": []any{map[string]string{"id": sent.ID}}})
}

// hit answers in place of success, where the fault says so.
func (f Fault) hit(w http.ResponseWriter, r *http.Request) bool {
	if f.Slow > 0 {
		select {
		case <-time.After(f.Slow):
		case <-r.Context().Done():
		}
	}
	if f.Status < 400 {
		return false
	}
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
	}
	if f.Code == 0 { // something before the API failed
		http.Error(w, http.StatusText(f.Status), f.Status)
		return true
	}
	refuse(w, f.Status, f.Code, "as the test wants it")
	return true
}

func (s *Server) inWindow(number string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, known := s.heard[number]
	// somebody whom this stand-in never heard wrote to another one, e.g. before a restart
	return !known || time.Since(at) < 24*time.Hour
}

func (s *Server) upload(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 20<<20)
	if !s.allowed(w, r) {
		return
	}
	f, head, err := r.FormFile("file")
	if err != nil || r.FormValue("messaging_product") != "whatsapp" {
		refuse(w, http.StatusBadRequest, 100, "A file and messaging_product are needed")
		return
	}
	defer func() { _ = f.Close() }()
	body, err := io.ReadAll(f)
	if err != nil {
		refuse(w, http.StatusBadRequest, 131053, "The file could not be read")
		return
	}
	kind := r.FormValue("type")
	if kind == "" {
		kind = head.Header.Get("Content-Type")
	}
	answer(w, http.StatusOK, map[string]string{"id": s.Media(kind, body)})
}

// Media keeps a file as one that a customer has sent, and gives its id.
func (s *Server) Media(mediaType string, body []byte) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.media) > 200 {
		clear(s.media)
	}
	s.files++
	id := strconv.FormatInt(time.Now().UnixNano(), 10) + strconv.Itoa(s.files)
	s.media[id] = file{mediaType, body}
	return id
}

func (s *Server) mediaInfo(w http.ResponseWriter, r *http.Request) {
	if !s.allowed(w, r) {
		return
	}
	s.mu.Lock()
	f, ok := s.media[r.PathValue("media")]
	s.mu.Unlock()
	if !ok {
		refuse(w, http.StatusNotFound, 100, "There is no such media")
		return
	}
	answer(w, http.StatusOK, map[string]any{"messaging_product": "whatsapp", "id": r.PathValue("media"), "mime_type": f.mediaType,
		"file_size": len(f.body), "url": "http://" + r.Host + "/standin/media/" + r.PathValue("media")})
}

func (s *Server) mediaBody(w http.ResponseWriter, r *http.Request) {
	if !s.allowed(w, r) {
		return
	}
	s.mu.Lock()
	f, ok := s.media[r.PathValue("media")]
	s.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", f.mediaType)
	_, _ = w.Write(f.body) // who asked may have gone
}

func (s *Server) listSent(w http.ResponseWriter, r *http.Request) {
	list := s.Sent(r.URL.Query().Get("to"))
	if list == nil {
		list = []Sent{}
	}
	answer(w, http.StatusOK, map[string]any{"data": list})
}

// control takes {"from","text"|"tap"|"order"} on /standin/say and a Fault on /standin/faults.
func (s *Server) control(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	var err error
	id := ""
	if r.URL.Path == "/standin/faults" {
		var f Fault
		if err = json.NewDecoder(r.Body).Decode(&f); err == nil {
			s.Break(f)
		}
	} else {
		var in struct {
			From string `json:"from"`
			Name string `json:"name"`
			Text string `json:"text"`
			Tap  string `json:"tap"`
			Item []Item `json:"order"`
		}
		if err = json.NewDecoder(r.Body).Decode(&in); err == nil {
			who := Customer{Phone: in.From, Name: in.Name}
			switch {
			case in.Tap != "":
				id, err = s.Tap(r.Context(), who, in.Tap, in.Text)
			case len(in.Item) > 0:
				id, err = s.Order(r.Context(), who, in.Item)
			default:
				id, err = s.Text(r.Context(), who, in.Text)
			}
		}
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, 100, err.Error())
		return
	}
	answer(w, http.StatusOK, map[string]string{"id": id})
}
