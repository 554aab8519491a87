package sandbox

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const (
	answerLife   = 24 * time.Hour      // Stripe may forget an idempotency key after a day (docs.stripe.com/api/idempotent_requests)
	eventLife    = 30 * 24 * time.Hour // and an event after thirty
	deliveryLife = 3 * 24 * time.Hour  // it gives up on a webhook after three
)

// journal is an append-only file of records, one JSON line each. A nil journal forgets everything and never fails.
type journal struct {
	mu      sync.Mutex
	file    *os.File
	size    int64
	written int64 // records appended
	synced  int64 // records known to be on the disk
	syncing bool
	done    *sync.Cond
	broken  error // once set, nothing more is promised
}

var errClosed = errors.New("sandbox: the journal is closed")

// openJournal replays dir's journal into st, writes it anew without what has been superseded or outlived, and opens it.
func openJournal(dir string, st *state, now time.Time) (*journal, error) {
	path := filepath.Join(dir, "journal.jsonl")
	if err := replay(path, st); err != nil {
		return nil, err
	}
	st.outlive(now)
	if err := compact(path, st); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	j := &journal{file: file, size: info.Size()}
	j.done = sync.NewCond(&j.mu)
	return j, nil
}

func replay(path string, st *state) error {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewReaderSize(file, 1<<16)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil // what stands after the last newline was never answered for
		}
		if err != nil {
			return err
		}
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			if _, more := lines.Peek(1); errors.Is(more, io.EOF) {
				return nil // a crash of the machine can leave a last line of the right length with nothing in it
			}
			return fmt.Errorf("sandbox: %s line %d is damaged: %w", path, n, err)
		}
		st.apply(&r)
	}
}

// outlive drops what Stripe, too, would have forgotten, and lets every webhook still owed start afresh.
func (s *state) outlive(now time.Time) {
	for _, v := range s.answers.all() {
		if now.Sub(time.Unix(v.Created, 0)) > answerLife {
			s.answers.drop(v.Key)
		}
	}
	for _, d := range s.deliveries.all() {
		if e := s.events.byID[d.Event]; e == nil || now.Sub(time.Unix(e.Created, 0)) > deliveryLife {
			s.deliveries.drop(d.ID)
		}
	}
	for _, e := range s.events.all() {
		if now.Sub(time.Unix(e.Created, 0)) > eventLife {
			s.events.drop(e.ID)
		}
	}
}

// trim keeps the latest events in memory and forgets older ones that nobody is owed; Stripe's thirty days would fill it.
func (s *state) trim() {
	const most, slack = 20_000, 1_000
	if len(s.events.byID) <= most+slack {
		return
	}
	owed := map[string]bool{}
	for _, d := range s.deliveries.byID {
		owed[d.Event] = true
	}
	rows := s.events.all()
	for _, e := range rows[:len(rows)-most] {
		if !owed[e.ID] {
			s.events.drop(e.ID)
		}
	}
}

// compact writes the state as fresh records beside path and swaps the files, so that a crash leaves one or the other whole.
func compact(path string, st *state) error {
	tmp := path + ".new"
	file, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(file, 1<<16)
	write := json.NewEncoder(out)
	for _, r := range st.records() {
		if err == nil {
			err = write.Encode(r)
		}
	}
	if err == nil {
		err = out.Flush()
	}
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// records tells the state as journal lines, one row each.
func (s *state) records() []record {
	var out []record
	for _, v := range s.sessions.all() {
		out = append(out, record{Sessions: []*session{v}})
	}
	for _, v := range s.intents.all() {
		out = append(out, record{Intents: []*intent{v}})
	}
	for _, v := range s.charges.all() {
		out = append(out, record{Charges: []*charge{v}})
	}
	for _, v := range s.refunds.all() {
		out = append(out, record{Refunds: []*refund{v}})
	}
	for _, v := range s.disputes.all() {
		out = append(out, record{Disputes: []*dispute{v}})
	}
	for _, v := range s.txns.all() {
		out = append(out, record{Txns: []*txn{v}})
	}
	for _, v := range s.payouts.all() {
		out = append(out, record{Payouts: []*payout{v}})
	}
	for _, v := range s.customers.all() {
		out = append(out, record{Customers: []*customer{v}})
	}
	for _, v := range s.events.all() {
		out = append(out, record{Events: []*event{v}})
	}
	for _, v := range s.deliveries.all() {
		out = append(out, record{Deliveries: []*delivery{v}})
	}
	for _, v := range s.answers.all() {
		out = append(out, record{Answers: []*answer{v}})
	}
	return out
}

// append writes r and returns a ticket for sync. From then on r survives the death of the process; after sync, of the machine.
func (j *journal) append(r *record) (int64, error) {
	if j == nil {
		return 0, nil
	}
	var line bytes.Buffer
	if err := json.NewEncoder(&line).Encode(r); err != nil {
		return 0, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.broken != nil {
		return 0, j.broken
	}
	if _, err := j.file.Write(line.Bytes()); err != nil {
		// Half a line in the middle would damage the file: take it back, or stop for good.
		if back := j.file.Truncate(j.size); back != nil {
			j.broken = errors.Join(err, back)
		}
		return 0, err
	}
	j.size += int64(line.Len())
	j.written++
	return j.written, nil
}

// sync returns once the record of the ticket is on the disk. Those who wait together share one fsync.
func (j *journal) sync(ticket int64) error {
	if j == nil || ticket == 0 {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.synced < ticket {
		if j.broken != nil {
			return j.broken
		}
		if j.syncing {
			j.done.Wait()
			continue
		}
		j.syncing = true
		upTo := j.written
		j.mu.Unlock()
		err := j.file.Sync()
		j.mu.Lock()
		j.syncing = false
		if err != nil {
			j.broken = err // after a failed fsync the kernel may have dropped the pages: nothing can be promised any more
		} else {
			j.synced = upTo
		}
		j.done.Broadcast()
	}
	return nil
}

func (j *journal) close() error {
	if j == nil {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.syncing {
		j.done.Wait()
	}
	if errors.Is(j.broken, errClosed) {
		return nil
	}
	j.broken = errClosed
	err := errors.Join(j.file.Sync(), j.file.Close())
	j.synced = j.written
	return err
}
