package trunk

import (
	"strconv"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
)

// moving is a registration with a server whose address is known from outside as one that
// changes.
func moving(t *testing.T, s *sip.Server) (r *Registrations, outside func(host string)) {
	t.Helper()
	cfg := provider(t)
	cfg.Server, cfg.Client = uri(t, "sip:127.0.0.1:"+strconv.Itoa(int(s.Addr("udp").Port()))), uri(t, "sip:us@127.0.0.1")
	cfg.Credentials = []sip.Credential{{Realm: "asterisk", Username: "us", Password: "secret"}}
	own := serve(t, func(in *sip.IncomingRequest) { _ = in.Respond(sip.Reply{}) }, "udp")
	outside = func(host string) {
		if err := own.SetExternal(sip.External{Hosts: []string{host}, Ports: map[string]uint16{"udp": 5060}}); err != nil {
			t.Fatal(err)
		}
	}
	outside("203.0.113.7")
	r = NewRegistrations(own, quiet, nil)
	configure(t, r, cfg)
	return r, outside
}

// hosts are those of the contacts of a REGISTER, with how long they are asked for.
func hosts(t *testing.T, in *sip.IncomingRequest) string {
	t.Helper()
	contacts, err := in.Request().Contacts()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, c := range contacts {
		out = append(out, c.URI.Host+" "+c.Params.Value("expires"))
	}
	return strings.Join(out, ", ")
}

// A registrar that takes one contact, and no other while it has that, has the new one and
// not the old one when our address has changed.
func TestMovedAtARegistrarOfOneContact(t *testing.T) {
	events := make(chan registrar.Event, 10)
	r, outside := moving(t, registrarFor(t, func(e registrar.Event) { events <- e }, nil))
	if e := <-events; e.Kind != registrar.Added || e.Binding.Contact.URI.Host != "203.0.113.7" {
		t.Errorf("registrar told %+v", e)
	}
	outside("203.0.113.8")
	r.Renew()
	told := map[string]registrar.EventKind{}
	for len(told) < 2 {
		e := <-events
		told[e.Binding.Contact.URI.Host] = e.Kind
	}
	if told["203.0.113.7"] != registrar.Removed || told["203.0.113.8"] != registrar.Added {
		t.Errorf("registrar told %v", told)
	}
	outside("203.0.113.9")
	stop(t, r)
	if e := <-events; e.Kind != registrar.Removed || e.Reason != registrar.Unregistered || e.Binding.Contact.URI.Host != "203.0.113.8" {
		t.Errorf("registrar told %+v", e)
	}
}

// What changes while the first REGISTER is under way is told after it.
func TestMovedWhileRegistering(t *testing.T) {
	asked := make(chan *sip.IncomingRequest, 10)
	r, outside := moving(t, serve(t, func(in *sip.IncomingRequest) { asked <- in }, "udp"))
	first := <-asked
	if got := hosts(t, first); got != "203.0.113.7 3600" {
		t.Errorf("first %s", got)
	}
	outside("203.0.113.8")
	r.Renew()
	for i, in := 0, first; ; i, in = i+1, <-asked {
		if want := []string{"203.0.113.7 3600", "203.0.113.8 3600, 203.0.113.7 0"}[i]; hosts(t, in) != want {
			t.Errorf("sent %s, want %s", hosts(t, in), want)
		}
		if err := in.Respond(sip.Reply{}); err != nil {
			t.Error(err)
		}
		if i == 1 {
			break
		}
	}
	end := make(chan struct{})
	go func() { // ended by the answer
		defer close(end)
		stop(t, r)
	}()
	if err := (<-asked).Respond(sip.Reply{}); err != nil {
		t.Error(err)
	}
	<-end
}

// A registrar that refuses two contacts in one REGISTER gets the new one alone; the trunk
// does not stay out for good.
func TestMovedAtARegistrarThatRemovesNothing(t *testing.T) {
	asked := make(chan string, 10)
	r, outside := moving(t, serve(t, func(in *sip.IncomingRequest) {
		got, reply := hosts(t, in), sip.Reply{}
		if strings.Contains(got, ",") {
			reply.Status = 400
		}
		asked <- got
		_ = in.Respond(reply) // the trunk tells
	}, "udp"))
	<-asked
	outside("203.0.113.8")
	r.Renew()
	for _, want := range []string{"203.0.113.8 3600, 203.0.113.7 0", "203.0.113.8 3600"} {
		if got := <-asked; got != want {
			t.Errorf("sent %s, want %s", got, want)
		}
	}
	stop(t, r)
}
