package transaction

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/sip/internal/wire"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// doubling is T1 doubling up to T2 = 8·T1, until before 64·T1.
var doubling = []int{0, 1, 3, 7, 15, 23, 31, 39, 47, 55, 63}

func newTable() *Table {
	return NewTable(Timers{T1: wire.T1, T2: 8 * wire.T1, T4: 10 * wire.T1}, 4, func(tx *Server) {
		if err := tx.Respond(100, []byte("SIP/2.0 100")); err != nil {
			panic(err)
		}
	}, guarded)
}

func guarded(what string, f func()) bool { return guard.Do(slog.New(slog.DiscardHandler), what, f) }

// sent is a request of ours on its way over a wire.
func sent(t *testing.T, table *Table, w *wire.Wire, method string) (*Client, *Waiter) {
	t.Helper()
	p, err := message.Parse([]byte(strings.ReplaceAll(wire.Invite, "INVITE", method)))
	if err != nil {
		t.Fatal(err)
	}
	req := message.NewRequest(p, w.Source())
	m := &message.Message{Method: method, URI: req.URI(), Headers: req.AllHeaders(), Body: req.Body()}
	raw, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	l := NewWaiter()
	tx, err := table.Send(Outgoing{m, raw, req.Via().Branch(), req.Seq()}, w, l)
	if err != nil {
		t.Fatal(err)
	}
	return tx, l
}

// answer gives a response to the last request that begins so.
func answer(t *testing.T, table *Table, w *wire.Wire, start string, status int) {
	t.Helper()
	p, err := message.Parse([]byte(wire.ResponseTo(w.Last(start), status, "x")))
	if err != nil {
		t.Fatal(err)
	}
	table.Response(message.NewResponse(p, w.Source()))
}

// forgotten wants nothing left in a table.
func forgotten(t *testing.T, table *Table) {
	t.Helper()
	if s, c := table.Size(); s+c != 0 {
		t.Errorf("%d server and %d client transactions are left", s, c)
	}
}

func TestRequestsAreRepeated(t *testing.T) {
	for _, c := range []struct {
		method string
		stream bool
		want   []int
	}{
		{"INVITE", false, []int{0, 1, 3, 7, 15, 31, 63}},
		{"OPTIONS", false, doubling},
		{"INVITE", true, []int{0}},
		{"OPTIONS", true, []int{0}},
	} {
		synctest.Test(t, func(t *testing.T) {
			table, w := newTable(), wire.New()
			w.Stream = c.stream
			_, l := sent(t, table, w, c.method)
			_, err := l.Wait(t.Context())
			if fault.Of(err) != fault.Timeout || w.Age() != 64*wire.T1 {
				t.Errorf("after %v: %v", w.Age(), err)
			}
			if got := w.Times(c.method); !slices.Equal(got, c.want) {
				t.Errorf("%s at %v·T1, want %v", c.method, got, c.want)
			}
			if n, _ := table.Sent(); int(n) != len(c.want) {
				t.Errorf("%d requests counted", n)
			}
			forgotten(t, table)
		})
	}
}

func TestProvisionalStopsTheInvite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, w := newTable(), wire.New()
		_, l := sent(t, table, w, "INVITE")
		time.Sleep(2 * wire.T1)
		answer(t, table, w, "INVITE", 180)
		time.Sleep(time.Hour) // who rings may ring
		if got := w.Times("INVITE"); !slices.Equal(got, []int{0, 1}) {
			t.Errorf("INVITE at %v·T1", got)
		}
		answer(t, table, w, "INVITE", 486)
		answer(t, table, w, "INVITE", 486)
		if got := w.Times("ACK"); len(got) != 2 {
			t.Errorf("ACK at %v·T1, want one for each 486", got)
		}
		if r, err := l.Wait(t.Context()); err != nil || r.Status() != 486 {
			t.Errorf("%v %v", r, err)
		}
		time.Sleep(65 * wire.T1) // timer D
		forgotten(t, table)
	})
}

// A provisional response slows a request down that is no INVITE (RFC 3261 §17.1.2.2).
func TestProvisionalSlowsARequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, w := newTable(), wire.New()
		_, l := sent(t, table, w, "OPTIONS")
		answer(t, table, w, "OPTIONS", 100)
		time.Sleep(30 * wire.T1)
		if got := w.Times("OPTIONS"); !slices.Equal(got, []int{0, 1, 9, 17, 25}) {
			t.Errorf("OPTIONS at %v·T1", got)
		}
		answer(t, table, w, "OPTIONS", 200)
		if r, err := l.Wait(t.Context()); err != nil || r.Status() != 200 {
			t.Errorf("%v %v", r, err)
		}
		time.Sleep(11 * wire.T1) // timer K
		forgotten(t, table)
	})
}

func TestCancelWaitsForAProvisional(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, w := newTable(), wire.New()
		tx, l := sent(t, table, w, "INVITE")
		tx.Cancel("SIP;cause=200")
		if w.Last("CANCEL") != "" {
			t.Error("CANCEL before a provisional response")
		}
		answer(t, table, w, "INVITE", 180)
		got := w.Last("CANCEL")
		if !strings.Contains(got, "\r\nReason: SIP;cause=200\r\n") || !strings.Contains(got, " CANCEL\r\n") {
			t.Errorf("CANCEL %q", got)
		}
		tx.Cancel("SIP;cause=487") // said already
		answer(t, table, w, "CANCEL", 200)
		answer(t, table, w, "INVITE", 180) // does not put the end off
		if _, err := l.Wait(t.Context()); fault.Of(err) != fault.Canceled {
			t.Errorf("without a final response: %v", err)
		}
		if w.Age() != 64*wire.T1 {
			t.Errorf("given up after %v", w.Age())
		}
		if n := len(w.Times("CANCEL")); n != 1 {
			t.Errorf("%d times CANCEL", n)
		}
		forgotten(t, table)
	})
}

// An INVITE that is given up is repeated no more, and what rings for it after all is
// canceled.
func TestAbandon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, w := newTable(), wire.New()
		tx, _ := sent(t, table, w, "INVITE")
		time.Sleep(2 * wire.T1)
		if !tx.Abandon() || !tx.Abandoned() {
			t.Error("not abandoned")
		}
		time.Sleep(30 * wire.T1)
		if got := w.Times("INVITE"); !slices.Equal(got, []int{0, 1}) {
			t.Errorf("INVITE at %v·T1", got)
		}
		answer(t, table, w, "INVITE", 180)
		if w.Last("CANCEL") == "" {
			t.Error("what rings is not canceled")
		}
		answer(t, table, w, "CANCEL", 200)
		answer(t, table, w, "INVITE", 487)
		time.Sleep(65 * wire.T1)
		forgotten(t, table)

		tx, l := sent(t, table, w, "INVITE") // and where nothing ever comes, nobody is told
		tx.Abandon()
		ctx, cancel := context.WithTimeout(t.Context(), 100*wire.T1)
		defer cancel()
		if _, err := l.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("one that was given up is told of: %v", err)
		}
		forgotten(t, table)

		tx, _ = sent(t, table, w, "INVITE")
		answer(t, table, w, "INVITE", 100)
		if tx.Abandon() || tx.Abandoned() {
			t.Error("abandoned though it is heard of")
		}
		answer(t, table, w, "INVITE", 486)
		time.Sleep(65 * wire.T1)
		forgotten(t, table)
	})
}

func TestCancelAfterTheEnd(t *testing.T) {
	for _, status := range []int{200, 486} {
		synctest.Test(t, func(t *testing.T) {
			table, w := newTable(), wire.New()
			tx, l := sent(t, table, w, "INVITE")
			answer(t, table, w, "INVITE", status)
			tx.Cancel("")
			if _, err := l.Wait(t.Context()); err != nil || w.Last("CANCEL") != "" {
				t.Errorf("after %d: %v, CANCEL %q", status, err, w.Last("CANCEL"))
			}
			time.Sleep(65 * wire.T1) // timers D and M
			forgotten(t, table)
		})
	}
}

// The end of a connection, and of everything, is told to whoever waits.
func TestClientsEndWithTheirFlow(t *testing.T) {
	for name, end := range map[string]struct {
		how  func(*Table, *wire.Wire)
		want fault.Kind
	}{
		"connection": {func(t *Table, w *wire.Wire) { t.FlowClosed(w.Source().Flow) }, fault.Unreachable},
		"table":      {func(t *Table, _ *wire.Wire) { t.Close() }, fault.Unavailable},
	} {
		synctest.Test(t, func(t *testing.T) {
			table, w := newTable(), wire.New()
			w.Stream = true
			_, l := sent(t, table, w, "INVITE")
			end.how(table, w)
			if _, err := l.Wait(t.Context()); fault.Of(err) != end.want {
				t.Errorf("%s: %v", name, err)
			}
			forgotten(t, table)
		})
	}
	table := newTable()
	table.Close()
	if _, err := table.Send(Outgoing{Message: &message.Message{}}, wire.New(), NewWaiter()); fault.Of(err) != fault.Unavailable {
		t.Errorf("a closed table: %v", err)
	}
}
