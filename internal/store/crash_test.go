package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store/storetest"
)

// TestAcknowledgedSurvivesKill kills a process that is writing bindings: what it
// had acknowledged is there.
func TestAcknowledgedSurvivesKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	acked := writtenUntil(t, path, func(child *os.Process) error { return child.Kill() })
	expectAll(t, openTest(t, path), acked)
}

// The same where it is PostgreSQL that is killed.
func TestAcknowledgedSurvivesKillOfPostgres(t *testing.T) {
	p, place := newServer(t)
	acked := writtenUntil(t, place, func(*os.Process) error { return p.Kill() })
	ok(t, p.Start(t.Context()))
	expectAll(t, openTest(t, place), acked)
}

// newServer starts a server that the test may stop, with a database.
func newServer(t *testing.T) (*storetest.Postgres, string) {
	t.Helper()
	p, err := storetest.NewPostgres(t.Context())
	place := databaseOf(t, p, err)
	t.Cleanup(func() { ok(t, p.Close()) })
	return p, place
}

// writtenUntil lets a process write bindings until it has acknowledged 500, then kills, and
// gives all that were acknowledged.
func writtenUntil(t *testing.T, place string, kill func(child *os.Process) error) (acked []string) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "SKYBRIDGE_STORE_CRASH="+place)
	out, err := child.StdoutPipe()
	ok(t, err)
	ok(t, child.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if acked = append(acked, lines.Text()); len(acked) == 500 {
			ok(t, kill(child.Process))
		}
	}
	if err := child.Wait(); err == nil || len(acked) < 500 {
		t.Fatalf("the writer ended by itself after %d bindings", len(acked))
	}
	return acked
}

func expectAll(t *testing.T, s *Store, acked []string) {
	t.Helper()
	all, err := s.Bindings.Live(t.Context(), noon)
	ok(t, err)
	found := make(map[string]bool)
	for _, b := range all {
		found[b.AOR] = true
	}
	for _, aor := range acked {
		if !found[aor] {
			t.Errorf("%s was acknowledged and is lost", aor)
		}
	}
}

// writeUntilKilled is the child of these tests: it prints the of each binding that
// was acknowledged.
func writeUntilKilled(place string) {
	s, err := Open(context.Background(), configOf(place), slog.New(slog.DiscardHandler))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			for i := 0; ; i++ {
				aor := fmt.Sprintf("%d-%d", g, i)
				b := Binding{Key: "sip:x", Contact: "sip:x", Expires: noon.Add(time.Hour)}
				err := s.Bindings.Apply(context.Background(), BindingChange{AOR: aor, Put: []Binding{b}})
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				mu.Lock()
				_, err = fmt.Println(aor)
				mu.Unlock()
				if err != nil {
					os.Exit(1)
				}
			}
		})
	}
	wg.Wait()
}

// A server that goes is fault.Unavailable for who reads and who writes, and its return needs
// nobody's help.
func TestLostPostgres(t *testing.T) {
	p, place := newServer(t)
	s := openTest(t, place)
	ctx := t.Context()
	ok(t, s.Settings.Put(ctx, "a", "1"))
	_, err := s.Settings.Get(ctx, "a")
	ok(t, err)
	for name, end := range map[string]func() error{"killed": p.Kill, "stopped": p.Stop} {
		ok(t, end())
		for range 2 * Default().Readers { // those that were open, and new ones
			_, err = s.Settings.Get(ctx, "a")
			kind(t, err, fault.Unavailable)
			_, err = s.Users.List(ctx)
			kind(t, err, fault.Unavailable)
			kind(t, s.Settings.Put(ctx, "a", "2"), fault.Unavailable)
			kind(t, s.Ping(ctx), fault.Unavailable)
		}
		ok(t, p.Start(ctx))
		ok(t, s.Ping(ctx))
		got, err := s.Settings.Get(ctx, "a")
		same(t, got, err, "1")
		ok(t, s.Settings.Put(ctx, "a", "1"))
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

// One program's transaction waits for another's: of many that make a setting, at two
// programs, all get the one that was kept.
func TestPostgresIsWrittenByOneAtATime(t *testing.T) {
	place := newDatabase(t)
	nodes := []*Store{openTest(t, place), openTest(t, place)}
	for round := range 20 {
		values := make([]string, 8)
		var wg sync.WaitGroup
		for i := range values {
			wg.Go(func() {
				var err error
				values[i], err = nodes[i%2].Settings.GetOrCreate(t.Context(), fmt.Sprint(round), func() (string, error) { return fmt.Sprint(i), nil })
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, v := range values {
			same(t, v, nil, values[0])
		}
	}
}

// Programs that start together on an empty database bring its schema up once.
func TestPostgresIsMigratedOnce(t *testing.T) {
	place := newDatabase(t)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			s, err := Open(t.Context(), configOf(place), slog.New(slog.DiscardHandler))
			if err == nil {
				err = s.Close()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// What PostgreSQL does not take in a text fails alone, as the caller's fault.
func TestTextsThatPostgresRefuses(t *testing.T) {
	s := openTest(t, newDatabase(t))
	for _, text := range []string{"a\x00b", "a\xffb"} {
		kind(t, s.Settings.Put(t.Context(), "a", text), fault.Invalid)
	}
	ok(t, s.Settings.Put(t.Context(), "a", "\u2603"))
}

// A database that sorts as a language does lists in the same order as others.
func TestPostgresInAnotherLanguage(t *testing.T) {
	newDatabase(t)
	place, err := server.Database(t.Context(), "LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C.UTF-8' TEMPLATE template0")
	ok(t, err)
	s := openTest(t, place)
	ctx := t.Context()
	want := []string{"B", "Z", "a", "a-b", "ab", "b", "\u00e9"}
	for _, name := range []string{"ab", "\u00e9", "b", "Z", "a", "a-b", "B"} {
		ok(t, s.Users.Create(ctx, User{ID: name, Created: noon}))
		ok(t, s.Extensions.Create(ctx, Extension{Number: name, Created: noon, Updated: noon}))
	}
	var order string // that the database itself has another one, so that the test shows something
	ok(t, s.row(ctx, `SELECT string_agg(id, ' ' ORDER BY id) FROM users`, nil, &order))
	if order == strings.Join(want, " ") {
		t.Errorf("the database sorts %s", order)
	}
	users, err := s.Users.List(ctx)
	ok(t, err)
	extensions, err := s.Extensions.List(ctx)
	ok(t, err)
	var ids, numbers []string
	for i := range users {
		ids, numbers = append(ids, users[i].ID), append(numbers, extensions[i].Number)
	}
	same(t, ids, nil, want)
	same(t, numbers, nil, want)
}

// A server that takes no care of what it acknowledges is refused.
func TestPostgresWithoutFlushIsRefused(t *testing.T) {
	p, place := newServer(t)
	ok(t, p.Stop())
	ok(t, p.Start(t.Context(), "fsync=off"))
	if s, err := Open(t.Context(), configOf(place), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("opened with fsync=off")
		ok(t, s.Close())
	}
	encoding, err := p.Database(t.Context(), "ENCODING SQL_ASCII LOCALE 'C' TEMPLATE template0")
	ok(t, err)
	ok(t, p.Stop())
	ok(t, p.Start(t.Context()))
	if s, err := Open(t.Context(), configOf(encoding), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("opened with SQL_ASCII")
		ok(t, s.Close())
	}
}

// A database that does not answer in time is fault.Unavailable, and no longer than it takes:
// here another program holds the lock of writing, and a query sleeps.
func TestSlowPostgres(t *testing.T) {
	s := openTest(t, newDatabase(t))
	ctx := t.Context()
	ok(t, s.Settings.Put(ctx, "a", "1"))
	s.bound = 50 * time.Millisecond
	held, err := s.reads.BeginTx(ctx, nil)
	ok(t, err)
	_, err = held.ExecContext(ctx, s.begin)
	ok(t, err)
	kind(t, s.Settings.Put(ctx, "a", "2"), fault.Unavailable)
	kind(t, s.row(ctx, `SELECT pg_sleep(600)`, nil, new(string)), fault.Unavailable)
	ok(t, held.Rollback())
	s.bound = patienceWithServer
	ok(t, s.Settings.Put(ctx, "a", "3"))
	got, err := s.Settings.Get(ctx, "a")
	same(t, got, err, "3")
	left, leave := context.WithTimeout(ctx, time.Millisecond)
	defer leave()
	err = s.row(left, `SELECT pg_sleep(600)`, nil, new(string))
	if !errors.Is(err, context.DeadlineExceeded) || fault.Of(err) == fault.Unavailable {
		t.Errorf("a caller without patience got %v (%v)", err, fault.Of(err))
	}
}
