package registrar

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/qualify"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stack is a SIP stack in virtual time, on which contacts answer or not.
type stack struct {
	mu    sync.Mutex
	down  map[string]bool // by user of the target
	asked map[string]int
}

func (s *stack) Request(ctx context.Context, o sip.Outbound) (*sip.Response, error) {
	s.mu.Lock()
	s.asked[o.Target.User]++
	down := s.down[o.Target.User]
	s.mu.Unlock()
	if !down {
		time.Sleep(20 * time.Millisecond) // virtual
		return new(sip.Response), nil
	}
	<-ctx.Done()
	return nil, fault.New(fault.Timeout, "no answer")
}

func (s *stack) FlowAlive(sip.FlowID) bool { return true }

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
	g := &rig{t: t, stack: &stack{down: map[string]bool{}, asked: map[string]int{}}}
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

// bubble runs a test in virtual time with a store in memory.
func bubble(t *testing.T, f func(*testing.T, *store.Store)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		st := openStore(t, store.Memory)
		defer func() {
			if err := st.Close(); err != nil {
				t.Error(err)
			}
		}()
		f(t, st)
	})
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

func TestExpiry(t *testing.T) {
	bubble(t, func(t *testing.T, st *store.Store) {
		g := newRig(t, st.Bindings, several()).start()
		defer g.Stop()
		g.want(g.register(ask(t, "a", 1, "<sip:a@h>;expires=60", "<sip:b@h>;expires=120")), "a/60 b/120")
		g.told("added a", "added b")
		time.Sleep(59 * time.Second)
		g.want(g.bound(), "a/1 b/61")
		g.want(g.register(ask(t, "a", 2, "<sip:b@h>;expires=60")), "a/1 b/60")
		time.Sleep(time.Second)
		g.want(g.bound(), "b/59") // before the registrar's own goroutine ran, too
		g.told("updated b", "removed a expired")
		g.want(kept(t, st), "sip:b@h")
		time.Sleep(time.Minute)
		g.want(g.bound(), "")
		g.told("removed b expired")
		g.want(kept(t, st), "")
		time.Sleep(24 * time.Hour)
		g.told()
		if n := g.expiry.Len(); n != 0 {
			t.Errorf("%d deadlines are left", n)
		}
	})
}

func TestRestart(t *testing.T) {
	bubble(t, func(t *testing.T, st *store.Store) {
		other := DefaultAOR("gone")
		g := newRig(t, st.Bindings, several(), other).start()
		g.want(g.register(ask(t, "a", 7, "<sip:a@h>;q=0.5", "<sip:b@h>;expires=60")), "b/60 a/3600")
		ws := ask(t, "w", 1, "<sip:w@x.invalid;transport=ws>")
		ws.source.Network, ws.source.Flow = "ws", "ws 1"
		g.want(g.register(ws), "b/60 w/3600 a/3600")
		if _, _, no := g.bind(t.Context(), g.entry("gone"), ask(t, "x", 1, "<sip:x@h>")); no != nil {
			t.Fatal(no)
		}
		before := g.Lookup("1001")[2]
		g.Stop()
		g.want(g.register(ask(t, "a", 8, "<sip:a@h>")), "503")
		time.Sleep(90 * time.Second)

		g = newRig(t, st.Bindings, several()).start()
		defer g.Stop()
		g.want(g.bound(), "a/3510") // b expired meanwhile, w's connection is no more
		if after := g.Lookup("1001")[0]; fmt.Sprint(after) != fmt.Sprint(before) {
			t.Errorf("read back\n%v, was\n%v", after, before)
		}
		g.want(kept(t, st), "sip:a@h")
		g.want(g.register(ask(t, "a", 7, "<sip:a@h>")), "500") // the order outlives it
		time.Sleep(time.Hour)
		g.told("removed a expired")
	})
}

func TestFlowClosed(t *testing.T) {
	bubble(t, func(t *testing.T, st *store.Store) {
		g := newRig(t, st.Bindings, several()).start()
		defer g.Stop()
		over := func(network, flow, user string) {
			reg := ask(t, user, 1, "<sip:"+user+"@h>")
			reg.source.Network, reg.source.Flow = network, sip.FlowID(flow)
			if _, _, no := g.bind(t.Context(), g.entry("1001"), reg); no != nil {
				t.Fatal(no)
			}
		}
		over("ws", "1", "browser")
		over("wss", "2", "other")
		over("tcp", "1", "phone") // can be called back
		g.told("added browser", "added other", "added phone")
		g.FlowClosed("1")
		g.FlowClosed("unknown")
		g.told("removed browser disconnected")
		g.want(g.bound(), "other/3600 phone/3600")
		g.want(kept(t, st), "sip:other@h sip:phone@h")
	})
}

// TestManyFlowsClose ends thousands of connections at once.
func TestManyFlowsClose(t *testing.T) {
	const n = 2000
	aors := make([]AOR, n)
	for i := range aors {
		aors[i] = DefaultAOR(fmt.Sprint(i))
	}
	bubble(t, func(t *testing.T, st *store.Store) {
		g := newRig(t, st.Bindings, aors...).start()
		defer g.Stop()
		for i := range n {
			reg := ask(t, "c", 1, "<sip:a@x.invalid>")
			reg.source.Network, reg.source.Flow = "ws", sip.FlowID(fmt.Sprint(i))
			if _, _, no := g.bind(t.Context(), g.entry(aors[i].Name), reg); no != nil {
				t.Fatal(no)
			}
		}
		for i := range n {
			g.FlowClosed(sip.FlowID(fmt.Sprint(i)))
		}
		synctest.Wait()
		for name, bs := range g.All() {
			if len(bs) != 0 {
				t.Fatalf("%s has %v", name, bs)
			}
		}
		g.want(kept(t, st), "")
	})
}

func TestDelete(t *testing.T) {
	bubble(t, func(t *testing.T, st *store.Store) {
		g := newRig(t, st.Bindings, several(func(a *AOR) { a.Contacts = uris(t, "sip:s@h") })).start()
		defer g.Stop()
		g.register(ask(t, "c", 1, "<sip:a@h>", "<sip:b@h>", "<sip:c@h>"))
		for _, tt := range []struct {
			aor, key, want string
			kind           fault.Kind
		}{
			{"1001", "sip:b@h", "s/static a/3600 c/3600", 0},
			{"1001", "sip:b@h", "s/static a/3600 c/3600", fault.NotFound},
			{"1002", "", "s/static a/3600 c/3600", fault.NotFound},
			{"1001", "", "s/static", 0},
			{"1001", "", "s/static", fault.NotFound},
		} {
			if err := g.Delete(t.Context(), tt.aor, tt.key); fault.Of(err) != tt.kind || (err == nil) != (tt.kind == 0) {
				t.Errorf("Delete(%q, %q): %v", tt.aor, tt.key, err)
			}
			g.want(g.bound(), tt.want)
		}
		g.told("added s", "added a", "added b", "added c", "removed b deleted", "removed a deleted", "removed c deleted")
	})
}

func uris(t testing.TB, texts ...string) (out []sip.URI) {
	t.Helper()
	for _, s := range texts {
		u, err := sip.ParseURI(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, u)
	}
	return out
}

func TestReconfigure(t *testing.T) {
	bubble(t, func(t *testing.T, st *store.Store) {
		aor := several(func(a *AOR) { a.Contacts = uris(t, "sip:s@h", "sip:u@h") })
		g := newRig(t, st.Bindings, aor).start()
		defer g.Stop()
		g.register(ask(t, "c", 1, "<sip:a@h>"))
		g.want(g.bound(), "s/static u/static a/3600")
		g.mu.Lock()
		g.events = nil
		g.mu.Unlock()

		aor.Contacts = uris(t, "sip:u@h", "sip:v@h")
		if err := g.Configure(t.Context(), []AOR{aor, DefaultAOR("1002")}); err != nil {
			t.Fatal(err)
		}
		g.want(g.bound(), "u/static v/static a/3600")
		g.told("removed s unconfigured", "added v")

		for _, bad := range [][]AOR{{aor, aor}, {{}}} {
			if err := g.Configure(t.Context(), bad); fault.Of(err) != fault.Invalid {
				t.Errorf("%v: %v", bad, err)
			}
		}
		g.want(g.bound(), "u/static v/static a/3600")
		if aor, ok := g.Settings("1001"); !ok || aor.MaxContacts != 5 {
			t.Errorf("settings %v, %v", aor, ok)
		}

		e := g.entry("1001")
		if err := g.Configure(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		g.told("removed u unconfigured", "removed v unconfigured", "removed a unconfigured")
		if bs, ok := g.All()["1001"]; ok || g.Lookup("1001") != nil {
			t.Errorf("bindings left: %v", bs)
		}
		if _, ok := g.Settings("1001"); ok {
			t.Error("settings are left")
		}
		if _, _, no := g.bind(t.Context(), e, ask(t, "c", 2, "<sip:a@h>")); no == nil || no.status != 404 {
			t.Errorf("a REGISTER that was under way: %+v", no)
		}
		g.want(kept(t, st), "")
	})
}

func TestQualify(t *testing.T) {
	asked := func(a *AOR) { a.QualifyFrequency, a.QualifyTimeout = time.Minute, 3*time.Second }
	bubble(t, func(t *testing.T, st *store.Store) {
		aor := several(asked, func(a *AOR) { a.Contacts = uris(t, "sip:s@h") })
		g := newRig(t, st.Bindings, aor)
		g.stack.set("s", true)
		g.start()
		g.register(ask(t, "c", 1, "<sip:a@h>"))
		if b := g.Lookup("1001")[1]; b.Status != qualify.Unknown {
			t.Errorf("before any answer: %v", b.Status)
		}
		time.Sleep(5 * time.Second)
		g.toldInAnyOrder("added s", "added a", "probed a Unknown>Avail", "probed s Unknown>Unavail")
		b := g.Lookup("1001")[1]
		if b.RTT != 20*time.Millisecond || b.Qualified.IsZero() {
			t.Errorf("measured %v at %v", b.RTT, b.Qualified)
		}
		g.stack.set("a", true)
		g.stack.set("s", false)
		time.Sleep(70 * time.Second)
		g.toldInAnyOrder("probed s Unavail>Avail", "probed a Avail>Unavail")
		g.register(ask(t, "c", 2, "<sip:a@h>"))
		if b := g.Lookup("1001")[1]; b.Status != qualify.Unavail || b.RTT != 0 {
			t.Errorf("a refresh made it %v, %v", b.Status, b.RTT)
		}
		g.register(ask(t, "c", 3, "<sip:a@h>;expires=0"))
		aor.QualifyFrequency = 0
		if err := g.Configure(t.Context(), []AOR{aor}); err != nil {
			t.Fatal(err)
		}
		if n := g.qualifier.Watched(); n != 0 {
			t.Errorf("%d are still asked", n)
		}
		g.toldInAnyOrder("updated a", "removed a unregistered")
		if b := g.Lookup("1001")[0]; b.Status != qualify.NonQual {
			t.Errorf("not asked any more: %v", b.Status)
		}
		asked(&aor)
		if err := g.Configure(t.Context(), []AOR{aor}); err != nil {
			t.Fatal(err)
		}
		g.register(ask(t, "d", 1, "<sip:a@h>"))
		time.Sleep(5 * time.Second)
		g.toldInAnyOrder("probed s Unknown>Avail", "added a", "probed a Unknown>Unavail")
		g.Stop()

		// After a restart they are asked again.
		g = newRig(t, st.Bindings, aor)
		g.start()
		defer g.Stop()
		time.Sleep(2 * time.Second)
		g.toldInAnyOrder("added s", "probed s Unknown>Avail", "probed a Unknown>Avail")
	})
}

// broken is a store whose disk is full, or slow.
type broken struct {
	Store
	err  error
	wait bool
}

func (b *broken) Apply(ctx context.Context, c store.BindingChange) error {
	if b.wait {
		<-ctx.Done()
		return ctx.Err()
	}
	if b.err != nil {
		return b.err
	}
	return b.Store.Apply(ctx, c)
}

func TestStoreFails(t *testing.T) {
	bubble(t, func(t *testing.T, st *store.Store) {
		b := &broken{Store: st.Bindings}
		g := newRig(t, b, several()).start()
		defer g.Stop()
		g.want(g.register(ask(t, "c", 1, "<sip:a@h>;expires=60")), "a/60")
		b.err = fault.New(fault.Unavailable, "disk full")
		g.want(g.register(ask(t, "c", 2, "<sip:b@h>")), "503")
		g.want(g.register(ask(t, "c", 2, "*")), "503")
		b.err = errors.New("bug")
		g.want(g.register(ask(t, "c", 2, "<sip:b@h>")), "500")
		b.wait = true
		began := time.Now()
		g.want(g.register(ask(t, "c", 2, "<sip:b@h>")), "503")
		if d := time.Since(began); d != 5*time.Second {
			t.Errorf("waited %v for the disk", d)
		}
		g.want(g.bound(), "a/55")
		b.wait, b.err = false, nil
		g.want(g.register(ask(t, "c", 2, "<sip:b@h>")), "a/55 b/3600")
		b.err = fault.New(fault.Unavailable, "disk full")
		if err := g.Delete(t.Context(), "1001", "sip:b@h"); fault.Of(err) != fault.Unavailable {
			t.Errorf("Delete: %v", err)
		}
		g.want(g.bound(), "a/55")
		time.Sleep(time.Minute)
		g.want(g.bound(), "")
	})
}

func TestEventHandlerPanics(t *testing.T) {
	bubble(t, func(t *testing.T, st *store.Store) {
		g := newRig(t, st.Bindings, several())
		g.cfg.OnEvent = func(Event) { panic("bug") }
		g.start()
		defer g.Stop()
		g.want(g.register(ask(t, "c", 1, "<sip:a@h>;expires=60")), "a/60")
		time.Sleep(time.Minute)
		g.want(g.bound(), "")
	})
}

func TestOwnContactIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T, st *store.Store) {
		g := newRig(t, st.Bindings, several())
		g.cfg.Own = func(u sip.URI) bool { return u.Host == "pbx" }
		g.start()
		defer g.Stop()
		g.want(g.register(ask(t, "c", 1, "<sip:1002@pbx>")), "403")
		g.want(g.register(ask(t, "c", 2, "<sip:1002@phone>")), "1002/3600")
	})
}

// TestConcurrentRegisters has many phones at one AOR and readers beside them.
func TestConcurrentRegisters(t *testing.T) {
	st := openStore(t, filepath.Join(t.TempDir(), "db"))
	defer func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	}()
	g := newRig(t, st.Bindings, several(func(a *AOR) { a.MaxContacts = 50 })).start()
	defer g.Stop()
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			for n := range uint32(10) {
				reg := ask(t, fmt.Sprint(i), n+1, fmt.Sprintf("<sip:p%d@h>", i))
				if _, _, no := g.bind(t.Context(), g.entry("1001"), reg); no != nil {
					t.Errorf("%+v", no)
				}
				g.Lookup("1001")
			}
		})
	}
	wg.Wait()
	if n := len(g.Lookup("1001")); n != 50 {
		t.Errorf("%d bindings", n)
	}
	bs, err := st.Bindings.Live(t.Context(), time.Now())
	if err != nil || len(bs) != 50 {
		t.Errorf("%d on disk, %v", len(bs), err)
	}
	for _, b := range bs {
		if b.CSeq != 10 {
			t.Errorf("%s is at %d on disk", b.Key, b.CSeq)
		}
	}
}

func BenchmarkRegister(b *testing.B) {
	for _, phones := range []int{1, 256} {
		b.Run(fmt.Sprintf("phones=%d", phones), func(b *testing.B) {
			const n = 10000
			st := openStore(b, filepath.Join(b.TempDir(), "db"))
			aors := make([]AOR, n)
			for i := range aors {
				aors[i] = DefaultAOR(fmt.Sprint(i))
			}
			r, err := New(Default(), &stack{}, st.Bindings, slog.New(slog.DiscardHandler))
			if err != nil {
				b.Fatal(err)
			}
			if err := errors.Join(r.Configure(b.Context(), aors), r.Start(b.Context())); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			b.SetParallelism(max(1, phones/2))
			var mu sync.Mutex
			cseq := uint32(0)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					mu.Lock()
					cseq++
					i := cseq
					mu.Unlock()
					reg := ask(b, "call@host", i, "<sip:phone@192.0.2.1:5060>")
					if _, _, no := r.bind(context.Background(), r.entry(aors[i%n].Name), reg); no != nil {
						b.Fatalf("%+v", no)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "registrations/s")
			r.Stop()
			if err := st.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
