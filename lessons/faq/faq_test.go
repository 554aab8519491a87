package faq_test

import (
	"fmt"
	"strings"
	"testing"

	"sotto.chat/lessons/faq"
)

func show(list []faq.Found) string {
	var out []string
	for _, f := range list {
		out = append(out, f.Question+" → "+f.Answer)
	}
	return strings.Join(out, "\n")
}

func TestFromHTML(t *testing.T) {
	for name, c := range map[string]struct{ page, want string }{
		"details": {`<details class="x>y"><summary>Do you <b>deliver</b>?</summary><p>Yes, in the&nbsp;city.</p><p>Till 9 &amp; later.</p></details>`,
			"Do you deliver? → Yes, in the city. Till 9 & later."},
		"terms":          {`<dl><dt>Opening hours<dd>From 9 to 5.<dd>Not on Sunday.<dt>Parking</dt><dd>Behind the house.</dd></dl>`, "Opening hours → From 9 to 5. Not on Sunday.\nParking → Behind the house."},
		"headings":       {`<h1>Help</h1><p>Read this.</p><h2>Is it vegan?</h2><p>It is.</p><ul><li>All</li><li>of it</li></ul><h3>About us</h3><p>no</p><footer>© all</footer>`, "Is it vegan? → It is. All of it"},
		"the page's end": {`<h2>Can I pay in cash？</h2><p>Yes.</p><footer>Terms</footer>`, "Can I pay in cash？ → Yes."},
		"linked": {`<script type="application/ld+json">{"@context":"https://schema.org","@graph":[{"@type":["FAQPage"],"mainEntity":[{"@type":"Question","name":"Where?",
			"acceptedAnswer":{"@type":"Answer","text":"<p>Mill Lane, <a href='#'>see</a>.</p>"}}]}]}</script><h2>where?</h2><p>other</p>`, "Where? → Mill Lane, see."},
		"nothing":       {`<h2>News</h2><p>Is it? It is.</p>`, ""},
		"scripts":       {`<h2>Now?</h2><script>alert("</p>")</script><style>p{}</style><!-- <p>no</p> --><p>Yes, 2 < 3.</p>`, "Now? → Yes, 2 < 3."},
		"broken":        {`<details><summary>Why?<details`, ""},
		"without words": {`<details><summary>Why?</summary></details><h2>And?</h2>`, ""},
	} {
		if got := show(faq.FromHTML(c.page)); got != c.want {
			t.Errorf("%s:\ngot  %q\nwant %q", name, got, c.want)
		}
	}
}

func TestFromMarkdown(t *testing.T) {
	text := "# Shop\n\nHello.\n\n## Do you deliver?\n\nYes, **all days**:\n- see [the map](http://a.example/b).\n\n```\n# not this?\n```\n\n**Is there parking?**\n\nBehind the house.\n\n---\n## About\n\nno"
	if got, want := show(faq.FromMarkdown(text)), "Do you deliver? → Yes, all days: see the map.\nIs there parking? → Behind the house."; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestBounds(t *testing.T) {
	var b strings.Builder
	for i := range 300 {
		fmt.Fprintf(&b, "<h2>Question %d?</h2><p>%s</p>", i, strings.Repeat("word. ", 600))
	}
	list := faq.FromHTML(b.String())
	if len(list) != faq.MaxFound || len(list[0].Answer) > 1500 || !strings.HasSuffix(list[0].Answer, ".") {
		t.Error(len(list), len(list[0].Answer))
	}
}

func FuzzFromHTML(f *testing.F) {
	f.Add("<details><summary>a?</summary>b</details><script type=ld+json>[{")
	f.Fuzz(func(t *testing.T, page string) {
		for _, x := range append(faq.FromHTML(page), faq.FromMarkdown(page)...) {
			if x.Question == "" || x.Answer == "" {
				t.Errorf("%q", x)
			}
		}
	})
}
