package registrar

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/qualify"
)

func uris(t testing.TB, texts ...string) (out []message.URI) {
	t.Helper()
	for _, s := range texts {
		u, err := message.ParseURI(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, u)
	}
	return out
}

func TestReconfigure(t *testing.T) {
	synctest.Test(t, stored(func(t *testing.T, st *store.Store) {
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
		if aor := g.entry("1001").settings(); aor.MaxContacts != 5 {
			t.Errorf("settings %v", aor)
		}

		e := g.entry("1001")
		if err := g.Configure(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		g.told("removed u unconfigured", "removed v unconfigured", "removed a unconfigured")
		if bs, ok := g.All()["1001"]; ok || g.Lookup("1001") != nil {
			t.Errorf("bindings left: %v", bs)
		}
		if _, _, no := g.bind(t.Context(), e, ask(t, "c", 2, "<sip:a@h>")); no == nil || no.status != 404 {
			t.Errorf("a REGISTER that was under way: %+v", no)
		}
		g.want(kept(t, st), "")
	}))
}

func TestQualify(t *testing.T) {
	asked := func(a *AOR) { a.QualifyFrequency, a.QualifyTimeout = time.Minute, 3*time.Second }
	synctest.Test(t, stored(func(t *testing.T, st *store.Store) {
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
		if b.RTT != 20*time.Millisecond || b.Qualified.IsZero() || b.Trouble != nil {
			t.Errorf("measured %v at %v", b.RTT, b.Qualified)
		}
		g.stack.set("a", true)
		g.stack.set("s", false)
		time.Sleep(70 * time.Second)
		g.toldInAnyOrder("probed s Unavail>Avail", "probed a Avail>Unavail")
		g.register(ask(t, "c", 2, "<sip:a@h>"))
		if b := g.Lookup("1001")[1]; b.Status != qualify.Unavail || b.RTT != 0 || b.Trouble == nil {
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
	}))
}
