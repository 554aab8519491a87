package lessons_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"sotto.chat/bot/transcript"
	"sotto.chat/catalog"
	"sotto.chat/channels"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/lessons"
	"sotto.chat/merchants"
	"sotto.chat/orders"
	"sotto.chat/privacy"
)

type class struct {
	*transcript.Stage
	t     *testing.T
	clock *testkit.Clock
}

func open(t *testing.T, db *database.DB, clock *testkit.Clock) *class {
	t.Helper()
	in, err := os.Open("../bot/testdata/shop-en.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	goods, _, err := catalog.DecodeFile(in)
	if err != nil {
		t.Fatal(err)
	}
	s, err := transcript.Open(t.Context(), transcript.Props{DB: db, Advance: clock.Advance, Log: testkit.Log(t), Master: []byte("0123456789abcdef0123456789abcdef")},
		transcript.Shop{Goods: goods, NewMerchant: merchants.NewMerchant{Name: "Shop", Currency: "USD", Country: "US", Language: "en", Settings: merchants.Settings{Pickup: true}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return &class{s, t, clock}
}

func (c *class) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *class) says(text string) {
	c.t.Helper()
	c.must(c.Says(c.t.Context(), channels.Incoming{Text: text}))
}

func (c *class) tx(f func(tx database.Tx) error) error { return c.DB.InTx(c.t.Context(), f) }

// list gives why each message stands in the list, the newest first, with its words.
func (c *class) list() (out []string, ids []string) {
	c.t.Helper()
	entries, _, err := c.Lessons.List(c.t.Context(), c.Merchant.ID, "", true, 50)
	c.must(err)
	for _, e := range entries {
		_, text, err := c.Lessons.Open(c.t.Context(), c.Merchant.ID, e.ID, "staff-1")
		c.must(err)
		out, ids = append(out, e.Why+": "+text), append(ids, e.ID)
	}
	return out, ids
}

func (c *class) suggestions() []lessons.Suggestion {
	c.t.Helper()
	list, _, err := c.Lessons.Suggestions(c.t.Context(), c.Merchant.ID, "", 50)
	c.must(err)
	return list
}

func (c *class) cart() orders.Quote {
	c.t.Helper()
	q, _, err := c.Cart(c.t.Context())
	c.must(err)
	return q
}

// What the bot could not read is listed without its words; a look is written down; what staff say that it meant teaches the
// bot only when somebody accepts it, and then at once.
func TestThisMeant(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		c := open(t, db, clock)
		c.says("two colas")
		c.says("quonk me a wuzzle")
		c.says("wuzzle frobnitz quonk")
		got, ids := c.list()
		if want := "handed_over: wuzzle frobnitz quonk|unread: quonk me a wuzzle"; strings.Join(got, "|") != want {
			t.Fatal(got)
		}
		looks, err := c.Keys().Looks(t.Context(), c.Merchant.ID, privacy.ConversationSubject(c.Conversation), 10)
		if err != nil || len(looks) != 2 || looks[0].Actor != "staff-1" || looks[0].Action != "messages.misunderstood" {
			t.Fatal(looks, err)
		}
		meant := func(m lessons.Meaning) error {
			return c.tx(func(tx database.Tx) error { _, err := c.Lessons.Settle(tx, c.Merchant.ID, ids[1], m); return err })
		}
		if err := meant(lessons.Meaning{As: "product", Target: "NOTHING", Words: "wuzzle"}); !errors.Is(err, lessons.ErrTarget) {
			t.Error(err)
		}
		if err := meant(lessons.Meaning{As: "weather"}); !errors.Is(err, lessons.ErrMeant) {
			t.Error(err)
		}
		c.must(meant(lessons.Meaning{As: "product", Target: "TIRAMISU", Words: "wuzzle", Actor: "staff-1"}))
		if err := meant(lessons.Meaning{As: "nothing"}); !errors.Is(err, lessons.ErrSettled) {
			t.Error(err)
		}
		list := c.suggestions()
		if len(list) != 1 || list[0].Words != "wuzzle" || list[0].Target != "TIRAMISU" || list[0].Source != lessons.ByStaff {
			t.Fatal(list)
		}
		c.Visitor = "visitor-2"
		c.says("a wuzzle please")
		if q := c.cart(); len(q.Lines) != 0 {
			t.Fatal("it was taught without consent", q.Lines)
		}
		c.must(c.tx(func(tx database.Tx) error {
			_, err := c.Lessons.Accept(tx, c.Merchant.ID, list[0].ID, "staff-1")
			return err
		}))
		c.says("a wuzzle please")
		if q := c.cart(); len(q.Lines) != 1 || q.Lines[0].SKU != "TIRAMISU" {
			t.Fatal(q.Lines)
		}
		if err := c.tx(func(tx database.Tx) error {
			_, err := c.Lessons.Decline(tx, c.Merchant.ID, list[0].ID, "x")
			return err
		}); !errors.Is(err, lessons.ErrDecided) {
			t.Error(err)
		}
		if len(c.suggestions()) != 0 {
			t.Error(c.suggestions())
		}
	})
}

// What a customer chooses when asked "did you mean" becomes a suggestion; a declined one does not come back.
func TestDidYouMean(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		c := open(t, db, clock)
		choose := func(visitor string) {
			c.Visitor = visitor
			c.says("mozzarella")
			said, err := c.BotSaid(t.Context())
			c.must(err)
			buttons := said[len(said)-1].Content.Buttons
			if len(buttons) == 0 || !strings.HasPrefix(buttons[0].Tap, "add:MARGHERITA") {
				t.Fatal(said[len(said)-1].Content)
			}
			c.must(c.Says(t.Context(), channels.Incoming{Tap: buttons[0].Tap}))
		}
		choose("visitor-1")
		choose("visitor-2")
		list := c.suggestions()
		if len(list) != 1 || list[0].Words != "mozzarella" || list[0].Target != "MARGHERITA" || list[0].Seen != 2 || list[0].Source != lessons.ByCustomer {
			t.Fatal(list)
		}
		var sealed int
		c.must(db.SQL.QueryRow("select count(*) from suggestions where words is not null").Scan(&sealed))
		var words []byte
		c.must(db.SQL.QueryRow("select words from suggestions").Scan(&words))
		if sealed != 1 || strings.Contains(string(words), "mozzarella") {
			t.Error("the words are not sealed")
		}
		c.must(c.tx(func(tx database.Tx) error {
			_, err := c.Lessons.Decline(tx, c.Merchant.ID, list[0].ID, "staff-1")
			return err
		}))
		choose("visitor-3")
		if list := c.suggestions(); len(list) != 0 {
			t.Error(list)
		}
		got, _ := c.list()
		if len(got) != 3 || got[0] != "asked: mozzarella" {
			t.Error(got)
		}
	})
}

// A message said to ask one of the merchant's questions becomes an example of it.
func TestItAskedAQuestion(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		c := open(t, db, clock)
		c.says("zibbit quando flurble")
		_, ids := c.list()
		c.must(c.tx(func(tx database.Tx) error {
			_, err := c.Lessons.Settle(tx, c.Merchant.ID, ids[0], lessons.Meaning{As: "question", Target: "HOURS", Words: "zibbit quando flurble", Actor: "staff-1"})
			return err
		}))
		c.must(c.tx(func(tx database.Tx) error {
			_, err := c.Lessons.Accept(tx, c.Merchant.ID, c.suggestions()[0].ID, "staff-1")
			return err
		}))
		c.says("zibbit quando flurble")
		said, err := c.BotSaid(t.Context())
		c.must(err)
		if last := said[len(said)-1].Content.Text; !strings.Contains(last, "from 11:00 to 23:00") {
			t.Error(last)
		}
	})
}

// The list goes with the conversation, and after its time.
func TestTheListForgets(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		c := open(t, db, clock)
		c.must(c.Work(t.Context()))
		c.says("quonk me a wuzzle")
		if got, _ := c.list(); len(got) != 1 {
			t.Fatal(got)
		}
		c.must(c.tx(func(tx database.Tx) error { return c.Inbox.ForgetConversation(tx, c.Merchant.ID, c.Conversation) }))
		testkit.Eventually(t, "the entry goes with the conversation", func() bool {
			list, _, err := c.Lessons.List(t.Context(), c.Merchant.ID, "", false, 50)
			return err == nil && len(list) == 0
		})
		c.Visitor = "visitor-2"
		c.says("frobnitz")
		clock.Advance(59 * 24 * time.Hour)
		c.must(c.Lessons.Sweep(t.Context()))
		if list, _, err := c.Lessons.List(t.Context(), c.Merchant.ID, "", false, 50); err != nil || len(list) != 1 {
			t.Error(list, err)
		}
		clock.Advance(2 * 24 * time.Hour)
		c.must(c.Lessons.Sweep(t.Context()))
		if list, _, err := c.Lessons.List(t.Context(), c.Merchant.ID, "", false, 50); err != nil || len(list) != 0 {
			t.Error(list, err)
		}
	})
}

// Nothing that may name a person or a place becomes a suggestion.
func TestPlain(t *testing.T) {
	for _, c := range []struct{ text, language, want string }{
		{"fizzy brown stuff", "en", "fizzy brown stuff"},
		{"Wuzzle", "en", "wuzzle"},
		{"the wuzzle for Maria", "en", "the wuzzle for"},
		{"große Brause", "de", "große brause"},
		{"wuzzle 555-0142", "en", "wuzzle"},
		{"me@shop.example wuzzle", "en", "wuzzle"},
		{"https://a.example/b wuzzle", "en", "wuzzle"},
		{"wuzzle\x00 , !", "en", "wuzzle"},
		{"one two three four five", "en", ""},
		{"a", "en", ""},
		{"4111", "en", ""},
	} {
		if got := lessons.Plain(c.text, c.language, 4); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

// What a FAQ page says is known at once, in other words too; and what it does not say is not made up.
func TestAPageTeaches(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		c := open(t, db, clock)
		page := `<details><summary>Do you deliver on Sundays?</summary><p>Yes, until noon.</p></details><h2>Is there parking near the shop?</h2><p>Behind the house, for free.</p>`
		c.Lessons.Reads(func(_ context.Context, address string) (string, string, error) {
			if address != "https://shop.example/faq" {
				return "", "", errors.New("nothing there")
			}
			return page, "text/html; charset=utf-8", nil
		})
		if _, err := c.Lessons.Page(t.Context(), "https://other.example", "", ""); !errors.Is(err, lessons.ErrPage) {
			t.Error(err)
		}
		found, err := c.Lessons.Page(t.Context(), "https://shop.example/faq", "", "")
		c.must(err)
		take := func(dry bool) (out []lessons.Imported) {
			c.must(c.tx(func(tx database.Tx) (err error) {
				out, err = c.Lessons.Import(tx, c.Merchant.ID, found, dry)
				return err
			}))
			return out
		}
		for i, want := range []string{lessons.Created, lessons.Created, lessons.Unchanged} {
			list := take(i == 0)
			if len(list) != 2 || list[0].Becomes != want || list[1].Becomes != want {
				t.Fatal(i, list)
			}
		}
		found[0].Answer = "No."
		if list := take(false); list[0].Becomes != lessons.Updated || list[1].Becomes != lessons.Unchanged {
			t.Error(list)
		}
		asks := func(text string) string {
			c.says(text)
			said, err := c.BotSaid(t.Context())
			c.must(err)
			return said[len(said)-1].Content.Text
		}
		if got := asks("is there any parking near you"); !strings.Contains(got, "Behind the house") {
			t.Error(got)
		}
		if got := asks("who won the football match yesterday"); strings.Contains(got, "Behind the house") || strings.Contains(got, "No.") {
			t.Error(got)
		}
		if err := c.tx(func(tx database.Tx) error { _, err := c.Lessons.Import(tx, c.Merchant.ID, nil, true); return err }); !errors.Is(err, lessons.ErrNoQuestions) {
			t.Error(err)
		}
	})
}
