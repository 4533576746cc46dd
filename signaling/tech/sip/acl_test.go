package sip

import (
	"fmt"
	"net/netip"
	"testing"
	"testing/fstest"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// listed are phones of which each has another list.
const listed = `
[phone](!)
type = endpoint
context = internal
allow = !all,ulaw
[account](!)
type = auth
password = one
[named](phone)
acl = first
auth = named
aors = named
[missing](phone)
acl = nowhere
auth = missing
aors = missing
[slip](phone)
deny = 10.0.0.0/33
auth = slip
aors = slip
[contact](phone)
contact_acl = first
auth = contact
aors = contact
[deny](phone)
contact_deny = 127.0.0.2
auth = deny
aors = deny
[open](phone)
auth = open
aors = open
`

// listsOf is that, with acl.conf.
func listsOf(t *testing.T, more, acl string) *directory.Directory {
	t.Helper()
	text := listed
	for _, name := range []string{"named", "missing", "slip", "contact", "deny", "open"} {
		text += fmt.Sprintf("[%[1]s](account)\nusername = %[1]s\n[%[1]s]\ntype = aor\nmax_contacts = 5\n", name)
	}
	set, err := endpoint.Load(asterisk.Loader{FS: fstest.MapFS{"pjsip.conf": {Data: []byte(text + more)}, "acl.conf": {Data: []byte(acl)}}})
	if err != nil {
		t.Fatal(err)
	}
	d, _ := directory.New(set, directory.Options{Codecs: codecs(), Realm: "asterisk", Algorithms: digest.Default().Algorithms})
	return d
}

const onlyFirst = "[first]\ndeny=0.0.0.0/0\npermit=127.0.0.1\n"

// registered is how a REGISTER of a user with a password is answered: one that says it is at
// contact and comes over a socket.
func registered(t *testing.T, p *siptest.Peer, server, user, contact string) int {
	t.Helper()
	c := from(p, user, "sip:"+server)
	c.To = c.From
	at := "Contact: <" + contact + ">"
	c.Send("REGISTER", "", at)
	m := answerTo(c)
	if m.Status() != 401 {
		return m.Status()
	}
	c.Send("REGISTER", "", at, "Authorization: "+credentials(t, m, user, "one", "REGISTER", c.URI))
	return answerTo(c).Status()
}

// TestLists: who may not come from an address is a stranger there, who may not be at one is
// refused, and what is not readable lets nobody in, until a reload mends it.
func TestLists(t *testing.T) {
	r := newRig(t, "")
	r.house.Engine.AddTech(r.tech)
	server := r.server.Addr("udp").String()
	first, second := siptest.UDP(t, r.server.Addr("udp")), siptest.UDPFrom(t, netip.MustParseAddr("127.0.0.2"), r.server.Addr("udp"))
	configure := func(more, acl string) {
		t.Helper()
		if err := r.tech.Configure(t.Context(), listsOf(t, more, acl)); err != nil {
			t.Fatal(err)
		}
	}
	at := func(p *siptest.Peer) string { return "sip:x@" + p.Local().String() }
	want := func(p *siptest.Peer, user, contact string, status int) {
		t.Helper()
		if got := registered(t, p, server, user, contact); got != status {
			t.Errorf("%s at %s from %v: %d, want %d", user, contact, p.Local(), got, status)
		}
	}
	configure("", onlyFirst)
	want(first, "named", at(first), 200)
	want(second, "named", at(second), 401)
	for _, user := range []string{"missing", "slip"} {
		want(first, user, at(first), 401)
		want(second, user, at(second), 401)
	}
	want(second, "open", at(second), 200)
	want(second, "contact", at(first), 200) // where it comes from is not asked
	want(first, "contact", at(second), 403)
	want(first, "contact", "sip:x@phone.example", 403)
	want(first, "contact", "sip:x@browser.invalid;transport=ws", 200)
	want(second, "contact", "sip:x@browser.invalid;transport=ws", 403)
	want(first, "contact", at(first)+";maddr=127.0.0.1", 200)
	for _, maddr := range []string{"198.51.100.7", "127.0.0.2", "[127.0.0.2]", "phone.example"} { // where calls would go
		want(first, "contact", at(first)+";maddr="+maddr, 403)
		want(first, "contact", "sip:x@browser.invalid;maddr="+maddr, 403)
	}
	want(first, "contact", at(second)+";maddr=127.0.0.1", 403)
	want(first, "deny", at(second), 403)
	want(first, "deny", at(first), 200)

	call := func(p *siptest.Peer, user string) int {
		t.Helper()
		c := from(p, user, "sip:404@"+server)
		c.Send("INVITE", "")
		m := answerTo(c)
		if m.Status() != 401 {
			return m.Status()
		}
		c.Send("INVITE", "", "Authorization: "+credentials(t, m, user, "one", "INVITE", c.URI))
		return answerTo(c).Status()
	}
	for _, tc := range []struct {
		p      *siptest.Peer
		user   string
		status int
	}{{first, "named", 404}, {second, "named", 401}, {first, "missing", 401}, {first, "slip", 401}, {first, "contact", 404}, {second, "contact", 403}, {second, "open", 404}} {
		if got := call(tc.p, tc.user); got != tc.status {
			t.Errorf("call of %s from %v: %d, want %d", tc.user, tc.p.Local(), got, tc.status)
		}
	}

	configure("", "[first]\ndeny=127.0.0.1\n[nowhere]\n") // a reload reads it again
	want(first, "named", at(first), 401)
	want(second, "named", at(second), 200)
	want(first, "missing", at(first), 200)

	configure("[all]\ntype = acl\nacl = first\n[more]\ntype = acl\ncontact_deny = 198.51.100.0/24\n", onlyFirst)
	want(second, "open", at(second), 403)
	want(first, "open", at(second), 200)
	want(first, "open", "sip:x@198.51.100.7", 403)

	configure("[all]\ntype = acl\ndeny = 198.51.100\n", onlyFirst)
	want(first, "open", at(first), 403)
	want(second, "open", at(second), 403)
}

// TestListsOfPeers: chan_sip's words for the same, which hold for who registers.
func TestListsOfPeers(t *testing.T) {
	r := newRig(t, "")
	server := r.server.Addr("udp").String()
	first, second := siptest.UDP(t, r.server.Addr("udp")), siptest.UDPFrom(t, netip.MustParseAddr("127.0.0.2"), r.server.Addr("udp"))
	text := "[general]\ncontactdeny=198.51.100.0/24\n"
	for name, line := range map[string]string{"named": "acl=first", "missing": "acl=nowhere", "contact": "contactacl=first", "deny": "contactdeny=127.0.0.2", "slip": "contactpermit=127.0.0.2.1"} {
		text += fmt.Sprintf("[%s]\ntype=friend\nhost=dynamic\nsecret=one\n%s\n", name, line)
	}
	set, err := endpoint.Load(asterisk.Loader{FS: fstest.MapFS{"sip.conf": {Data: []byte(text)}, "acl.conf": {Data: []byte(onlyFirst)}}})
	if err != nil {
		t.Fatal(err)
	}
	d, _ := directory.New(set, directory.Options{Codecs: codecs(), Realm: "asterisk", Algorithms: digest.Default().Algorithms})
	if err := r.tech.Configure(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		from   *siptest.Peer
		user   string
		at     string
		status int
	}{
		{first, "named", "127.0.0.1", 200},
		{second, "named", "127.0.0.2", 401},
		{first, "missing", "127.0.0.1", 401},
		{first, "contact", "127.0.0.2", 403},
		{second, "contact", "127.0.0.1", 200},
		{first, "deny", "127.0.0.2", 403},
		{first, "deny", "127.0.0.3", 200},
		{first, "deny", "198.51.100.7", 403}, // [general]
		{first, "slip", "127.0.0.1", 403},
	} {
		if got := registered(t, tc.from, server, tc.user, "sip:x@"+tc.at); got != tc.status {
			t.Errorf("%s at %s: %d, want %d", tc.user, tc.at, got, tc.status)
		}
	}
}
