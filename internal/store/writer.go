package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// writer is the one goroutine that writes. It takes every write that is waiting,
// runs them in one transaction and answers each after the commit: while one
// commit waits for the disk, the next batch gathers. A write waits for company where there
// is a crowd, for a millisecond at the most.
type writer struct {
	*engine
	log      *slog.Logger
	queue    chan *job
	maxBatch int
	quit     chan struct{}
	done     chan struct{}
	once     sync.Once

	stmts   map[string]*sql.Stmt // by text; touched by the goroutine alone
	unseen  []string             // texts of this transaction that stmts lacks
	written atomic.Uint64
	commits atomic.Uint64
	failed  atomic.Uint64
}

// job is one write. run may be called twice and must not keep what it saw the
// first time.
type job struct {
	ctx  context.Context
	run  func(*tx) error
	err  error // of run; owned by the writer
	done chan error
}

// Stats counts a writer's work.
type Stats struct {
	Writes  uint64 // writes acknowledged
	Commits uint64 // transactions committed for them
	Failed  uint64 // transactions that could not be committed
}

func startWriter(e *engine, queue, maxBatch int, log *slog.Logger) *writer {
	w := &writer{
		engine:   e,
		log:      log,
		queue:    make(chan *job, queue),
		maxBatch: maxBatch,
		quit:     make(chan struct{}),
		done:     make(chan struct{}),
		stmts:    make(map[string]*sql.Stmt),
	}
	go w.run() // owned by the Store, ended by stop
	return w
}

// stop lets the writer finish what it accepted and waits for it.
func (w *writer) stop() {
	w.once.Do(func() { close(w.quit) })
	<-w.done
}

func (w *writer) stats() Stats {
	return Stats{Writes: w.written.Load(), Commits: w.commits.Load(), Failed: w.failed.Load()}
}

// write runs f in a transaction of the writer and returns after its commit.
// When ctx ends first the write may still be made.
func (w *writer) write(ctx context.Context, f func(*tx) error) error {
	j := &job{ctx: ctx, run: f, done: make(chan error, 1)}
	select {
	case <-w.quit:
		return ErrClosed
	default:
	}
	select {
	case w.queue <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.quit:
		return ErrClosed
	}
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-w.done:
		select {
		case err := <-j.done:
			return err
		default:
			return ErrClosed
		}
	}
}

func (w *writer) run() {
	defer close(w.done)
	batch := make([]*job, 0, w.maxBatch)
	crowd := 1 // that shared the last commit
	for {
		select {
		case j := <-w.queue:
			// Who can run, and is about to write, shares the commit.
			runtime.Gosched()
			all := w.gather(append(batch, j))
			if share := crowd * 3 / 4; crowd >= crowded && len(all) < share {
				all = w.await(all, share)
			}
			crowd = len(all)
			w.commit(all)
		case <-w.quit:
			for { // what was accepted before stop is still written
				rest := w.gather(batch)
				if len(rest) == 0 {
					return
				}
				w.commit(rest)
			}
		}
	}
}

// Where many write at once, which the last commit tells, three in four of so many are waited for, but
// not long: each commit costs a flush of the disk, and as much work as ten writes. Not for
// all: who waits for the disk has nothing to do, and the others are to work meanwhile.
const (
	crowded  = 8
	patience = time.Millisecond
)

// await appends what comes within patience until there are so many.
func (w *writer) await(batch []*job, many int) []*job {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for len(batch) < many {
		select {
		case j := <-w.queue:
			batch = append(batch, j)
		case <-timer.C:
			return w.gather(batch)
		}
	}
	return w.gather(batch)
}

// gather appends what waits in the queue, without waiting.
func (w *writer) gather(batch []*job) []*job {
	for len(batch) < w.maxBatch {
		select {
		case j := <-w.queue:
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

// commit writes a batch and answers its jobs. A job that fails makes the batch
// run again with a savepoint around each, so that it fails alone.
func (w *writer) commit(batch []*job) {
	err := w.transact(batch, false)
	if errors.Is(err, errJobFailed) {
		err = w.transact(batch, true)
	}
	if err != nil {
		w.failed.Add(1)
		w.log.Error("database transaction failed", "writes", len(batch), "err", err)
	} else {
		w.commits.Add(1)
	}
	for _, j := range batch {
		switch {
		case err != nil:
			j.done <- w.late(j.ctx, err)
		case j.err != nil:
			j.done <- w.late(j.ctx, j.err)
		default:
			w.written.Add(1)
			j.done <- nil
		}
	}
	if err == nil {
		w.prepare()
	}
	w.unseen = w.unseen[:0]
}

// errJobFailed ends a transaction without savepoints.
var errJobFailed = errors.New("store: a write of the batch failed")

func (w *writer) transact(batch []*job, savepoints bool) error {
	ctx, end := w.within(context.Background()) // a batch belongs to no single caller
	defer end()
	sqlTx, err := w.writes.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("store: beginning transaction: %w", kindOf(err))
	}
	if w.begin != "" {
		if _, err := sqlTx.ExecContext(ctx, w.begin); err != nil {
			w.rollback(sqlTx)
			return fmt.Errorf("store: beginning transaction: %w", kindOf(err))
		}
	}
	t := &tx{w: w, sql: sqlTx, ctx: ctx, used: make(map[string]*sql.Stmt)}
	for _, j := range batch {
		if savepoints {
			err = t.runApart(j)
		} else if j.err = runJob(t, j); j.err != nil {
			err = errJobFailed
		}
		if err != nil {
			w.rollback(sqlTx)
			return err
		}
	}
	if err := sqlTx.Commit(); err != nil {
		return fmt.Errorf("store: committing: %w", kindOf(err))
	}
	return nil
}

// rollback undoes what a transaction has done. A failure to is told alone: SQLite rolls back
// by itself after a full disk or an I/O error, PostgreSQL when a connection is lost.
func (w *writer) rollback(t *sql.Tx) {
	if err := t.Rollback(); err != nil {
		w.log.Warn("database rollback failed", "err", err)
	}
}

// runApart runs a job so that its failure undoes its own writes only. The error
// returned is one that ends the transaction; the job's own is in j.err.
func (t *tx) runApart(j *job) error {
	if err := t.exec("SAVEPOINT write_job"); err != nil {
		return err
	}
	if j.err = runJob(t, j); j.err != nil {
		if err := t.exec("ROLLBACK TO SAVEPOINT write_job"); err != nil {
			return j.err // the failure ended the transaction, not the write alone
		}
	}
	return t.exec("RELEASE SAVEPOINT write_job")
}

// runJob runs a job unless its caller has gone; a panic becomes its error.
func runJob(t *tx, j *job) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("store: write panicked: %v\n%s", r, debug.Stack())
		}
	}()
	if err := j.ctx.Err(); err != nil {
		return err
	}
	return j.run(t)
}
