package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"sotto.chat/bot"
	"sotto.chat/bot/embedded"
	"sotto.chat/bot/reading"
	"sotto.chat/bot/shelf"
	"sotto.chat/catalog"
)

// maxLine bounds one line of input; a longer one is answered as not understood.
const maxLine = 1 << 20

type understandCmd struct {
	Catalog string `required:"" type:"existingfile" help:"The catalog file."`
	Locale  string `help:"The language to assume where a message does not tell." default:"en"`
	With    string `help:"Which understander reads." enum:"embedded,llm" default:"embedded"`
	Signs   bool   `help:"Print beside each reading what its confidence was made of, and whether the bot asks what was meant."`
}

// Help shows an example.
func (understandCmd) Help() string {
	return "One message a line on stdin, one reading a line on stdout:\n  echo 'two large teas please' | sotto understand --catalog menu.json"
}

// errNoModel asks for the settings of a model.
var errNoModel = errors.New("no model is configured: set SOTTO_LLM_PROVIDER, SOTTO_LLM_MODEL and SOTTO_LLM_KEY")

// Run reads messages from stdin and prints what they mean. What a model cannot answer stays as the embedded reading.
func (c *understandCmd) Run(ctx context.Context, set *settings) error {
	f, err := openCatalog(c.Catalog, os.Stderr)
	if err != nil {
		return err
	}
	if c.With == "llm" {
		return c.withModel(ctx, set, f)
	}
	lexicon := embedded.Compile(f)
	return understand(os.Stdin, os.Stdout, func(text string, s reading.State) readingLine {
		if c.Signs {
			r, signs := lexicon.Signs(text, s, c.Locale)
			return readingLine{Reading: r, Signs: signs.Named(), Asks: bot.Asks(r, lexicon.Others(text, s, c.Locale))}
		}
		return readingLine{Reading: lexicon.Read(text, s, c.Locale)}
	})
}

func (c *understandCmd) withModel(ctx context.Context, set *settings, f catalog.File) error {
	model, err := set.model(nil)
	if err == nil && model == nil {
		err = errNoModel
	}
	if err != nil {
		return err
	}
	goods := shelf.Compile(f, 1)
	return understand(os.Stdin, os.Stdout, func(text string, s reading.State) readingLine {
		r, err := model.Read(ctx, bot.Question{Merchant: "file", Conversation: "stdin", Text: text, Locale: c.Locale, State: s, Goods: goods})
		if err != nil {
			r = goods.Lexicon.Read(text, s, c.Locale)
		}
		return readingLine{Reading: r}
	})
}

// openCatalog reads a catalog file and names its unsound rows on w; the sound ones are used.
func openCatalog(path string, w io.Writer) (catalog.File, error) {
	file, err := os.Open(path)
	if err != nil {
		return catalog.File{}, err
	}
	defer func() { _ = file.Close() }()
	f, problems, err := catalog.DecodeFile(file)
	for _, p := range problems {
		_, _ = fmt.Fprintf(w, "%s: %s (left out)\n", path, p)
	}
	return f, err
}

// messageLine is a line of input that is JSON.
type messageLine struct {
	ID    string        `json:"id"`
	Text  string        `json:"text"`
	State reading.State `json:"state"`
}

// readingLine is a line of output.
type readingLine struct {
	ID string `json:"id,omitempty"`
	reading.Reading
	Signs map[string]float64 `json:"signs,omitempty"`
	Asks  bool               `json:"asks,omitempty"`
}

// understand answers every line of in with a line of out, in order. A line that cannot be read is not understood.
func understand(in io.Reader, out io.Writer, read func(string, reading.State) readingLine) error {
	w := bufio.NewWriter(out)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return eachLine(in, func(line []byte, whole bool) error {
		m, ok := parseMessage(line)
		answer := readingLine{Reading: reading.Reading{Actions: []reading.Action{}, Unread: []string{}}}
		if ok && whole {
			answer = read(m.Text, m.State)
		}
		answer.ID = m.ID
		if err := encoder.Encode(answer); err != nil {
			return err
		}
		return w.Flush()
	})
}

func parseMessage(line []byte) (messageLine, bool) {
	trimmed := bytes.TrimSpace(line)
	if len(trimmed) == 0 || trimmed[0] != '{' {
		return messageLine{Text: string(trimmed)}, true
	}
	var m messageLine
	err := json.Unmarshal(trimmed, &m)
	return m, err == nil
}

// eachLine calls f for every line of in; whole is false for a line of which only the start fits.
func eachLine(in io.Reader, f func(line []byte, whole bool) error) error {
	r := bufio.NewReaderSize(in, 64<<10)
	for {
		line, whole, err := readLine(r)
		if len(line) > 0 || err == nil {
			if err := f(bytes.TrimRight(line, "\r\n"), whole); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func readLine(r *bufio.Reader) (line []byte, whole bool, err error) {
	whole = true
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) <= maxLine {
			line = append(line, part...)
		} else {
			whole = false
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, whole, err
		}
	}
}
