package pay

import (
	"bytes"
	"html/template"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"sotto.chat/internal/money"
	"sotto.chat/payments"
	"sotto.chat/web/assets"
)

// view is what page.html shows.
type view struct {
	Language string
	Words    map[string]string
	State    string // open, processing, paid, refunded, expired, cancelled, changed, review; thanks, confirming, unknown, trouble
	Trouble  bool   // the checkout could not be reached just now
	Shop     string
	Chat     string // the path of the chat to go back to
	Path     string // the path of this page
	Host     string
	Lines    []line // goods
	Extras   []line // shipping, discount, tax
	Subtotal string
	Total    string
	Until    time.Time
	Clock    string
	Left     string // how long the goods are held
}

type line struct{ Name, Quantity, Unit, Total string }

// extras are the names under which orders adds to the goods; they come last.
var extras = map[string]string{"Shipping": "shipping", "Discount": "discount", "Tax": "tax"}

func (p *pay) view(c *gin.Context, page payments.Page) view {
	pay := page.Payment
	v := view{Language: language(c, pay.Language), State: page.State, Shop: page.Merchant, Host: p.host(), Path: "/pay/" + c.Param("token")}
	v.Words, _ = wordsOf(v.Language) // embedded, and read by a test
	if page.Slug != "" {
		v.Chat = "/chat/" + page.Slug
	}
	if pay.ID == "" {
		return v
	}
	if v.State == "cancelled" && pay.Reason == "cart_changed" {
		v.State = "changed"
	}
	v.sums(c.GetHeader("Accept-Language"), pay)
	v.Until, v.Clock = pay.ExpiresAt.UTC(), assets.Clock(pay.ExpiresAt)
	v.Left = left(v.Words, pay.ExpiresAt.Sub(p.Now()))
	return v
}

// sums lists the goods, then what is added to them, as the order told.
func (v *view) sums(accepted string, pay payments.Payment) {
	tag, _, _ := strings.Cut(accepted, ",")
	tag, _, _ = strings.Cut(tag, ";")
	if assets.Language(tag) != v.Language {
		tag = v.Language
	}
	show := func(n int64) string { return assets.Money(tag, money.Of(n, pay.Currency)) }
	items := pay.Description
	goods := len(items)
	for goods > 1 && extras[items[goods-1].Name] != "" && items[goods-1].Quantity == 1 {
		goods--
	}
	var subtotal int64
	for _, i := range items[:goods] {
		subtotal += i.Total
		v.Lines = append(v.Lines, line{i.Name, strconv.FormatInt(i.Quantity, 10), show(i.Unit), show(i.Total)})
	}
	for _, i := range items[goods:] {
		v.Extras = append(v.Extras, line{Name: v.Words[extras[i.Name]], Total: show(i.Total)})
	}
	v.Subtotal, v.Total = show(subtotal), show(pay.Amount)
}

// left says how long something is still held, in whole minutes.
func left(words map[string]string, d time.Duration) string {
	minutes := int(d.Minutes())
	switch {
	case minutes < 1:
		return words["left_moment"]
	case minutes < 2:
		return words["left_minute"]
	case minutes < 120:
		return strings.Replace(words["left_minutes"], "{n}", strconv.Itoa(minutes), 1)
	}
	return strings.Replace(words["left_hours"], "{n}", strconv.Itoa(minutes/60), 1)
}

func (v view) render() ([]byte, error) {
	t, err := template.New("page.html").Funcs(template.FuncMap{
		"asset": assets.URL,
		"initial": func(name string) string {
			r, _ := utf8.DecodeRuneInString(strings.TrimSpace(name))
			return strings.ToUpper(string(r))
		},
		"say": func(key string) string {
			return strings.NewReplacer("{shop}", v.Shop, "{total}", v.Total, "{host}", v.Host, "{left}", v.Left, "{time}", v.Clock).Replace(v.Words[key])
		},
	}).ParseFS(files, "page.html")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, v)
	return b.Bytes(), err
}
