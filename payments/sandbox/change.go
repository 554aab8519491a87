package sandbox

import (
	"cmp"
	"container/heap"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"
)

// change is a view of the state under the sandbox's lock, with what is to change staged on it.
type change struct {
	s       *Sandbox
	now     time.Time
	request string // the API request that caused it, if one did
	idemKey string
	account *string // whose money an API request is about; nil: anybody's
	rec     record
}

func (s *Sandbox) newChange() *change { return &change{s: s, now: s.cfg.Now()} }

// reset forgets what was staged.
func (c *change) reset() { c.rec = record{} }

func (c *change) unix() int64 { return c.now.Unix() }

// look finds a row as this change would leave it; it must not be altered. Nil when there is none.
func look[P row](t *table[P], staged []P, id string) P {
	for _, v := range staged {
		if v.key() == id {
			return v
		}
	}
	return t.byID[id]
}

// edit finds a row and stages a copy of it that may be altered. Nil when there is none.
func edit[T any, P interface {
	*T
	row
}](t *table[P], staged *[]P, id string) P {
	for _, v := range *staged {
		if v.key() == id {
			return v
		}
	}
	old, known := t.byID[id]
	if !known {
		return nil
	}
	fresh := P(new(T))
	*fresh = *old
	*staged = append(*staged, fresh)
	return fresh
}

// session and its like look; editSession and its like stage.
func (c *change) session(id string) *session {
	if v := look(&c.s.state.sessions, c.rec.Sessions, id); v != nil && c.sees(v) {
		return v
	}
	return nil
}
func (c *change) intent(id string) *intent {
	if v := look(&c.s.state.intents, c.rec.Intents, id); v != nil && c.sees(v) {
		return v
	}
	return nil
}
func (c *change) charge(id string) *charge {
	if v := look(&c.s.state.charges, c.rec.Charges, id); v != nil && c.sees(v) {
		return v
	}
	return nil
}
func (c *change) refund(id string) *refund {
	if v := look(&c.s.state.refunds, c.rec.Refunds, id); v != nil && c.sees(v) {
		return v
	}
	return nil
}
func (c *change) dispute(id string) *dispute {
	if v := look(&c.s.state.disputes, c.rec.Disputes, id); v != nil && c.sees(v) {
		return v
	}
	return nil
}
func (c *change) txn(id string) *txn { return look(&c.s.state.txns, c.rec.Txns, id) }

// sees tells whether a row is of the account that the request is about.
func (c *change) sees(v row) bool { return c.account == nil || c.ownerOf(v) == *c.account }

// ownerOf gives the account that a row belongs to: that of its session, or of what a balance transaction is about.
func (c *change) ownerOf(v row) string {
	of := func(session string) string {
		if s := look(&c.s.state.sessions, c.rec.Sessions, session); s != nil {
			return s.Account
		}
		return ""
	}
	ofIntent := func(id string) string {
		if in := look(&c.s.state.intents, c.rec.Intents, id); in != nil {
			return of(in.Session)
		}
		return ""
	}
	switch v := v.(type) {
	case *session:
		return v.Account
	case *intent:
		return of(v.Session)
	case *charge:
		return ofIntent(v.Intent)
	case *refund:
		return ofIntent(v.Intent)
	case *dispute:
		return ofIntent(v.Intent)
	case *event:
		return v.Account
	case *txn:
		return v.Account
	}
	return ""
}

func (c *change) editSession(id string) *session {
	return edit(&c.s.state.sessions, &c.rec.Sessions, id)
}
func (c *change) editIntent(id string) *intent { return edit(&c.s.state.intents, &c.rec.Intents, id) }
func (c *change) editCharge(id string) *charge { return edit(&c.s.state.charges, &c.rec.Charges, id) }
func (c *change) editRefund(id string) *refund { return edit(&c.s.state.refunds, &c.rec.Refunds, id) }
func (c *change) editDispute(id string) *dispute {
	return edit(&c.s.state.disputes, &c.rec.Disputes, id)
}

// book stages a balance transaction and returns its id.
func (c *change) book(kind, source string, amount, fee int64, currency string) string {
	t := &txn{ID: newID("txn_3", 23), Created: c.unix(), Type: kind, Source: source, Amount: amount, Fee: fee, Currency: currency, Account: c.ownerBy(source)}
	c.rec.Txns = append(c.rec.Txns, t)
	return t.ID
}

// ownerBy gives the account of what has this id.
func (c *change) ownerBy(id string) string {
	for _, v := range []row{look(&c.s.state.sessions, c.rec.Sessions, id), look(&c.s.state.charges, c.rec.Charges, id), look(&c.s.state.refunds, c.rec.Refunds, id),
		look(&c.s.state.disputes, c.rec.Disputes, id)} {
		if !reflect.ValueOf(v).IsNil() {
			return c.ownerOf(v)
		}
	}
	return ""
}

// emit stages an event about object as it is now, and a webhook to every endpoint that wants it, bent by the faults in force.
// Events of one group reach an endpoint in order, unless a fault says otherwise.
func (c *change) emit(kind, group string, object map[string]any) *event {
	raw, err := json.Marshal(object)
	if err != nil {
		panic("sandbox: a rendered object is always JSON: " + err.Error())
	}
	e := &event{ID: newID("evt_1", 23), Created: c.unix(), Type: kind, Object: raw, Request: c.request, Key: c.idemKey, Group: group,
		Livemode: object["livemode"] == true, Account: c.ownerBy(group)}
	c.rec.Events = append(c.rec.Events, e)
	c.deliver(e)
	return e
}

// deliver stages the webhooks of an event.
func (c *change) deliver(e *event) {
	for i, hook := range c.s.hooks {
		if hook.Account != e.Account && (e.Account == "" || hook.Account != "connected") {
			continue
		}
		if len(hook.Events) > 0 && !slices.Contains(hook.Events, e.Type) && !slices.Contains(hook.Events, "*") {
			continue
		}
		for _, how := range c.s.faults.bend(e.Type) {
			d := &delivery{ID: newID("whd_", 20), Event: e.ID, Endpoint: i, Group: fmt.Sprintf("%s to %d", e.Group, i),
				Due: c.now.Add(how.delay), Late: how.late}
			if how.delay > 0 {
				d.Group = d.ID
			}
			c.rec.Deliveries = append(c.rec.Deliveries, d)
		}
	}
}

// newID makes an id as Stripe's look: a prefix and n characters that nobody can guess.
func newID(prefix string, n int) string {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	raw := make([]byte, n)
	rand.Read(raw) // never fails: crypto/rand ends the program instead
	for i, b := range raw {
		raw[i] = letters[int(b)%len(letters)] // the slight bias costs a bit or two of some hundred
	}
	return prefix + string(raw)
}

// clock remembers when a session needs a look; a session may stand in it more than once.
type clock struct{ alarms alarms }

type alarm struct {
	at time.Time
	id string
}

type alarms []alarm

func (a alarms) Len() int           { return len(a) }
func (a alarms) Less(i, j int) bool { return a[i].at.Before(a[j].at) }
func (a alarms) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *alarms) Push(v any)        { *a = append(*a, v.(alarm)) }
func (a *alarms) Pop() any {
	old := *a
	v := old[len(old)-1]
	*a = old[:len(old)-1]
	return v
}

func (c *clock) push(id string, at time.Time) { heap.Push(&c.alarms, alarm{at, id}) }

func (c *clock) pop() { heap.Pop(&c.alarms) }

// due tells the session whose alarm has rung, without taking it off.
func (c *clock) due(now time.Time) (string, bool) {
	if len(c.alarms) == 0 || c.alarms[0].at.After(now) {
		return "", false
	}
	return c.alarms[0].id, true
}

func (c *clock) next() (time.Time, bool) {
	if len(c.alarms) == 0 {
		return time.Time{}, false
	}
	return c.alarms[0].at, true
}

// newest orders rows for a list: Stripe lists the latest first.
func newest[P row](rows []P, created func(P) int64) {
	slices.Reverse(rows)
	slices.SortStableFunc(rows, func(a, b P) int { return cmp.Compare(created(b), created(a)) })
}
