package pay_test

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/web/door"
)

// Who guesses links is asked to slow down, with a time; who has one, at the same address, is not. One link is not asked for without end.
func TestTheDoorIsLimited(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s, _, link := openLimited(t, db, clock, door.NewLimiter(.01, 50), door.NewLimiter(.01, 20))
		statuses := map[int]int{}
		for i := range 30 {
			guess := strings.Repeat("A", 60) + strings.Repeat(string(rune('a'+i%26)), 4)
			a := ask(s, []string{"GET", "POST"}[i%2], s.URL+"/pay/"+guess, "fr")
			statuses[a.status]++
			if a.status == http.StatusTooManyRequests {
				has(t, a, http.StatusTooManyRequests, "Moins vite", `role="status"`)
				if n, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || n < 1 || n > 100 {
					t.Errorf("Retry-After is %q", a.header.Get("Retry-After"))
				}
			}
		}
		if statuses[http.StatusNotFound] != 20 || statuses[http.StatusTooManyRequests] != 10 {
			t.Errorf("the guesses were answered with %v", statuses)
		}
		has(t, ask(s, "GET", link, "en"), http.StatusOK, "Pay €7.00")
		var slowed, fine, other atomic.Int64
		var all sync.WaitGroup
		for range 80 {
			all.Go(func() {
				switch ask(s, "HEAD", link, "en").status {
				case http.StatusOK:
					fine.Add(1)
				case http.StatusTooManyRequests:
					slowed.Add(1)
				default:
					other.Add(1)
				}
			})
		}
		all.Wait()
		if slowed.Load() != 31 || fine.Load() != 49 || other.Load() > 0 {
			t.Errorf("one link: %d times shown, %d times asked to wait, %d times otherwise", fine.Load(), slowed.Load(), other.Load())
		}
	})
}
