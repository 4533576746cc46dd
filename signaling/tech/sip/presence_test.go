package sip

import (
	"fmt"
	"slices"
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// desk is a pjsip.conf with a phone; lines that follow are its AOR's.
const desk = `
[1001]
type = endpoint
context = internal
allow = !all,ulaw
aors = 1001
[1001]
type = aor
`

// register sends a REGISTER of a phone's for 1001 and gives its status.
func (r *rig) register(p *siptest.Phone, contact string, expires int) int {
	r.t.Helper()
	u, err := message.ParseURI(contact)
	if err != nil {
		r.t.Fatal(err)
	}
	o := p.Outbound(r.to("1001"))
	o.Method, o.To = "REGISTER", o.From
	o.Contacts = []message.Address{{URI: u, Params: message.Params{{Name: "expires", Value: fmt.Sprint(expires)}}}}
	resp, err := p.Request(siptest.Ctx(r.t), o)
	if resp == nil {
		r.t.Fatal(err)
	}
	return resp.Status()
}

// An endpoint's first contact and its last one's end are told, those between are
// only logged.
func TestPresence(t *testing.T) {
	r := newRig(t, desk+"max_contacts = 2\n")
	phone := r.phone("1001")
	stop := r.house.Events()
	for _, step := range []struct {
		contact string
		expires int
	}{{"sip:a@127.0.0.1:9", 60}, {"sip:b@127.0.0.1:9", 60}, {"sip:b@127.0.0.1:9", 60}, {"sip:a@127.0.0.1:9", 0}, {"sip:b@127.0.0.1:9", 0}} {
		if status := r.register(phone, step.contact, step.expires); status != 200 {
			t.Fatalf("%v: %d", step, status)
		}
	}
	var told []string
	for _, e := range stop() {
		if s, ok := e.Data.(signaling.EndpointSnapshot); ok && e.Type == event.EndpointStateChange {
			told = append(told, fmt.Sprintf("%s/%s has %d", s.Tech, s.Name, len(s.Contacts)))
		}
	}
	if want := []string{"PJSIP/1001 has 1", "PJSIP/1001 has 0"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	for text, want := range map[string]int{
		"level=INFO msg=\"contact registered\" endpoint=1001 peer=sip:a@127.0.0.1:9":                 1,
		"level=INFO msg=\"contact registered\" endpoint=1001 peer=sip:b@127.0.0.1:9":                 1,
		"level=INFO msg=\"contact removed\" endpoint=1001 peer=sip:b@127.0.0.1:9 cause=unregistered": 1,
	} {
		if got := r.house.Log.Count(text); got != want {
			t.Errorf("%d lines of %s in\n%s", got, text, r.house.Log)
		}
	}
}

// Permanent contacts are there as soon as the files are read, and gone with them.
func TestPresenceOfConfiguredContacts(t *testing.T) {
	r := newRig(t, desk)
	stop := r.house.Events()
	for _, conf := range []string{
		desk + "contact = sip:127.0.0.1:9\n",
		desk + "contact = sip:127.0.0.1:9\n",
		desk,
	} {
		if err := r.tech.Configure(t.Context(), endpoints(t, conf)); err != nil {
			t.Fatal(err)
		}
	}
	var told []int
	for _, e := range stop() {
		if e.Type == event.EndpointStateChange {
			told = append(told, len(e.Data.(signaling.EndpointSnapshot).Contacts))
		}
	}
	if !slices.Equal(told, []int{1, 0}) {
		t.Errorf("contacts as told: %v", told)
	}
}

// A contact that is this server would bring a call back for ever.
func TestOwnContact(t *testing.T) {
	r := newRig(t, desk+"max_contacts = 2\n")
	phone := r.phone("1001")
	if status := r.register(phone, "sip:1001@"+r.server.Addr("udp").String(), 60); status != 403 {
		t.Errorf("our own address: %d", status)
	}
	if status := r.register(phone, phone.URI("udp").String(), 60); status != 200 {
		t.Errorf("the phone's: %d", status)
	}
}
