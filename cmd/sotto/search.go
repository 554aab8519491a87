package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"

	"sotto.chat/catalog/search"
)

type searchCmd struct {
	Catalog string `required:"" type:"existingfile" help:"The catalog file."`
	Top     int    `help:"How many products to give at most." default:"10"`
}

// Help shows an example.
func (searchCmd) Help() string {
	return "One query a line on stdin, its products a line on stdout:\n  echo 'warm winter coat' | sotto search --catalog shop.json"
}

// Run answers queries from stdin.
func (c *searchCmd) Run() error {
	f, err := openCatalog(c.Catalog, os.Stderr)
	if err != nil {
		return err
	}
	index := search.Build(f)
	return searchLines(os.Stdin, os.Stdout, func(query string) []search.Hit { return index.Search(query, c.Top) })
}

// searchLine is a line of output.
type searchLine struct {
	Query   string       `json:"query"`
	Results []search.Hit `json:"results"`
}

// searchLines answers every line of in with a line of out, in order.
func searchLines(in io.Reader, out io.Writer, find func(string) []search.Hit) error {
	w := bufio.NewWriter(out)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return eachLine(in, func(line []byte, whole bool) error {
		answer := searchLine{Query: string(line), Results: []search.Hit{}}
		if whole {
			answer.Results = append(answer.Results, find(answer.Query)...)
		}
		if err := encoder.Encode(answer); err != nil {
			return err
		}
		return w.Flush()
	})
}
