package llm_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sotto.chat/bot/llm"
	"sotto.chat/internal/testkit"
)

// traps names, for every measured trap of the library in the reference, the tests that hold it.
func traps() map[int][]string {
	history := []string{"TestWhatIsSentToEachKindOfModel", "TestAnthropicIsSentNoHistory"}
	noStream := []string{"TestRecordings", "TestNothingOfTheLibraryBeyondOneCall"}
	return map[int][]string{
		1:  {"TestBothProvidersGiveTheSameReading", "TestRecordedCallsAreUnderstood"}, // content null, two calls
		2:  {"TestWhatIsSentToEachKindOfModel"},                                       // top_p is not sent
		3:  {"TestWhatIsSentToEachKindOfModel"},                                       // temperature is always sent
		4:  history,                                                                   // a message of two parts
		5:  history,                                                                   // the type of a call in a history
		6:  noStream,                                                                  // interleaved calls of a stream
		7:  noStream,                                                                  // servers that repeat the type
		8:  noStream,                                                                  // raw calls handed to the customer
		9:  append(noStream, "TestHalfAnAnswerInTimeIsNone"),                          // half the text without an error
		10: append(noStream, "TestBrokenAnswersAreErrors"),                            // a cut answer
		11: append(noStream, "TestALongLineIsRead"),                                   // a line above 64 KiB
		12: {"TestOneRetryWhereItHelps", "TestAnthropicWhenItIsBusy"},                 // Retry-After is lost, no retries
		13: {"TestAHangingServerCostsTheTimeAndNoMore"},                               // a deadline that is none
		14: {"TestBrokenAnswersAreErrors"},                                            // arguments as an object
		15: {"TestBothProvidersGiveTheSameReading"},                                   // calls beyond the first choice
		16: {"TestTheWiresFitTheProvidersSchemas"},                                    // the choice of tools is not sent
		17: history,                                                                   // only the first part is sent
		18: append(history, "TestACallWithoutArguments"),                              // empty arguments
		19: {"TestAnthropicsRarerAnswers"},                                            // nothing in the answer
		20: {"TestAnthropicsRarerAnswers"},                                            // hidden thoughts
		21: noStream,                                                                  // a goroutine for each broken stream
		22: {"TestSettingsThatLackSomething"},                                         // a model of its own choice
		23: {"TestRecordings"},                                                        // Ollama's own wire
		24: {"TestBrokenAnswersAreErrors", "TestAHangingServerCostsTheTimeAndNoMore"}, // a client without time and bounds
		25: {"TestTheRequestHoldsNoPriceAndNoSecret", "TestAnthropicWhenItIsBusy"},    // the environment is read
		26: {"TestNothingOfTheLibraryBeyondOneCall"},                                  // counting tokens over the internet
	}
}

// A trap that is added to the reference fails here until a test holds it.
func TestEveryTrapHasItsTest(t *testing.T) {
	raw, err := os.ReadFile(testkit.Shared(t, "reference", "llm.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, probe, _ := strings.Cut(string(raw), "\n## C2.")
	probe, _, _ = strings.Cut(probe, "\n## ")
	rows := regexp.MustCompile(`(?m)^\| (\d+) \|`).FindAllStringSubmatch(probe, -1)
	list, tests := traps(), map[string]bool{}
	for _, f := range parsed(t, "_test.go") {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				tests[fn.Name.Name] = true
			}
		}
	}
	for _, row := range rows {
		n, _ := strconv.Atoi(row[1])
		if len(list[n]) == 0 {
			t.Errorf("nothing holds trap %d", n)
		}
		for _, name := range list[n] {
			if !tests[name] {
				t.Errorf("%s, which holds trap %d, is gone", name, n)
			}
		}
	}
	if len(rows) != len(list) {
		t.Errorf("%d traps in the reference, %d in the list", len(rows), len(list))
	}
}

func parsed(t *testing.T, suffix string) (out []*ast.File) {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".go") && strings.HasSuffix(e.Name(), "_test.go") == (suffix == "_test.go") {
			f, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, f)
		}
	}
	return out
}

// Of the library, three packages and one call are used: no streams, no cache, no counter of tokens, nothing of its agents.
func TestNothingOfTheLibraryBeyondOneCall(t *testing.T) {
	used := []string{"Model", "CallOption", "ContentResponse", "ContentChoice", "MessageContent", "TextContent", "Tool", "ToolCall", "FunctionCall", "FunctionDefinition",
		"TextParts", "ChatMessageTypeSystem", "ChatMessageTypeHuman", "WithTools", "WithToolChoice", "WithTemperature", "WithMaxTokens"}
	for _, f := range parsed(t, ".go") {
		for _, i := range f.Imports {
			path, _ := strconv.Unquote(i.Path.Value)
			if rest, ok := strings.CutPrefix(path, "github.com/tmc/langchaingo/"); ok && !slices.Contains([]string{"llms", "llms/openai", "llms/anthropic"}, rest) {
				t.Errorf("%s is imported", path)
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "llms" && !slices.Contains(used, s.Sel.Name) {
					t.Errorf("llms.%s is used: the reference tells why it is not", s.Sel.Name)
				}
			}
			return true
		})
	}
}

// An Anthropic gets one message of one part, and the rules apart from it.
func TestAnthropicIsSentNoHistory(t *testing.T) {
	s := serve(t, says(anthropic("tool_use", call{"simple", `{"kind":"help"}`})))
	if _, err := reader(t, llm.Anthropic, s.URL, nil, llm.Limits{}).Read(t.Context(), question(t, "help me please")); err != nil {
		t.Fatal(err)
	}
	sent := parse(t, []byte(s.body(0))).(map[string]any)
	list, _ := sent["messages"].([]any)
	if len(list) != 1 || sent["system"] != llm.Rules {
		t.Fatalf("%d messages, and %v", len(list), sent["system"])
	}
	one := list[0].(map[string]any)
	if parts, ok := one["content"].([]any); one["role"] != "user" || ok && len(parts) != 1 {
		t.Error(one)
	}
}
