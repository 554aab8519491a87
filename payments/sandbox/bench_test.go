package sandbox_test

import (
	"testing"

	"sotto.chat/payments/sandbox"
)

// BenchmarkPaidSession is one session made and approved, journal on the disk, from many goroutines.
func BenchmarkPaidSession(b *testing.B) {
	s, err := sandbox.New(sandbox.Config{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	handler := s.Handler()
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := s.Approve(post(handler, fair())); err != nil {
				b.Error(err)
			}
		}
	})
}
