package llm_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"sotto.chat/bot/llm"
	"sotto.chat/internal/testkit"
)

// recording is one request and its answer, as a provider once gave it.
type recording struct {
	request  []byte // its body
	status   int
	header   http.Header
	response []byte
}

// recordings reads an httprr file: frames of "<request bytes> <response bytes>", each followed by both.
func recordings(t *testing.T, parts ...string) []recording {
	t.Helper()
	raw, err := os.ReadFile(testkit.Shared(t, append([]string{"fixtures", "llm", "langchaingo-httprr"}, parts...)...))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(raw, []byte("\n"))
	var out []recording
	for len(rest) > 0 {
		var asked, answered int
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		if _, err := fmt.Sscanf(string(line), "%d %d", &asked, &answered); err != nil {
			t.Fatal(err)
		}
		_, body, _ := strings.Cut(strings.ReplaceAll(string(after[:asked]), "\r\n", "\n"), "\n\n")
		response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(after[asked:asked+answered])), nil)
		if err != nil {
			t.Fatal(err)
		}
		content, _ := io.ReadAll(response.Body)
		out = append(out, recording{[]byte(body), response.StatusCode, response.Header, content})
		rest = after[asked+answered:]
	}
	return out
}

// replay serves recorded answers, in their order.
func replay(t *testing.T, list []recording) *stub {
	next := 0
	return serve(t, func(w http.ResponseWriter, _ *http.Request) {
		r := list[min(next, len(list)-1)]
		next++
		w.Header().Set("Content-Type", r.header.Get("Content-Type"))
		w.WriteHeader(r.status)
		_, _ = w.Write(r.response)
	})
}

// Real answers of real providers pass the wire and are then judged: a function that is not ours is refused, and so is
// an answer in words.
func TestRecordedAnswersAreReadAndJudged(t *testing.T) {
	for name, c := range map[string]struct {
		provider string
		file     []string
	}{
		"a call of a function that is not ours": {llm.OpenAI, []string{"openai", "testdata", "TestFunctionCall.httprr"}},
		"words":                                 {llm.OpenAI, []string{"openai", "testdata", "TestMultiContentText.httprr"}},
		"words of an Anthropic":                 {llm.Anthropic, []string{"anthropic", "internal", "anthropicclient", "testdata", "TestClient_CreateMessage.httprr"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := replay(t, recordings(t, c.file...))
			r, err := reader(t, c.provider, s.URL, nil, llm.Limits{}).Read(t.Context(), question(t, "a cola"))
			if !errors.Is(err, llm.ErrRefused) || len(r.Actions) != 0 {
				t.Fatalf("%+v %v", r, err)
			}
		})
	}
}

// The recorded call, renamed to one of ours, is understood: the frame around it is the provider's own.
func TestARecordedCallIsUnderstood(t *testing.T) {
	list := recordings(t, "openai", "testdata", "TestFunctionCall.httprr")
	list[0].response = bytes.Replace(bytes.Replace(list[0].response, []byte("getCurrentWeather"), []byte("add"), 1),
		[]byte(`{\"location\":\"Boston\"}`), []byte(`{\"sku\":\"COLA\"}`), 1)
	s := replay(t, list)
	r, err := reader(t, llm.OpenAI, s.URL, nil, llm.Limits{}).Read(t.Context(), question(t, "a cola"))
	if err != nil || len(r.Actions) != 1 || r.Actions[0].SKU != "COLA" {
		t.Fatalf("%+v %v", r, err)
	}
	sameShape(t, "", parse(t, list[0].request), parse(t, []byte(s.body(0))))
}

func TestTheAnthropicRequestHasTheRecordedShape(t *testing.T) {
	list := recordings(t, "anthropic", "internal", "anthropicclient", "testdata", "TestClient_CreateMessage.httprr")
	s := replay(t, list)
	_, _ = reader(t, llm.Anthropic, s.URL, nil, llm.Limits{}).Read(t.Context(), question(t, "a cola"))
	ours := parse(t, []byte(s.body(0)))
	sameShape(t, "", parse(t, list[0].request), ours)
	if top, ok := ours.(map[string]any); !ok || top["system"] == "" || top["tools"] == nil || s.paths[0] != "/v1/messages" {
		t.Fatal(ours)
	}
}

// OpenAI's own schema is the judge of what we send.
func TestTheRequestFitsOpenAIsSchema(t *testing.T) {
	file := testkit.Shared(t, "fixtures", "llm", "openai-openapi-subset", "openapi.subset.json")
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("openai.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("openai.json#/components/schemas/CreateChatCompletionRequest")
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, says(openAI("tool_calls", call{"simple", `{"kind":"help"}`})))
	if _, err := reader(t, llm.OpenAI, s.URL, nil, llm.Limits{}).Read(t.Context(), question(t, "help me please")); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(parse(t, []byte(s.body(0)))); err != nil {
		t.Fatal(err)
	}
}

func parse(t *testing.T, raw []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%v in %q", err, raw)
	}
	return v
}

// sameShape wants every field of the recorded request in ours, of the same JSON type. What a tool's parameters are is
// each program's own.
func sameShape(t *testing.T, at string, recorded, ours any) {
	t.Helper()
	switch r := recorded.(type) {
	case map[string]any:
		o, ok := ours.(map[string]any)
		if !ok {
			t.Errorf("%s is no object", at)
			return
		}
		for key, v := range r {
			if _, ok := o[key]; !ok {
				t.Errorf("%s.%s is missing", at, key)
			} else if key != "parameters" {
				sameShape(t, at+"."+key, v, o[key])
			}
		}
	case []any:
		o, ok := ours.([]any)
		if !ok || len(o) == 0 {
			t.Errorf("%s is no list", at)
			return
		}
		sameShape(t, at+"[0]", r[0], o[len(o)-1])
	default:
		if blocks, ok := ours.([]any); ok && strings.HasSuffix(at, ".content") && len(blocks) == 1 {
			return // both providers take a text or a list of blocks
		}
		if reflect.TypeOf(recorded) != reflect.TypeOf(ours) {
			t.Errorf("%s is %T, recorded as %T", at, ours, recorded)
		}
	}
}
