package histories_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"sotto.chat/catalog"
	"sotto.chat/internal/database"
	"sotto.chat/internal/fault"
	"sotto.chat/internal/id"
	"sotto.chat/internal/jobs"
	"sotto.chat/orders"
	"sotto.chat/payments"
)

// play is one history on its way.
type play struct {
	*world
	bank   *bank
	luck   *rand.Rand // the weather: what is late, lost, doubled or cut off
	mild   bool       // no weather at all
	copied bool       // somebody made a session of the shop's marks
	sky    *sky
	cut    bool // the process died under what was asked for last: it may be done, whatever the answer to the second asking
	storm  int  // between so many steps nothing happens
	post   int  // of a hundred things under way happen between two steps

	goods  catalog.Product
	stock  int64
	owners []orders.Owner
	deals  []*deal
	back   []string // refunds made at the bank
	claims []string // disputes
	mail   []*letter
	newest string // event of the bank
	todo   []*promised
	began  time.Time

	sent  sync.Mutex
	words []*letter // of the house, not yet in the mail

	story []string // what happened, for people
	acts  []string // what the shop answered to people
	wrong []string // what must not be
}

// deal is an order as the people around it know it.
type deal struct {
	id, cart string
	total    int64
	quantity int64
	most     int64           // that it ever held
	off      bool            // a person called it off, or changed its cart
	took     bool            // all of it was taken back
	sent     bool            // the goods went out
	accepted bool            // a person took money of it as good
	split    bool            // it is paid in parts
	changed  map[string]bool // payments that asked for what it was before staff changed it
	till     []int64         // what staff registered
	refunds  int             // how often a person asked for a refund
}

// begin readies a history with goods of its own.
func (w *world) begin(luck *rand.Rand, stock int64) *play {
	w.forget()
	p := &play{world: w, bank: w.newBank(), luck: luck, stock: stock, began: w.clock()}
	p.mild = luck.IntN(4) == 0
	p.sky, p.post = &sky{draw: luck.IntN}, []int{60, 60, 30, 8}[luck.IntN(4)]
	p.sky.mute = luck.IntN(3) == 0
	if !p.mild && luck.IntN(3) == 0 {
		p.sky.deaf, p.sky.lost = luck.IntN(40), luck.IntN(20)
	}
	w.mu.Lock()
	w.house = &house{sky: p.sky, post: p.posted}
	w.mu.Unlock()
	w.must(w.db.InTx(w.t.Context(), func(tx database.Tx) (err error) {
		p.goods, err = w.cat.Create(tx, w.merchant, catalog.NewProduct{SKU: id.New("prod"), Name: "Tea", Price: price, Currency: "EUR", Stock: &stock})
		return err
	}))
	for range 2 {
		p.owners = append(p.owners, orders.Owner{CustomerID: w.customer, ConversationID: id.New("con")})
	}
	return p
}

func (p *play) say(format string, args ...any) {
	p.story = append(p.story, p.clock().Sub(p.began).Round(time.Second).String()+" "+fmt.Sprintf(format, args...))
}

func (p *play) fail(format string, args ...any) {
	p.wrong = append(p.wrong, fmt.Sprintf(format, args...))
}

func (p *play) chance(percent int) bool { return !p.mild && p.luck.IntN(100) < percent }

// lives gives a process that may die at one of its next steps.
func (p *play) lives(percent int) *life {
	l := &life{end: -1, sky: p.sky}
	if p.chance(percent) {
		l.end = p.luck.IntN(10)
	}
	return l
}

// door lets somebody ask for something. When the process dies under it they ask again, as often as it takes.
func (p *play) door(what string, f func(ctx context.Context) error) error {
	p.cut = false
	for l := p.lives(12); ; l = p.lives(0) {
		err := f(l.live(p.t.Context()))
		if l.died() {
			p.say("%s: the process died at step %d", what, l.end)
			p.cut = true
			continue
		}
		if _, refused := fault.Of(err); err != nil && !refused {
			p.fail("%s: %v", what, err)
		}
		p.say("%s: %s", what, outcome(err))
		return err
	}
}

func outcome(err error) string {
	if f, ok := fault.Of(err); ok {
		return f.Code
	}
	if err != nil {
		return err.Error()
	}
	return "done"
}

// asks is door for those whose asking may change what becomes of a deal.
func (p *play) asks(what string, f func(ctx context.Context) error) error {
	before := p.statuses()
	err := p.door(what, f)
	after := p.statuses()
	act := what + ": " + outcome(err)
	for _, d := range p.deals {
		act += fmt.Sprintf(" %s→%s", before[d.id], after[d.id])
		if after[d.id] == orders.Cancelled && before[d.id] != orders.Cancelled {
			d.off = true
		}
	}
	p.acts = append(p.acts, act)
	return err
}

func (p *play) inTx(ctx context.Context, f func(tx database.Tx) error) error {
	return p.db.InTx(ctx, f)
}

// statuses reads where the deals stand.
func (p *play) statuses() map[string]orders.Status {
	out := map[string]orders.Status{}
	var ids []string
	for _, d := range p.deals {
		ids = append(ids, d.id)
	}
	if len(ids) == 0 {
		return out
	}
	var rows []struct {
		ID     string
		Status orders.Status
	}
	p.must(p.db.Read(p.t.Context()).Raw("select id, status from orders where merchant_id = ? and id in ?", p.merchant, ids).Scan(&rows).Error)
	for _, r := range rows {
		out[r.ID] = r.Status
	}
	return out
}

// payments reads a deal's payments.
func (p *play) payments(d *deal) []payments.Payment {
	list, err := p.pay.OfOrders(p.t.Context(), p.merchant, []string{d.id})
	p.must(err)
	return list
}

// work does one promise, perhaps twice, perhaps at the same time, perhaps cut off in the middle.
func (p *play) work(j *promised, percent int) {
	l := p.lives(percent)
	var err error
	if p.chance(5) {
		var both sync.WaitGroup
		both.Go(func() { _ = p.desk.Do((&life{end: -1, sky: p.sky}).live(p.t.Context()), j.args) })
		err = p.desk.Do(l.live(p.t.Context()), j.args)
		both.Wait()
		p.say("work %s, twice at once: %s", j.listener, outcome(err))
	} else {
		err = p.desk.Do(l.live(p.t.Context()), j.args)
	}
	j.tries++
	var later jobs.ErrLater
	switch {
	case l.died():
		p.say("work %s %s: the process died at step %d", j.listener, j.args, l.end)
		j.at = p.clock().Add(time.Second)
		return
	case errors.As(err, &later):
		j.at = p.clock().Add(later.Delay)
		return
	case errors.Is(err, jobs.ErrNever):
		p.fail("work %s was given up: %v", j.listener, err)
	case err != nil:
		p.say("work %s: %v", j.listener, err)
		j.failed = err
		j.at = p.clock().Add(time.Second << min(j.tries, 10))
		return
	default:
		p.say("work %s", j.listener)
		if p.chance(8) {
			return // it died after all was done, and before that was noted
		}
	}
	p.todo = slices.DeleteFunc(p.todo, func(other *promised) bool { return other == j })
}

func (p *play) due() (list []*promised) {
	for _, j := range p.todo {
		if !j.at.After(p.clock()) {
			list = append(list, j)
		}
	}
	return list
}

// drift lets some of what is under way happen.
func (p *play) drift(part int) {
	p.advance(time.Duration(1+p.luck.IntN(9000)) * time.Millisecond)
	if p.storm > 0 {
		p.storm--
		return
	}
	p.collect()
	letters := slices.Clone(p.mail)
	if !p.mild {
		p.luck.Shuffle(len(letters), func(i, j int) { letters[i], letters[j] = letters[j], letters[i] })
	}
	for _, l := range letters {
		if p.mild || p.luck.IntN(100) < part {
			p.deliver(l, 8)
		}
	}
	p.todo = append(p.todo, p.promises()...)
	list := p.due()
	if !p.mild {
		p.luck.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	for _, j := range list {
		if p.mild || p.luck.IntN(100) < part {
			p.work(j, 15)
		}
	}
}

// calm lets all that is under way happen, until nothing is left that could happen now.
func (p *play) calm(percent int) {
	for range 60 {
		p.collect()
		letters, list := slices.Clone(p.mail), p.due()
		if len(letters)+len(list) == 0 {
			return
		}
		for _, l := range letters {
			p.deliver(l, percent)
		}
		for _, j := range list {
			p.work(j, percent)
		}
		p.advance(100 * time.Millisecond)
		percent = 0
	}
	p.fail("there is no end of work: %d webhooks, %s", len(p.mail), p.waiting())
}

func (p *play) waiting() string {
	var out []string
	for _, j := range p.due() {
		out = append(out, fmt.Sprintf("%s %s (%d tries)", j.listener, j.args, j.tries))
	}
	return strings.Join(out, ", ")
}

// run does one of the shop's periodic things.
func (p *play) run(what string, percent int, f func(ctx context.Context) error) {
	l := p.lives(percent)
	err := f(l.live(p.t.Context()))
	if l.died() {
		p.say("%s: the process died at step %d", what, l.end)
	} else if err != nil {
		p.fail("%s: %v", what, err)
	}
}

func (p *play) sweep(ctx context.Context) error {
	_, err := p.orders.Sweep(ctx)
	return err
}

// end lets the weather clear and the clock run on until everything that was promised is done.
func (p *play) end() {
	p.sky.mu.Lock()
	p.sky.deaf, p.sky.lost = 0, 0
	p.sky.mu.Unlock()
	p.calm(10)
	p.advance(3 * time.Minute)
	p.run("recover", 10, p.pay.Recover)
	p.run("recover", 0, p.pay.Recover)
	p.calm(10)
	p.advance(11 * time.Minute)
	p.run("poll", 10, p.pay.Poll)
	p.advance(11 * time.Minute)
	p.run("poll", 0, p.pay.Poll)
	p.calm(0)
	p.closed()
	p.advance(36 * time.Minute)
	p.run("sweep", 10, p.sweep)
	p.run("sweep", 0, p.sweep)
	p.calm(10)
	p.advance(8 * 24 * time.Hour) // longer than goods wait for a slow method, or for a person
	p.calm(0)
	p.run("sweep", 0, p.sweep)
	p.calm(0)
	p.run("recover", 0, p.pay.Recover)
	p.run("poll", 0, p.pay.Poll)
	p.calm(0)
	p.advance(3 * time.Hour) // for whatever was given another while
	p.run("sweep", 0, p.sweep)
	p.calm(0)
	p.kept()
}

// kept wants no promise left that fails whenever it is worked on. Only what the house does not close cannot be closed.
func (p *play) kept() {
	for _, j := range p.todo {
		if j.failed == nil || j.listener == "payments.close" {
			continue
		}
		if err := p.desk.Do((&life{end: -1, sky: p.sky}).live(p.t.Context()), j.args); err != nil && !errors.As(err, new(jobs.ErrLater)) {
			p.fail("work %s %s fails for ever: %v", j.listener, j.args, err)
		}
	}
}

// closed wants no session open at the bank for what cannot be paid any more.
func (p *play) closed() {
	if p.copied {
		return // what is told of a copy may be taken for the session itself, which then stays open until its time is over
	}
	for _, s := range get[session](p.bank, "/v1/checkout/sessions") {
		if s.Status != "open" {
			continue
		}
		pay, err := p.pay.Get(p.t.Context(), p.merchant, s.Metadata["payment"])
		p.must(err)
		if pay.Status != "pending" && pay.Status != "failed" {
			p.fail("payment %s is %s, and session %s of it is still open at the bank", pay.ID, pay.Status, s.ID)
		}
	}
}

// leave has nobody look again at what still waits: it is judged, and the next history has another bank.
func (p *play) leave() {
	p.must(p.inTx(p.t.Context(), func(tx database.Tx) error {
		never := p.clock().AddDate(100, 0, 0)
		if err := tx.DB().Exec("update orders set expires_at = ? where merchant_id = ? and expires_at is not null", never, p.merchant).Error; err != nil {
			return err
		}
		return tx.DB().Exec("update payment_sessions set look_at = null where merchant_id = ? and look_at is not null", p.merchant).Error
	}))
}
