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

const style = `<style>body{font:16px/1.4 system-ui,sans-serif;margin:0;background:#ededed;color:#1b1b1b}
main{max-width:34rem;margin:0 auto;padding:1rem}ol{list-style:none;padding:0}li{background:#fff;border-radius:.6rem;padding:.5rem .8rem;margin:.4rem 0;max-width:85%;
white-space:pre-line;overflow-wrap:anywhere}li.m{background:#b5ecae;margin-left:auto}li form{margin:.3rem 0}li a{display:block}button{font:inherit;padding:.35rem .8rem;border-radius:.5rem;
border:1px solid #07742f;background:#fff;color:#07602a;cursor:pointer}input{font:inherit;padding:.45rem;border:1px solid #888;border-radius:.5rem;width:60%}small{color:#555}</style>`

// fresh brings what is new into the talk and leaves the rest as it is: who reads it aloud, or stands on a button, is not thrown back. Without
// scripts the page loads itself anew.
const fresh = `<script>setInterval(async()=>{const d=new DOMParser().parseFromString(await(await fetch(location.href)).text(),"text/html");
const a=document.querySelector("[role=log]"),b=d.querySelector("[role=log]");if(!a||!b)return;const n=[...b.children];
if(n.length>a.children.length)a.append(...n.slice(a.children.length));else if(n.length&&n.at(-1).outerHTML!==a.lastElementChild.outerHTML)a.replaceChildren(...n);else return;
a.lastElementChild.scrollIntoView({block:"nearest"})},1500)</script>`

var talkPage = template.Must(template.New("talk").Parse(`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>WeChat stand-in</title><noscript><meta http-equiv="refresh" content="5"></noscript>` + style + fresh + `<main><h1>A customer's WeChat</h1>
<p><small>A stand-in: nothing here reaches WeChat, and no money moves. You are the follower {{.Who}}.</small> <a href="/pay">What can be paid</a></p>
<ol role="log" aria-label="The talk">{{range .Talk}}<li{{if .Mine}} class="m"{{end}}>{{.Text}}{{range .Links}} <a href="{{.URL}}" target="_blank" rel="noopener">{{.Label}}</a>{{end}}
{{- range .Menu}}<form method="post" action="/talk#write"><input type="hidden" name="id" value="{{.ID}}"><input type="hidden" name="text" value="{{.Label}}"><button>{{.Label}}</button></form>{{end}}</li>{{end}}</ol>
<form id="write" method="post" action="/talk#write"><input name="text" aria-label="Message" autocomplete="off" autofocus> <button>Send</button></form></main></html>`))

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
		http.Redirect(w, r, "/talk#write", http.StatusSeeOther)
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
