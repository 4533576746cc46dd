package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// schemas are what a database says of its tables and indexes, a line each.
var schemas = map[goose.Dialect]string{
	goose.DialectSQLite3: `SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE '%goose%' ORDER BY name`,
	goose.DialectPostgres: `SELECT line FROM (
		SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || COALESCE(column_default, '') AS line
			FROM information_schema.columns WHERE table_schema = 'public'
		UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
		UNION ALL SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
		) AS lines WHERE line NOT LIKE '%goose%' ORDER BY line`,
}

func TestMigrationsUpAndDown(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		p, err := s.migrations()
		ok(t, err)
		schema := func() (all string) {
			rows, err := s.writes.QueryContext(ctx, schemas[s.dialect])
			ok(t, err)
			for rows.Next() {
				var text string
				ok(t, rows.Scan(&text))
				all += text + "\n"
			}
			ok(t, rows.Err())
			ok(t, rows.Close())
			return all
		}
		up := schema()
		for _, table := range []string{"bindings", "idempotency", "messages", "extensions", "message_parties_waiting"} {
			if !strings.Contains(up, table) {
				t.Errorf("no %s in\n%s", table, up)
			}
		}
		_, err = p.DownTo(ctx, 0)
		ok(t, err)
		same(t, strings.Contains(schema(), "bindings") || strings.Contains(schema(), "INDEX"), nil, false)
		_, err = p.Up(ctx)
		ok(t, err)
		// A table that has lost columns and got them back says so by their order.
		same(t, lines(schema()), nil, lines(up))
	})
}

// lines are the lines of a text, sorted.
func lines(text string) []string { return slices.Sorted(strings.Lines(text)) }

// What an older schema holds of registrations is there under this one, and back again.
func TestBindingsAreMigrated(t *testing.T) { everywhere(t, bindingsAreMigrated) }

func bindingsAreMigrated(t *testing.T, s *Store) {
	ctx := t.Context()
	p, err := s.migrations()
	ok(t, err)
	want := Binding{
		AOR: "1001", Key: "sip:a", Contact: "<sip:a>", Target: "sip:a", CallID: "c", CSeq: 7, UserAgent: "phone",
		Registered: noon, Updated: noon.Add(time.Second), Expires: noon.Add(time.Minute),
	}
	ok(t, s.Bindings.Apply(ctx, BindingChange{AOR: "1001", Put: []Binding{want}}))
	_, err = p.DownTo(ctx, 3)
	ok(t, err)
	var seq, updated, expires int64
	ok(t, s.writes.QueryRowContext(ctx, `SELECT cseq, updated, expires FROM bindings WHERE aor = '1001'`).Scan(&seq, &updated, &expires))
	same(t, []int64{seq, updated, expires}, nil, []int64{7, micros(want.Updated), micros(want.Expires)})
	_, err = p.Up(ctx)
	ok(t, err)
	got, err := s.Bindings.Live(ctx, noon)
	same(t, got, err, []Binding{want})
}

// What older programs kept as the scopes of a key were its roles.
func TestRolesOfKeysAreMigrated(t *testing.T) { everywhere(t, rolesOfKeysAreMigrated) }

func rolesOfKeysAreMigrated(t *testing.T, s *Store) {
	ctx := t.Context()
	p, err := s.migrations()
	ok(t, err)
	want := APIKey{ID: "k", Hash: "h", Roles: []string{"admin"}, Scopes: []string{"calls:read"}, Created: noon}
	ok(t, s.APIKeys.Create(ctx, want))
	_, err = p.DownTo(ctx, 6)
	ok(t, err)
	var scopes string
	ok(t, s.writes.QueryRowContext(ctx, `SELECT scopes FROM api_keys`).Scan(&scopes))
	same(t, scopes, nil, `["admin"]`)
	_, err = p.Up(ctx)
	ok(t, err)
	got, err := s.APIKeys.ByID(ctx, "k")
	want.Scopes = []string{}
	same(t, got, err, want)
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	notDB := filepath.Join(dir, "text")
	ok(t, os.WriteFile(notDB, bytes.Repeat([]byte("not a database\n"), 100), 0o600))
	newer := filepath.Join(dir, "newer")
	s := openTest(t, newer)
	_, err := s.writes.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`)
	ok(t, err)
	for name, cfg := range map[string]Config{
		"no path":        {},
		"no URL":         {URL: "mysql://localhost/x", Readers: 1, MaxBatch: 1, Queue: 1},
		"a bad URL":      {URL: "postgres://localhost:x", Readers: 1, MaxBatch: 1, Queue: 1},
		"no readers":     {Path: Memory, MaxBatch: 1, Queue: 1},
		"not a database": {Path: notDB, Readers: 1, MaxBatch: 1, Queue: 1},
		"under a file":   {Path: notDB + "/x", Readers: 1, MaxBatch: 1, Queue: 1},
		"newer schema":   {Path: newer, Readers: 1, MaxBatch: 1, Queue: 1},
	} {
		if s, err := Open(t.Context(), cfg, slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%s: opened", name)
			ok(t, s.Close())
		}
	}
}

func TestFileIsPrivateAndDurable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	s := openTest(t, path)
	ok(t, s.Settings.Put(t.Context(), "a", "b"))
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		ok(t, err)
		same(t, info.Mode().Perm(), nil, 0o600)
	}
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000"} {
		var got string
		ok(t, s.writes.QueryRow("PRAGMA "+pragma).Scan(&got))
		same(t, got, nil, want)
	}
	if _, err := s.reads.Exec(`DELETE FROM settings`); err == nil {
		t.Error("a reading connection wrote")
	}
}

// TestGroupCommit holds the writer in a transaction while writes gather, and
// sees them committed together, the bad one failing alone.
func TestGroupCommit(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "db"))
	ctx := t.Context()
	ok(t, s.Users.Put(ctx, User{ID: "a", Extension: "1001"}))
	before := s.Stats()

	hold, held := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.writer.write(ctx, func(*tx) error { close(held); <-hold; return nil }); err != nil {
			t.Error(err)
		}
	})
	<-held
	gone, leave := context.WithCancel(ctx)
	errs := make([]error, 104)
	for i := range errs {
		wg.Go(func() {
			switch i {
			case 50:
				errs[i] = s.Users.Put(ctx, User{ID: "b", Extension: "1001"})
			case 51:
				errs[i] = s.writer.write(ctx, func(*tx) error { panic("bug") })
			case 52: // its caller goes before it is run
				errs[i] = s.Settings.Put(gone, "gone", "x")
			case 53: // half of a change must not stay
				errs[i] = s.writer.write(ctx, func(t *tx) error {
					return errors.Join(t.exec(putSetting, "half", "x", 0), t.exec(`INSERT INTO nowhere VALUES (1)`))
				})
			default:
				errs[i] = s.Settings.Put(ctx, fmt.Sprint("s", i), "x")
			}
		})
	}
	for len(s.writer.queue) < len(errs) { // held cannot take from it
		runtime.Gosched()
	}
	leave()
	close(hold)
	wg.Wait()

	kind(t, errs[50], fault.Conflict)
	if errs[51] == nil || errs[53] == nil {
		t.Errorf("panic gave %v, a bad statement %v", errs[51], errs[53])
	}
	if !errors.Is(errs[52], context.Canceled) {
		t.Errorf("a caller that left got %v", errs[52])
	}
	for i, err := range errs {
		if err != nil && (i < 50 || i > 53) {
			t.Fatalf("write %d: %v", i, err)
		}
	}
	after := s.Stats()
	same(t, after.Commits-before.Commits, nil, 2)
	same(t, after.Writes-before.Writes, nil, 101)
	var n int
	ok(t, s.reads.QueryRow(`SELECT COUNT(*) FROM settings`).Scan(&n))
	same(t, n, nil, 100)
}

func TestDiskFull(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "db"))
	var pages int
	ok(t, s.writes.QueryRow(`PRAGMA page_count`).Scan(&pages))
	_, err := s.writes.Exec(fmt.Sprintf(`PRAGMA max_page_count = %d`, pages+1))
	ok(t, err)
	big := strings.Repeat("x", 1<<16)
	kind(t, s.Settings.Put(t.Context(), "big", big), fault.Unavailable)
	ok(t, s.Settings.Put(t.Context(), "small", "x")) // and goes on
	_, err = s.Settings.Get(t.Context(), "big")
	kind(t, err, fault.NotFound)
}

func TestClose(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	cfg := Default()
	cfg.Path = path
	s, err := Open(t.Context(), cfg, slog.New(slog.DiscardHandler))
	ok(t, err)
	// Writers race Close: each is told the truth.
	var wg sync.WaitGroup
	errs := make([]error, 200)
	for i := range errs {
		wg.Go(func() { errs[i] = s.Settings.Put(context.Background(), fmt.Sprint(i), "x") })
	}
	ok(t, s.Close())
	wg.Wait()
	s = openTest(t, path)
	for i, err := range errs {
		_, missing := s.Settings.Get(t.Context(), fmt.Sprint(i))
		if (err == nil) != (missing == nil) {
			t.Errorf("write %d: acknowledged with %v, reading gives %v", i, err, missing)
		}
		if err != nil && !errors.Is(err, ErrClosed) {
			t.Errorf("write %d: %v", i, err)
		}
	}
}

func BenchmarkBindings(b *testing.B) {
	for _, clients := range []int{1, 16, 256} {
		for _, refresh := range []bool{false, true} {
			b.Run(fmt.Sprintf("clients=%d/refresh=%v", clients, refresh), func(b *testing.B) {
				benchmarkBindings(b, filepath.Join(b.TempDir(), "db"), clients, refresh)
			})
		}
	}
	b.Run("postgres/clients=256/refresh=true", func(b *testing.B) { benchmarkBindings(b, newDatabase(b), 256, true) })
}

func benchmarkBindings(b *testing.B, place string, clients int, refresh bool) {
	s := openTest(b, place)
	b.ReportAllocs()
	b.SetParallelism(max(1, clients/2)) // times GOMAXPROCS, 2 on the usual machine
	v := Binding{
		Key: "sip:1001@10.0.0.1:5060", Contact: "sip:1001@10.0.0.1:5060", Target: "sip:1001@10.0.0.1:5060",
		CallID: "call@host", CSeq: 1, UserAgent: "phone", Transport: "udp", Source: "10.0.0.1:5060", Expires: noon.Add(time.Hour),
	}
	whole := func() Binding { return v }
	var n atomic.Int64
	b.ResetTimer() // the server has been started
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			c := BindingChange{AOR: strconv.FormatInt(n.Add(1)%1000, 10)}
			if refresh {
				c.Refresh = []Refresh{{Key: v.Key, CSeq: v.CSeq, Expires: v.Expires, Whole: whole}}
			} else {
				c.Put = []Binding{v}
			}
			if err := s.Bindings.Apply(context.Background(), c); err != nil {
				b.Fatal(err)
			}
		}
	})
	st := s.Stats()
	b.ReportMetric(float64(st.Writes)/float64(st.Commits), "writes/commit")
	b.ReportMetric(float64(st.Writes)/b.Elapsed().Seconds(), "writes/s")
}
