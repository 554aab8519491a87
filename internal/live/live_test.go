package live_test

import (
	"context"
	"testing"

	"sotto.chat/internal/database"
	"sotto.chat/internal/live"
	"sotto.chat/internal/testkit"
)

func TestNudgesReachSubscribersHereAndInOtherReplicas(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		here := live.New(db, testkit.Log(t))
		hubs := []*live.Hub{here}
		if db.Engine == database.Postgres {
			hubs = append(hubs, live.New(testkit.Open(t, db.URL, clock), testkit.Log(t)))
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, len(hubs))
		for _, h := range hubs {
			go func() { done <- h.Run(ctx) }()
		}
		for i, h := range hubs {
			c := h.Subscribe(ctx, "con_1")
			other := h.Subscribe(ctx, "con_2")
			testkit.Eventually(t, "the nudge", func() bool {
				here.Publish("con_1")
				select {
				case <-c:
					return true
				default:
					return false
				}
			})
			if i == 0 && len(other) > 0 {
				t.Error("a nudge for another topic came")
			}
		}
		stop()
		for range hubs {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestTheListenerComesBack(t *testing.T) {
	url := testkit.URL(t, database.Postgres)
	db := testkit.Open(t, url, &testkit.Clock{})
	other := live.New(testkit.Open(t, url, &testkit.Clock{}), testkit.Log(t))
	h := live.New(db, testkit.Log(t))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = h.Run(ctx) }()
	ran := make(chan struct{})
	go func() { defer close(ran); _ = other.Run(ctx) }()
	c := h.Subscribe(ctx, "con_1")
	nudged := func() bool {
		other.Publish("con_1")
		select {
		case <-c:
			return true
		default:
			return false
		}
	}
	testkit.Eventually(t, "the first nudge", nudged)
	if _, err := db.Pool.Exec(t.Context(), "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like 'listen%'"); err != nil {
		t.Fatal(err)
	}
	for len(c) > 0 {
		<-c
	}
	testkit.Eventually(t, "a nudge after the connection was lost", nudged)
	stop()
	<-done
	<-ran
}
