package llm_test

import (
	"os"
	"testing"

	"sotto.chat/bot/llm"
	"sotto.chat/bot/transcript"
	"sotto.chat/catalog"
	"sotto.chat/channels"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/merchants"
	"sotto.chat/orders"
)

// shop is a stage with a model behind the bot, whose failures end the test.
type shop struct {
	*transcript.Stage
	t     testing.TB
	model *llm.Reader
}

func stage(t *testing.T, db *database.DB, clock *testkit.Clock, url string, wording bool) *shop {
	t.Helper()
	return open(t, db, clock, url, fileOf(t), merchants.Settings{Pickup: true, LLM: true, LLMWording: wording}, llm.Limits{MerchantCalls: 1 << 30, MerchantTokens: 1 << 40, ConversationCalls: 1 << 20, ConversationTokens: 1 << 40})
}

func open(t *testing.T, db *database.DB, clock *testkit.Clock, url string, file catalog.File, settings merchants.Settings, limits llm.Limits) *shop {
	t.Helper()
	r := reader(t, llm.OpenAI, url, db, limits)
	st, err := transcript.Open(t.Context(), transcript.Props{DB: db, Advance: clock.Advance, Log: testkit.Log(t), Master: []byte("0123456789abcdef0123456789abcdef"), Model: r},
		transcript.Shop{NewMerchant: merchants.NewMerchant{Name: "Tiny Shop", Currency: "USD", Country: "US", Language: "en", Settings: settings}, Goods: file})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Close)
	return &shop{st, t, r}
}

func fileOf(t testing.TB) catalog.File {
	t.Helper()
	f, err := os.Open("../testdata/shop-en.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	file, problems, err := catalog.DecodeFile(f)
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	return file
}

func (s *shop) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) says(in channels.Incoming) { s.t.Helper(); s.must(s.Says(s.t.Context(), in)) }

func (s *shop) last() inbox.Content {
	s.t.Helper()
	list, err := s.BotSaid(s.t.Context())
	s.must(err)
	if len(list) == 0 {
		s.t.Fatal("the bot has said nothing")
	}
	return list[len(list)-1].Content
}

func (s *shop) orders() []orders.Order {
	s.t.Helper()
	list, err := s.AllOrders(s.t.Context())
	s.must(err)
	return list
}
