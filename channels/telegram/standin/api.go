package standin

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Handler serves the API, the page on which one chats as a customer, and the controls under /standin.
func (s *Server) Handler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("POST /{bot}/{method}", s.call)
	m.HandleFunc("GET /file/{bot}/{path...}", s.file)
	m.HandleFunc("GET /standin/sent", s.listSent)
	m.HandleFunc("POST /standin/say", s.say)
	m.HandleFunc("POST /standin/pay", s.payNow)
	m.HandleFunc("POST /standin/faults", s.breakNow)
	m.HandleFunc("GET /{$}", s.page)
	m.HandleFunc("GET /talk", s.talk)
	m.HandleFunc("POST /talk", s.write)
	return m
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // who asked may have gone
}

func refuse(w http.ResponseWriter, status int, why string) {
	answer(w, status, object{"ok": false, "error_code": status, "description": http.StatusText(status) + ": " + why})
}

func (s *Server) call(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("bot") != "bot"+s.cfg.BotToken {
		refuse(w, http.StatusUnauthorized, "invalid token specified")
		return
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	var m outgoing
	if err != nil || json.Unmarshal(raw, &m) != nil {
		refuse(w, http.StatusBadRequest, "can't parse the request")
		return
	}
	f := s.fault()
	if f.Status >= 400 {
		body := object{"ok": false, "error_code": f.Status, "description": orElse(f.Description, http.StatusText(f.Status))}
		if f.RetryAfter > 0 {
			body["parameters"] = object{"retry_after": f.RetryAfter}
		}
		answer(w, f.Status, body)
		return
	}
	switch method := r.PathValue("method"); method {
	case "sendMessage", "sendPhoto", "sendInvoice", "sendChatAction":
		s.take(w, method, m, raw, f)
	case "setWebhook":
		s.SetWebhook(m.URL, m.Secret)
		answer(w, http.StatusOK, object{"ok": true, "result": true})
	case "answerCallbackQuery", "answerPreCheckoutQuery", "answerShippingQuery", "deleteWebhook":
		answer(w, http.StatusOK, object{"ok": true, "result": true})
	case "getMe":
		answer(w, http.StatusOK, object{"ok": true, "result": object{"id": 1, "is_bot": true, "first_name": "Stand-in", "username": "standin_bot"}})
	case "getFile":
		s.fileInfo(w, m)
	case "getStarTransactions":
		answer(w, http.StatusOK, object{"ok": true, "result": object{"transactions": s.starsFrom(m.Offset, m.Limit)}})
	case "refundStarPayment":
		s.refundStars(w, m)
	default:
		refuse(w, http.StatusNotFound, "method not found")
	}
}

// File keeps a file as one that a customer has sent, and gives its id.
func (s *Server) File(body []byte) string {
	n := strconv.FormatInt(s.number(), 10)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files["voice/file_"+n+".oga"] = body
	return n
}

func (s *Server) fileInfo(w http.ResponseWriter, m outgoing) {
	path := "voice/file_" + m.FileID + ".oga"
	s.mu.Lock()
	body, ok := s.files[path]
	s.mu.Unlock()
	if !ok {
		refuse(w, http.StatusBadRequest, "wrong file_id or the file is temporarily unavailable")
		return
	}
	answer(w, http.StatusOK, object{"ok": true, "result": object{"file_id": m.FileID, "file_unique_id": m.FileID, "file_size": len(body), "file_path": path}})
}

func (s *Server) file(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	body, ok := s.files[r.PathValue("path")]
	s.mu.Unlock()
	if !ok || r.PathValue("bot") != "bot"+s.cfg.BotToken {
		http.NotFound(w, r)
		return
	}
	_, _ = w.Write(body) // who asked may have gone
}

func (s *Server) fault() (f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults) > 0 {
		f, s.faults = s.faults[0], s.faults[1:]
	}
	return f
}

// take keeps a message and answers as Telegram does: with the message that it became.
func (s *Server) take(w http.ResponseWriter, method string, m outgoing, raw []byte, f Fault) {
	if why := m.wrong(method, s.cfg.ProviderToken); why != "" {
		s.cfg.Log.Warn("the Telegram stand-in refused a message", "why", why)
		refuse(w, http.StatusBadRequest, why)
		return
	}
	if method == "sendChatAction" {
		answer(w, http.StatusOK, object{"ok": true, "result": true})
		return
	}
	id := s.number()
	s.mu.Lock()
	s.sent = append(s.sent[max(0, len(s.sent)-keepAtMost+1):], Sent{ID: id, To: m.ChatID, Method: method, Body: raw, At: time.Now().UTC()})
	s.mu.Unlock()
	s.note(m.ChatID, line{call: m, text: m.Text + m.Caption, id: id})
	if f.Lost {
		panic(http.ErrAbortHandler) // the connection breaks without an answer
	}
	answer(w, http.StatusOK, object{"ok": true, "result": object{"message_id": id, "date": time.Now().Unix(),
		"chat": object{"id": m.ChatID, "type": "private"}}})
}

func (s *Server) listSent(w http.ResponseWriter, r *http.Request) {
	answer(w, http.StatusOK, object{"data": s.Sent(number(r.URL.Query().Get("to")))})
}

// control is what the controls take: {"from","text"|"tap"} on /standin/say, {"from","message"} on /standin/pay.
type control struct {
	From    int64  `json:"from"`
	Name    string `json:"name"`
	Text    string `json:"text"`
	Tap     string `json:"tap"`
	Message int64  `json:"message"`
}

func (s *Server) say(w http.ResponseWriter, r *http.Request) {
	var in control
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&in)
	who := Customer{ID: in.From, Name: in.Name}
	switch {
	case err != nil:
	case in.Tap != "":
		err = s.Tap(r.Context(), who, in.Tap)
	default:
		_, err = s.Text(r.Context(), who, in.Text)
	}
	done(w, err, object{})
}

func (s *Server) payNow(w http.ResponseWriter, r *http.Request) {
	var in control
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&in)
	var got Outcome
	if err == nil {
		got, err = s.Pay(r.Context(), Customer{ID: in.From, Name: in.Name}, in.Message)
	}
	done(w, err, object{"paid": got.Paid, "refused": got.Refused, "charge": got.Charge})
}

func (s *Server) breakNow(w http.ResponseWriter, r *http.Request) {
	var f Fault
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&f)
	if err == nil {
		s.Break(f)
	}
	done(w, err, object{})
}

func done(w http.ResponseWriter, err error, v object) {
	if err != nil {
		refuse(w, http.StatusBadRequest, strings.ReplaceAll(err.Error(), "\n", " "))
		return
	}
	answer(w, http.StatusOK, v)
}
