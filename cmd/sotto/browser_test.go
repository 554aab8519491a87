package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience is how long one step in the browser may take on a busy machine.
const patience = 60 * time.Second

// browser is one tab of a real Chromium, with what its console complained about.
type browser struct {
	t   *testing.T
	ctx context.Context
}

func openBrowser(t *testing.T) *browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("no Chromium is installed: the pages were not tried in a real browser")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU)
	for _, flag := range []string{"disable-quic", "no-first-run", "disable-background-networking", "disable-component-update", "disable-sync"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	ctx, stop := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	b := &browser{t, ctx}
	if err := chromedp.Do(ctx); err != nil { // the first call must have no time limit: the browser would end with it
		t.Fatal(err)
	}
	listening, stop := context.WithCancel(ctx)
	t.Cleanup(stop)
	go func() {
		for m := range chromedp.Console(listening) {
			if strings.Contains(m.Text, "Content Security Policy") || strings.Contains(m.Text, "Uncaught") {
				t.Errorf("the browser complains: %s", m.Text)
			}
		}
	}()
	return b
}

// do takes steps, and shows the page where they fail.
func (b *browser) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.shoot("failed")
		b.t.Fatalf("%s: %v", what, err)
	}
}

// shoot keeps a picture of the page in the folder SOTTO_SCREENSHOTS, if that is set.
func (b *browser) shoot(name string) {
	dir := os.Getenv("SOTTO_SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600)
	}
	if err != nil {
		b.t.Log(err)
	}
}

// eventually waits for an expression of the page to become true.
func (b *browser) eventually(what, expression string) {
	b.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](expression))
		if err == nil && ok {
			return
		}
		if time.Now().After(deadline) {
			b.shoot("failed")
			b.t.Fatalf("waited in vain: %s (%v)", what, err)
		}
		pause, cancel := context.WithTimeout(b.ctx, 50*time.Millisecond)
		<-pause.Done()
		cancel()
	}
}

// narrow fails when the page is wider than its window.
func (b *browser) narrow(where string) {
	b.t.Helper()
	fits, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("document.documentElement.scrollWidth <= innerWidth"))
	if err != nil || !fits {
		b.shoot("failed")
		b.t.Errorf("%s is wider than the window (%v)", where, err)
	}
}

func bubble(who, text string) string {
	return `[...document.querySelectorAll(".msg.` + who + ` .bubble")].some(b => b.textContent.includes(` + "`" + text + "`" + `))`
}

func reply(label string) string {
	return `[...document.querySelectorAll("#replies button")].some(x => x.textContent === "` + label + `")`
}

// TestBrowser walks the whole story in a real browser: the chat, the cart, the pay page, the checkout, the word in the
// chat that it is paid, and the order in the console.
func TestBrowser(t *testing.T) {
	b := openBrowser(t)
	demo := startDemo(t)
	b.do("open the chat at 320 pixels", chromedp.EmulateViewport(320, 640), chromedp.Navigate(demo.ChatURL), chromedp.WaitVisible("body[data-ready]"))
	b.narrow("the empty chat")
	b.shoot("chat-empty")
	b.do("write", chromedp.SendKeys("#text", "two croissants and a cappuccino\r"))
	b.eventually("the bot's answer", bubble("theirs", "Croissant"))
	b.eventually("the cart's bar", `!document.getElementById("cart").hidden`)
	b.do("look into the cart", chromedp.Click("#basket"), chromedp.WaitVisible("#lines dl"))
	b.narrow("the open cart")
	b.shoot("chat-cart")
	b.do("check out", chromedp.Click("#checkout"))
	b.eventually("the question for the yes", reply("Yes"))
	b.do("say yes", chromedp.Evaluate[chromedp.Void](`[...document.querySelectorAll("#replies button")].find(x => x.textContent === "Yes").click()`))
	b.eventually("the pay link", `!!document.querySelector(".links a[href*='/pay/']")`)
	b.narrow("the chat with the pay link")
	b.shoot("chat-pay-link")
	b.do("go to the pay page", chromedp.Click(".links a[href*='/pay/']"), chromedp.WaitVisible("button.pay"))
	b.narrow("the pay page")
	b.shoot("pay")
	b.do("go on to the checkout", chromedp.Click("button.pay"), chromedp.WaitVisible("form[action$='/approve'] button"))
	b.shoot("checkout")
	b.do("approve", chromedp.Click("form[action$='/approve'] button"))
	b.eventually("the thanks", `document.title.startsWith("Thank you")`)
	b.shoot("paid")
	b.do("go back to the chat", chromedp.Click("p.back a"), chromedp.WaitVisible("body[data-ready]"))
	b.eventually("the word in the chat", `[...document.querySelectorAll(".msg.theirs .bubble")].filter(x => /\bpaid\b/i.test(x.textContent)).length === 1`)
	b.shoot("chat-paid")

	b.do("open the console", chromedp.EmulateViewport(1280, 800), chromedp.Navigate(demo.ConsoleURL), chromedp.WaitVisible("#api_key"))
	b.do("log in", chromedp.SendKeys("#api_key", demo.APIKey+"\r"), chromedp.WaitVisible("table.rows"))
	b.eventually("the paid order", `!!document.querySelector("table.rows .status.paid")`)
	b.eventually("the live line", `document.getElementById("linked").textContent === "Live"`)
	b.shoot("console-orders")
	b.do("walk with the keyboard", chromedp.KeyEvent("j"))
	b.eventually("a row in focus", `document.activeElement.matches("a.row")`)
	b.do("open the order", chromedp.KeyEvent("\r"), chromedp.WaitVisible("ol.history"))
	b.shoot("console-order")
	b.do("open its talk", chromedp.Click("p.quietly a[href^='/console/conversations/']"), chromedp.WaitVisible(".said.bot"))
	b.shoot("console-talk")
	b.do("read the documentation", chromedp.Navigate(demo.BaseURL+"/docs"), chromedp.WaitVisible("article h3"))
	b.shoot("docs")
}
