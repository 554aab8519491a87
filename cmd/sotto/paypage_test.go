package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// payLanguages are those of the pay page, each with a word that stands on the open page in no other.
var payLanguages = map[string]string{"en": "How to check that this page is genuine", "es": "Cómo comprobar que esta página es auténtica", "pt": "Como conferir se esta página é verdadeira",
	"de": "So prüfen Sie, ob diese Seite echt ist", "fr": "Comment vérifier que cette page est authentique", "id": "Cara memastikan halaman ini asli",
	"hi": "Kaise jaanein ki yeh page asli hai", "zh": "如何确认这个页面是真的", "ar": "كيف تتأكد أن هذه الصفحة حقيقية"}

// scripts lets pages run scripts, or not.
func (b *browser) scripts(on bool) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on}); err != nil {
		b.t.Fatal(err)
	}
}

// tabTo walks by the Tab key until the element in focus has this text, at most so many steps.
func (b *browser) tabTo(text string, most int) {
	b.t.Helper()
	var seen []string
	for range most {
		b.do("press Tab", chromedp.KeyEvent("\t"))
		now, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.activeElement.textContent.trim()`))
		if err != nil {
			b.t.Fatal(err)
		}
		if seen = append(seen, now); strings.Contains(now, text) {
			visible, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`(e => { const s = getComputedStyle(e); return s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 })(document.activeElement)`))
			if err != nil || !visible {
				b.t.Errorf("the focus on %q cannot be seen (%v)", text, err)
			}
			return
		}
	}
	b.shoot("failed")
	b.t.Fatalf("the Tab key does not come to %q, but to %q", text, seen)
}

// node is what a screen reader is told of one thing.
type node struct{ role, name, description string }

func (b *browser) tree() (list []node) {
	b.t.Helper()
	got, err := chromedp.Call(b.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		b.t.Fatal(err)
	}
	text := func(v *accessibility.Value) (s string) {
		if v != nil {
			_ = json.Unmarshal(v.Value, &s) // a value that is no text says nothing
		}
		return s
	}
	for _, n := range got.Nodes {
		if !n.Ignored {
			list = append(list, node{text(n.Role), text(n.Name), text(n.Description)})
		}
	}
	return list
}

// tells demands that a screen reader is told of something with a role and a part of its name.
func tells(t *testing.T, tree []node, role, name string) {
	t.Helper()
	if !slices.ContainsFunc(tree, func(n node) bool { return n.role == role && strings.Contains(n.name, name) }) {
		t.Errorf("no %s %q is told of in %+v", role, name, tree)
	}
}

// pale finds texts whose contrast is too low, by WCAG's formula: 4.5, or 3 for large ones.
const pale = `(() => {
	const lum = c => { const [r, g, b] = c.map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b };
	const rgb = s => s.match(/[\d.]+/g).map(Number);
	const list = [];
	for (const e of document.querySelectorAll("body *")) {
		if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || !e.checkVisibility() || e.closest(".hidden-words")) continue;
		const style = getComputedStyle(e), fore = rgb(style.color);
		let at = e, back;
		for (; at; at = at.parentElement) { const c = rgb(getComputedStyle(at).backgroundColor); if (c.length < 4 || c[3] > 0) { back = c; break } }
		const [a, b] = [lum(fore.slice(0, 3)), lum((back || [255, 255, 255]).slice(0, 3))].sort((x, y) => y - x);
		const large = parseFloat(style.fontSize) >= 24 || parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700;
		if ((a + .05) / (b + .05) < (large ? 3 : 4.5)) list.push(e.textContent.trim().slice(0, 40) + " " + ((a + .05) / (b + .05)).toFixed(2));
	}
	return list.join("; ");
})()`

// small finds what can be pressed and is too small for a finger.
const small = `[...document.querySelectorAll("a, button")].filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 43.5).map(e => e.textContent.trim()).join("; ")`

func (b *browser) finds(what, expression string) {
	b.t.Helper()
	if got, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](expression)); err != nil || got != "" {
		b.shoot("failed")
		b.t.Errorf("%s: %s %v", what, got, err)
	}
}

// Somebody with a keyboard alone, and no scripts, pays and comes back to the chat.
func TestPayingByKeyboardWithoutScripts(t *testing.T) {
	b := openBrowser(t)
	demo := startDemo(t)
	s := demo.shop()
	v := s.visitor("en")
	link := v.buys(t, "two croissants please", "yes")
	b.scripts(false)
	b.do("open the link", chromedp.EmulateViewport(320, 640), chromedp.Navigate(link), chromedp.WaitReady("button.pay"))
	b.narrow("the pay page without scripts")
	b.tabTo("Pay ", 2) // nothing but the question whether the card shall be kept stands before what people came for
	b.do("press Enter", chromedp.KeyEvent("\r"), chromedp.WaitReady("form[action$='/approve'] button"))
	b.tabTo("Approve", 6)
	b.do("press Enter", chromedp.KeyEvent("\r"), chromedp.WaitReady("footer .languages"))
	b.eventually("the thanks", `document.title.startsWith("Thank you")`)
	tree := b.tree()
	tells(t, tree, "heading", "Thank you, it is paid")
	tells(t, tree, "status", "")
	b.shoot("paid-without-scripts")
	b.tabTo("Back to the chat", 2)
	b.scripts(true)
	b.do("press Enter", chromedp.KeyEvent("\r"), chromedp.WaitVisible("body[data-ready]"))
	s.settles(t, every[bought](t, s, "/v1/orders")[0].ID, "paid")
}

// The page is the same to eyes and ears in all of its languages, on the narrowest phone, in light and dark.
func TestThePayPageInEachLanguage(t *testing.T) {
	b := openBrowser(t)
	demo := startDemo(t)
	s := demo.shop()
	v := s.visitor("en")
	link := v.buys(t, "two croissants and a cappuccino", "yes")
	b.do("make the window narrow", chromedp.EmulateViewport(320, 640))
	for _, shade := range []string{"light", "dark"} {
		if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: shade}}}); err != nil {
			t.Fatal(err)
		}
		for language, words := range payLanguages {
			b.do("open the page in "+language, chromedp.Navigate(link+"?lang="+language), chromedp.WaitVisible("button.pay"))
			b.narrow("the page in " + language)
			b.eventually("the words of "+language, `document.documentElement.lang === "`+language+`" && document.body.textContent.includes("`+words+`")`)
			b.finds("too pale in "+language+", "+shade, pale)
			b.finds("too small in "+language, small)
			b.finds("keys or holes in "+language, `(document.body.innerText.match(/\{[a-z]+\}|\b(title|text|genuine|hint|left|told|steps)_[a-z0-9]+/g) || []).join("; ")`)
			tree := b.tree()
			for _, landmark := range []string{"banner", "main", "contentinfo", "navigation", "table"} {
				tells(t, tree, landmark, "")
			}
			tells(t, tree, "heading", "€")
			tells(t, tree, "button", "€")
			tells(t, tree, "region", words)
			for _, n := range tree {
				if (n.role == "button" || n.role == "link" || n.role == "heading" || n.role == "navigation" || n.role == "table" || n.role == "region") && strings.TrimSpace(n.name) == "" {
					t.Errorf("%s: a %s without a name", language, n.role)
				}
			}
			b.shoot("pay-" + language + "-" + shade)
		}
	}
	b.do("choose a language by its link", chromedp.Navigate(link), chromedp.Click(".languages a[lang='fr']"))
	b.eventually("French", `document.documentElement.lang === "fr"`)
	b.do("come back without a choice", chromedp.Navigate(link))
	b.eventually("French is kept", `document.documentElement.lang === "fr"`)
	b.narrow("the French page")
	for _, o := range every[bought](t, s, "/v1/orders") {
		s.do(t, http.MethodPost, "/v1/orders/"+o.ID+"/cancel", map[string]string{}, nil)
	}
	for language := range payLanguages {
		b.do("open the dead link in "+language, chromedp.Navigate(link+"?lang="+language), chromedp.WaitVisible(".notice"))
		b.narrow("the dead page in " + language)
		b.finds("too pale in "+language, pale)
		tells(t, b.tree(), "status", "")
	}
	b.shoot("pay-dead")
}
