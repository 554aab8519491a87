package standin

import (
	"html/template"
	"net/http"
	"net/url"
	"regexp"
)

// shown is one line of the talk: what the shop sent, with what can be tapped.
type shown struct {
	Mine  bool
	Text  string
	Links []link
	Menu  []choice
}

type link struct{ Label, URL string }

type choice struct{ ID, Label string }

var talkPage = template.Must(template.New("talk").Parse(`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="5"><title>WeChat stand-in</title><h1>WeChat stand-in</h1><p>You are the follower {{.Who}}. No real WeChat. <a href="/pay">What can be paid</a></p>
<ol>{{range .Talk}}<li>{{if .Mine}}<b>You:</b> {{end}}<span style="white-space:pre-line">{{.Text}}</span>{{range .Links}} <a href="{{.URL}}">{{.Label}}</a>{{end}}
{{range .Menu}}<form method="post" action="/talk"><input type="hidden" name="id" value="{{.ID}}"><input type="hidden" name="text" value="{{.Label}}"><button>{{.Label}}</button></form>{{end}}</li>{{end}}</ol>
<form method="post" action="/talk"><input name="text" aria-label="Message" autofocus> <button>Send</button></form></html>`))

// follower is who writes on the page.
const follower = "oStandInPayer"

// pages are for people: to write as a follower, and to see what the shop answers.
func (s *Server) pages(mux *http.ServeMux) {
	mux.HandleFunc("GET /talk", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = talkPage.Execute(w, struct {
			Who  string
			Talk []shown
		}{follower, s.talk()}) // who asked may have left
	})
	mux.HandleFunc("POST /talk", func(w http.ResponseWriter, r *http.Request) {
		text, more := r.FormValue("text"), map[string]string{}
		if text != "" {
			more["Content"] = text
			if id := r.FormValue("id"); id != "" {
				more["bizmsgmenuid"] = id
			}
			s.keep(shown{Mine: true, Text: text})
			if _, err := s.Say(r.Context(), follower, "text", more); err != nil {
				http.Error(w, "the shop does not answer: "+err.Error(), http.StatusBadGateway)
				return
			}
		}
		http.Redirect(w, r, "/talk", http.StatusSeeOther)
	})
}

// keptLines bounds what the page shows.
const keptLines = 100

func (s *Server) keep(l shown) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, l)
	if n := len(s.lines); n > keptLines {
		s.lines = s.lines[n-keptLines:]
	}
}

func (s *Server) talk() []shown {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]shown(nil), s.lines...)
}

var anchorText = regexp.MustCompile(`<a href="([^"]*)">([^<]*)</a>`)

// shownOf is a message of the shop as a phone would show it.
func shownOf(kind string, what map[string]any) (l shown) {
	text := func(m map[string]any, name string) string { s, _ := m[name].(string); return s }
	add := func(label, address string) {
		if u, err := url.Parse(address); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
			l.Links = append(l.Links, link{label, address})
		}
	}
	switch kind {
	case "text":
		l.Text = text(what, "content")
		for _, m := range anchorText.FindAllStringSubmatch(l.Text, -1) {
			add(m[2], m[1])
		}
		l.Text = anchorText.ReplaceAllString(l.Text, "")
	case "news":
		list, _ := what["articles"].([]any)
		for _, a := range list {
			article, _ := a.(map[string]any)
			l.Text = text(article, "description")
			add(text(article, "title"), text(article, "url"))
		}
	case "msgmenu":
		l.Text = text(what, "head_content")
		list, _ := what["list"].([]any)
		for _, c := range list {
			item, _ := c.(map[string]any)
			l.Menu = append(l.Menu, choice{text(item, "id"), text(item, "content")})
		}
	}
	return l
}
