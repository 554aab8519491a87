package docs

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// manual is the description as the page tells it.
type manual struct {
	Title, Version, About, Server string
	Groups                        []group
}

type group struct {
	Name, Anchor string
	Operations   []operation
}

type operation struct {
	Anchor, Method, Path, Summary, About string
	Params, Body, Answer                 []field
	Example, Curl, Status                string
	Refusals                             []string
}

// field is one parameter, or one part of a body; Depth says how deep it stands.
type field struct {
	Name, Kind, About string
	Depth             int
	Required          bool
}

// deepest bounds how far a shape is unfolded: some hold themselves.
const deepest = 5

// methods in the order in which people think of them.
var methods = [...]string{"GET", "POST", "PUT", "PATCH", "DELETE"}

func read(api *huma.OpenAPI) manual {
	m := manual{Title: api.Info.Title, Version: api.Info.Version, About: api.Info.Description}
	if len(api.Servers) > 0 {
		m.Server = api.Servers[0].URL
	}
	r := reader{api.Components.Schemas, m.Server}
	groups := map[string]*group{}
	for _, path := range slices.Sorted(maps.Keys(api.Paths)) {
		item := api.Paths[path]
		for i, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op == nil || op.Hidden {
				continue
			}
			tag := "other"
			if len(op.Tags) > 0 {
				tag = op.Tags[0]
			}
			if groups[tag] == nil {
				groups[tag] = &group{Name: tag, Anchor: "group-" + slug(tag)}
			}
			groups[tag].Operations = append(groups[tag].Operations, r.operation(methods[i], path, op))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		m.Groups = append(m.Groups, *groups[name])
	}
	return m
}

func slug(s string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(s)), "-")
}

type reader struct {
	schemas huma.Registry
	server  string
}

func (r reader) operation(method, path string, op *huma.Operation) operation {
	o := operation{Anchor: cmp.Or(op.OperationID, slug(method+path)), Method: method, Path: path, Summary: op.Summary, About: op.Description}
	for _, p := range op.Parameters {
		if p.In == "header" && p.Name == "Accept" {
			continue
		}
		o.Params = append(o.Params, field{Name: p.Name, Kind: p.In + ", " + r.kind(p.Schema), About: cmp.Or(p.Description, describe(r.follow(p.Schema))), Required: p.Required})
	}
	curl := "curl"
	if method != "GET" {
		curl += " -X " + method
	}
	curl += " " + r.server + path + " \\\n  -H \"Authorization: Bearer $SOTTO_KEY\""
	if op.RequestBody != nil {
		if s := jsonOf(op.RequestBody.Content); s != nil {
			o.Body = r.fields(s, 0)
			o.Example = example(r.example(s, 0))
			curl += " \\\n  -H \"Content-Type: application/json\" -d '" + strings.ReplaceAll(o.Example, "'", `'\''`) + "'"
		}
	}
	o.Curl = curl
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		if status[0] == '2' {
			o.Status = status
			if s := jsonOf(op.Responses[status].Content); s != nil {
				o.Answer = r.fields(s, 0)
			}
			continue
		}
		o.Refusals = append(o.Refusals, status)
	}
	return o
}

func jsonOf(content map[string]*huma.MediaType) *huma.Schema {
	if m := content["application/json"]; m != nil {
		return m.Schema
	}
	return nil
}

func (r reader) follow(s *huma.Schema) *huma.Schema {
	if s != nil && s.Ref != "" {
		return r.schemas.SchemaFromRef(s.Ref)
	}
	return s
}

// kind names a shape in one or two words.
func (r reader) kind(s *huma.Schema) string {
	s = r.follow(s)
	switch {
	case s == nil:
		return "anything"
	case len(s.Enum) > 0:
		names := make([]string, len(s.Enum))
		for i, e := range s.Enum {
			names[i] = fmt.Sprint(e)
		}
		return strings.Join(names, " | ")
	case s.Type == "array":
		return "list of " + r.kind(s.Items)
	case s.Format != "" && s.Type != "integer" && s.Type != "number":
		return s.Format
	}
	kind := cmp.Or(s.Type, "anything")
	if s.Nullable {
		kind += " or null"
	}
	return kind
}

func (r reader) fields(s *huma.Schema, depth int) []field {
	s = r.follow(s)
	for s != nil && s.Type == "array" {
		s = r.follow(s.Items)
	}
	if s == nil || depth >= deepest {
		return nil
	}
	var out []field
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[name]
		if name == "$schema" {
			continue
		}
		out = append(out, field{Name: name, Kind: r.kind(p), About: cmp.Or(p.Description, describe(r.follow(p))), Depth: depth, Required: slices.Contains(s.Required, name)})
		if !isMoney(r.follow(p)) {
			out = append(out, r.fields(p, depth+1)...)
		}
	}
	return out
}

// isMoney tells the shape that stands everywhere and is told once, at the top.
func isMoney(s *huma.Schema) bool {
	return s != nil && len(s.Properties) == 2 && s.Properties["amount"] != nil && s.Properties["currency"] != nil
}

func describe(s *huma.Schema) string {
	if s == nil {
		return ""
	}
	if isMoney(s) {
		return "Money."
	}
	return s.Description
}

// example makes a body out of a shape's own examples, and of what is needed.
func (r reader) example(s *huma.Schema, depth int) any {
	s = r.follow(s)
	switch {
	case s == nil || depth > deepest:
		return nil
	case len(s.Examples) > 0:
		return s.Examples[0]
	case len(s.Enum) > 0:
		return s.Enum[0]
	}
	switch s.Type {
	case "object":
		out := map[string]any{}
		for name, p := range s.Properties {
			if name != "$schema" && (slices.Contains(s.Required, name) || len(p.Examples) > 0) {
				out[name] = r.example(p, depth+1)
			}
		}
		if isMoney(s) {
			return map[string]any{"amount": 1250, "currency": "EUR"}
		}
		return out
	case "array":
		return []any{r.example(s.Items, depth+1)}
	case "integer", "number":
		if s.Minimum != nil {
			return *s.Minimum
		}
		return 1
	case "boolean":
		return true
	}
	return "…"
}

func example(v any) string {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return ""
	}
	return string(raw)
}
