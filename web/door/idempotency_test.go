package door_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/merchants"
	"sotto.chat/privacy"
	"sotto.chat/web/door"
)

// acts is a door with acts that die at a given point, as a server does: what comes after that point is never run.
type acts struct {
	*testing.T
	db    *database.DB
	clock *testkit.Clock
	url   string
	// client makes a connection for each call: on a kept one it would repeat a keyed call by itself.
	client *http.Client
	who    merchants.Actor
	reg    *merchants.Register
	// slow holds the act "slow" until it may go on.
	begun, slow chan struct{}
}

func newActs(t *testing.T, db *database.DB, clock *testkit.Clock) *acts {
	keys, err := privacy.New(db, bytes.Repeat([]byte{7}, privacy.MasterLength))
	if err != nil {
		t.Fatal(err)
	}
	a := &acts{T: t, db: db, clock: clock, client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, reg: merchants.New(db, keys), begun: make(chan struct{}), slow: make(chan struct{})}
	m, key, err := a.reg.Create(t.Context(), merchants.NewMerchant{Name: "Acts", Currency: "EUR", Country: "DE", Language: "en"})
	if err != nil {
		t.Fatal(err)
	}
	if a.who, err = a.reg.Authenticate(t.Context(), key); err != nil || a.who.MerchantID != m.ID {
		t.Fatal(err)
	}
	repeats := &door.Repeats{DB: db, Keys: keys, Log: testkit.Log(t)}
	gin.SetMode(gin.TestMode)
	r := gin.New()
	r.Use(func(c *gin.Context) { c.Request = c.Request.WithContext(door.WithActor(c.Request.Context(), a.who)) }, repeats.Handle)
	r.POST("/:act", a.do)
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	a.url = server.URL
	return a
}

// do takes somebody on, which is an act that can be counted.
func (a *acts) do(c *gin.Context) {
	act := c.Param("act")
	key := door.KeyOf(c.Request.Context())
	key.About(http.StatusCreated, act == "repeatable")
	if act == "dead-before" {
		panic(http.ErrAbortHandler)
	}
	if act == "slow" {
		a.begun <- struct{}{}
		<-a.slow
	}
	err := a.db.InTx(c.Request.Context(), func(tx database.Tx) error {
		if _, _, err := a.reg.NewKey(tx, a.who.MerchantID, act, merchants.Agent, nil); err != nil {
			return err
		}
		if act == "answered" {
			return key.Answer(tx, []byte(`"done"`+"\n"))
		}
		return nil
	})
	switch {
	case err != nil:
		door.Write(c.Writer, c.Request, door.Of(nil, err))
	case act == "plain":
		c.JSON(http.StatusCreated, "done")
	default:
		panic(http.ErrAbortHandler)
	}
}

// send gives the status and the body, or "died".
func (a *acts) send(act string) string {
	ctx, cancel := context.WithTimeout(a.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url+"/"+act, strings.NewReader("{}"))
	if err != nil {
		a.Error(err)
		return ""
	}
	req.Header.Set("Idempotency-Key", "key-"+act)
	res, err := a.client.Do(req)
	if err != nil {
		return "died"
	}
	defer func() { _ = res.Body.Close() }()
	body, _ := io.ReadAll(res.Body)
	for _, code := range []string{"idempotency_in_flight", "idempotency_answer_lost"} {
		if strings.Contains(string(body), code) {
			return code
		}
	}
	return strings.TrimSpace(string(body))
}

func (a *acts) done(act string) (n int) {
	list, err := a.reg.Keys(a.Context(), a.who.MerchantID)
	if err != nil {
		a.Fatal(err)
	}
	for _, k := range list {
		if k.Name == act {
			n++
		}
	}
	return n
}

// A server may die at any line of a POST. Whoever repeats it under the same key gets the answer, or hears what to do, and the act
// is done at most once.
func TestAnActUnderAKeyIsDoneOnceHoweverItsServerDied(t *testing.T) {
	t.Parallel()
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		for _, c := range []struct {
			act   string
			heard []string // at once, at once again, after four seconds, after two minutes
			done  int
		}{
			{"plain", []string{`"done"`, `"done"`, `"done"`, `"done"`}, 1},
			{"answered", []string{"died", `"done"`, `"done"`, `"done"`}, 1},
			{"dead-before", []string{"died", "idempotency_in_flight", "died", "died"}, 0},
			{"dead-after", []string{"died", "idempotency_in_flight", "idempotency_in_flight", "idempotency_answer_lost"}, 1},
			{"repeatable", []string{"died", "idempotency_in_flight", "died", "died"}, 3}, // safe by itself, so it is simply done again
		} {
			t.Run(c.act, func(t *testing.T) {
				a := newActs(t, db, clock)
				for i, pause := range []time.Duration{0, 0, 4 * time.Second, 2 * time.Minute} {
					clock.Advance(pause)
					if heard := a.send(c.act); heard != c.heard[i] {
						t.Errorf("call %d hears %s, want %s", i+1, heard, c.heard[i])
					}
				}
				if n := a.done(c.act); n != c.done {
					t.Errorf("done %d times, want %d", n, c.done)
				}
			})
		}
		t.Run("overtaken while it lives", func(t *testing.T) {
			a := newActs(t, db, clock)
			first := make(chan string)
			go func() { first <- a.send("slow") }()
			<-a.begun
			clock.Advance(4 * time.Second)
			second := make(chan string)
			go func() { second <- a.send("slow") }()
			<-a.begun
			a.slow <- struct{}{}
			a.slow <- struct{}{}
			heard := []string{<-first, <-second}
			if n := a.done("slow"); n != 1 || heard[0] != "idempotency_in_flight" || heard[1] != "died" {
				t.Errorf("done %d times, the two heard %q", n, heard)
			}
		})
	})
}
