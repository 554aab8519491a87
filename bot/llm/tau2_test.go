package llm_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"sotto.chat/bot/llm"
	"sotto.chat/catalog"
	"sotto.chat/channels"
	"sotto.chat/customers"
	"sotto.chat/inbox"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/merchants"
	"sotto.chat/orders"
	"sotto.chat/payments"
	"sotto.chat/payments/byhand"
)

// retail is the outside shop: its goods, its customers' orders, and tasks with the actions that solve them.
type retail struct {
	Products map[string]struct {
		Name     string
		Variants map[string]struct {
			ID      string `json:"item_id"`
			Options map[string]string
			Price   float64
		}
	}
	Orders map[string]struct {
		User  string `json:"user_id"`
		Items []struct {
			ID string `json:"item_id"`
		}
		Status string
	}
}

type goldAction struct {
	Name      string
	Arguments struct {
		Order    string   `json:"order_id"`
		Product  string   `json:"product_id"`
		User     string   `json:"user_id"`
		Items    []string `json:"item_ids"`
		NewItems []string `json:"new_item_ids"`
		Item     string   `json:"item_id"`
		Email    string
		First    string `json:"first_name"`
		Last     string `json:"last_name"`
		Address1 string
		City     string
		Zip      string
	}
}

func (a goldAction) address() string {
	return fmt.Sprintf("%s, %s %s", a.Arguments.Address1, a.Arguments.City, a.Arguments.Zip)
}

type goldTask struct {
	ID         string
	Evaluation struct {
		Actions []goldAction
	} `json:"evaluation_criteria"`
}

func readShared(t *testing.T, v any, parts ...string) {
	t.Helper()
	raw, err := os.ReadFile(testkit.Shared(t, parts...))
	if err == nil {
		err = json.Unmarshal(raw, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// replayed is one shop with the outside goods, in which the tasks are solved one after the other.
type replayed struct {
	*shop
	db     *database.DB
	r      *retail
	answer string
	own    map[string]orders.Order // by the outside number
	counts map[string]int
}

func newReplayed(t *testing.T, db *database.DB, clock *testkit.Clock, r *retail) *replayed {
	t.Helper()
	p := &replayed{db: db, r: r, counts: map[string]int{}}
	file := catalog.File{Currency: "USD"}
	for _, id := range sortedKeys(r.Products) {
		in := r.Products[id]
		out := catalog.FileProduct{SKU: "P" + id, Name: in.Name, Price: 100}
		for _, v := range sortedKeys(in.Variants) {
			price := int64(math.Round(in.Variants[v].Price * 100))
			out.Variants = append(out.Variants, catalog.FileVariant{SKU: v, Attributes: in.Variants[v].Options, Price: &price})
		}
		file.Products = append(file.Products, out)
	}
	var model *stub
	model = serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, heard, _ := strings.Cut(model.body(model.calls()-1), riddleWords)
		heard, _, _ = strings.Cut(heard, `\u003c/message`)
		says(strings.ReplaceAll(p.answer, copied, strings.TrimSpace(heard)))(w, r)
	})
	p.shop = open(t, db, clock, model.URL, file, merchants.Settings{Pickup: true, Delivery: true, LLM: true},
		llm.Limits{MessageTokens: 1 << 20, MerchantCalls: 1 << 30, MerchantTokens: 1 << 40, ConversationCalls: 1 << 20, ConversationTokens: 1 << 40})
	p.must(db.InTx(t.Context(), func(tx database.Tx) error { return p.Payments.SetTerms(tx, p.Merchant.ID, byhand.Terms{Cash: true}) }))
	return p
}

func sortedKeys[V any](m map[string]V) (out []string) {
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// riddleWords is what nobody but a model can read; copied stands in its answer for what it heard behind them.
const riddleWords, copied = "zibble wobblefrotz", "COPIED"

// riddle is what only the model can read: its answer is the action.
func (p *replayed) riddle(about string, calls ...call) {
	p.t.Helper()
	p.answer = openAI("tool_calls", calls...)
	p.says(channels.Incoming{Text: strings.TrimSpace(riddleWords + " " + about)})
}

// begin opens the talk of a task's customer.
func (p *replayed) begin(task goldTask) {
	p.t.Helper()
	p.Visitor, p.own = "task-"+task.ID, map[string]orders.Order{}
	p.says(channels.Incoming{Tap: "hello"})
	c, err := p.Inbox.Get(p.t.Context(), p.Merchant.ID, p.Conversation)
	p.must(err)
	p.must(p.db.InTx(p.t.Context(), func(tx database.Tx) error {
		cus, d, err := p.People.Find(tx, p.Merchant.ID, c.CustomerID)
		if err == nil {
			d.Address = &customers.Address{Text: oldAddress}
			_, err = p.People.Update(tx, p.Merchant.ID, c.CustomerID, d, cus.Version)
		}
		return err
	}))
}

// oldAddress is where all orders go at first.
const oldAddress = "1 Old Street, Old Town"

// seed puts an outside order into the talk. What was delivered outside is fulfilled here, to be paid in cash. One order of
// a talk waits for its money at a time, so each is put there for the action that is about it.
func (p *replayed) seed(id string) {
	p.t.Helper()
	c, err := p.Inbox.Get(p.t.Context(), p.Merchant.ID, p.Conversation)
	p.must(err)
	p.must(p.db.InTx(p.t.Context(), func(tx database.Tx) (err error) {
		p.own[id], err = p.place(tx, c, id)
		return err
	}))
	p.says(channels.Incoming{Tap: "cart"})
}

func (p *replayed) place(tx database.Tx, c inbox.Conversation, id string) (orders.Order, error) {
	m := p.Merchant.ID
	cart, err := p.Orders.OpenCart(tx, m, orders.Owner{CustomerID: c.CustomerID, ConversationID: c.ID}, "USD")
	if err != nil {
		return orders.Order{}, err
	}
	if err := p.Orders.Clear(tx, m, cart.ID); err != nil {
		return orders.Order{}, err
	}
	for _, item := range p.r.Orders[id].Items {
		if _, err := p.Orders.AddLine(tx, m, cart.ID, orders.LineInput{SKU: item.ID, Quantity: 1}); err != nil {
			return orders.Order{}, err
		}
	}
	way := orders.Delivery{Method: "delivery", Address: &customers.Address{Text: oldAddress}}
	if err := p.Orders.SetDelivery(tx, m, cart.ID, way); err != nil {
		return orders.Order{}, err
	}
	q, err := p.Orders.Quote(tx, m, cart.ID)
	if err != nil {
		return orders.Order{}, err
	}
	by := ""
	if p.r.Orders[id].Status == "delivered" {
		by = payments.MethodCash
	}
	ord, err := p.Orders.Place(tx, m, orders.Placing{CartID: cart.ID, Hash: q.Hash, Delivery: way, Actor: "customer", PayBy: by})
	if err == nil && by != "" {
		ord, err = p.Orders.Fulfil(tx, m, ord.ID, orders.Deed{Actor: "staff"})
	}
	return ord, err
}

func (p *replayed) find(id string) orders.Order {
	p.t.Helper()
	ord, err := p.Orders.Get(p.t.Context(), p.Merchant.ID, p.own[id].ID)
	p.must(err)
	return ord
}

// untouched wants an order as it was: a write without a recorded yes is no write.
func (p *replayed) untouched(what, id string) {
	p.t.Helper()
	if now := p.find(id); now.Version != p.own[id].Version || now.Status != p.own[id].Status {
		p.t.Errorf("%s of %s: the order moved without a yes, to %s", what, id, now.Status)
	}
	p.counts["refused without a yes"]++
}

// do replays one action, and tells whether there is a place for it.
func (p *replayed) do(a goldAction) bool {
	p.t.Helper()
	if id := a.Arguments.Order; id != "" {
		if _, known := p.r.Orders[id]; !known {
			return false
		}
		p.seed(id)
	}
	ord := p.own[a.Arguments.Order]
	switch a.Name {
	case "get_order_details":
		p.riddle(ord.Number, call{"order", `{"kind":"order_status","order":"[ORDER_1]"}`})
		if !strings.Contains(p.last().Text, ord.Number) {
			p.t.Errorf("the order %s is not told of: %s", ord.Number, p.last().Text)
		}
	case "get_item_details":
		p.riddle(p.nameOf(a.Arguments.Item), call{"show_product", `{"sku":"` + a.Arguments.Item + `"}`})
		if name := p.nameOf(a.Arguments.Item); !strings.Contains(spoken(p.last()), name) {
			p.t.Errorf("%s is not shown: %s", name, p.last().Text)
		}
	case "get_user_details":
		p.riddle("", call{"privacy", `{"about":"export"}`})
		p.atPerson(a.Name)
	case "find_user_id_by_name_zip", "find_user_id_by_email":
		p.nobodyIsLookedUp(a)
	case "modify_pending_order_items":
		p.swap(a)
	case "modify_pending_order_address":
		p.redirect(a)
	case "exchange_delivered_order_items":
		p.giveBack(a)
		p.orderInstead(a)
	case "get_product_details":
		p.riddle(p.r.Products[a.Arguments.Product].Name, call{"show_product", `{"sku":"P` + a.Arguments.Product + `"}`})
		if !strings.Contains(spoken(p.last()), p.r.Products[a.Arguments.Product].Name) {
			p.t.Errorf("%s is not shown: %s", a.Arguments.Product, p.last().Text)
		}
	case "cancel_pending_order":
		p.cancel(a.Arguments.Order)
	case "return_delivered_order_items":
		p.giveBack(a)
	case "modify_user_address":
		p.move(a.address())
	case "transfer_to_human_agents":
		p.riddle("", call{"simple", `{"kind":"human"}`})
		p.atPerson(a.Name)
	default:
		return false
	}
	return true
}

// cancel asks three times: a model's own yes and a no leave the order, the customer's yes ends it.
func (p *replayed) cancel(id string) {
	p.t.Helper()
	ask := func() {
		p.riddle(p.own[id].Number, call{"order", `{"kind":"cancel_order","order":"[ORDER_1]"}`})
		p.untouched("cancelling", id)
	}
	ask()
	p.riddle("", call{"simple", `{"kind":"confirm"}`})
	p.untouched("a model's yes to cancelling", id)
	p.backToBot()
	ask()
	p.says(channels.Incoming{Text: "no"})
	p.untouched("a no to cancelling", id)
	ask()
	p.says(channels.Incoming{Text: "yes"})
	if now := p.find(id); now.Status != orders.Cancelled {
		p.t.Errorf("%s is %s after the yes", id, now.Status)
	}
}

// giveBack asks in the chat, which brings a person and changes nothing; the person takes back what the action names.
func (p *replayed) giveBack(a goldAction) {
	p.t.Helper()
	id := a.Arguments.Order
	p.riddle(p.own[id].Number, call{"order", `{"kind":"return_order","order":"[ORDER_1]"}`})
	p.untouched("a return", id)
	p.atPerson(a.Name)
	ord, wanted := p.find(id), slices.Clone(a.Arguments.Items)
	back := orders.Returned{Restock: true, Deed: orders.Deed{Actor: "staff"}}
	for _, l := range ord.Lines {
		n := int64(0)
		for range l.Quantity {
			if at := slices.Index(wanted, l.SKU); at >= 0 {
				wanted = slices.Delete(wanted, at, at+1)
				n++
			}
		}
		if n > 0 {
			back.Lines = append(back.Lines, orders.ReturnedLine{LineID: l.ID, Quantity: n})
		}
	}
	p.must(p.db.InTx(p.t.Context(), func(tx database.Tx) error {
		_, err := p.Orders.Return(tx, p.Merchant.ID, ord.ID, back)
		return err
	}))
	var came []string
	for _, l := range p.find(id).Lines {
		for range l.Returned {
			came = append(came, l.SKU)
		}
	}
	slices.Sort(came)
	if want := slices.Sorted(slices.Values(a.Arguments.Items)); !slices.Equal(came, want) {
		p.t.Errorf("%s: %v came back, want %v", id, came, want)
	}
}

// move has the customer write a new address, which the model may only copy.
func (p *replayed) move(address string) {
	p.t.Helper()
	c, err := p.Inbox.Get(p.t.Context(), p.Merchant.ID, p.Conversation)
	p.must(err)
	kept := func() string {
		_, d, err := p.People.Get(p.t.Context(), p.Merchant.ID, c.CustomerID)
		p.must(err)
		if d.Address == nil {
			return ""
		}
		return d.Address.Text
	}
	before := kept()
	p.riddle("", call{"set_address", `{"text":"9 Made Up Road, Nowhere"}`})
	if kept() != before {
		p.t.Error("an address that nobody wrote was kept")
	}
	p.counts["refused without a yes"]++
	p.backToBot()
	p.riddle(address, call{"set_address", `{"text":"` + copied + `"}`})
	if kept() != address {
		p.t.Errorf("the address is %q, want %q", kept(), address)
	}
}

// The actions that solve the outside tasks end here in the same state, where there is a place for them; what has none is
// counted, and nothing is written without the customer's own yes or a person.
func TestOutsideRetailTasks(t *testing.T) {
	t.Parallel()
	var r retail
	var tasks []goldTask
	readShared(t, &r, "data", "tau2_retail", "db.json")
	readShared(t, &tasks, "data", "tau2_retail", "dev", "tasks_train.json")
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		t.Parallel()
		p := newReplayed(t, db, clock, &r)
		without := map[string]int{}
		for i := 0; i < len(tasks); i += every(db) {
			p.begin(tasks[i])
			for _, a := range tasks[i].Evaluation.Actions {
				if p.do(a) {
					p.counts[a.Name]++
				} else {
					without[a.Name]++
				}
			}
		}
		t.Logf("replayed: %v; without a place: %v", p.counts, without)
		for _, name := range []string{"modify_pending_order_items", "modify_pending_order_address", "exchange_delivered_order_items"} {
			if without[name] > 0 || p.counts[name] == 0 {
				t.Errorf("%s: %d replayed, %d without a place", name, p.counts[name], without[name])
			}
		}
		if p.counts["cancel_pending_order"] == 0 || p.counts["return_delivered_order_items"] == 0 {
			t.Error("nothing was replayed")
		}
	})
}
