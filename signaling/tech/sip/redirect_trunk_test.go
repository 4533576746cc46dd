package sip

import (
	"path/filepath"
	"strconv"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// follows has the trunk a follow its 3xx.
func follows(d *directory.Directory) { d.Endpoints[0].Policy.Redirects.Follow = true }

// moves has a trunk name addresses in its place, the best first.
func moves(t *testing.T, in *ua.IncomingInvite, contacts ...message.URI) {
	t.Helper()
	reply := ua.Reply{Status: 302}
	for _, u := range contacts {
		reply.Contacts = append(reply.Contacts, message.Address{URI: u})
	}
	if err := in.Reject(reply); err != nil {
		t.Fatal(err)
	}
}

func (r *rig) uriAt(p *siptest.Phone, user string) message.URI {
	a := p.Addr("udp")
	return message.URI{Scheme: "sip", User: user, Host: a.Addr().String(), Port: int(a.Port())}
}

// A carrier's redirect server (SIPp) names another host of the carrier, which takes the call.
func TestATrunkThatMoved(t *testing.T) {
	port := peer.FreePort(t)
	gateway := attentive(t, "gateway")
	r := exchange(t, []string{"sip:127.0.0.1:" + strconv.Itoa(port)}, follows)
	carrier := peer.Sipp(t, peer.SippConfig{
		Scenario: filepath.Join("../../../testdata/sip/trunks", "moved.xml"), SIP: port, Service: "x",
		Replace: []string{"PORT", strconv.Itoa(int(gateway.Addr("udp").Port()))},
	})
	l, told := r.dial("0123@a")
	in := siptest.Wait(t, gateway.Invites)
	if got, want := in.Request().URI().String(), "sip:+33123;npdi=yes;rn=+33999@"+gateway.Addr("udp").String()+";user=phone"; got != want {
		t.Errorf("asked for %s, want %s", got, want)
	}
	if got := in.Request().To().URI.User; got != "0123" {
		t.Errorf("To is %s", got)
	}
	leg := siptest.NewLeg(t)
	c := r.offer(0, "PCMU", "sendrecv")
	if _, err := in.Accept(ua.Reply{Status: 200, ContentType: c.Type, Body: c.Body}, leg); err != nil {
		t.Fatal(err)
	}
	told.want(t, "answered")
	l.Hangup(0)
	siptest.Wait(t, leg.Ended)
	carrier.Wait(t)
	r.portsClosed()
}

// What a trunk's 3xx is not followed to, and what follows a failure of what it is.
func TestATrunkRedirects(t *testing.T) {
	t.Run("not, unless it is set so", func(t *testing.T) {
		r, a, b := pair(t, nil)
		_, told := r.dial("0123@a")
		moves(t, siptest.Wait(t, a.Invites), r.uriAt(b, "0123"))
		told.want(t, "ended 127 true")
		idle(t, a, b)
	})
	t.Run("not to where it is not known to be", func(t *testing.T) {
		r, a, b := pair(t, follows)
		_, told := r.dial("0123@a")
		foreign := r.uriAt(b, "0123")
		foreign.Host = "localhost"
		moves(t, siptest.Wait(t, a.Invites), foreign)
		told.want(t, "ended 127 true")
		idle(t, a, b)
	})
	t.Run("to a host that is allowed", func(t *testing.T) {
		r, a, b := pair(t, func(d *directory.Directory) {
			follows(d)
			d.Endpoints[0].Policy.Redirects.Hosts = []string{"LOCALHOST"}
		})
		_, told := r.dial("0123@a")
		foreign := r.uriAt(b, "0124")
		foreign.Host = "localhost"
		moves(t, siptest.Wait(t, a.Invites), foreign)
		in := siptest.Wait(t, b.Invites)
		if in.Request().URI().User != "0124" {
			t.Errorf("asked for %s", in.Request().URI())
		}
		if err := in.Reject(ua.Reply{Status: 486}); err != nil {
			t.Fatal(err)
		}
		told.want(t, "ended 17 true")
	})
	t.Run("one after another", func(t *testing.T) {
		r, a, b := pair(t, follows)
		_, told := r.dial("0123@a")
		moves(t, siptest.Wait(t, a.Invites), r.uriAt(b, "1"), r.uriAt(b, "2"))
		first := siptest.Wait(t, b.Invites)
		moves(t, first, r.uriAt(a, "0123"), r.uriAt(b, "3")) // a circle, and further
		for _, want := range []string{"3", "2"} {
			in := siptest.Wait(t, b.Invites)
			if got := in.Request().URI().User; got != want {
				t.Errorf("asked for %s, want %s", got, want)
			}
			if err := in.Reject(ua.Reply{Status: 404}); err != nil {
				t.Fatal(err)
			}
		}
		told.want(t, "ended 1 true")
		idle(t, a, b)
	})
	t.Run("until somebody refuses for all", func(t *testing.T) {
		r, a, b := pair(t, follows)
		_, told := r.dial("0123@a")
		moves(t, siptest.Wait(t, a.Invites), r.uriAt(b, "1"), r.uriAt(b, "2"))
		if err := siptest.Wait(t, b.Invites).Reject(ua.Reply{Status: 603}); err != nil {
			t.Fatal(err)
		}
		told.want(t, "ended 21 true")
		idle(t, a, b)
	})
	t.Run("then the next of its group", func(t *testing.T) {
		r, a, b := pair(t, follows)
		_, told := r.dial("0123@out")
		moves(t, siptest.Wait(t, a.Invites), r.uriAt(a, "1"))
		if err := siptest.Wait(t, a.Invites).Reject(ua.Reply{Status: 503}); err != nil {
			t.Fatal(err)
		}
		in := siptest.Wait(t, b.Invites)
		if got := in.Request().URI().User; got != "0123" {
			t.Errorf("asked for %s", got)
		}
		if err := in.Reject(ua.Reply{Status: 486}); err != nil {
			t.Fatal(err)
		}
		told.want(t, "ended 17 true")
	})
}
