package llm_test

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"sotto.chat/bot/llm"
	"sotto.chat/internal/testkit"
)

// spec is a provider's own description of its wire.
type spec struct {
	doc      any
	compiler *jsonschema.Compiler
}

func specOf(t *testing.T, parts ...string) spec {
	t.Helper()
	raw, err := os.ReadFile(testkit.Shared(t, append([]string{"fixtures", "llm"}, parts...)...))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	withoutNull(doc)
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("spec.json", doc); err != nil {
		t.Fatal(err)
	}
	return spec{doc, c}
}

// withoutNull drops types of null, which one spec has and no schema may have.
func withoutNull(v any) {
	switch x := v.(type) {
	case map[string]any:
		if kind, there := x["type"]; there && kind == nil {
			delete(x, "type")
		}
		for _, one := range x {
			withoutNull(one)
		}
	case []any:
		for _, one := range x {
			withoutNull(one)
		}
	}
}

// judge holds a body against one of the spec's schemas, and against the names that it knows.
func (s spec) judge(t *testing.T, name string, body []byte) {
	t.Helper()
	schema, err := s.compiler.Compile("spec.json#/components/schemas/" + name)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(v); err != nil {
		t.Error(err)
	}
	for _, field := range s.strangers(s.at("#/components/schemas/"+name), v, "") {
		t.Errorf("%s knows no field %s", name, field)
	}
}

func (s spec) at(ref string) any {
	here := s.doc
	for name := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		here = here.(map[string]any)[name]
	}
	return here
}

// strangers lists the fields of a value that no branch of a schema names. A schema that names none takes any.
func (s spec) strangers(schema, value any, at string) (out []string) {
	fields, items, free := map[string][]any{}, []any{}, false
	s.gather(schema, fields, &items, &free)
	switch v := value.(type) {
	case map[string]any:
		for key, one := range v {
			known, ok := fields[key]
			if !ok && !free && len(fields) > 0 {
				out = append(out, at+"."+key)
			}
			if ok {
				out = append(out, s.strangers(map[string]any{"anyOf": known}, one, at+"."+key)...)
			}
		}
	case []any:
		for _, one := range v {
			out = append(out, s.strangers(map[string]any{"anyOf": items}, one, at+"[]")...)
		}
	}
	return out
}

func (s spec) gather(schema any, fields map[string][]any, items *[]any, free *bool) {
	m, ok := schema.(map[string]any)
	if !ok {
		return
	}
	if ref, ok := m["$ref"].(string); ok {
		s.gather(s.at(ref), fields, items, free)
	}
	for _, how := range []string{"allOf", "anyOf", "oneOf"} {
		list, _ := m[how].([]any)
		for _, one := range list {
			s.gather(one, fields, items, free)
		}
	}
	properties, _ := m["properties"].(map[string]any)
	for key, one := range properties {
		fields[key] = append(fields[key], one)
	}
	if more, there := m["additionalProperties"]; there && more != false {
		*free = true
	}
	if one, there := m["items"]; there {
		*items = append(*items, one)
	}
}

// The providers' own schemas are the judges of what we send, and of what our stubs answer.
func TestTheWiresFitTheProvidersSchemas(t *testing.T) {
	openai := specOf(t, "openai-openapi-subset", "openapi.subset.json")
	claude := specOf(t, "anthropic-openapi-unofficial", "hosted_spec.json")
	for _, c := range []struct {
		provider, url, request, response string
		spec                             spec
		answer                           string
	}{
		{llm.OpenAI, "https://api.openai.com/v1/chat/completions", "CreateChatCompletionRequest", "CreateChatCompletionResponse", openai,
			openAI("tool_calls", call{"add", `{"sku":"COLA"}`}, call{"simple", `{"kind":"help"}`})},
		{llm.OpenAI, "https://llm.example/v1/chat/completions", "CreateChatCompletionRequest", "CreateChatCompletionResponse", openai,
			openAI("tool_calls", call{"simple", `{"kind":"help"}`})},
		{llm.Anthropic, "https://api.anthropic.com/v1/messages", "CreateMessageParams", "Message", claude,
			anthropic("tool_use", call{"add", `{"sku":"COLA"}`}, call{"simple", `{"kind":"help"}`})},
	} {
		t.Run(c.url, func(t *testing.T) {
			w := &wire{r: recording{url: c.url, request: []byte(`{"model":"stub"}`), status: 200, response: []byte(c.answer)}}
			if _, err := w.ask(t); err != nil {
				t.Fatal(err)
			}
			c.spec.judge(t, c.request, w.asked[0].request)
			c.spec.judge(t, c.response, []byte(c.answer))
			body := parse(t, w.asked[0].request).(map[string]any)
			if tools, _ := body["tools"].([]any); len(tools) < 8 || body["tool_choice"] == nil {
				t.Error("the tools or the choice of them are missing")
			}
			bounds := []any{body["max_tokens"], body["max_completion_tokens"]}
			if slices.Index(bounds, any(float64(600))) < 0 || (bounds[0] == nil) == (bounds[1] == nil) {
				t.Errorf("the bound is %v", bounds)
			}
		})
	}
}

// A judge that lets everything pass is none.
func TestTheSchemasRefuseAField(t *testing.T) {
	openai := specOf(t, "openai-openapi-subset", "openapi.subset.json")
	body := `{"model":"m","messages":[{"role":"user","content":"x","mood":"good"}],"sampling":1,
		"tools":[{"type":"function","function":{"name":"f","parameters":{"anything":1},"colour":"red"}}]}`
	found := openai.strangers(openai.at("#/components/schemas/CreateChatCompletionRequest"), parse(t, []byte(body)), "")
	slices.Sort(found)
	if want := []string{".messages[].mood", ".sampling", ".tools[].function.colour"}; !slices.Equal(found, want) {
		t.Errorf("%v, want %v", found, want)
	}
}
