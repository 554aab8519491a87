package histories_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"sotto.chat/payments"
	"sotto.chat/payments/sandbox"
)

// letter is a webhook that has not been taken.
type letter struct {
	id, kind string
	raw      json.RawMessage
	word     *payments.Word // set: it is a word of the house
	lost     bool
}

// collect takes in what the bank has told and the shop has promised since last time.
func (p *play) collect() {
	var after []string
	if p.newest != "" {
		after = []string{"ending_before=" + p.newest}
	}
	for _, raw := range slices.Backward(get[json.RawMessage](p.bank, "/v1/events", after...)) {
		var e struct{ ID, Type string }
		p.must(json.Unmarshal(raw, &e))
		p.newest = e.ID
		if needless(e.Type) && p.luck.IntN(10) > 0 {
			continue // most shops do not subscribe to what they do not need
		}
		l := &letter{id: e.ID, kind: e.Type, raw: raw, lost: p.chance(15) && (!p.sky.mute || seen(e.Type, raw))}
		if l.lost {
			p.say("the bank's %s gets lost", l.kind)
			continue
		}
		p.mail = append(p.mail, l)
	}
	p.sent.Lock()
	for _, l := range p.words {
		if l.lost = l.lost && p.chance(15); l.lost {
			p.say("the house's %s gets lost", l.kind)
			continue
		}
		p.mail = append(p.mail, l)
	}
	p.words = nil
	p.sent.Unlock()
	p.todo = append(p.todo, p.promises()...)
}

// seen tells whether what an event tells can be seen at a session that the shop knows.
func seen(kind string, raw []byte) bool {
	return (strings.HasPrefix(kind, "checkout.") || strings.HasPrefix(kind, "payment_intent.")) && !bytes.Contains(raw, []byte(`"copy":"yes"`))
}

// posted puts a word of the house into the mail. What can be found by asking may get lost.
func (p *play) posted(w payments.Word) {
	p.sent.Lock()
	defer p.sent.Unlock()
	p.words = append(p.words, &letter{id: w.ID, kind: w.Kind, word: &w, lost: w.Kind != payments.WordReturned})
}

func needless(kind string) bool {
	return strings.HasPrefix(kind, "charge.succeeded") || kind == "charge.pending" || kind == "charge.failed" || kind == "payment_intent.created" ||
		kind == "payment_intent.payment_failed"
}

// deliver hands a webhook over; it is kept when it was not taken, and sometimes sent once more.
func (p *play) deliver(l *letter, percent int) {
	life := p.lives(percent)
	var err error
	if ctx := life.live(p.t.Context()); l.word != nil {
		err = p.pay.HearNow(ctx, p.merchant, *l.word)
	} else {
		err = p.pay.ReceiveStripe(ctx, "", l.raw, sandbox.Sign(l.raw, hookSecret, p.clock()))
	}
	switch {
	case life.died():
		p.say("webhook %s: the process died", l.kind)
		return
	case err != nil:
		p.fail("webhook %s: %v", l.kind, err)
	default:
		p.say("webhook %s", l.kind)
	}
	if !p.chance(15) {
		p.mail = slices.DeleteFunc(p.mail, func(other *letter) bool { return other == l })
	}
}
