package main

import (
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"sotto.chat/web/talk"
)

var (
	formText = regexp.MustCompile(`<form method="post" action="([^"]+)">`)
	session  = regexp.MustCompile(`cs_[A-Za-z0-9_]+`)
)

// forms gives where the forms of a page lead, in the page's order.
func forms(page string, a answer) (list []string) {
	base, err := url.Parse(page)
	if err != nil {
		return nil
	}
	for _, m := range formText.FindAllStringSubmatch(string(a.body), -1) {
		if to, err := base.Parse(html.UnescapeString(m[1])); err == nil {
			list = append(list, to.String())
		}
	}
	return list
}

// checkout opens a pay link, presses its button and gives the address of the hosted page, as a browser does.
func checkout(c *http.Client, link string) (hosted string, err error) {
	page, err := send(c, http.MethodGet, link, nil, nil)
	if err != nil {
		return "", err
	}
	to := forms(link, page)
	if page.status >= 500 {
		return "", fmt.Errorf("the pay page answered %d", page.status)
	}
	if page.status != http.StatusOK || len(to) != 1 {
		return "", fmt.Errorf("%w: %d with %d forms", errDead, page.status, len(to))
	}
	a, err := send(c, http.MethodPost, to[0], nil, nil)
	if err != nil {
		return "", err
	}
	if a.status >= 500 {
		return "", fmt.Errorf("the button answered %d", a.status)
	}
	if a.status != http.StatusSeeOther {
		return "", fmt.Errorf("%w: the button answered %d", errDead, a.status)
	}
	return a.header.Get("Location"), nil
}

// errDead says that a pay link leads to no checkout.
var errDead = errors.New("the pay link is dead")

// press uses the form of the sandbox's page that ends so: approve, decline. It gives the session's id.
func press(c *http.Client, hosted, act string) (string, error) {
	page, err := send(c, http.MethodGet, hosted, nil, nil)
	if err != nil {
		return "", err
	}
	id := session.FindString(string(page.body))
	for _, to := range forms(hosted, page) {
		if !strings.HasSuffix(to, "/"+act) {
			continue
		}
		a, err := send(c, http.MethodPost, to, nil, nil)
		if err == nil && a.status != http.StatusSeeOther {
			err = fmt.Errorf("%s answered %d", act, a.status)
		}
		return id, err
	}
	return id, fmt.Errorf("%w: the hosted page has no form %s", errDead, act)
}

// pays follows a pay link and presses one button after another on the hosted page.
func pays(t testing.TB, c *http.Client, link string, acts ...string) (sessionID string) {
	t.Helper()
	hosted, err := checkout(c, link)
	for _, act := range acts {
		if err == nil {
			sessionID, err = press(c, hosted, act)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(sessionID, "cs_") {
		t.Fatalf("the hosted page does not show the session: %q", sessionID)
	}
	return sessionID
}

// dead demands that a pay link leads to no session, neither by its page nor by a form that somebody kept open.
func dead(t testing.TB, c *http.Client, link string) {
	t.Helper()
	page, err := send(c, http.MethodGet, link, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(forms(link, page)) > 0 || session.Match(page.body) {
		t.Errorf("the page of a dead link offers to pay: %d %s", page.status, page.body)
	}
	a, err := send(c, http.MethodPost, link, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if a.status/100 == 2 || a.status/100 == 3 || a.header.Get("Location") != "" || session.Match(a.body) {
		t.Errorf("a dead link leads on: %d %s", a.status, a.header.Get("Location"))
	}
}

// payLink is the one link to a pay page in a message.
func payLink(t testing.TB, m talk.Message) string {
	t.Helper()
	var found []string
	for _, l := range m.Links {
		if strings.Contains(l.URL, "/pay/") {
			found = append(found, l.URL)
		}
	}
	if len(found) != 1 {
		t.Fatalf("a message with %d pay links: %+v", len(found), m)
	}
	return found[0]
}
