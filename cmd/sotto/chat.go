package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"sotto.chat/web/talk"
)

type chatCmd struct {
	URL string `arg:"" help:"The shop's chat address, as sotto demo prints it."`
}

// terminal is one visitor of a web chat.
type terminal struct {
	url, visitor, after string
	taps                []string
	out                 io.Writer
}

// Run sends each line of stdin to the shop and prints its answers. A number stands for the button of that number.
func (c chatCmd) Run(ctx context.Context) error {
	t := &terminal{url: strings.TrimRight(c.URL, "/") + "/messages", out: os.Stdout}
	lines := bufio.NewScanner(os.Stdin)
	fmt.Print("> ")
	for lines.Scan() {
		text := strings.TrimSpace(lines.Text())
		if text != "" {
			if err := t.say(ctx, text); err != nil {
				return err
			}
			if err := t.listen(ctx); err != nil {
				return err
			}
		}
		fmt.Print("> ")
	}
	fmt.Println()
	return lines.Err()
}

func (t *terminal) say(ctx context.Context, text string) error {
	body := map[string]string{"text": text}
	if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= len(t.taps) {
		body = map[string]string{"tap": t.taps[n-1]}
	}
	var answer struct {
		Message talk.Message `json:"message"`
		Visitor string       `json:"visitor"`
	}
	if err := t.call(ctx, http.MethodPost, t.url, body, &answer); err != nil {
		return err
	}
	t.visitor, t.after = answer.Visitor, answer.Message.ID
	return nil
}

// listen prints what the shop says until it has been quiet for a moment.
func (t *terminal) listen(ctx context.Context) error {
	for range 40 {
		var page struct {
			Data []talk.Message `json:"data"`
		}
		if err := t.call(ctx, http.MethodGet, t.url+"?after="+url.QueryEscape(t.after), nil, &page); err != nil {
			return err
		}
		for _, m := range page.Data {
			t.after = m.ID
			if m.From != "customer" {
				t.show(m)
			}
		}
		if len(page.Data) > 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
	}
	return nil
}

func (t *terminal) show(m talk.Message) {
	_, _ = fmt.Fprintln(t.out, m.Text)
	for _, p := range m.Products {
		_, _ = fmt.Fprintf(t.out, "  · %s  %s\n", p.Name, p.Shown)
	}
	t.taps = nil
	for _, b := range m.Buttons {
		t.taps = append(t.taps, b.Tap)
		_, _ = fmt.Fprintf(t.out, "  [%d] %s\n", len(t.taps), b.Label)
	}
	for _, l := range m.Links {
		_, _ = fmt.Fprintf(t.out, "  %s: %s\n", l.Label, l.URL)
	}
}

func (t *terminal) call(ctx context.Context, method, address string, body, into any) error {
	var in io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, address, in)
	if err != nil {
		return errors.New("the address must be like http://127.0.0.1:8080/chat/mer_…")
	}
	req.Header.Set("Content-Type", "application/json")
	if t.visitor != "" {
		req.Header.Set("Authorization", "Bearer "+t.visitor)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the shop answered %s", res.Status)
	}
	return json.NewDecoder(io.LimitReader(res.Body, 8<<20)).Decode(into)
}
