package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"

	"sotto.chat/internal/database"
)

// promise is the one shape of a job row: who does it, and the ids it is about.
type promise struct {
	Listener string          `json:"listener"`
	News     json.RawMessage `json:"news"`
	at       time.Time
}

// Kind names the rows in the job table.
func (promise) Kind() string { return "promise" }

// beat is a periodic piece of work.
type beat struct {
	Name string `json:"name"`
}

// Kind names the rows in the job table.
func (beat) Kind() string { return "beat" }

// queue hides the transaction type, the one thing that differs between the engines.
type queue interface {
	insert(tx database.Tx, list []promise, h how) error
	start(context.Context) error
	stop(context.Context) error
	pending(context.Context) (int, error)
}

type riverQueue[T any] struct {
	client *river.Client[T]
	db     *database.DB
	with   func(database.Tx, func(T) error) error
}

// promiseTime is how long one promise may take. Work that was in hand when its process died waits as long, unless the same
// worker comes back sooner.
const promiseTime = 40 * time.Second

var errNoTx = errors.New("jobs: a promise needs a transaction")

func openQueue(d *Desk) (queue, error) {
	if d.db.Engine == database.Postgres {
		return newRiver[pgx.Tx](d, riverpgxv5.New(d.db.Pool), func(tx database.Tx, f func(pgx.Tx) error) error {
			if t, ok := tx.DB().Statement.ConnPool.(*database.PgTx); ok {
				return t.With(f)
			}
			return errNoTx
		})
	}
	return newRiver[*sql.Tx](d, riversqlite.New(d.db.SQL), func(tx database.Tx, f func(*sql.Tx) error) error {
		if t, ok := tx.DB().Statement.ConnPool.(*sql.Tx); ok {
			return f(t)
		}
		return errNoTx
	})
}

func newRiver[T any](d *Desk, driver riverdriver.Driver[T], with func(database.Tx, func(T) error) error) (queue, error) {
	workers := river.NewWorkers()
	river.AddWorker(workers, &promiseWorker{desk: d})
	river.AddWorker(workers, &beatWorker{desk: d})
	max, cooldown, poll := 20, 10*time.Millisecond, time.Second
	if d.db.Engine == database.SQLite {
		max, poll = 4, 100*time.Millisecond // no notifications there, and one writer
	}
	var beats []*river.PeriodicJob
	for _, p := range d.periodic {
		beats = append(beats, river.NewPeriodicJob(river.PeriodicInterval(p.every), func() (river.JobArgs, *river.InsertOpts) {
			return beat{Name: p.name}, &river.InsertOpts{MaxAttempts: 1}
		}, &river.PeriodicJobOpts{RunOnStart: true}))
	}
	c, err := river.NewClient(driver, &river.Config{
		Queues:               map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: max}},
		Workers:              workers,
		PeriodicJobs:         beats,
		FetchCooldown:        cooldown,
		FetchPollInterval:    poll,
		ID:                   d.worker,
		JobTimeout:           promiseTime,
		RescueStuckJobsAfter: promiseTime + 5*time.Second,
		MaxAttempts:          20,
		RetryPolicy:          patience{},
		// River's own lines are about its plumbing, and its errors repeat what the worker has logged.
		Logger: slog.New(levelFloor{d.log.Handler(), slog.LevelError}),
	})
	if err != nil {
		return nil, fmt.Errorf("open the job queue: %w", err)
	}
	return &riverQueue[T]{client: c, db: d.db, with: with}, nil
}

func (q *riverQueue[T]) insert(tx database.Tx, list []promise, h how) error {
	opts := river.InsertOpts{}
	if h.once {
		opts.UniqueOpts = river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{rivertype.JobStateAvailable, rivertype.JobStatePending,
			rivertype.JobStateRetryable, rivertype.JobStateRunning, rivertype.JobStateScheduled}}
	}
	many := make([]river.InsertManyParams, len(list))
	for i, p := range list {
		own := opts
		own.ScheduledAt = p.at
		many[i] = river.InsertManyParams{Args: p, InsertOpts: &own}
	}
	return q.with(tx, func(t T) error {
		_, err := q.client.InsertManyTx(tx.Context(), t, many)
		return err
	})
}

func (q *riverQueue[T]) start(ctx context.Context) error {
	if err := q.db.InTx(ctx, func(tx database.Tx) error { return takeBack(tx, q.db.Engine, q.client.ID()) }); err != nil {
		return fmt.Errorf("take back the work of last time: %w", err)
	}
	return q.client.Start(context.WithoutCancel(ctx))
}

func (q *riverQueue[T]) stop(ctx context.Context) error {
	if err := q.client.Stop(ctx); err == nil || ctx.Err() == nil {
		return err
	}
	cut, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return q.client.StopAndCancel(cut)
}

func (q *riverQueue[T]) pending(ctx context.Context) (int, error) {
	list, err := q.client.JobList(ctx, river.NewJobListParams().Kinds(promise{}.Kind()).First(10000).
		States(rivertype.JobStateAvailable, rivertype.JobStateRunning, rivertype.JobStateRetryable, rivertype.JobStateScheduled, rivertype.JobStatePending))
	if err != nil {
		return 0, err
	}
	return len(list.Jobs), nil
}

type promiseWorker struct {
	river.WorkerDefaults[promise]
	desk *Desk
}

// Work does one promise and turns its error into the queue's words.
func (w *promiseWorker) Work(ctx context.Context, job *river.Job[promise]) error {
	err := w.desk.run(ctx, job.Args)
	var later ErrLater
	switch {
	case err == nil:
		return nil
	case errors.As(err, &later):
		return river.JobSnooze(later.Delay)
	case errors.Is(err, ErrNever):
		w.desk.log.ErrorContext(ctx, "work given up", "listener", job.Args.Listener, "error", err)
		return river.JobCancel(errHidden)
	default:
		w.desk.log.WarnContext(ctx, "work failed; it will be tried again", "listener", job.Args.Listener, "attempt", job.Attempt, "error", err)
		// The row keeps a fixed text: an error may quote what a customer wrote.
		return errHidden
	}
}

var errHidden = errors.New("failed; the reason stands in the log")

// Timeout is longer for periodic work: it goes over many rows.
func (w *beatWorker) Timeout(*river.Job[beat]) time.Duration { return 2 * time.Minute }

type beatWorker struct {
	river.WorkerDefaults[beat]
	desk *Desk
}

// Work does one periodic piece; the next beat is the retry.
func (w *beatWorker) Work(ctx context.Context, job *river.Job[beat]) error {
	for _, p := range w.desk.periodic {
		if p.name != job.Args.Name {
			continue
		}
		start := time.Now()
		err := p.work(ctx)
		w.desk.observe(p.name, time.Since(start), err)
		if err != nil {
			w.desk.log.WarnContext(ctx, "periodic work failed", "name", p.name, "error", err)
		}
	}
	return nil
}

// patience waits 1, 2, 4 … seconds, an hour at most: twenty tries span some eight hours.
type patience struct{}

// NextRetry gives the moment of the next try.
func (patience) NextRetry(job *rivertype.JobRow) time.Time {
	wait := time.Second << min(max(len(job.Errors), 0), 12)
	return time.Now().UTC().Add(min(wait, time.Hour))
}

// levelFloor drops records below a level.
type levelFloor struct {
	slog.Handler
	min slog.Level
}

// Enabled tells whether a level is kept.
func (l levelFloor) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= l.min && l.Handler.Enabled(ctx, level)
}
