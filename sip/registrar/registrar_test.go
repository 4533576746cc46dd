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
		synctest.Wait()
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
