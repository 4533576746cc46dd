package registrar

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

func TestExpiry(t *testing.T) {
	synctest.Test(t, stored(func(t *testing.T, st *store.Store) {
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
	}))
}

func TestRestart(t *testing.T) {
	synctest.Test(t, stored(func(t *testing.T, st *store.Store) {
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
	}))
}

func TestFlowClosed(t *testing.T) {
	synctest.Test(t, stored(func(t *testing.T, st *store.Store) {
		g := newRig(t, st.Bindings, several()).start()
		defer g.Stop()
		over := func(network, flow, user string) {
			reg := ask(t, user, 1, "<sip:"+user+"@h>")
			reg.source.Network, reg.source.Flow = network, message.FlowID(flow)
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
	}))
}

// TestManyFlowsClose ends thousands of connections at once.
func TestManyFlowsClose(t *testing.T) {
	const n = 2000
	aors := make([]AOR, n)
	for i := range aors {
		aors[i] = DefaultAOR(fmt.Sprint(i))
	}
	synctest.Test(t, stored(func(t *testing.T, st *store.Store) {
		g := newRig(t, st.Bindings, aors...).start()
		defer g.Stop()
		for i := range n {
			reg := ask(t, "c", 1, "<sip:a@x.invalid>")
			reg.source.Network, reg.source.Flow = "ws", message.FlowID(fmt.Sprint(i))
			if _, _, no := g.bind(t.Context(), g.entry(aors[i].Name), reg); no != nil {
				t.Fatal(no)
			}
		}
		for i := range n {
			g.FlowClosed(message.FlowID(fmt.Sprint(i)))
		}
		// The store's writer waits for company, so time must go by; it does so when
		// nothing else is left to do.
		time.Sleep(time.Second)
		for name, bs := range g.All() {
			if len(bs) != 0 {
				t.Fatalf("%s has %v", name, bs)
			}
		}
		g.want(kept(t, st), "")
	}))
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
	synctest.Test(t, stored(func(t *testing.T, st *store.Store) {
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
		second := func(b *Binding) bool { return b.Key == "sip:b@h" }
		if err := g.remove(t.Context(), g.entry("1001"), Disconnected, second); fault.Of(err) != fault.Unavailable {
			t.Errorf("remove: %v", err)
		}
		g.want(g.bound(), "a/55")
		time.Sleep(time.Minute)
		g.want(g.bound(), "")
	}))
}

// asked is a context that says so when a deadline is derived from it.
type asked struct {
	context.Context
	deadline chan struct{}
}

func (a asked) Deadline() (time.Time, bool) {
	select {
	case a.deadline <- struct{}{}:
	default: // it has said so
	}
	return a.Context.Deadline()
}

// A REGISTER's time runs while it waits for others of its AOR: those that come to a slow disk
// one after the other are all answered within it.
func TestTimeRunsInTheQueue(t *testing.T) {
	stored(func(t *testing.T, st *store.Store) {
		l := &ledger{Store: st.Bindings}
		g := newRig(t, l, several())
		g.cfg.StoreTimeout = time.Nanosecond // which has passed when its turn comes
		g.start()
		defer g.Stop()
		e := g.entry("1001")
		ctx, refused := asked{t.Context(), make(chan struct{}, 1)}, make(chan *refusal, 1)
		e.serial.Lock()
		go func() { // ended by its refusal
			_, _, no := g.bind(ctx, e, ask(t, "c", 1, "<sip:a@h>"))
			refused <- no
		}()
		select {
		case <-ctx.deadline:
		case <-time.After(siptest.Patience):
			t.Error("its time does not run before its turn")
		}
		e.serial.Unlock()
		if no := siptest.Wait(t, refused); no == nil || no.status != 503 || len(no.headers) != 1 {
			t.Errorf("refused with %+v", no)
		}
		g.want(fmt.Sprint(l.told), "[]")
	})(t)
}

// ledger is a store that notes what it is told, and may break, before it has written or after.
type ledger struct {
	Store
	told      []string
	err, late error
}

func (l *ledger) Apply(ctx context.Context, c store.BindingChange) error {
	for _, b := range c.Put {
		l.told = append(l.told, "put "+b.UserAgent)
	}
	for _, b := range c.Refresh {
		l.told = append(l.told, "refresh "+b.Key)
	}
	if l.err != nil {
		return l.err
	}
	return errors.Join(l.Store.Apply(ctx, c), l.late)
}

// TestDoubtIsOfTheWholeAOR: a write that came late is made good by the next one of its AOR,
// whichever contact that is of.
func TestDoubtIsOfTheWholeAOR(t *testing.T) {
	synctest.Test(t, stored(func(t *testing.T, st *store.Store) {
		l := &ledger{Store: st.Bindings}
		g := newRig(t, l, several()).start()
		defer g.Stop()
		register := func(callID string, cseq uint32, agent, want string) {
			t.Helper()
			reg := ask(t, callID, cseq, "<sip:"+callID+"@h>")
			reg.userAgent = agent
			g.want(g.register(reg), want)
		}
		register("a", 1, "old", "a/3600")
		register("b", 1, "b", "a/3600 b/3600")
		l.late = fault.New(fault.Unavailable, "timed out, and yet it is on disk")
		register("a", 2, "new", "503")
		l.late, l.told = nil, nil
		register("b", 2, "b", "a/3600 b/3600")
		register("a", 3, "old", "a/3600 b/3600")
		g.want(fmt.Sprint(l.told), "[put old put b refresh sip:a@h]")
		bs, err := st.Bindings.Live(t.Context(), time.Now())
		if err != nil || len(bs) != 2 {
			t.Errorf("kept %+v, %v", bs, err)
		}
		for _, b := range bs {
			if b.UserAgent == "new" {
				t.Errorf("kept %+v", b)
			}
		}
	}))
}

// TestRefreshes: a REGISTER that changes nothing but the times writes nothing else; one that
// changes more, or comes after a write of which it is not known how it ended, writes all.
func TestRefreshes(t *testing.T) {
	synctest.Test(t, stored(func(t *testing.T, st *store.Store) {
		l := &ledger{Store: st.Bindings}
		g := newRig(t, l, several()).start()
		defer g.Stop()
		again := func(cseq uint32, agent, want string) {
			t.Helper()
			reg := ask(t, "c", cseq, "<sip:a@h>")
			reg.userAgent = agent
			l.told = nil
			g.register(reg)
			g.want(fmt.Sprint(l.told), want)
		}
		again(1, "one", "[put one]")
		again(2, "one", "[refresh sip:a@h]")
		again(3, "two", "[put two]")
		l.err = fault.New(fault.Unavailable, "it may be on disk")
		again(4, "three", "[put three]")
		l.err = nil
		again(4, "two", "[put two]")
		again(5, "two", "[refresh sip:a@h]")
		bs, err := st.Bindings.Live(t.Context(), time.Now())
		if err != nil || len(bs) != 1 || bs[0].CSeq != 5 || bs[0].UserAgent != "two" || !bs[0].Expires.Equal(time.Now().Add(time.Hour)) {
			t.Errorf("kept %+v, %v", bs, err)
		}
	}))
}

func TestEventHandlerPanics(t *testing.T) {
	synctest.Test(t, stored(func(t *testing.T, st *store.Store) {
		g := newRig(t, st.Bindings, several())
		g.cfg.OnEvent = func(Event) { panic("bug") }
		g.start()
		defer g.Stop()
		g.want(g.register(ask(t, "c", 1, "<sip:a@h>;expires=60")), "a/60")
		time.Sleep(time.Minute)
		g.want(g.bound(), "")
	}))
}

func TestOwnContactIsRefused(t *testing.T) {
	synctest.Test(t, stored(func(t *testing.T, st *store.Store) {
		g := newRig(t, st.Bindings, several())
		g.cfg.Own = func(u message.URI) bool { return u.Host == "pbx" }
		g.start()
		defer g.Stop()
		g.want(g.register(ask(t, "c", 1, "<sip:1002@pbx>")), "403")
		g.want(g.register(ask(t, "c", 2, "<sip:1002@phone>")), "1002/3600")
	}))
}

// disk is a store that does something else before it writes.
type disk struct {
	Store
	before func()
	broken atomic.Bool // Purge panics
}

func (d *disk) Purge(ctx context.Context, now time.Time, bound bool) (int64, error) {
	if d.broken.Load() {
		panic("the disk is broken")
	}
	return d.Store.Purge(ctx, now, bound)
}

func (d *disk) Apply(ctx context.Context, c store.BindingChange) error {
	d.before()
	return d.Store.Apply(ctx, c)
}

// TestFlowEndsWhileItIsWritten: nobody would look for the binding of a connection
// that ended before the binding was there.
func TestFlowEndsWhileItIsWritten(t *testing.T) {
	synctest.Test(t, stored(func(t *testing.T, st *store.Store) {
		d := &disk{Store: st.Bindings, before: func() {}}
		g := newRig(t, d, DefaultAOR("1001")).start()
		defer g.Stop()
		page := func(callID string, flow message.FlowID) *registration {
			reg := ask(t, callID, 1, "<sip:"+callID+"@x.invalid;transport=ws>")
			reg.source.Network, reg.source.Flow = "wss", flow
			return reg
		}
		d.before = func() {
			d.before = func() {}
			g.stack.end("one")
			g.FlowClosed("one")
			synctest.Wait()
		}
		g.want(g.register(page("first", "one")), "first/3600")
		g.told("added first", "removed first disconnected")
		g.want(g.register(page("reloaded", "two")), "reloaded/3600")
		g.want(kept(t, st), "sip:reloaded@x.invalid;transport=ws")
	}))
}

// TestPanicsDoNotEndTheRegistrar: what the store cannot bear costs one round.
func TestPanicsDoNotEndTheRegistrar(t *testing.T) {
	synctest.Test(t, stored(func(t *testing.T, st *store.Store) {
		d := &disk{Store: st.Bindings, before: func() {}}
		g := newRig(t, d, several()).start()
		defer g.Stop()
		reg := ask(t, "a", 1, "<sip:a@x.invalid>")
		reg.source.Flow = "one"
		g.want(g.register(reg), "a/3600")
		g.want(g.register(ask(t, "b", 1, "<sip:b@h>;expires=60", "<sip:c@h>;expires=120")), "a/3600 b/60 c/120")
		g.told("added a", "added b", "added c")
		d.before = func() { panic("the disk is broken") }
		g.stack.end("one")
		g.FlowClosed("one")
		g.told("removed a disconnected")
		d.broken.Store(true)
		time.Sleep(time.Minute)
		g.told("removed b expired")
		d.broken.Store(false)
		time.Sleep(time.Minute)
		g.told("removed c expired")
	}))
}
