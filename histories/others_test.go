package histories_test

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"sotto.chat/internal/database"
	"sotto.chat/internal/money"
	"sotto.chat/payments"
)

// house is a provider beside Stripe: it tells by words, and can be asked.
type house struct {
	mu    sync.Mutex
	sky   *sky
	slips []*slip
	post  func(payments.Word) // sends a word to the shop
	count int
}

// slip is one offer, as the house knows it.
type slip struct {
	offer payments.Offer
	state string // open, closed, pending, paid, failed
	coin  string
	sum   int64
	back  map[string]*giving
}

// giving is money on its way back.
type giving struct {
	id, ours string
	sum      int64
	done     bool
}

var errHouse = errors.New("the house does not answer")

// teller answers for the house of the history that is played.
type teller struct{ w *world }

// enter counts one outside call of whoever asks.
func (t teller) enter(ctx context.Context, reading bool) (h *house, after *life, err error) {
	t.w.mu.Lock()
	h = t.w.house
	t.w.mu.Unlock()
	l, ok := ctx.Value(lifeKey{}).(*life)
	if !ok {
		l = &life{end: -1, sky: &sky{}}
	}
	dead, ends := l.begin()
	if dead || reading && l.sky.chance(l.sky.deaf) {
		return nil, nil, errHouse
	}
	if ends {
		after = l
	}
	return h, after, nil
}

// lost is the error of a caller who has died after the call.
func lost(after *life) error {
	if after == nil {
		return nil
	}
	after.die()
	return errHouse
}

// Look tells how an offer stands.
func (t teller) Look(ctx context.Context, o payments.Offer) (*payments.Word, error) {
	h, after, err := t.enter(ctx, true)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.slips {
		if s.offer.Reference == o.Reference {
			return s.word("seen-"), lost(after)
		}
	}
	return nil, lost(after)
}

// word is what the house has to say about a slip; nil where nothing has happened.
func (s *slip) word(id string) *payments.Word {
	w := payments.Word{ID: id + s.state + s.offer.Reference, Method: s.offer.Method, Account: s.offer.Account, Reference: s.offer.Reference, Coin: s.coin,
		Amount: money.Of(s.sum, "EUR")}
	switch s.state {
	case "pending":
		w.Kind, w.Coin = payments.WordPending, ""
	case "paid":
		w.Kind = payments.WordPaid
	case "failed":
		w.Kind, w.Coin = payments.WordFailed, ""
	default:
		return nil
	}
	return &w
}

// Close ends an offer that nobody has paid.
func (t teller) Close(ctx context.Context, o payments.Offer) error {
	h, after, err := t.enter(ctx, false)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.slips {
		switch {
		case s.offer.Reference != o.Reference:
		case s.state == "open":
			s.state = "closed"
		case s.state == "pending" || s.state == "paid":
			return errors.Join(lost(after), errors.New("this cannot be closed any more"))
		}
	}
	return lost(after)
}

// Refund gives money back, sometimes only after it was asked for again.
func (t teller) Refund(ctx context.Context, r payments.RefundOrder) (payments.RefundWord, error) {
	h, after, err := t.enter(ctx, false)
	if err != nil {
		return payments.RefundWord{}, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.slips {
		if s.coin == "" || s.coin != r.Coin {
			continue
		}
		g := s.back[r.ID]
		if g != nil {
			g.done = true
		} else {
			if r.Amount.Amount > s.sum-s.gone() {
				return payments.RefundWord{}, errors.Join(lost(after), payments.ErrRefundRefused)
			}
			h.count++
			g = &giving{id: fmt.Sprintf("back%s%d", s.offer.Reference, h.count), ours: r.ID, sum: r.Amount.Amount, done: !h.sky.chance(40)}
			s.back[r.ID] = g
		}
		w := payments.RefundWord{ID: g.id, Status: payments.RefundPending}
		if g.done {
			w.Status = payments.RefundSucceeded
			h.post(s.returned(g))
		}
		return w, lost(after)
	}
	return payments.RefundWord{}, errors.Join(lost(after), payments.ErrRefundRefused)
}

// gone is what went back, or is on its way.
func (s *slip) gone() (sum int64) {
	for _, g := range s.back {
		sum += g.sum
	}
	return sum
}

func (s *slip) returned(g *giving) payments.Word {
	return payments.Word{ID: "gone-" + g.id, Method: s.offer.Method, Account: s.offer.Account, Reference: s.offer.Reference, Kind: payments.WordReturned, Coin: s.coin,
		Refund: g.id, OurRefund: g.ours, Status: payments.RefundSucceeded, Amount: money.Of(g.sum, "EUR")}
}

// offer has the shop offer the chosen deal's open payment to the house, as a chat does.
func (p *play) offer(s step) {
	d, n := p.deal(s)
	if d == nil {
		return
	}
	for k, pay := range p.payments(d) {
		if pay.Status != payments.Pending && pay.Status != payments.Failed {
			continue
		}
		var o payments.Offer
		if p.door(fmt.Sprintf("order %d is offered in the chat", n), func(ctx context.Context) error {
			return p.inTx(ctx, func(tx database.Tx) (err error) {
				o, err = p.pay.Offer(tx, p.merchant, pay.ID, payments.MethodWeChat, "mch")
				return err
			})
		}) == nil {
			p.house.know(o)
			p.acts = append(p.acts, fmt.Sprint("offer ", k))
		}
	}
}

func (h *house) know(o payments.Offer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.slips {
		if s.offer.Reference == o.Reference {
			return
		}
	}
	h.slips = append(h.slips, &slip{offer: o, state: "open", sum: o.Amount.Amount, back: map[string]*giving{}})
}

// paysThere is what a customer does in the chat, and what the house does with the money.
func (p *play) paysThere(s step) {
	h := p.house
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.slips) == 0 {
		return
	}
	at := h.slips[len(h.slips)-1]
	if s.A%3 == 0 {
		at = h.slips[s.A/3%len(h.slips)]
	}
	was := at.state
	switch {
	case s.Do == "pay there" && (was == "open" || was == "pending"):
		if s.B%12 == 0 && was == "open" {
			at.sum += int64(s.B%2*16 - 8)
		}
		h.count++
		at.state, at.coin = "paid", fmt.Sprintf("wx%s%d", at.offer.Reference, h.count)
	case s.Do == "slowly there" && was == "open":
		at.state = "pending"
	case s.Do == "fail there" && (was == "open" || was == "pending"):
		at.state = "failed"
	case s.Do == "give back there" && was == "paid" && at.sum > at.gone():
		h.count++
		g := &giving{id: fmt.Sprintf("back%s%d", at.offer.Reference, h.count), sum: []int64{at.sum - at.gone(), min(100, at.sum-at.gone())}[s.B%2], done: true}
		at.back[g.id] = g
		h.post(at.returned(g))
		p.say("%d goes back at the house", g.sum)
		p.acts = append(p.acts, "back there")
		return
	default:
		p.acts = append(p.acts, s.Do+": refused")
		return
	}
	p.say("%s: the offer is %s", s.Do, at.state)
	p.acts = append(p.acts, s.Do)
	h.post(*at.word(""))
}
