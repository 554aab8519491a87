package pay

import (
	"bytes"
	"html/template"
	"net/url"
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
	Language  string
	Words     map[string]string
	Languages []choice
	State     string // open, processing, paid, refunded, expired, cancelled, changed, split, settled, review; thanks, confirming, unknown, trouble, slow
	Open      bool   // there is something to pay here
	Trouble   bool   // the checkout could not be reached just now
	Shop      string
	Chat      string // the path of the chat to go back to
	Path      string // the path of the link
	Here      string // the path of this page
	Again     string // the path of the next look
	Host      string
	Part      string // "1" of Parts
	Parts     string
	Lines     []line // goods
	Extras    []line // shipping, discount, tax
	Subtotal  string
	Total     string
	Until     time.Time
	Clock     string
	Left      string // how long the goods are held
	Ways      []way
	Told      *told
	Keep      bool    // the customer may be asked whether the provider shall know them again
	Kept      bool    // they said yes
	Shares    []share // the links that replaced this one
	order     about
}

type line struct{ Name, Quantity, Unit, Total string }

// extras are the names under which orders adds to the goods; they come last.
var extras = map[string]string{"Shipping": "shipping", "Discount": "discount", "Tax": "tax"}

// path is this page's own, whatever stands behind it.
func (p *pay) path(c *gin.Context) string { return "/pay/" + url.PathEscape(c.Param("token")) }

func (p *pay) view(c *gin.Context, page payments.Page) view {
	pay := page.Payment
	in := tongueOf(c, pay.Language)
	v := view{Language: in.language, State: page.State, Open: page.State == "open", Shop: page.Merchant, Host: p.host(), Path: p.path(c), Here: p.path(c)}
	v.Words, _ = wordsOf(v.Language) // embedded, and read by a test
	v.Languages = choices(v.Language)
	if page.Slug != "" {
		v.Chat = "/chat/" + page.Slug
	}
	if pay.ID == "" {
		return v
	}
	p.tell(c, &v, in.tag, pay)
	if page.Parts > 1 {
		v.Part, v.Parts = assets.Number(in.tag, int64(page.Part)), assets.Number(in.tag, int64(page.Parts))
	}
	v.sums(in.tag, pay)
	v.share(pay)
	v.Until, v.Clock = pay.ExpiresAt.UTC(), assets.Clock(pay.ExpiresAt)
	left := pay.ExpiresAt.Sub(p.Now())
	if left > 12*time.Hour {
		v.Clock = assets.Moment(pay.ExpiresAt)
	}
	v.Left = v.left(left)
	if v.Open {
		p.ways(c, &v, page)
		v.Keep, v.Kept = p.Consent != nil && page.MayKeep && !page.Keeps, p.Consent != nil && page.Keeps
	}
	return v
}

// sums lists the goods, then what is added to them, as the order told.
func (v *view) sums(tag string, pay payments.Payment) {
	show := func(n int64) string { return assets.Money(tag, money.Of(n, pay.Currency)) }
	items := pay.Description
	goods := len(items)
	for goods > 1 && extras[items[goods-1].Name] != "" && items[goods-1].Quantity == 1 {
		goods--
	}
	var subtotal int64
	for _, i := range items[:goods] {
		subtotal += i.Total
		v.Lines = append(v.Lines, line{i.Name, assets.Number(tag, i.Quantity), show(i.Unit), show(i.Total)})
	}
	for _, i := range items[goods:] {
		v.Extras = append(v.Extras, line{Name: v.Words[extras[i.Name]], Total: show(i.Total)})
	}
	v.Subtotal, v.Total = show(subtotal), show(pay.Amount)
}

// left says how long something is still held, in whole minutes, hours or days.
func (v *view) left(d time.Duration) string {
	minutes := int(d.Minutes())
	n := func(key string, n int) string { return strings.Replace(v.Words[key], "{n}", strconv.Itoa(n), 1) }
	switch {
	case minutes < 1:
		return v.Words["left_moment"]
	case minutes < 2:
		return v.Words["left_minute"]
	case minutes < 120:
		return n("left_minutes", minutes)
	case minutes < 48*60:
		return n("left_hours", minutes/60)
	}
	return n("left_days", minutes/60/24)
}

// say fills the text of a key.
func (v *view) say(key string) string {
	return strings.NewReplacer("{shop}", v.Shop, "{total}", v.Total, "{host}", v.Host, "{left}", v.Left, "{time}", v.Clock,
		"{part}", v.Part, "{parts}", v.Parts, "{number}", v.order.number, "{came}", v.order.came, "{rest}", v.order.rest, "{back}", v.order.back,
		"{here}", v.order.here).Replace(v.Words[key])
}

// tone is how a state's notice looks; its words say the same.
func (v *view) tone() string {
	switch v.State {
	case "thanks", "paid", "settled":
		return "good"
	case "expired", "cancelled", "changed", "unknown", "trouble", "slow":
		return "warn"
	}
	return ""
}

func (v view) render() ([]byte, error) {
	t, err := template.New("page.html").Funcs(template.FuncMap{
		"asset": assets.URL,
		"dir":   func() string { return assets.Direction(v.Words["name"]) },
		"initial": func(name string) string {
			r, _ := utf8.DecodeRuneInString(strings.TrimSpace(name))
			return strings.ToUpper(string(r))
		},
		"say":  v.say,
		"talk": v.talk,
		"text": v.text,
		"tone": v.tone,
	}).ParseFS(files, "page.html")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, v)
	return b.Bytes(), err
}
