package standin

import (
	"html/template"
	"net/http"
	"strconv"
)

const style = `<style>body{font:16px/1.4 system-ui,sans-serif;margin:0;background:#dfe9f0;color:#1b1b1b}
main{max-width:34rem;margin:0 auto;padding:1rem}p,form.c{margin:.4rem 0}.b{background:#fff;border-radius:.6rem;padding:.5rem .8rem;max-width:85%;
white-space:pre-wrap;overflow-wrap:anywhere}.m{background:#d5f0ff;margin-left:auto}button{font:inherit;padding:.35rem .8rem;border-radius:.5rem;border:1px solid #2a7fb0;
background:#fff;color:#135377;cursor:pointer}input{font:inherit;padding:.45rem;border:1px solid #bbb;border-radius:.5rem;width:60%}
iframe{border:0;width:100%;height:70vh}img{max-width:12rem;border-radius:.5rem;display:block}small{color:#555}</style>`

// fresh brings what is new into the talk and leaves the rest as it is: who reads it aloud, or stands on a button, is not thrown back. Without
// scripts the page loads itself anew.
const fresh = `<script>setInterval(async()=>{const d=new DOMParser().parseFromString(await(await fetch(location.href)).text(),"text/html");
const a=document.querySelector("[role=log]"),b=d.querySelector("[role=log]");if(!a||!b)return;const n=[...b.children];
if(n.length>a.children.length)a.append(...n.slice(a.children.length));else if(n.length&&n.at(-1).outerHTML!==a.lastElementChild.outerHTML)a.replaceChildren(...n);else return;
a.lastElementChild.scrollIntoView({block:"nearest"})},1500)</script>`

func pages() *template.Template {
	return template.Must(template.New("page").Parse(`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Telegram stand-in</title>` + style + `<main><h1>A customer's Telegram</h1><p><small>A stand-in: nothing here reaches Telegram, and no money moves. You write as {{.}}.</small></p>
<iframe name="talk" src="/talk?from={{.}}" title="The talk"></iframe>
<form action="/talk" method="post" target="talk"><input type="hidden" name="from" value="{{.}}"><input name="text" aria-label="Message" autocomplete="off" autofocus> <button>Send</button></form>
<form action="/" method="get"><input name="from" aria-label="Another customer" value="{{.}}"> <button>Be another</button></form></main></html>
{{define "talk"}}<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><noscript><meta http-equiv="refresh" content="2;url=/talk?from={{.From}}#end"></noscript><title>The talk</title>` + style + fresh + `<main role="log" aria-label="The talk">
{{$from := .From}}{{range .Lines}}<div class="b{{if .Mine}} m{{end}}">{{if .Call.Photo}}<img src="{{.Call.Photo}}" alt="">{{end}}{{.Text}}{{if .Call.Payload}}<b>{{.Call.Title}}</b>
{{.Call.Description}}{{range .Call.Prices}}
{{.Label}}: {{.Amount}}{{end}} ({{.Call.Currency}}, smallest units){{end}}</div>
{{if .Call.Payload}}<form class="c" action="/talk" method="post"><input type="hidden" name="from" value="{{$from}}"><button name="pay" value="{{.ID}}">Pay</button></form>{{end}}
{{range .Call.Markup.Rows}}{{range .}}{{if .URL}}<p><a href="{{.URL}}" target="_blank" rel="noopener">{{.Text}}</a></p>{{else}}<form class="c" action="/talk" method="post"><input type="hidden" name="from" value="{{$from}}"><button name="tap" value="{{.Data}}">{{.Text}}</button></form>{{end}}
{{end}}{{end}}{{end}}</main><p id="end"></p></html>{{end}}`))
}

// guest is who one is without choosing.
const guest = 555777001

func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

func fromOf(r *http.Request) int64 {
	if n := number(r.FormValue("from")); n > 0 {
		return n
	}
	return guest
}

func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = pages().Execute(w, fromOf(r)) // who asked may have gone
}

func (s *Server) talk(w http.ResponseWriter, r *http.Request) {
	type row struct {
		Mine bool
		Text string
		Call outgoing
		ID   int64
	}
	v := struct {
		From  int64
		Lines []row
	}{From: fromOf(r)}
	s.mu.Lock()
	for _, l := range s.talks[v.From] {
		v.Lines = append(v.Lines, row{l.mine, l.text, l.call, l.id})
	}
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = pages().ExecuteTemplate(w, "talk", v) // who asked may have gone
}

func (s *Server) write(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	who := Customer{ID: fromOf(r), Name: "Demo customer"}
	var err error
	switch {
	case r.FormValue("pay") != "":
		var got Outcome
		if got, err = s.Pay(r.Context(), who, number(r.FormValue("pay"))); got.Refused != "" {
			s.note(who.ID, line{text: "Telegram shows: " + got.Refused})
		}
	case r.FormValue("tap") != "":
		err = s.Tap(r.Context(), who, r.FormValue("tap"))
	case r.FormValue("text") != "":
		_, err = s.Text(r.Context(), who, r.FormValue("text"))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	http.Redirect(w, r, "/talk?from="+strconv.FormatInt(who.ID, 10)+"#end", http.StatusSeeOther)
}
