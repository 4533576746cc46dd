package registrar

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

const phoneID = "<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>"

// TestOutbound: who may make flows of its own (RFC 5626 §6), and what it is told.
func TestOutbound(t *testing.T) {
	p := servePBX(t, func(a *AOR, _ *digest.Config) { a.SupportPath = a.Name == "1001" })
	const contact = `Contact: <sip:1001@10.0.0.1>;+sip.instance="` + phoneID + `";reg-id=1`
	const proxy = "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKproxy"
	for _, c := range []struct {
		name   string
		user   string
		lines  []string
		status int
		header string // one of the answer, with its value; "-" before it wants none
	}{
		{"asked for", "1001", []string{contact, "Supported: outbound"}, 200, "Require: outbound"},
		{"the timer", "1001", []string{contact, "Supported: outbound"}, 200, "Flow-Timer: 120"},
		{"required", "1001", []string{contact, "Require: outbound"}, 200, "Require: outbound"},
		{"not known to the phone", "1001", []string{contact}, 200, "-Require"},
		{"no reg-id", "1001", []string{strings.TrimSuffix(contact, ";reg-id=1"), "Supported: outbound"}, 200, "-Require"},
		{"two contacts", "1001", []string{contact + ", <sip:1001@10.0.0.2>", "Supported: outbound"}, 400, ""},
		{"through who keeps no flow", "1001", []string{proxy, contact, "Supported: outbound, path"}, 439, ""},
		{"through who says nothing of it", "1001", []string{proxy, "Path: <sip:192.0.2.9;lr>", contact, "Supported: outbound, path"}, 439, ""},
		{"through an edge", "1001", []string{proxy, "Path: <sip:core@192.0.2.8;lr>, <sip:flow@192.0.2.9;lr;ob>", contact, "Supported: outbound, path"}, 200, "Require: outbound"},
		{"the edge's timer", "1001", []string{proxy, "Path: <sip:flow@192.0.2.9;lr;ob>", contact, "Supported: outbound, path"}, 200, "-Flow-Timer"},
		{"path required", "1001", []string{contact, "Require: path"}, 200, ""},
		{"path required, and not kept", "1002", []string{"Contact: <sip:1002@10.0.0.1>", "Require: path"}, 420, "Unsupported: path"},
		{"something else required", "1002", []string{"Contact: <sip:1002@10.0.0.1>", "Require: magic"}, 420, "Unsupported: magic"},
	} {
		w := p.phone(t, "udp", c.user, "secret")
		m := w.register(c.user, c.lines...)
		if m.Status() != c.status {
			t.Errorf("%s: %s, want %d", c.name, m.Start, c.status)
		}
		name, value, _ := strings.Cut(c.header, ": ")
		if got := m.Header(strings.TrimPrefix(name, "-")); name != "" && got != value {
			t.Errorf("%s: %s is %q", c.name, name, got)
		}
	}
}

// TestGRUUs: a phone that wants them is told its own (RFC 5627 §5), which lead to it for as
// long as it is registered; a temporary one until it registers anew.
func TestGRUUs(t *testing.T) {
	p := servePBX(t, nil)
	maker := p.registrar.cfg.GRUU
	const contact = `Contact: <sip:1001@10.0.0.1>;+sip.instance="` + phoneID + `"`
	w := p.phone(t, "udp", "1001", "secret")
	if m := w.register("1001", contact); strings.Contains(m.Header("Contact"), "gruu") {
		t.Errorf("not asked for: %s", m.Header("Contact"))
	}
	m := w.register("1001", contact, "Supported: gruu")
	a, err := message.ParseAddress(m.Header("Contact"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := a.Params.Value("pub-gruu"), "sip:1001@127.0.0.1;gr="+strings.Trim(phoneID, "<>"); got != want {
		t.Errorf("public %s, want %s", got, want)
	}
	found := func(param string) (Binding, bool) {
		t.Helper()
		u, err := message.ParseURI(a.Params.Value(param))
		if err != nil {
			t.Fatal(err)
		}
		ref, ok := maker.Read(u)
		if !ok || ref.AOR != "1001" || ref.Instance != phoneID {
			t.Errorf("%s %s: %+v, %v", param, u, ref, ok)
		}
		return p.registrar.Instance(ref)
	}
	for _, param := range []string{"pub-gruu", "temp-gruu"} {
		if b, ok := found(param); !ok || b.Contact.URI.Host != "10.0.0.1" {
			t.Errorf("%s leads to %v, %v", param, b.Contact, ok)
		}
	}
	again := p.phone(t, "udp", "1001", "secret") // restarted: another Call-ID
	again.register("1001", contact)
	if _, ok := found("pub-gruu"); !ok {
		t.Error("the public one is gone")
	}
	if _, ok := found("temp-gruu"); ok {
		t.Error("the temporary one outlives its registration")
	}
}

// TestMovedPhone: where a phone behind a NAT comes from another address, its binding is
// replaced, and whoever is told hears which flow was its own.
func TestMovedPhone(t *testing.T) {
	for name, c := range map[string]struct {
		lines, moved []string
		one          bool
	}{
		"instance":          {[]string{`Contact: <sip:1001@10.0.0.1>;+sip.instance="` + phoneID + `"`}, []string{`Contact: <sip:1001@172.16.0.1:5066>;+sip.instance="` + phoneID + `"`, "Call-ID: new"}, true},
		"Call-ID":           {[]string{"Contact: <sip:1001@10.0.0.1>"}, []string{"Contact: <sip:1001@172.16.0.1:5066>"}, true},
		"another phone":     {[]string{"Contact: <sip:1001@10.0.0.1>"}, []string{"Contact: <sip:1001@172.16.0.1:5066>", "Call-ID: new"}, false},
		"another instance":  {[]string{`Contact: <sip:1001@10.0.0.1>;+sip.instance="` + phoneID + `"`}, []string{`Contact: <sip:1001@10.0.0.1:5066>;+sip.instance="<urn:2>"`}, false},
		"another user part": {[]string{"Contact: <sip:1001@10.0.0.1>"}, []string{"Contact: <sip:line2@172.16.0.1:5066>"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := servePBX(t, nil)
			w := p.phone(t, "udp", "1001", "secret")
			w.register("1001", c.lines...)
			was := p.wait(t, Added).Binding.Flow
			moved := p.phone(t, "udp", "1001", "secret")
			moved.callID, moved.cseq = w.callID, w.cseq+1
			for _, l := range c.moved {
				if id, ok := strings.CutPrefix(l, "Call-ID: "); ok {
					moved.callID = id
				}
			}
			moved.register("1001", c.moved[0])
			if n := len(p.registrar.Lookup("1001")); (n == 1) != c.one {
				t.Errorf("%d bindings", n)
			}
			if c.one {
				if e := p.wait(t, Updated); e.Was != was || e.Binding.Flow == was {
					t.Errorf("was %q, is %q; want %q before", e.Was, e.Binding.Flow, was)
				}
			}
		})
	}
}

// TestComesBack: a phone whose connection took its binding along is known again.
func TestComesBack(t *testing.T) {
	p := servePBX(t, nil)
	const contact = `Contact: <sip:1001@10.0.0.1;transport=tcp>;+sip.instance="` + phoneID + `";reg-id=1`
	w := p.phone(t, "tcp", "1001", "secret")
	w.register("1001", contact, "Supported: outbound")
	was := p.wait(t, Added).Binding.Flow
	w.Close()
	if e := p.wait(t, Removed); e.Reason != Disconnected {
		t.Fatalf("%+v", e)
	}
	again := p.phone(t, "tcp", "1001", "secret")
	again.register("1001", contact, "Supported: outbound")
	if e := p.wait(t, Added); e.Was != was || e.Binding.Flow == was {
		t.Errorf("was %q, is %q; want %q before", e.Was, e.Binding.Flow, was)
	}
}

// TestKeepAlive: phones behind a NAT get an empty packet every so often, others none.
func TestKeepAlive(t *testing.T) {
	synctest.Test(t, stored(func(t *testing.T, st *store.Store) {
		pinged := map[message.FlowID]int{}
		g := newRig(t, st.Bindings, several(func(a *AOR) { a.RewriteContact = true }))
		g.cfg.KeepAlive = 16 * time.Second
		g.cfg.Ping = func(id message.FlowID) { pinged[id]++ }
		g.start()
		behind := ask(t, "a", 1, "<sip:a@10.0.0.1>")
		g.register(behind)
		open := ask(t, "b", 1, "<sip:b@198.51.100.7:4321>")
		open.source.Flow = "udp open"
		g.register(open)
		time.Sleep(80 * time.Second)
		g.Stop()
		if pinged[behind.source.Flow] != 5 || len(pinged) != 1 {
			t.Errorf("pinged %v", pinged)
		}
	}))
}
