package registrar

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stack is a SIP stack in virtual time, on which contacts answer or not.
type stack struct {
	mu    sync.Mutex
	down  map[string]bool // by user of the target
	asked map[string]int
	ended map[message.FlowID]bool
}

func (s *stack) Request(ctx context.Context, o sip.Outbound) (*message.Response, error) {
	s.mu.Lock()
	s.asked[o.Target.User]++
	down := s.down[o.Target.User]
	s.mu.Unlock()
	if !down {
		<-time.After(20 * time.Millisecond)
		return message.NewResponse(&message.Parsed{}, message.Source{}), nil
	}
	<-ctx.Done()
	return nil, fault.New(fault.Timeout, "no answer")
}

func (s *stack) FlowAlive(id message.FlowID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.ended[id]
}

// end ends a connection.
func (s *stack) end(id message.FlowID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended[id] = true
}

func (s *stack) set(user string, down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down[user] = down
}

// rig is a registrar over a real store, in virtual time, with what it told.
type rig struct {
	*Registrar
	t      *testing.T
	stack  *stack
	mu     sync.Mutex
	events []string
}

func openStore(t testing.TB, path string) *store.Store {
	t.Helper()
	cfg := store.Default()
	cfg.Path = path
	s, err := store.Open(context.Background(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newRig(t *testing.T, st Store, aors ...AOR) *rig {
	t.Helper()
	g := &rig{t: t, stack: &stack{down: map[string]bool{}, asked: map[string]int{}, ended: map[message.FlowID]bool{}}}
	cfg := Default()
	cfg.OnEvent = func(e Event) {
		g.mu.Lock()
		defer g.mu.Unlock()
		text := fmt.Sprint(e.Kind, " ", e.Binding.Contact.URI.User)
		switch e.Kind {
		case Removed:
			text += " " + string(e.Reason)
		case Probed:
			text += fmt.Sprint(" ", e.Before, ">", e.Binding.Status)
		}
		g.events = append(g.events, text)
	}
	var err error
	if g.Registrar, err = New(cfg, g.stack, st, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	if err := g.Configure(t.Context(), aors); err != nil {
		t.Fatal(err)
	}
	return g
}

func (g *rig) start() *rig {
	g.t.Helper()
	if err := g.Start(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
	return g
}

// register binds and tells the bindings, or the refusal's status.
func (g *rig) register(reg *registration) string {
	g.t.Helper()
	p, now, no := g.bind(g.t.Context(), g.entry("1001"), reg)
	if no != nil {
		return fmt.Sprint(no.status)
	}
	return show(p.next, now)
}

func (g *rig) want(got, want string) {
	g.t.Helper()
	if got != want {
		g.t.Errorf("got %q, want %q", got, want)
	}
}

// bound is what Lookup gives.
func (g *rig) bound() string { return show(g.Lookup("1001"), time.Now()) }

func (g *rig) told(want ...string) {
	g.t.Helper()
	synctest.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	if !slices.Equal(g.events, want) {
		g.t.Errorf("told\n%s, want\n%s", strings.Join(g.events, "\n"), strings.Join(want, "\n"))
	}
	g.events = nil
}

// toldInAnyOrder is told where the jitter of probes decides the order.
func (g *rig) toldInAnyOrder(want ...string) {
	g.t.Helper()
	synctest.Wait()
	g.mu.Lock()
	slices.Sort(g.events)
	g.mu.Unlock()
	slices.Sort(want)
	g.told(want...)
}

func several(change ...func(*AOR)) AOR {
	aor := DefaultAOR("1001")
	aor.MaxContacts = 5
	for _, f := range change {
		f(&aor)
	}
	return aor
}

// stored gives a test, in its bubble of virtual time, a store in memory.
func stored(f func(*testing.T, *store.Store)) func(*testing.T) {
	return func(t *testing.T) {
		t.Helper()
		st := openStore(t, store.Memory)
		defer func() {
			if err := st.Close(); err != nil {
				t.Error(err)
			}
		}()
		f(t, st)
	}
}

// kept is what a restart would find.
func kept(t *testing.T, st *store.Store) (out string) {
	t.Helper()
	bs, err := st.Bindings.Live(t.Context(), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bs {
		out += b.Key + " "
	}
	return strings.TrimSpace(out)
}
