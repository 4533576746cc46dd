package sip

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/sdp"
	"github.com/skygenesisenterprise/skybridge/media/sdp/t38"
	"github.com/skygenesisenterprise/skybridge/media/udptl"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dial"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// gateway is a party that is a telephone first and a facsimile machine then.
type gateway struct {
	r    *rig
	leg  *siptest.Leg
	conn *net.UDPConn
	to   netip.AddrPort
}

// content describes T.38 at the gateway's socket, or that there is none at port 0.
func (g *gateway) content(rate int, here bool) ua.Content {
	port := 0
	if here {
		port = g.conn.LocalAddr().(*net.UDPAddr).Port
	}
	body := fmt.Sprintf("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=image %d udptl t38\r\n"+
		"a=T38FaxVersion:0\r\na=T38MaxBitRate:%d\r\na=T38FaxRateManagement:transferredTCF\r\na=T38FaxUdpEC:t38UDPRedundancy\r\n", port, rate)
	return ua.Content{Type: sdpType, Body: []byte(body)}
}

// turned takes from a description where the other's datagrams are to go, and its rate.
func (g *gateway) turned(body []byte) int {
	g.r.t.Helper()
	s, err := sdp.Parse(body)
	if err != nil {
		g.r.t.Fatal(err)
	}
	at := t38.Wanted(s)
	if at < 0 {
		g.r.t.Fatalf("no T.38 in\n%s", body)
	}
	target, err := s.Target(s.Media[at])
	if err != nil {
		g.r.t.Fatal(err)
	}
	terms, err := t38.Read(s.Media[at])
	if err != nil {
		g.r.t.Fatal(err)
	}
	g.to = target.RTP
	return terms.MaxBitRate
}

// pages sends datagrams until one has arrived, as it was.
func (g *gateway) pages(to *gateway) {
	g.r.t.Helper()
	for n := range uint16(600) {
		p := udptl.Append(nil, n, []byte{1, byte(n), 3})
		if _, err := g.conn.WriteToUDPAddrPort(p, g.to); err != nil {
			g.r.t.Fatal(err)
		}
		if err := to.conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
			g.r.t.Fatal(err)
		}
		buf := make([]byte, 2000)
		if k, err := to.conn.Read(buf); err == nil {
			if got, err := udptl.Parse(buf[:k]); err != nil || len(got.Primary) != 3 || got.Primary[2] != 3 {
				g.r.t.Fatalf("% x, %v", buf[:k], err)
			}
			return
		}
	}
	g.r.t.Fatal("nothing arrives")
}

// faxes is a conversation of two gateways whose endpoints have the options.
func (r *rig) faxes(phone *siptest.Phone) (near, far *gateway) {
	r.t.Helper()
	near, far = &gateway{r: r, conn: r.socket()}, &gateway{r: r, conn: r.socket()}
	near.leg = r.call(r.phone("1001"), "600")
	ch := siptest.Wait(r.t, r.calls)
	called := make(chan *siptest.Leg, 1)
	go func() {
		called <- phone.Answer(ua.Reply{ContentType: sdpType, Body: r.offer(0, "PCMU", "sendrecv").Body})
	}()
	result := dial.Do(siptest.Ctx(r.t), r.house.Engine, dial.Plan{
		Targets: []dialstring.Target{{Tech: "PJSIP", Resource: "callee"}}, From: ch, Timeout: siptest.Patience,
	})
	far.leg = siptest.Wait(r.t, called)
	if result.Channel == nil {
		r.t.Fatalf("%+v", result)
	}
	if err := ch.Answer(siptest.Ctx(r.t)); err != nil {
		r.t.Fatal(err)
	}
	near.leg.Answered()
	b := r.house.Engine.NewBridge(signaling.BridgeConfig{})
	r.t.Cleanup(b.Close)
	for _, m := range []*signaling.Channel{ch, result.Channel} {
		if err := b.Add(siptest.Ctx(r.t), m); err != nil {
			r.t.Fatal(err)
		}
	}
	return near, far
}

// reInvited is a re-INVITE of a gateway's under way.
type reInvited struct {
	resp *message.Response
	err  error
}

func (g *gateway) reInvite(c ua.Content) chan reInvited {
	done := make(chan reInvited, 1)
	go func() {
		resp, err := g.leg.Dialog.ReInvite(siptest.Ctx(g.r.t), c)
		done <- reInvited{resp, err}
	}()
	return done
}

func faxRig(t *testing.T, near, far string) (*rig, *siptest.Phone) {
	t.Helper()
	phone := siptest.NewPhone(t, "callee")
	conf := strings.Replace(phoneEndpoint("callee", phone), "aors", far+"aors", 1) + strings.Replace(anybody, "allow", near+"allow", 1)
	r := newRig(t, conf)
	r.house.Engine.AddTech(r.tech)
	return r, phone
}

const faxOption = "t38_udptl = yes\n"

// A call turns to T.38 when one party asks for it and the other takes it, datagrams pass as
// they are, and it turns back to audio when one does.
func TestFacsimile(t *testing.T) {
	for _, c := range []struct {
		name   string
		caller bool // who asks
		same   bool // turns back, else it is the other one
	}{{"the called one", false, true}, {"the caller", true, true}, {"back by the other", false, false}} {
		t.Run(c.name, func(t *testing.T) {
			r, phone := faxRig(t, faxOption, faxOption)
			asks, takes := r.faxes(phone)
			if !c.caller {
				asks, takes = takes, asks
			}
			done := asks.reInvite(asks.content(14400, true))
			re := siptest.Wait(t, takes.leg.ReInvites)
			if rate := takes.turned(re.Request().Part(sdpType)); rate != 14400 {
				t.Errorf("offered %d bit/s", rate)
			}
			answer := takes.content(9600, true)
			if err := re.Accept(ua.Reply{ContentType: answer.Type, Body: answer.Body}); err != nil {
				t.Fatal(err)
			}
			got := siptest.Wait(t, done)
			if got.err != nil {
				t.Fatal(got.err)
			}
			if rate := asks.turned(got.resp.Part(sdpType)); rate != 9600 {
				t.Errorf("answered %d bit/s", rate)
			}
			asks.pages(takes)
			takes.pages(asks)
			// A refresh changes nothing.
			if got := siptest.Wait(t, asks.reInvite(asks.content(14400, true))); got.err != nil || asks.turned(got.resp.Part(sdpType)) != 9600 {
				t.Fatal(got.err)
			}
			takes.pages(asks)

			ends, follows := asks, takes
			if !c.same {
				ends, follows = takes, asks
			}
			done = ends.reInvite(r.offer(0, "PCMU", "sendrecv"))
			re = siptest.Wait(t, follows.leg.ReInvites)
			back, err := sdp.Parse(re.Request().Part(sdpType))
			if err != nil || !back.Media[0].IsAudio() || back.Media[0].Port == 0 {
				t.Fatalf("%v\n%s", err, re.Request().Body())
			}
			if err := re.Accept(ua.Reply{ContentType: sdpType, Body: r.offer(0, "PCMU", "sendrecv").Body}); err != nil {
				t.Fatal(err)
			}
			if got := siptest.Wait(t, done); got.err != nil {
				t.Fatal(got.err)
			}
			r.house.Eventually("the ports of T.38 are given back", func() bool { return r.ports.InUse() == 2 })
		})
	}
}

// Where the other party does not take it, or may not, the call stays as it is.
func TestFacsimileRefused(t *testing.T) {
	for _, c := range []struct {
		name, near, far string
		answer          string // of the other party, which is not asked without
	}{
		{"by the other", faxOption, faxOption, "refused"},
		{"by a port of 0", faxOption, faxOption, "away"},
		{"not allowed here", "", faxOption, ""},
		{"not allowed there", faxOption, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, phone := faxRig(t, c.near, c.far)
			asks, other := r.faxes(phone)
			done := asks.reInvite(asks.content(14400, true))
			if c.answer != "" {
				re := siptest.Wait(t, other.leg.ReInvites)
				if c.answer == "refused" {
					if err := re.Reject(ua.Reply{Status: 488}); err != nil {
						t.Fatal(err)
					}
				} else {
					away := other.content(14400, false)
					if err := re.Accept(ua.Reply{ContentType: away.Type, Body: away.Body}); err != nil {
						t.Fatal(err)
					}
					again := siptest.Wait(t, other.leg.ReInvites) // to have audio back
					if err := again.Accept(ua.Reply{ContentType: sdpType, Body: r.offer(0, "PCMU", "sendrecv").Body}); err != nil {
						t.Fatal(err)
					}
				}
			}
			if got := siptest.Wait(t, done); got.resp == nil || got.resp.Status() != 488 {
				t.Fatalf("%+v", got)
			}
			if n := r.ports.InUse(); n != 2 {
				t.Errorf("%d ports in use", n)
			}
			if got := siptest.Wait(t, asks.reInvite(r.offer(0, "PCMU", "sendonly"))); got.err != nil {
				t.Errorf("the call is not as it was: %v", got.err)
			}
		})
	}
}

// A facsimile that asks for T.38 where nobody else is goes on at the plan's extension for it,
// if the endpoint wants that.
func TestFacsimileDetected(t *testing.T) {
	for _, c := range []struct {
		options string
		want    int
	}{{faxOption + "fax_detect = yes\n", 1}, {faxOption, 0}} {
		r, _ := faxRig(t, c.options, "")
		g := &gateway{r: r, conn: r.socket()}
		leg, ch := r.answered(r.phone("1001"), "600")
		g.leg = leg
		sent := make(chan dialplan.Position, 4)
		ch.Redirectable(func(at dialplan.Position) bool { sent <- at; return true })
		for range 2 {
			if got := siptest.Wait(t, g.reInvite(g.content(14400, true))); got.resp == nil || got.resp.Status() != 488 {
				t.Fatalf("%+v", got)
			}
		}
		if c.want == 1 {
			if at := siptest.Wait(t, sent); at.Exten != "fax" || at.Context != "internal" {
				t.Errorf("sent to %+v", at)
			}
		}
		if len(sent) != 0 {
			t.Errorf("%q: sent again", c.options)
		}
	}
}
