package registrar

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/qualify"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// ask makes a registration of contacts as they stand in a Contact header; "*"
// removes all.
func ask(t testing.TB, callID string, cseq uint32, contacts ...string) *registration {
	t.Helper()
	reg := &registration{
		callID: callID, cseq: cseq, userAgent: "phone",
		source: message.Source{Network: "udp", Remote: netip.MustParseAddrPort("198.51.100.7:4321"), Flow: "udp a b"},
	}
	for _, text := range contacts {
		if text == "*" {
			reg.removeAll = true
			continue
		}
		a, err := message.ParseAddress(text)
		if err != nil {
			t.Fatal(err)
		}
		w, no := readContact(a, time.Hour)
		if no != nil {
			t.Fatalf("%s: %+v", text, no)
		}
		reg.contacts = append(reg.contacts, w)
	}
	return reg
}

// show prints bindings as "user q expires", for tables.
func show(bs []Binding, now time.Time) string {
	var out []string
	for _, b := range bs {
		s := b.Contact.URI.User
		if b.Static {
			out = append(out, s+"/static")
			continue
		}
		out = append(out, fmt.Sprintf("%s/%d", s, b.remaining(now)))
	}
	return strings.Join(out, " ")
}

func TestDecide(t *testing.T) {
	type step struct {
		after    time.Duration
		callID   string
		cseq     uint32
		contacts []string
		want     string // the bindings, or the status of a refusal
		removed  string
	}
	few := func(a *AOR) { a.MaxContacts = 2 }
	for _, tt := range []struct {
		name  string
		aor   func(*AOR)
		start []Binding
		steps []step
	}{
		{"register, refresh, remove", few, nil, []step{
			{0, "c", 1, []string{"<sip:a@h>"}, "a/3600", ""},
			{time.Minute, "c", 2, []string{"<sip:a@h>;expires=120"}, "a/120", ""},
			{time.Second, "c", 3, []string{"<sip:a@h>;expires=0"}, "", "a/119"},
			{0, "c", 4, []string{"<sip:a@h>;expires=0"}, "", ""},
		}},
		{"several contacts in order of q, then of age", func(a *AOR) { a.MaxContacts = 5 }, nil, []step{
			{0, "c", 1, []string{"<sip:a@h>;q=0.1", "<sip:b@h>;q=0.9", "<sip:c@h>;q=junk"}, "c/3600 b/3600 a/3600", ""},
			{time.Second, "d", 1, []string{"<sip:d@h>"}, "c/3599 d/3600 b/3599 a/3599", ""},
		}},
		{"expirations", few, nil, []step{
			{0, "c", 1, []string{"<sip:a@h>;expires=59"}, "423", ""},
			{0, "c", 1, []string{"<sip:a@h>;expires=60"}, "a/60", ""},
			{0, "c", 2, []string{"<sip:a@h>;expires=7201"}, "a/7200", ""},
			{0, "c", 3, []string{"<sip:a@h>;expires=99999999999999999999"}, "a/3600", ""},
			{0, "c", 4, []string{"<sip:a@h>;expires=18446744073709551615"}, "a/7200", ""},
			{0, "c", 5, []string{"<sip:a@h>;expires=soon"}, "a/3600", ""},
		}},
		{"all or nothing", few, nil, []step{
			{0, "c", 1, []string{"<sip:a@h>"}, "a/3600", ""},
			{0, "c", 2, []string{"<sip:a@h>;expires=0", "<sip:b@h>;expires=1"}, "423", ""},
			{0, "c", 3, []string{"<sip:a@h>"}, "a/3600", ""},
		}},
		{"order of CSeq is held for each binding by Call-ID", few, nil, []step{
			{0, "c", 5, []string{"<sip:a@h>"}, "a/3600", ""},
			{0, "c", 5, []string{"<sip:a@h>;expires=0"}, "500", ""},
			{0, "c", 4, []string{"<sip:a@h>"}, "500", ""},
			{0, "c", 5, []string{"*"}, "500", ""},
			{0, "d", 1, []string{"<sip:a@h>;expires=100"}, "a/100", ""},
			{0, "c", 1, []string{"<sip:b@h>"}, "a/100 b/3600", ""},
		}},
		{"star", few, nil, []step{
			{0, "c", 1, []string{"<sip:a@h>", "<sip:b@h>"}, "a/3600 b/3600", ""},
			{0, "d", 1, []string{"*"}, "", "a/3600 b/3600"},
			{0, "d", 2, []string{"*"}, "", ""},
		}},
		{"max_contacts refuses", few, nil, []step{
			{0, "c", 1, []string{"<sip:a@h>", "<sip:b@h>", "<sip:c@h>"}, "403", ""},
			{0, "c", 2, []string{"<sip:a@h>", "<sip:b@h>"}, "a/3600 b/3600", ""},
			{0, "d", 1, []string{"<sip:c@h>"}, "403", ""},
			{0, "d", 2, []string{"<sip:b@h>;expires=0", "<sip:c@h>"}, "a/3600 c/3600", "b/3600"},
			{0, "d", 3, []string{"<sip:a@h>;expires=90"}, "a/90 c/3600", ""},
		}},
		{"none may register", func(a *AOR) { a.MaxContacts = 0 }, nil, []step{
			{0, "c", 1, []string{"<sip:a@h>"}, "403", ""},
			{0, "c", 2, []string{"<sip:a@h>;expires=0"}, "", ""},
		}},
		{"remove_existing removes what expires soonest", func(a *AOR) { a.MaxContacts, a.RemoveExisting = 2, true }, nil, []step{
			{0, "c", 1, []string{"<sip:a@h>;expires=300", "<sip:b@h>;expires=200"}, "a/300 b/200", ""},
			{0, "d", 1, []string{"<sip:c@h>;expires=100"}, "a/300 c/100", "b/200"},
			{0, "e", 1, []string{"<sip:d@h>", "<sip:e@h>"}, "d/3600 e/3600", "c/100 a/300"},
			{0, "f", 1, []string{"<sip:f@h>", "<sip:g@h>", "<sip:h@h>"}, "403", ""},
		}},
		{"remove_unavailable removes those alone", func(a *AOR) { a.MaxContacts, a.RemoveUnavailable = 2, true },
			[]Binding{{Key: "up", Q: 1000, Status: qualify.Avail}, {Key: "down", Q: 1000, Status: qualify.Unavail}}, []step{
				{0, "c", 1, []string{"<sip:a@h>", "<sip:b@h>"}, "403", ""},
				{0, "c", 2, []string{"<sip:a@h>"}, "up/60 a/3600", "down/60"},
				{0, "c", 3, []string{"<sip:b@h>"}, "403", ""},
			}},
		{"remove_unavailable before remove_existing", func(a *AOR) { a.MaxContacts, a.RemoveUnavailable, a.RemoveExisting = 2, true, true },
			[]Binding{{Key: "up", Q: 1000, Status: qualify.Avail}, {Key: "down", Q: 1000, Status: qualify.Unavail, Expires: noon.Add(time.Hour)}}, []step{
				{0, "c", 1, []string{"<sip:a@h>"}, "up/60 a/3600", "down/3600"},
				{0, "c", 2, []string{"<sip:b@h>"}, "a/3600 b/3600", "up/60"},
			}},
		{"what has expired counts no more", func(a *AOR) { a.MaxContacts = 1 }, nil, []step{
			{0, "c", 9, []string{"<sip:a@h>;expires=60"}, "a/60", ""},
			{60 * time.Second, "c", 1, []string{"<sip:b@h>"}, "b/3600", ""},
		}},
		{"permanent contacts stay and do not count", func(a *AOR) { a.MaxContacts, a.RemoveExisting = 1, true },
			[]Binding{{Key: "sip:s@h", Static: true, Q: 1000}}, []step{
				{0, "c", 1, []string{"<sip:s@h>;expires=100"}, "s/static s/100", ""},
				{0, "c", 2, []string{"<sip:a@h>"}, "s/static a/3600", "s/100"},
				{0, "c", 3, []string{"*"}, "s/static", "a/3600"},
			}},
		{"URIs are compared as RFC 3261 has it", few, nil, []step{
			{0, "c", 1, []string{"<sip:a@HOST;transport=udp;x=1>"}, "a/3600", ""},
			{0, "c", 2, []string{"<sip:a@host;Transport=UDP>;expires=100"}, "a/100", ""},
			{0, "c", 3, []string{"<sip:A@host;transport=udp>"}, "A/3600 a/100", ""},
		}},
		{"the same contact twice", few, nil, []step{
			{0, "c", 1, []string{"<sip:a@h>;expires=100", "<sip:a@h>;expires=200"}, "a/200", ""},
			{0, "c", 2, []string{"<sip:a@h>;expires=100", "<sip:a@h>;expires=0"}, "", "a/100"},
		}},
		{"an instance with reg-id is one binding, wherever it is", few, nil, []step{
			{0, "c", 1, []string{`<sip:a@h1>;+sip.instance="<urn:1>";reg-id=1`}, "a/3600", ""},
			{0, "d", 1, []string{`<sip:b@h2>;+sip.instance="<urn:1>";reg-id=1`}, "b/3600", ""},
			{0, "e", 1, []string{`<sip:c@h3>;+sip.instance="<urn:1>";reg-id=2`}, "b/3600 c/3600", ""},
			{0, "f", 1, []string{`<sip:b@h2>`}, "403", ""},
		}},
		{"an instance without reg-id is told by its URI", few, nil, []step{
			{0, "c", 1, []string{`<sip:a@h1>;+sip.instance="<urn:1>"`}, "a/3600", ""},
			{0, "d", 1, []string{`<sip:b@h2>;+sip.instance="<urn:1>"`}, "a/3600 b/3600", ""},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			aor := DefaultAOR("1001")
			tt.aor(&aor)
			now, current := noon, tt.start
			for i := range current {
				b := &current[i]
				u := b.Key
				if !strings.Contains(u, ":") {
					u = "sip:" + u + "@h"
				}
				var err error
				if b.Contact.URI, err = message.ParseURI(u); err != nil {
					t.Fatal(err)
				}
				if b.Key = u; b.Expires.IsZero() {
					b.Expires = noon.Add(time.Minute)
				}
			}
			for i, s := range tt.steps {
				now = now.Add(s.after)
				p, no := decide(current, ask(t, s.callID, s.cseq, s.contacts...), &aor, now)
				var got, removed string
				if no != nil {
					got = strconv.Itoa(no.status)
				} else {
					got, removed, current = show(p.next, now), show(p.removed, now), p.next
				}
				if got != s.want || removed != s.removed {
					t.Fatalf("step %d: got %q, removed %q; want %q, %q", i+1, got, removed, s.want, s.removed)
				}
			}
		})
	}
}

// TestRewrittenContacts: phones behind different NATs with the same private address
// are not each other.
func TestRewrittenContacts(t *testing.T) {
	const one, two, moved = "198.51.100.7:4321", "203.0.113.9:4321", "192.0.2.77:999"
	const instance = `;+sip.instance="<urn:%d>"`
	type step struct {
		callID, network, from, contact string
		keys                           string
	}
	for _, tt := range []struct {
		name    string
		rewrite bool
		steps   []step
	}{
		{"two NATs", true, []step{
			{"a", "udp", one, "<sip:1@10.0.0.1:5060>", "sip:1@10.0.0.1:5060"},
			{"b", "udp", two, "<sip:1@10.0.0.1:5060>", "sip:1@10.0.0.1:5060 sip:1@10.0.0.1:5060#2"},
			{"c", "udp", two, "<sip:1@10.0.0.1:5060>;expires=0", "sip:1@10.0.0.1:5060"},
			{"a", "udp", one, "<sip:1@10.0.0.1:5060>;expires=0", ""},
		}},
		{"one is where it says", true, []step{
			{"a", "udp", "10.0.0.1:5060", "<sip:1@10.0.0.1:5060>", "sip:1@10.0.0.1:5060"},
			{"b", "udp", two, "<sip:1@10.0.0.1:5060>", "sip:1@10.0.0.1:5060 sip:1@10.0.0.1:5060#2"},
		}},
		{"the same phone after a restart, and in another network", true, []step{
			{"a", "udp", one, "<sip:1@10.0.0.1:5060>", "sip:1@10.0.0.1:5060"},
			{"b", "udp", "198.51.100.7:9999", "<sip:1@10.0.0.1:5060>", "sip:1@10.0.0.1:5060"},
			{"b", "udp", moved, "<sip:1@10.0.0.1:5060>", "sip:1@10.0.0.1:5060"},
		}},
		{"two instances behind one address, one that moves", true, []step{
			{"a", "udp", one, "<sip:1@10.0.0.1:5060>" + fmt.Sprintf(instance, 1), "sip:1@10.0.0.1:5060"},
			{"b", "udp", one, "<sip:1@10.0.0.1:5060>" + fmt.Sprintf(instance, 2), "sip:1@10.0.0.1:5060 sip:1@10.0.0.1:5060#2"},
			{"c", "udp", moved, "<sip:1@10.0.0.1:5060>" + fmt.Sprintf(instance, 2), "sip:1@10.0.0.1:5060 sip:1@10.0.0.1:5060#2"},
		}},
		{"a browser that comes back", true, []step{
			{"a", "wss", one, "<sip:1@x.invalid;transport=ws>", "sip:1@x.invalid;transport=ws"},
			{"b", "wss", two, "<sip:1@x.invalid;transport=ws>", "sip:1@x.invalid;transport=ws"},
		}},
		{"not rewritten", false, []step{
			{"a", "udp", one, "<sip:1@10.0.0.1:5060>", "sip:1@10.0.0.1:5060"},
			{"b", "udp", two, "<sip:1@10.0.0.1:5060>", "sip:1@10.0.0.1:5060"},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			aor := DefaultAOR("1")
			aor.MaxContacts, aor.RewriteContact = 2, tt.rewrite
			var current []Binding
			for i, s := range tt.steps {
				reg := ask(t, s.callID, uint32(i+1), s.contact)
				reg.source.Network, reg.source.Remote = s.network, netip.MustParseAddrPort(s.from)
				p, no := decide(current, reg, &aor, noon.Add(time.Duration(i)*time.Second))
				if no != nil {
					t.Fatalf("step %d: refused: %+v", i+1, no)
				}
				current = p.next
				var keys []string
				for _, b := range current {
					keys = append(keys, b.Key)
				}
				if got := strings.Join(keys, " "); got != s.keys {
					t.Fatalf("step %d: bound %q, want %q", i+1, got, s.keys)
				}
			}
		})
	}
}

func TestBindingAndAddress(t *testing.T) {
	const instance = `;+sip.instance="<urn:1>";reg-id=3`
	for _, tt := range []struct {
		name, network, contact string
		rewrite                bool
		path                   string
		key, target            string
		bound                  bool
		// what a request then has, while the flow lives and after it
		live, dead string
	}{
		{"plain UDP", "udp", "<sip:a@10.0.0.1:5062>", false, "", "sip:a@10.0.0.1:5062", "sip:a@10.0.0.1:5062", false,
			"sip:a@10.0.0.1:5062", "sip:a@10.0.0.1:5062"},
		{"UDP behind a NAT", "udp", "<sip:a@10.0.0.1:5062;line=x>", true, "", "sip:a@10.0.0.1:5062;line=x", "sip:a@198.51.100.7:4321;line=x", false,
			"sip:a@10.0.0.1:5062;line=x over f, rewritten", "sip:a@198.51.100.7:4321;line=x"},
		{"TCP that takes connections", "tcp", "<sip:a@10.0.0.1;transport=tcp>", false, "", "sip:a@10.0.0.1;transport=tcp", "sip:a@10.0.0.1;transport=tcp", false,
			"sip:a@10.0.0.1;transport=tcp over f", "sip:a@10.0.0.1;transport=tcp"},
		{"TCP behind a NAT", "tcp", "<sip:a@10.0.0.1>", true, "", "sip:a@10.0.0.1", "sip:a@198.51.100.7:4321;transport=tcp", true,
			"sip:a@10.0.0.1 over f, rewritten", "none"},
		{"TLS behind a NAT", "tls", "<sips:a@10.0.0.1>" + instance, true, "", "<urn:1>;3", "sips:a@198.51.100.7:4321", true,
			"sips:a@10.0.0.1 over f, rewritten", "none"},
		{"a browser", "wss", "<sip:a@x.invalid;transport=ws>", false, "", "sip:a@x.invalid;transport=ws", "sip:a@x.invalid;transport=ws", true,
			"sip:a@x.invalid;transport=ws over f, rewritten", "none"},
		{"a browser behind a proxy", "udp", "<sip:a@x.INVALID>", true, "", "sip:a@x.INVALID", "sip:a@x.INVALID", true,
			"sip:a@x.INVALID over f, rewritten", "none"},
		{"behind a proxy with Path", "tcp", "<sip:a@10.0.0.1>", true, "<sip:p;lr>", "sip:a@10.0.0.1", "sip:a@10.0.0.1", false,
			"sip:a@10.0.0.1 by <sip:p;lr>", "sip:a@10.0.0.1 by <sip:p;lr>"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			aor := DefaultAOR("1001")
			aor.RewriteContact = tt.rewrite
			reg := ask(t, "c", 1, tt.contact)
			reg.source.Network, reg.source.Flow = tt.network, "f"
			if tt.path != "" {
				p, err := message.ParseAddress(tt.path)
				if err != nil {
					t.Fatal(err)
				}
				reg.path = []message.Address{p}
			}
			b := reg.binding(&reg.contacts[0], &aor, noon)
			if b.Key != tt.key || b.Target.String() != tt.target || b.FlowBound != tt.bound {
				t.Errorf("key %s, target %s, bound %v", b.Key, b.Target, b.FlowBound)
			}
			back, err := restore(b.stored())
			if err != nil || fmt.Sprint(back) != fmt.Sprint(b) {
				t.Errorf("kept as\n%v, read back as\n%v, %v", b, back, err)
			}
			for alive, want := range map[bool]string{true: tt.live, false: tt.dead} {
				var o sip.Outbound
				got := "none"
				if err := b.Address(&o, func(message.FlowID) bool { return alive }); err == nil {
					got = o.Target.String()
					if o.Beside != "f" {
						t.Errorf("beside flow %q", o.Beside)
					}
					for _, r := range o.Route {
						got += " by " + r.String()
					}
					if o.Flow != "" {
						got += " over " + string(o.Flow)
					}
					if o.RewriteContact {
						got += ", rewritten"
					}
				}
				if got != want {
					t.Errorf("flow alive %v: %s, want %s", alive, got, want)
				}
			}
		})
	}
}

func TestReadContactRefuses(t *testing.T) {
	for text, status := range map[string]int{ // 0 is accepted
		"<tel:+33123>":                         400,
		"<mailto:a@b>":                         400,
		"<http://h/>":                          400,
		`<sip:a@h>;reg-id=0;+sip.instance="x"`: 400,
		`<sip:a@h>;reg-id=x;+sip.instance="x"`: 400,
		`<sip:a@h>;+sip.instance="` + strings.Repeat("x", maxTokenBytes+1) + `"`: 400,
		"<sip:" + strings.Repeat("a", maxContactBytes) + "@h>":                   400,
		`<sip:a@h>;reg-id=1`: 0,
		`<sip:a@h>;q=2`:      0,
	} {
		a, err := message.ParseAddress(text)
		if err != nil {
			t.Fatalf("%.40s: %v", text, err)
		}
		_, no := readContact(a, time.Hour)
		if got := 0; no != nil && no.status != status || no == nil && status != got {
			t.Errorf("%.40s: %+v, want %d", text, no, status)
		}
	}
}

func TestAORValidate(t *testing.T) {
	for name, change := range map[string]func(*AOR){
		"no name":           func(a *AOR) { a.Name = "" },
		"negative":          func(a *AOR) { a.MaxContacts = -1 },
		"minimum > maximum": func(a *AOR) { a.MinExpiration = 3 * time.Hour },
		"no default":        func(a *AOR) { a.DefaultExpiration = 0 },
		"no time-out":       func(a *AOR) { a.QualifyFrequency, a.QualifyTimeout = time.Minute, 0 },
		"tel contact":       func(a *AOR) { a.Contacts = []message.URI{{Scheme: "tel", User: "1"}} },
	} {
		aor := DefaultAOR("1001")
		if err := aor.Validate(); err != nil {
			t.Fatal(err)
		}
		if change(&aor); aor.Validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
