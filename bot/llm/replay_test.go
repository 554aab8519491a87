package llm_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sotto.chat/bot/llm"
	"sotto.chat/bot/reading"
	"sotto.chat/internal/testkit"
)

// recording is one request and its answer, as a provider once gave it.
type recording struct {
	url      string
	header   http.Header // of the request
	request  []byte      // its body
	status   int
	answer   http.Header
	response []byte
}

// recordings reads an httprr file: frames of "<request bytes> <response bytes>", each followed by both.
func recordings(t *testing.T, file string) []recording {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(raw, []byte("\n"))
	var out []recording
	for len(rest) > 0 {
		var asked, answered int
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		if _, err := fmt.Sscanf(string(line), "%d %d", &asked, &answered); err != nil {
			t.Fatal(file, err)
		}
		request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(after[:asked])))
		if err != nil {
			t.Fatal(file, err)
		}
		response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(after[asked:asked+answered])), nil)
		if err != nil {
			t.Fatal(file, err)
		}
		body, _ := io.ReadAll(request.Body)
		content, _ := io.ReadAll(response.Body)
		out = append(out, recording{request.RequestURI, request.Header, body, response.StatusCode, response.Header, content})
		rest = after[asked+answered:]
	}
	return out
}

// recorded gives every file of the folder by its path in it.
func recorded(t *testing.T) map[string][]recording {
	t.Helper()
	root := testkit.Shared(t, "fixtures", "llm", "langchaingo-httprr")
	out := map[string][]recording{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		out[filepath.ToSlash(name)] = recordings(t, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// wire answers every request with one recorded answer, and keeps what was asked.
type wire struct {
	r     recording
	mu    sync.Mutex
	asked []recording
}

// RoundTrip goes nowhere.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.asked = append(w.asked, recording{url: req.URL.String(), header: req.Header.Clone(), request: body})
	w.mu.Unlock()
	return &http.Response{StatusCode: w.r.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: w.r.answer.Clone(),
		Body: io.NopCloser(bytes.NewReader(w.r.response)), ContentLength: int64(len(w.r.response)), Request: req}, nil
}

// ask reads a message through a recorded answer, with the model and at the address of the recording.
func (w *wire) ask(t *testing.T) (reading.Reading, error) {
	t.Helper()
	cfg := llm.Config{Provider: llm.OpenAI, Key: "test-api-key", Timeout: 5 * time.Second, Log: testkit.Log(t), Model: "stub"}
	if body, ok := tryParse(w.r.request).(map[string]any); ok {
		cfg.Model, _ = body["model"].(string)
	}
	if host := "https://api.openai.com"; !strings.HasPrefix(w.r.url, host) {
		cfg.URL = strings.TrimSuffix(w.r.url, "/chat/completions")
	}
	if strings.HasPrefix(w.r.url, "https://api.anthropic.com") {
		cfg.Provider, cfg.URL = llm.Anthropic, ""
	}
	reader, err := llm.NewOver(cfg, w)
	if err != nil {
		t.Fatal(err)
	}
	return reader.Read(t.Context(), question(t, "a cola"))
}

// Every recording of real providers is in the table, passes the wire, and comes to what the table says.
func TestRecordings(t *testing.T) {
	table, seen := fates(), recorded(t)
	for name, frames := range seen {
		want, known := table[name]
		if !known {
			t.Errorf("%s is not in the table: say what comes of each of its %d answers", name, len(frames))
			continue
		}
		if len(want) != len(frames) {
			t.Errorf("%s holds %d answers, the table says %d", name, len(frames), len(want))
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i, r := range frames {
				want[i].check(t, i, r)
			}
		})
	}
	for name := range table {
		if _, there := seen[name]; !there {
			t.Errorf("%s of the table is not in the folder", name)
		}
	}
}

// check replays one answer. Whatever it is, nothing acts on it that was not meant for us.
func (f fate) check(t *testing.T, i int, r recording) {
	t.Helper()
	ours := strings.HasSuffix(r.url, "/chat/completions") || strings.HasSuffix(r.url, "/v1/messages")
	if ours == f.elsewhere {
		t.Errorf("answer %d is of %s", i, r.url)
	}
	w := &wire{r: r}
	got, err := w.ask(t)
	if err == nil || len(got.Actions) != 0 || got.Wordings != nil {
		t.Errorf("answer %d gave a reading: %+v", i, got)
	}
	refused, stopped := errors.Is(err, llm.ErrRefused), errors.Is(err, llm.ErrStopped)
	if refused != (f.fault == llm.ErrRefused) || stopped != (f.fault == llm.ErrStopped) || f.says != "" && !strings.HasSuffix(err.Error(), f.says) {
		t.Errorf("answer %d: %v; %s", i, err, f.why)
	}
	if calls := max(f.calls, 1); len(w.asked) != calls {
		t.Errorf("answer %d was asked for %d times, want %d", i, len(w.asked), calls)
	}
	if ours && len(w.asked) > 0 {
		sameRequest(t, r, w.asked[0])
	}
}

// The frame around a call is the provider's own: with one of our functions in it, each recorded call is understood.
func TestRecordedCallsAreUnderstood(t *testing.T) {
	n := 0
	for name, frames := range recorded(t) {
		for i, r := range frames {
			if r.status != http.StatusOK || !bytes.Contains(r.response, []byte(`"tool_calls"`)) {
				continue
			}
			n++
			r.response = withOurCall(t, r.response)
			w := &wire{r: r}
			if got, err := w.ask(t); err != nil || len(got.Actions) != 1 || got.Actions[0].SKU != "COLA" {
				t.Errorf("%s, answer %d: %+v %v", name, i, got, err)
			}
		}
	}
	if n == 0 {
		t.Error("no recording holds a call")
	}
}

// withOurCall puts a function of ours in the place of the recorded one.
func withOurCall(t *testing.T, response []byte) []byte {
	t.Helper()
	var answer map[string]json.RawMessage
	var choices []map[string]any
	if err := errors.Join(json.Unmarshal(response, &answer), json.Unmarshal(answer["choices"], &choices)); err != nil {
		t.Fatal(err)
	}
	message, _ := choices[0]["message"].(map[string]any)
	calls, _ := message["tool_calls"].([]any)
	first, _ := calls[0].(map[string]any)
	first["function"] = map[string]string{"name": "add", "arguments": `{"sku":"COLA"}`}
	raw, err := json.Marshal(choices)
	if err != nil {
		t.Fatal(err)
	}
	answer["choices"] = raw
	out, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// What no request of ours holds, and why.
func neverSent() []string {
	return []string{
		"stream", "stream_options", // nothing is streamed: calls come broken out of the library's streams
		"stop",            // an answer ends with its calls
		"response_format", // the calls have the schema
		"functions",       // the older name of tools
	}
}

// beyond is what our requests hold and no recording does; the providers' schemas judge it.
func beyond() []string { return []string{"tool_choice", "system", "max_tokens", "tools"} }

// sameRequest compares what was recorded with what we send to the same place, field by field.
func sameRequest(t *testing.T, recorded, ours recording) {
	t.Helper()
	if ours.url != recorded.url {
		t.Errorf("sent to %s, recorded at %s", ours.url, recorded.url)
	}
	for key := range recorded.header {
		if slices.Contains([]string{"User-Agent", "Content-Length", "Anthropic-Beta"}, key) {
			continue
		}
		if ours.header.Get(key) != recorded.header.Get(key) {
			t.Errorf("the header %s is %q, recorded as %q", key, ours.header.Get(key), recorded.header.Get(key))
		}
	}
	for key := range ours.header {
		if recorded.header.Get(key) == "" && key != "User-Agent" {
			t.Errorf("no recording holds the header %s", key)
		}
	}
	was, _ := parse(t, recorded.request).(map[string]any)
	is, _ := parse(t, ours.request).(map[string]any)
	if bound, there := was["max_completion_tokens"]; there && !strings.HasPrefix(recorded.url, "https://api.openai.com") {
		was["max_tokens"] = bound // foreign servers know the older name
		delete(was, "max_completion_tokens")
	}
	for key, value := range was {
		switch {
		case slices.Contains(neverSent(), key):
			if is[key] != nil {
				t.Errorf("%s is sent", key)
			}
		case key == "messages":
			sameMessages(t, value, is[key])
		case key == "model" && is[key] != value:
			t.Errorf("the model is %v, recorded as %v", is[key], value)
		default:
			sameShape(t, key, value, is[key])
		}
	}
	for key := range is {
		if _, there := was[key]; !there && !slices.Contains(beyond(), key) && key != "max_completion_tokens" {
			t.Errorf("%s is in no recording", key)
		}
	}
}

// sameMessages compares the messages of the roles that a request without a history has.
func sameMessages(t *testing.T, recorded, ours any) {
	t.Helper()
	list, _ := ours.([]any)
	for _, r := range recorded.([]any) {
		role := r.(map[string]any)["role"]
		at := slices.IndexFunc(list, func(m any) bool { return m.(map[string]any)["role"] == role })
		switch role {
		case "assistant", "tool":
			if at >= 0 {
				t.Errorf("a message of the role %s is sent", role)
			}
		default:
			if at < 0 {
				t.Errorf("there is no message of the role %s", role)
				continue
			}
			sameShape(t, "messages."+role.(string), r, list[at])
		}
	}
}

// sameShape wants what was recorded in ours, of the same JSON type, all the way down. The names of a tool's own
// parameters are each program's.
func sameShape(t *testing.T, at string, recorded, ours any) {
	t.Helper()
	switch r := recorded.(type) {
	case map[string]any:
		o, ok := ours.(map[string]any)
		for key, v := range r {
			switch name := at + "." + key; {
			case key == "properties":
				sameShape(t, name, typeOfOne(v), typeOfOne(o[key]))
			case key == "required" && o[key] == nil: // a call that needs nothing
			case key == "strict" && o[key] == nil: // strict schemas have no bounds, ours have
			case o[key] == nil:
				t.Errorf("%s is missing", name)
			default:
				sameShape(t, name, v, o[key])
			}
		}
		if !ok {
			t.Errorf("%s is no object", at)
		}
	case []any:
		if text, one := ours.(string); one && strings.HasSuffix(at, ".content") {
			ours = []any{map[string]any{"type": "text", "text": text}} // one text is the short form of a list of one
		}
		o, ok := ours.([]any)
		if !ok || len(o) == 0 {
			t.Errorf("%s is no list", at)
			return
		}
		for _, one := range r {
			if part, ok := one.(map[string]any); ok && part["type"] == "image_url" {
				continue // no picture goes to this model
			}
			for _, own := range o {
				sameShape(t, at+"[]", one, own)
			}
		}
	case string:
		if blocks, ok := ours.([]any); ok && strings.HasSuffix(at, ".content") {
			sameShape(t, at, []any{map[string]any{"type": "text", "text": r}}, blocks)
			return
		}
		if _, ok := ours.(string); !ok {
			t.Errorf("%s is %T, recorded as a text", at, ours)
		}
	default:
		if fmt.Sprintf("%T", recorded) != fmt.Sprintf("%T", ours) {
			t.Errorf("%s is %T, recorded as %T", at, ours, recorded)
		}
	}
}

// typeOfOne is what one of the parameters of a tool says of itself that a server needs.
func typeOfOne(v any) any {
	for _, one := range v.(map[string]any) {
		return map[string]any{"type": one.(map[string]any)["type"]}
	}
	return nil
}

func tryParse(raw []byte) (v any) {
	if json.Unmarshal(raw, &v) != nil {
		return nil
	}
	return v
}

func parse(t *testing.T, raw []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%v in %q", err, raw)
	}
	return v
}
