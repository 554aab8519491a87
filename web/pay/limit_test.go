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
)

// Who guesses links is asked to slow down, with a time; who has one, at the same address, is not. One link is not asked for without end.
func TestTheDoorIsLimited(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		s, _, link := open(t, db, clock)
		statuses := map[int]int{}
		for i := range 80 {
			guess := strings.Repeat("A", 60) + strings.Repeat(string(rune('a'+i%26)), 4)
			a := ask(s, []string{"GET", "POST"}[i%2], s.URL+"/pay/"+guess, "fr")
			statuses[a.status]++
			if a.status == http.StatusTooManyRequests {
				has(t, a, http.StatusTooManyRequests, "Moins vite", `role="status"`)
				if n, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || n < 1 || n > 60 {
					t.Errorf("Retry-After is %q", a.header.Get("Retry-After"))
				}
			}
		}
		if statuses[http.StatusNotFound] < 60 || statuses[http.StatusNotFound] > 65 || statuses[http.StatusNotFound]+statuses[http.StatusTooManyRequests] != 80 {
			t.Errorf("the guesses were answered with %v", statuses)
		}
		has(t, ask(s, "GET", link, "en"), http.StatusOK, "Pay €7.00")
		var slowed, fine, other atomic.Int64
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				for range 110 {
					switch ask(s, "HEAD", link, "en").status {
					case http.StatusOK:
						fine.Add(1)
					case http.StatusTooManyRequests:
						slowed.Add(1)
					default:
						other.Add(1)
					}
				}
			})
		}
		all.Wait()
		if slowed.Load() == 0 || fine.Load() < 1400 || other.Load() > 0 {
			t.Errorf("one link: %d times shown, %d times asked to wait, %d times otherwise", fine.Load(), slowed.Load(), other.Load())
		}
	})
}
