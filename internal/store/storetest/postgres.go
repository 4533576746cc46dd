// Package storetest starts a PostgreSQL server for tests: one of its own, in a folder that
// goes with it, which nobody can reach but by a socket there.
//
// Goroutines: one per running server that waits for its end; it ends with the server.
package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the database/sql driver "pgx"
)

// ErrNone tells, with why, that this machine has no PostgreSQL.
var ErrNone = errors.New("skipped: postgresql: not installed (testdata/peers/install.sh)")

// patience is how long a server on a loaded machine may take to start or to stop.
const patience = 2 * time.Minute

// Postgres is a server.
type Postgres struct {
	dir   string // data, socket and log
	bin   string
	owner *syscall.Credential // nil for who runs the test: the server refuses root
	made  atomic.Int64        // databases

	process *exec.Cmd // nil while stopped
	ended   chan struct{}
}

// NewPostgres makes a server and starts it; Close ends it. It fails with ErrNone where there
// is none to start.
func NewPostgres(ctx context.Context) (_ *Postgres, err error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "skybridge-postgres-")
	if err != nil {
		return nil, err
	}
	p := &Postgres{dir: dir, bin: bin}
	if err := p.make(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return p, nil
}

// programs is the folder of the newest server.
func programs() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		path, err := exec.LookPath("postgres")
		if err != nil {
			return "", ErrNone
		}
		return filepath.Dir(path), nil
	}
	slices.SortFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(found[len(found)-1]), nil
}

// version is 15 of /usr/lib/postgresql/15/bin/postgres; 0 for what has none.
func version(path string) int {
	n, err := strconv.Atoi(strings.Split(path, "/")[4])
	if err != nil {
		return 0
	}
	return n
}

func (p *Postgres) make(ctx context.Context) error {
	if os.Geteuid() == 0 {
		if err := p.disown(); err != nil {
			return err
		}
	}
	initdb := p.command(ctx, "initdb", "--pgdata", p.data(), "--username", "skybridge", "--auth", "trust", "--encoding", "UTF8",
		"--locale", "C.UTF-8", "--no-sync", "--no-instructions")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return p.Start(ctx)
}

// disown gives the folder to a user that is not root.
func (p *Postgres) disown() error {
	owner, err := user.Lookup("postgres")
	if err != nil {
		if owner, err = user.Lookup("nobody"); err != nil {
			return err
		}
	}
	uid, err := strconv.ParseUint(owner.Uid, 10, 32)
	if err != nil {
		return err
	}
	gid, err := strconv.ParseUint(owner.Gid, 10, 32)
	if err != nil {
		return err
	}
	p.owner = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid), NoSetGroups: false}
	return os.Chown(p.dir, int(uid), int(gid))
}

func (p *Postgres) data() string { return filepath.Join(p.dir, "data") }

func (p *Postgres) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, filepath.Join(p.bin, name), args...) //nolint:gosec // of the system's PostgreSQL
	c.Dir = p.dir
	c.Env = []string{"PATH=" + p.bin + ":/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC"}
	c.SysProcAttr = &syscall.SysProcAttr{Credential: p.owner, Pdeathsig: syscall.SIGQUIT}
	return c
}

// Start starts a server that has been stopped, with settings ("fsync=off") besides its own,
// and returns when it takes connections.
func (p *Postgres) Start(ctx context.Context, settings ...string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := p.launch(context.WithoutCancel(ctx), settings)
		if err == nil {
			err = p.await(ctx)
		}
		// What a killed one has left ends by itself, but not at once.
		if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), "still in use") {
			return err
		}
	}
}

func (p *Postgres) launch(ctx context.Context, settings []string) error {
	log, err := os.Create(p.log())
	if err != nil {
		return err
	}
	args := []string{"-D", p.data(), "-k", p.dir}
	for _, s := range append([]string{"listen_addresses=", "max_connections=60", "shared_buffers=16MB"}, settings...) {
		args = append(args, "-c", s)
	}
	c := p.command(ctx, "postgres", args...)
	c.Stdout, c.Stderr = log, log
	started, ended := make(chan error), make(chan struct{})
	go func() { // owned by p, ended by the end of the server
		defer close(ended)
		runtime.LockOSThread() // the server ends with the thread that started it: not before the test
		defer runtime.UnlockOSThread()
		err := c.Start()
		started <- err
		if err == nil {
			_ = c.Wait() // how it ended is in its log
		}
	}()
	if err := errors.Join(<-started, log.Close()); err != nil {
		<-ended
		return err
	}
	p.process, p.ended = c, ended
	return nil
}

func (p *Postgres) log() string { return filepath.Join(p.dir, "log") }

// await returns when the server takes connections, or has ended.
func (p *Postgres) await(ctx context.Context) error {
	ready := time.NewTicker(20 * time.Millisecond)
	defer ready.Stop()
	for {
		err := p.run(ctx, `SELECT 1`)
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			p.process = nil
			text, _ := os.ReadFile(p.log())
			return fmt.Errorf("postgres ended as it started: %s", text)
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("postgres does not answer: %w", err), p.end(syscall.SIGQUIT))
		case <-ready.C:
		}
	}
}

// run runs a statement in the server's own database.
func (p *Postgres) run(ctx context.Context, query string) error {
	db, err := sql.Open("pgx", p.url("postgres"))
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, query)
	return errors.Join(err, db.Close())
}

func (p *Postgres) url(database string) string {
	return (&url.URL{
		Scheme: "postgres", User: url.User("skybridge"), Path: "/" + database,
		RawQuery: url.Values{"host": {p.dir}, "sslmode": {"disable"}}.Encode(),
	}).String()
}

// Database makes an empty database, with options of CREATE DATABASE, and gives its URL.
func (p *Postgres) Database(ctx context.Context, options ...string) (string, error) {
	name := fmt.Sprintf("test%d", p.made.Add(1))
	if err := p.run(ctx, `CREATE DATABASE `+name+" "+strings.Join(options, " ")); err != nil {
		return "", fmt.Errorf("making database %s: %w", name, err)
	}
	return p.url(name), nil
}

// Kill kills the server without a warning, and waits for its end and for that of the
// processes of its connections, which notice by themselves.
func (p *Postgres) Kill() error {
	if p.process == nil {
		return nil
	}
	processes, err := childrenOf(p.process.Process.Pid)
	if err != nil {
		return err
	}
	if err := p.end(syscall.SIGKILL); err != nil {
		return err
	}
	late := time.After(patience)
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for _, pid := range processes {
		for alive(pid) {
			select {
			case <-again.C:
			case <-late:
				return fmt.Errorf("process %d of a killed postgres does not end", pid)
			}
		}
	}
	return nil
}

// alive tells whether a process runs: one that has ended and that nobody has asked for does not.
func alive(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, ok := strings.Cut(string(text), ") ")
	return err == nil && ok && !strings.HasPrefix(state, "Z")
}

// childrenOf are the processes that a process has started.
func childrenOf(parent int) (pids []int, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", parent, parent))
	if err != nil {
		return nil, err
	}
	for field := range strings.FieldsSeq(string(text)) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			return nil, err
		}
		pids = append(pids, pid)
	}
	return pids, nil
}

// Stop ends the server, and its clients' connections.
func (p *Postgres) Stop() error { return p.end(syscall.SIGINT) }

func (p *Postgres) end(s syscall.Signal) error {
	if p.process == nil {
		return nil
	}
	if err := p.process.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.ended:
		p.process = nil
		return nil
	case <-time.After(patience):
		return fmt.Errorf("postgres does not end on %v", s)
	}
}

// Close ends the server and removes its folder.
func (p *Postgres) Close() error { return errors.Join(p.end(syscall.SIGQUIT), os.RemoveAll(p.dir)) }
