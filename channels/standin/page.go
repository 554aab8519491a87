package standin

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strings"
)

// shown is a message as a customer sees it.
type shown struct {
	Bill    string // the reference of a request for money
	Total   string
	Text    string
	Image   string
	Choices []choice
	Link    string
	Label   string
}

type choice struct{ ID, Title, Detail string }

func (m outgoing) show() shown {
	i := m.Interactive
	v := shown{Text: m.Text.Body + m.Image.Caption + i.Body.Text, Image: m.Image.Link, Link: i.Action.Parameters.URL, Label: i.Action.Parameters.Display}
	if i.Type == "order_details" {
		a := i.Action.Parameters.asked
		v.Bill, v.Total = a.Reference, fmt.Sprintf("%s %d.%02d", a.Currency, a.Total.Value/100, a.Total.Value%100)
		for _, item := range a.Order.Items {
			v.Text += fmt.Sprintf("\n%d × %s", item.Quantity, item.Name)
		}
	}
	if i.Type == "order_status" {
		v.Text += "\n[" + i.Action.Parameters.Order.Status + "]"
	}
	for _, b := range i.Action.Buttons {
		v.Choices = append(v.Choices, choice{b.Reply.ID, b.Reply.Title, ""})
	}
	for _, s := range i.Action.Sections {
		for _, r := range s.Rows {
			v.Choices = append(v.Choices, choice{r.ID, r.Title, r.Description})
		}
		for _, p := range s.Items {
			v.Text += "\n[" + p.SKU + "]"
		}
	}
	if i.Action.SKU != "" {
		v.Text += "\n[" + i.Action.SKU + "]"
	}
	return v
}

const style = `<style>body{font:16px/1.4 system-ui,sans-serif;margin:0;background:#efe9e1;color:#1b1b1b}
main{max-width:34rem;margin:0 auto;padding:1rem}p,form.c{margin:.4rem 0}.b{background:#fff;border-radius:.6rem;padding:.5rem .8rem;max-width:85%;
white-space:pre-wrap;overflow-wrap:anywhere}.m{background:#d9fdd3;margin-left:auto}button{font:inherit;padding:.35rem .8rem;border-radius:.5rem;border:1px solid #128c7e;
background:#fff;color:#0b5d54;cursor:pointer}input{font:inherit;padding:.45rem;border:1px solid #bbb;border-radius:.5rem;width:60%}
iframe{border:0;width:100%;height:70vh}img{max-width:12rem;border-radius:.5rem;display:block}small{color:#666}</style>`

// fresh brings what is new into the talk and leaves the rest as it is: who reads it aloud, or stands on a button, is not thrown back. Without
// scripts the page loads itself anew.
const fresh = `<script>setInterval(async()=>{const d=new DOMParser().parseFromString(await(await fetch(location.href)).text(),"text/html");
const a=document.querySelector("[role=log]"),b=d.querySelector("[role=log]");if(!a||!b)return;const n=[...b.children];
if(n.length>a.children.length)a.append(...n.slice(a.children.length));else if(n.length&&n.at(-1).outerHTML!==a.lastElementChild.outerHTML)a.replaceChildren(...n);else return;
a.lastElementChild.scrollIntoView({block:"nearest"})},1500)</script>`

func pages() *template.Template {
	return template.Must(template.New("page").Parse(`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>WhatsApp stand-in</title>` + style + `<main><h1>A customer's WhatsApp</h1><p><small>A stand-in: nothing here reaches WhatsApp. You write as +{{.}}.</small></p>
<iframe name="talk" src="/talk?from={{.}}" title="The talk"></iframe>
<form action="/talk" method="post" target="talk"><input type="hidden" name="from" value="{{.}}"><input name="text" aria-label="Message" autocomplete="off" autofocus> <button>Send</button></form>
<form action="/" method="get"><input name="from" aria-label="Another number" value="{{.}}"> <button>Be another</button></form></main></html>
{{define "talk"}}<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><noscript><meta http-equiv="refresh" content="2;url=/talk?from={{.From}}#end"></noscript><title>The talk</title>` + style + fresh + `<main role="log" aria-label="The talk">
{{$from := .From}}{{range .Lines}}<div class="b{{if .Mine}} m{{end}}">{{if .Show.Image}}<img src="{{.Show.Image}}" alt="">{{end}}{{.Text}}{{if .Show.Link}}
<a href="{{.Show.Link}}" target="_blank" rel="noopener">{{.Show.Label}}</a>{{end}}</div>
{{range .Show.Choices}}<form class="c" action="/talk" method="post"><input type="hidden" name="from" value="{{$from}}"><input type="hidden" name="tap" value="{{.ID}}"><button name="text" value="{{.Title}}">{{.Title}}</button> <small>{{.Detail}}</small></form>
{{end}}{{if .Show.Bill}}<form class="c" action="/talk" method="post"><input type="hidden" name="from" value="{{$from}}"><input type="hidden" name="pay" value="{{.Show.Bill}}"><button>Pay {{.Show.Total}}</button></form>
{{end}}{{end}}</main><p id="end"></p></html>{{end}}`))
}

// guest is who one is without choosing a number.
const guest = "15557770001"

func fromOf(r *http.Request) string {
	f := strings.TrimLeft(r.FormValue("from"), "+ ")
	if f == "" || len(f) > 15 || strings.Trim(f, "0123456789") != "" {
		return guest
	}
	return f
}

func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = pages().Execute(w, fromOf(r)) // who asked may have gone
}

func (s *Server) talk(w http.ResponseWriter, r *http.Request) {
	type row struct {
		Mine bool
		Text string
		Show shown
	}
	v := struct {
		From  string
		Lines []row
	}{From: fromOf(r)}
	s.mu.Lock()
	for _, l := range s.talks[v.From] {
		v.Lines = append(v.Lines, row{l.mine, l.text, l.show})
	}
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = pages().ExecuteTemplate(w, "talk", v) // who asked may have gone
}

func (s *Server) write(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	who := Customer{Phone: fromOf(r), Name: "Demo customer"}
	var err error
	switch {
	case r.FormValue("tap") != "":
		_, err = s.Tap(r.Context(), who, r.FormValue("tap"), r.FormValue("text"))
	case r.FormValue("pay") != "":
		if err = s.Pay(r.Context(), r.FormValue("pay"), "captured", false); errors.Is(err, errNoPart) {
			err = nil // the customer's bank would take it from here
		}
	case r.FormValue("text") != "":
		_, err = s.Text(r.Context(), who, r.FormValue("text"))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	http.Redirect(w, r, "/talk?from="+who.Phone+"#end", http.StatusSeeOther)
}
