package sip

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/overload"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// short is a server with eight media ports, and a conversation that has half of them.
type short struct {
	*rig
	ports       *rtp.Ports
	gate        *overload.Gate
	descriptors atomic.Uint64 // float64 bits: which part is in use
	near, far   *handset
	password    *digest.Client
}

func newShort(t *testing.T) *short {
	t.Helper()
	s := &short{}
	pc := rtp.DefaultPortsConfig()
	pc.Addresses = []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	pc.First = uint16(peer.FreePorts(t)) //nolint:gosec // a port
	pc.Last = pc.First + 7
	var err error
	if s.ports, err = rtp.NewPorts(pc); err != nil {
		t.Fatal(err)
	}
	phone := siptest.NewPhone(t, "callee")
	conf := fmt.Sprintf(accounts, "127.0.0.1:9") + phoneEndpoint("callee", phone) +
		"[guest](phone)\ndirect_media = no\n[callee](+)\ndirect_media = no\n"
	s.rig = newRig(t, conf, func(c *Config, stack *ua.Config) {
		c.Ports = s.ports
		s.gate = overload.New(overload.Default(), overload.Measure{
			Ports: s.ports.Used, Descriptors: func() float64 { return math.Float64frombits(s.descriptors.Load()) },
			Known: func(*message.Request) bool { return true }, // as loopback is by itself
		}, c.Log)
		stack.Admission = s.gate
	})
	t.Cleanup(s.gate.Close)
	s.house.Engine.AddTech(s.tech)
	s.near, s.far, _ = s.talkFrom(s.phone("guest"), phone)
	return s
}

// refused wants a new call to be refused for now, maybe after some that are not.
func (s *short) refused(p *siptest.Peer, exten string, tries int) {
	s.t.Helper()
	for range tries {
		c := from(p, "guest", s.to(exten).String())
		c.Send("INVITE", string(s.near.describe("sendrecv").Body))
		m := answerTo(c)
		if m.Status() != 503 {
			continue
		}
		if n, err := strconv.Atoi(m.Header("Retry-After")); err != nil || n < 5 || n > 15 {
			s.t.Errorf("no time to come again:\n%s", m.Text)
		}
		return
	}
	s.t.Fatalf("%d calls are not refused", tries)
}

// stands wants the conversation to be heard, and what belongs to it to be answered.
func (s *short) stands() {
	s.t.Helper()
	s.near.reaches(s.far)
	s.far.reaches(s.near)
	for _, direction := range []string{"sendonly", "sendrecv"} {
		got := siptest.Wait(s.t, s.near.says(direction))
		if got.err != nil {
			s.t.Fatalf("re-INVITE: %v", got.err)
		}
		s.near.told(got.resp.Part(sdpType))
	}
	info := ua.Content{Type: "application/dtmf-relay", Body: []byte("Signal=5\r\nDuration=160\r\n")}
	for method, content := range map[string]ua.Content{"INFO": info, "OPTIONS": {}} {
		if _, err := s.near.leg.Dialog.Request(siptest.Ctx(s.t), method, content); err != nil {
			s.t.Errorf("%s: %v", method, err)
		}
	}
	s.near.reaches(s.far)
}

// registers has the phone 1001 register, and again with what it knows by then.
func (s *short) registers(p *siptest.Peer) *siptest.Call {
	s.t.Helper()
	c := from(p, "1001", "sip:"+s.server.Addr("udp").String())
	c.To = c.From
	c.Send("REGISTER", "")
	m := answerTo(c)
	s.password = digest.NewClient(digest.Account{Realm: "asterisk", Credentials: digest.Credentials{Username: "1001", Password: "one"}})
	if err := s.password.Begin("REGISTER", c.URI).Challenged(m.Status(), m.Headers("WWW-Authenticate")); err != nil {
		s.t.Fatalf("%v\n%s", err, m.Text)
	}
	for range 2 {
		s.refreshes(c)
	}
	return c
}

// refreshes has it register with its password at once, as phones do.
func (s *short) refreshes(c *siptest.Call) {
	s.t.Helper()
	c.Send("REGISTER", "", "Authorization: "+s.password.Begin("REGISTER", c.URI).Headers()[0].Value)
	if m := answerTo(c); m.Status() != 200 || len(s.bindings("1001")) != 1 {
		s.t.Fatalf("REGISTER:\n%s", m.Text)
	}
}

// All media ports are taken: calls are refused, at once and once the server knows it, and told when
// to come again. What stands is heard and served, phones register, and what returns is used.
func TestNoMediaPorts(t *testing.T) {
	s := newShort(t)
	p := siptest.UDP(t, s.server.Addr("udp"))
	var legs []*siptest.Leg
	for range 2 {
		leg, _ := s.answered(s.phone("guest"), "600")
		legs = append(legs, leg)
	}
	if n := s.ports.InUse(); n != 4 {
		t.Fatalf("%d ports in use", n)
	}
	s.refused(p, "600", 1)
	s.house.Eventually("the server knows that it is short", func() bool { return s.gate.State().Pressure == 1 })
	if short := s.gate.State().Short; short != "ports" {
		t.Errorf("short of %q", short)
	}
	before := s.gate.Refused()
	s.service("later", "guest", "600").Wait(t)
	if s.gate.Refused() == before {
		t.Error("the call was not refused for want of ports")
	}
	s.registers(p)
	s.stands()

	if err := legs[0].Dialog.Bye(siptest.Ctx(t)); err != nil {
		t.Fatal(err)
	}
	s.house.Eventually("the ports that returned are known", func() bool { return s.gate.State().Pressure == 0 })
	again, _ := s.answered(s.phone("guest"), "600")
	s.stands()
	for _, leg := range []*siptest.Leg{again, legs[1]} {
		if err := leg.Dialog.Bye(siptest.Ctx(t)); err != nil {
			t.Error(err)
		}
	}
	bye(t, s.near, s.far)
	s.house.Eventually("no port is in use", func() bool { return s.ports.InUse() == 0 })
}

// The server is about to end: calls are refused in the same way, what stands goes on, and phones
// stay registered.
func TestDrainedServer(t *testing.T) {
	s := newShort(t)
	s.gate.Drain()
	s.service("later", "guest", "600").Wait(t)
	s.registers(siptest.UDP(t, s.server.Addr("udp")))
	s.stands()
	bye(t, s.near, s.far)
}

// Descriptors run short: part of the new calls is refused, no call that stands, nobody who shows
// a password again.
func TestFewDescriptors(t *testing.T) {
	s := newShort(t)
	p := siptest.UDP(t, s.server.Addr("udp"))
	c := s.registers(p)
	s.descriptors.Store(math.Float64bits(0.95))
	s.house.Eventually("the server knows that it is short", func() bool { return strings.HasPrefix(s.gate.State().Short, "descriptors") })
	s.stands()
	s.refused(p, "404", 100)
	s.refreshes(c)
	s.descriptors.Store(0)
	s.house.Eventually("it has enough again", func() bool { return s.gate.State().Pressure == 0 })
	leg, _ := s.answered(s.phone("guest"), "600")
	if err := leg.Dialog.Bye(siptest.Ctx(t)); err != nil {
		t.Error(err)
	}
	s.stands()
	bye(t, s.near, s.far)
}
