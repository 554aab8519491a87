package llm_test

import (
	"slices"

	"sotto.chat/bot/llm"
)

// fate is what must come of one recorded answer, and why.
type fate struct {
	fault     error  // nil = an answer that cannot be read at all
	says      string // how the error ends
	calls     int    // requests; 0 = one
	elsewhere bool   // not a wire that we speak
	why       string
}

// times is one fate for some answers in a row.
func times(n int, f fate) []fate { return slices.Repeat([]fate{f}, n) }

// fates says for every recording, answer by answer, what comes of it.
func fates() map[string][]fate {
	words := fate{fault: llm.ErrRefused, says: ": no action", why: "it is read, and judged: words propose nothing"}
	foreign := fate{fault: llm.ErrRefused, says: " an unknown function", why: "it is read, and judged: the function is not ours"}
	alike := fate{fault: llm.ErrRefused, says: ": arguments of search", why: "it is read, and judged: the name is one of ours, the arguments are not"}
	shaped := fate{fault: llm.ErrRefused, says: ": no action", why: "words in the shape of JSON are words"}
	image := fate{fault: llm.ErrRefused, says: ": no action", why: "what is said of a picture is words"}
	length := fate{fault: llm.ErrStopped, why: "it was cut by its length: half an answer is none"}
	older := fate{fault: llm.ErrStopped, why: "the older way to call is never asked for, and not taken"}
	stream := fate{why: "a stream that nobody asked for is not read"}
	busy := fate{calls: 2, why: "too many requests: asked once more, then left"}
	native := fate{elsewhere: true, why: "Ollama's own wire loses tools in the library; its /v1 side is spoken instead"}
	vectors := fate{elsewhere: true, why: "vectors are not asked for here, and are no answer: there is no choice in them"}
	google := fate{elsewhere: true, why: "Google's own wire is not spoken"}
	web := fate{elsewhere: true, why: "a web search of the recorded agent; no tool of ours reaches the web"}
	return map[string][]fate{
		"openai/testdata/TestFunctionCall.httprr":                                               {foreign},
		"openai/testdata/TestStructuredOutputFunctionCalling.httprr":                            {alike},
		"openai/testdata/TestStructuredOutputObjectSchema.httprr":                               {shaped},
		"openai/testdata/TestStructuredOutputObjectAndArraySchema.httprr":                       {shaped},
		"openai/testdata/TestMultiContentText.httprr":                                           {words},
		"openai/testdata/TestMultiContentTextChatSequence.httprr":                               {words},
		"openai/testdata/TestMultiContentImage.httprr":                                          {image},
		"openai/testdata/TestWithStreaming.httprr":                                              {stream},
		"openai/testdata/TestOpenRouterStreaming.httprr":                                        {stream, busy},
		"openai/testdata/TestOpenRouterWithHTTPRR.httprr":                                       {stream},
		"openai/internal/openaiclient/testdata/TestClient_CreateChatCompletion.httprr":          {words},
		"openai/internal/openaiclient/testdata/TestClient_CreateChatCompletionStream.httprr":    {stream},
		"openai/internal/openaiclient/testdata/TestClient_FunctionCall.httprr":                  {older},
		"openai/internal/openaiclient/testdata/TestClient_WithResponseFormat.httprr":            {shaped},
		"openai/internal/openaiclient/testdata/TestClient_CreateEmbedding.httprr":               {vectors},
		"openai/internal/openaiclient/testdata/TestClient_CreateEmbeddingWithDimensions.httprr": {vectors},
		"anthropic/internal/anthropicclient/testdata/TestClient_CreateMessage.httprr":           {words},
		"anthropic/internal/anthropicclient/testdata/TestClient_CreateMessageStream.httprr":     {stream},
		"anthropic/internal/anthropicclient/testdata/TestClient_WithAnthropicBetaHeader.httprr": {length},
		"ollama/testdata/TestGenerateContent.httprr":                                            {native},
		"ollama/testdata/TestWithFormat.httprr":                                                 {native},
		"ollama/testdata/TestWithKeepAlive.httprr":                                              {native},
		"ollama/testdata/TestWithStreaming.httprr":                                              {native},
		"ollama/testdata/TestWithThink.httprr":                                                  {native},
		"ollama/testdata/TestWithPullModel.httprr":                                              times(2, native),
		"ollama/testdata/TestCreateEmbedding.httprr":                                            times(4, native),
		"ollama/internal/ollamaclient/testdata/TestClient_CreateEmbedding.httprr":               {native},
		"ollama/internal/ollamaclient/testdata/TestClient_Generate.httprr":                      {native},
		"ollama/internal/ollamaclient/testdata/TestClient_GenerateStream.httprr":                {native},
		"ollama/internal/ollamaclient/testdata/TestClient_GenerateChat.httprr":                  {native},
		"ollama/internal/ollamaclient/testdata/TestClient_GenerateChatStream.httprr":            {native},
		"ollama/internal/ollamaclient/testdata/TestClient_GenerateChatWithThink.httprr":         {native},
		"_more/agents/testdata/TestConversationalWithMemory.httprr":                             {words},
		"_more/agents/testdata/TestExecutorWithMRKLAgent.httprr":                                times(2, words),
		"_more/agents/testdata/TestExecutorWithOpenAIFunctionAgent.httprr":                      {foreign, web, words},
		"_more/agents/testdata/TestOpenAIFunctionsAgentWithHTTPRR.httprr":                       {foreign, words},
		"_more/agents/testdata/TestOpenAIFunctionsAgentComplexCalculation.httprr":               {words},
		"_more/chains/testdata/TestConstitutionalChainBasic.httprr":                             times(2, words),
		"_more/chains/testdata/TestConversation.httprr":                                         times(2, words),
		"_more/chains/testdata/TestConversationWithChatLLM.httprr":                              times(3, words),
		"_more/chains/testdata/TestLLMChain.httprr":                                             {words},
		"_more/chains/testdata/TestLLMChainWithGoogleAI.httprr":                                 {google},
		"_more/chains/testdata/TestLLMMath.httprr":                                              {words},
		"_more/chains/testdata/TestMapReduceQA.httprr":                                          times(14, words),
		"_more/chains/testdata/TestMapReduceSummarization.httprr":                               times(14, words),
		"_more/chains/testdata/TestRefineQA.httprr":                                             times(13, words),
		"_more/chains/testdata/TestRefineSummarization.httprr":                                  times(13, words),
		"_more/chains/testdata/TestRetrievalQA.httprr":                                          {words},
		"_more/chains/testdata/TestRetrievalQAFromLLM.httprr":                                   {words},
		"_more/chains/testdata/TestStuffDocuments.httprr":                                       {words},
		"_more/chains/testdata/TestStuffSummarization.httprr":                                   {words},
	}
}
