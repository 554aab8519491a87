// Package transcript plays conversations that a shopkeeper wrote down against a shop of their own, and tells what is not as written.
//
// A script is a file that people can read, one step a line: who says what, and what the cart, the orders, the money, the
// stock and the messages must be after. Words lists every step. A stage is the shop that a script plays in, with every
// room a real one and pretended money; nothing on it ever touches a live row.
package transcript

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Bounds of one script.
const (
	MaxScript = 64 << 10
	maxSteps  = 400
	maxLine   = 4000
	// maxLater bounds one leap in time.
	maxLater = 60 * 24 * time.Hour
)

// Word is one kind of step, with how it is written and what it means.
type Word struct{ Name, Form, Meaning string }

// Words are the steps that a script can have.
func Words() []Word {
	return []Word{
		{"shop", "shop: menu.json, USD, US, en, pickup, delivery, formal, shipping 300, tax 10%, cash, transfer", "the shop that it plays in, first of all; without it the one that the tests were started for"},
		{"needs", "needs: {product}, {category}", "the script is left out where the catalog has nothing for these places"},
		{"customer", "customer: two colas please   (or: customer: [Label])", "the customer writes, or presses the button with this label"},
		{"burst", "burst: one | two", "messages that come before the bot can answer"},
		{"basket", "basket: 2 COLA, 1 WATER", "an order out of a platform's own basket, by sku"},
		{"pays", "pays", "the customer pays with the last link, with pretended money"},
		{"arrives", "arrives: cash   (or: arrives: transfer)", "staff register the cash, or the bank transfer, of the newest order"},
		{"later", "later: 20m", "time passes (s, m, h)"},
		{"stock", "stock: COLA 3", "the merchant sets how many there are"},
		{"price", "price: COLA 300", "the merchant changes a price, in the minor unit"},
		{"bot again", "bot again", "a person hands the conversation back to the bot"},
		{"bot", "bot: words", "the last answer holds these words, in capitals or not"},
		{"bot never", "bot never: words", "the last answer does not hold them"},
		{"hears", "hears: words", "sooner or later the bot says these words"},
		{"once", "once: words", "exactly one message of the bot has these words"},
		{"answers", "answers: 3", "so many messages of the bot there are"},
		{"buttons", "buttons: A | B", "the last answer offers these"},
		{"cards", "cards: COLA, WATER", "the last answer shows these products"},
		{"cart", "cart: 2 COLA, 1 PIZZA (SIZE=L) = $9.00   (or: cart: empty)", "what is in the cart; without = what it costs does not matter"},
		{"orders", "orders: awaiting_payment $9.00, paid $4.00   (or: orders: none)", "the orders, the newest first; without sums only how they stand"},
		{"paid", "paid: $9.00", "the money that has come, all orders together"},
		{"left", "left: COLA 3", "how many are left for sale; - where nobody counts"},
		{"dead", "dead: link 1", "the first link that was sent leads nowhere"},
		{"person", "person", "a person has the conversation now"},
		{"note", "note: words", "what the team is told with the last answer holds these words"},
	}
}

// Script is one conversation as it was written down.
type Script struct {
	Name  string
	Shop  *Shop // nil where it says none
	Steps []Step
	needs []string
}

// Step is one line of a script.
type Step struct {
	Line       int
	What, Text string
}

// Problem is what is wrong at a line of a script.
type Problem struct {
	Name    string
	Line    int
	Message string
}

// Error writes the problem the way that editors jump to.
func (p *Problem) Error() string { return fmt.Sprintf("%s:%d: %s", p.Name, p.Line, p.Message) }

// Parse reads a script; name is for its messages. The error is a *Problem with the line.
func Parse(name string, in io.Reader) (Script, error) {
	s := Script{Name: name}
	lines := bufio.NewScanner(io.LimitReader(in, MaxScript+1))
	lines.Buffer(make([]byte, 4096), MaxScript+2)
	n, size := 0, 0
	for lines.Scan() {
		n++
		size += len(lines.Bytes()) + 1
		line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if message := s.add(n, line); message != "" {
			return s, &Problem{name, n, message}
		}
	}
	switch {
	case lines.Err() != nil || size > MaxScript+1:
		return s, &Problem{name, n + 1, fmt.Sprintf("the script is longer than %d KB", MaxScript>>10)}
	case len(s.Steps) == 0:
		return s, &Problem{name, max(n, 1), "there is nothing in it; begin with a line like “customer: hello”"}
	}
	return s, nil
}

// add takes one line and gives what is wrong with it.
func (s *Script) add(n int, line string) string {
	what, text, _ := strings.Cut(line, ":")
	what, text = strings.TrimSpace(what), strings.TrimSpace(text)
	switch {
	case len(line) > maxLine:
		return fmt.Sprintf("the line has more than %d characters", maxLine)
	case !slices.ContainsFunc(Words(), func(w Word) bool { return w.Name == what }):
		return unknown(what)
	case len(s.Steps) >= maxSteps:
		return fmt.Sprintf("a script has at most %d steps", maxSteps)
	}
	switch what {
	case "shop":
		if s.Shop != nil || len(s.Steps) > 0 {
			return "the shop is said once, before everything else"
		}
		shop, err := ReadShop(text)
		s.Shop = &shop
		return sentence(err)
	case "needs":
		s.needs = append(s.needs, places(text)...)
		return ""
	}
	if problem := wellFormed(what, text); problem != "" {
		return problem
	}
	s.Steps = append(s.Steps, Step{n, what, text})
	return ""
}

func sentence(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// unknown names what was perhaps meant.
func unknown(what string) string {
	var names []string
	for _, w := range Words() {
		if strings.HasPrefix(w.Name, what) || what != "" && strings.HasPrefix(what, w.Name) || strings.EqualFold(w.Name, what) {
			return fmt.Sprintf("nobody knows what %q means; did you mean %q? It is written like this: %s", what, w.Name, w.Form)
		}
		names = append(names, w.Name)
	}
	return fmt.Sprintf("nobody knows what %q means; a line begins with one of: %s", what, strings.Join(names, ", "))
}

// wellFormed checks what a step says before any of it is played, and tells how it is written where it does not.
func wellFormed(what, text string) string {
	form := ""
	for _, w := range Words() {
		if w.Name == what {
			form = w.Form
		}
	}
	if !sound(what, text) {
		return fmt.Sprintf("%q cannot be read here; it is written like this: %s", text, form)
	}
	return ""
}

func sound(what, text string) bool {
	switch what {
	case "pays", "person", "bot again":
		return text == ""
	case "later":
		d, err := time.ParseDuration(text)
		return err == nil && d > 0 && d <= maxLater
	case "arrives":
		return text == "cash" || text == "transfer"
	case "answers":
		_, err := strconv.Atoi(text)
		return err == nil
	case "stock", "price":
		sku, number := lastWord(text)
		n, err := strconv.ParseInt(number, 10, 64)
		return sku != "" && (strings.HasPrefix(number, "{") || err == nil && n >= 0)
	case "left":
		sku, number := lastWord(text)
		return sku != "" && number != ""
	case "dead":
		n, err := strconv.Atoi(strings.TrimPrefix(text, "link "))
		return err == nil && n > 0
	case "basket":
		for _, part := range strings.Split(text, ",") {
			n, sku, _ := strings.Cut(strings.TrimSpace(part), " ")
			if _, err := strconv.ParseInt(n, 10, 64); err != nil || sku == "" {
				return false
			}
		}
		return true
	}
	return text != ""
}

// lastWord cuts "COLA 3" into its two parts.
func lastWord(text string) (before, last string) {
	at := strings.LastIndexByte(text, ' ')
	if at < 0 {
		return "", text
	}
	return strings.TrimSpace(text[:at]), text[at+1:]
}
