package sip

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dial"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/resolver"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
	"github.com/skygenesisenterprise/skybridge/sip/siptest/dnstest"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// talker is a phone of one family: its signalling, and where its audio is.
type talker struct {
	t    *testing.T
	peer *siptest.Peer
	conn *net.UDPConn
	to   netip.AddrPort // where its audio goes
	seq  uint16
}

func (r *rig) talker(local string) *talker {
	r.t.Helper()
	ip := netip.MustParseAddr(local)
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, 0)))
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	return &talker{t: r.t, peer: siptest.UDPFrom(r.t, ip, netip.AddrPortFrom(ip, r.server.Addr("udp").Port())), conn: c}
}

// sdp says where its audio is wanted, in a family's notation.
func (h *talker) sdp() string {
	at := h.conn.LocalAddr().(*net.UDPAddr).AddrPort()
	family := "IP4"
	if at.Addr().Is6() {
		family = "IP6"
	}
	return fmt.Sprintf("v=0\r\no=- 1 1 IN %s %[2]s\r\ns=-\r\nc=IN %[1]s %[2]s\r\nt=0 0\r\nm=audio %d RTP/AVP 0\r\n", family, at.Addr(), at.Port())
}

// take reads where our side wants audio; it must be at that address.
func (h *talker) take(body, want string) {
	h.t.Helper()
	s, err := sdp.Parse([]byte(body))
	if err != nil {
		h.t.Fatal(err)
	}
	target, err := s.Target(s.Media[0])
	if err != nil {
		h.t.Fatal(err)
	}
	family := " IP4 "
	if strings.Contains(want, ":") {
		family = " IP6 "
	}
	if h.to = target.RTP; h.to.Addr().String() != want || !strings.Contains(body, "c=IN"+family+want+"\r\n") || !strings.Contains(body, " IN"+family+want+"\r\ns=") {
		h.t.Errorf("told\n%s, want %s", body, want)
	}
}

// says sends audio until the other one has it.
func (h *talker) says(to *talker) {
	h.t.Helper()
	voice := bytes.Repeat([]byte{byte(h.to.Port()), 0x35}, 80)
	for tries := range 600 {
		h.seq++
		p := append(make([]byte, rtp.HeaderBytes), voice...)
		(&rtp.Header{SequenceNumber: h.seq, Timestamp: uint32(tries) * 160, SSRC: uint32(h.to.Port())}).Put(p)
		if _, err := h.conn.WriteToUDPAddrPort(p, h.to); err != nil {
			h.t.Fatal(err)
		}
		if err := to.conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
			h.t.Fatal(err)
		}
		buf := make([]byte, 2000)
		n, err := to.conn.Read(buf)
		if err == nil && n > rtp.HeaderBytes && !rtp.IsRTCP(buf[:n]) && bytes.Contains(buf[rtp.HeaderBytes:n], voice[:40]) {
			return
		}
	}
	h.t.Fatal("nothing is heard")
}

const families = `
[1001]
type = endpoint
context = internal
allow = !all,ulaw
aors = 1001
[1001]
type = aor
max_contacts = 1
[1002]
type = endpoint
context = internal
allow = !all,ulaw
aors = 1002
[1002]
type = aor
max_contacts = 1
`

// bothFamilies listens at [::].
func bothFamilies(_ *Config, c *ua.Config) {
	c.Transport.Listeners = []transport.Listener{{Network: "udp", Address: "[::]:0"}, {Network: "tcp", Address: "[::]:0"}}
}

// A phone of one family calls a phone of another one, and they hear each other.
func TestCallBetweenFamilies(t *testing.T) {
	siptest.NeedIPv6(t)
	for _, from := range []string{"127.0.0.1", "::1"} {
		for _, to := range []string{"127.0.0.1", "::1"} {
			t.Run(from+" to "+to, func(t *testing.T) {
				r := newRig(t, families, bothFamilies)
				r.house.Engine.AddTech(r.tech)
				near, far := r.talker(from), r.talker(to)
				far.register("1002")
				call := near.peer.NewCall("sip:600@" + netip.AddrPortFrom(netip.MustParseAddr(from), r.server.Addr("udp").Port()).String())
				call.From = "<sip:1001@pbx>"
				call.Send("INVITE", near.sdp())
				ch := siptest.Wait(t, r.calls)
				done := make(chan dial.Result, 1)
				go func() { // ended by the answer below
					done <- dial.Do(siptest.Ctx(t), r.house.Engine, dial.Plan{From: ch, Targets: []dialstring.Target{{Tech: "PJSIP", Resource: "1002"}}})
				}()
				inv := far.peer.Skip("INVITE ")
				far.take(inv.Body, to)
				far.peer.Send(far.peer.Response(inv, 200, "far", []string{far.peer.Contact(), "Content-Type: application/sdp"}, far.sdp()))
				far.peer.Skip("ACK ")
				answered := siptest.Wait(t, done)
				if err := ch.Answer(siptest.Ctx(t)); err != nil {
					t.Fatal(err)
				}
				ok := near.peer.Skip("SIP/2.0 200")
				near.take(ok.Body, from)
				call.Take(ok)
				call.Ack("")
				b := r.house.Engine.NewBridge(signaling.BridgeConfig{})
				defer b.Close()
				for _, c := range []*signaling.Channel{ch, answered.Channel} {
					if err := b.Add(siptest.Ctx(t), c); err != nil {
						t.Fatal(err)
					}
				}
				near.says(far)
				far.says(near)
				r.house.Engine.HangupAll(signaling.CauseNormal)
				for _, p := range []*siptest.Peer{near.peer, far.peer} {
					bye := p.Skip("BYE ")
					p.Send(p.Response(bye, 200, "", nil, ""))
				}
			})
		}
	}
}

func (h *talker) register(user string) {
	h.t.Helper()
	c := h.peer.NewCall("sip:pbx")
	c.From, c.To = "<sip:"+user+"@pbx>", "<sip:"+user+"@pbx>"
	c.Send("REGISTER", "", "Expires: 600")
	h.peer.Skip("SIP/2.0 200")
}

// Audio goes by the family that is asked for, whatever that of the signalling; where we have
// none, the call is refused, and a call that stands stays as it was.
func TestMediaOfAnotherFamily(t *testing.T) {
	siptest.NeedIPv6(t)
	r := newRig(t, families, bothFamilies)
	four, six := r.talker("127.0.0.1"), r.talker("::1")
	call := four.peer.NewCall("sip:600@127.0.0.1")
	call.From = "<sip:1001@pbx>"
	call.Send("INVITE", six.sdp())
	c := siptest.Wait(t, r.calls)
	if err := c.Answer(siptest.Ctx(t)); err != nil {
		t.Fatal(err)
	}
	ok := four.peer.Skip("SIP/2.0 200")
	six.take(ok.Body, "::1")
	call.Take(ok)
	call.Ack("")
	call.Send("INVITE", four.sdp()) // it cannot move to a socket of the other family
	refused := four.peer.Skip("SIP/2.0 ")
	for refused.Status() < 200 {
		refused = four.peer.Skip("SIP/2.0 ")
	}
	if refused.Status() != 488 {
		t.Errorf("an offer of the other family: %s", refused.Start)
	}
	four.peer.Send(call.Again("ACK", "", "To: "+refused.Header("To")))
	if c.Snapshot().State != signaling.Up {
		t.Error("the call did not outlive it")
	}
	c.Hangup(signaling.CauseNormal)
	bye := four.peer.Skip("BYE ")
	four.peer.Send(four.peer.Response(bye, 200, "", nil, ""))
}

// media_address is told to who takes media of its family, and with bind_rtp_to_media_address
// the ports are there.
func TestMediaAddressOfAnEndpoint(t *testing.T) {
	siptest.NeedIPv6(t)
	for name, tc := range map[string]struct{ lines, from, want string }{
		"told":                    {"media_address = 198.51.100.4\n", "127.0.0.1", "198.51.100.4"},
		"of the other family":     {"media_address = 198.51.100.4\n", "::1", "::1"},
		"told, and bound":         {"media_address = 127.0.0.3\nbind_rtp_to_media_address = yes\n", "127.0.0.1", "127.0.0.3"},
		"told, and bound in IPv6": {"media_address = ::1\nbind_rtp_to_media_address = yes\n", "::1", "::1"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, strings.Replace(families, "aors = 1001\n", "aors = 1001\n"+tc.lines, 1), bothFamilies, func(c *Config, _ *ua.Config) {
				pc := rtp.DefaultPortsConfig()
				pc.Addresses, pc.First, pc.Last = []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}, 0, 0
				ports, err := rtp.NewPorts(pc)
				if err != nil {
					t.Fatal(err)
				}
				c.Ports = ports
			})
			phone := r.talker(tc.from)
			call := phone.peer.NewCall("sip:600@pbx")
			call.From = "<sip:1001@pbx>"
			call.Send("INVITE", phone.sdp())
			c := siptest.Wait(t, r.calls)
			if err := c.Answer(siptest.Ctx(t)); err != nil {
				t.Fatal(err)
			}
			ok := phone.peer.Skip("SIP/2.0 200")
			phone.take(ok.Body, tc.want)
			call.Take(ok)
			call.Ack("")
			c.Hangup(signaling.CauseNormal)
			bye := phone.peer.Skip("BYE ")
			phone.peer.Send(phone.peer.Response(bye, 200, "", nil, ""))
		})
	}
}

// TestCallGoesOnInAnotherFamily: the first server of a domain is at an IPv4 address and
// busy, the next at an IPv6 one. What has been offered stays as it is: who takes audio of
// the first one's family is heard; who does not is let go at once, with its port.
func TestCallGoesOnInAnotherFamily(t *testing.T) {
	siptest.NeedIPv6(t)
	for name, tc := range map[string]struct{ media, end string }{
		"it has both families": {"127.0.0.1", "ended 16 false"},
		"it has its own alone": {"::1", "ended 58 false"}, // its answer is of no use: bearer capability not available
	} {
		t.Run(name, func(t *testing.T) {
			names := dnstest.New(t, "")
			r := newRig(t, "[c]\ntype=endpoint\ncontext=internal\nallow=!all,ulaw\naors=c\n[c]\ntype=aor\ncontact=sip:pbx.test\n", bothFamilies, func(c *Config, stack *ua.Config) {
				rc := resolver.Default()
				rc.ResolvConf, rc.HostsFile = filepath.Join(t.TempDir(), "none"), filepath.Join(t.TempDir(), "none")
				rc.Servers = []netip.AddrPort{names.Addr}
				found, err := resolver.New(rc, c.Log)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(found.Close)
				c.Hosts, stack.Resolver = found, found
			})
			four, six, audio := r.talker("127.0.0.1"), r.talker("::1"), r.talker(tc.media)
			names.Set(fmt.Sprintf("_sip._udp.pbx.test. 60 IN SRV 1 0 %d four.test.\n_sip._udp.pbx.test. 60 IN SRV 2 0 %d six.test.\n"+
				"four.test. 60 IN A 127.0.0.1\nsix.test. 60 IN AAAA ::1\n", four.peer.Local().Port(), six.peer.Local().Port()))
			l, told := r.dial("c")
			busy := four.peer.Skip("INVITE ")
			four.peer.Send(four.peer.Response(busy, 503, "b", nil, ""))
			inv := six.peer.Skip("INVITE ")
			audio.take(inv.Body, "127.0.0.1")
			six.peer.Send(six.peer.Response(inv, 200, "x", []string{six.peer.Contact(), "Content-Type: application/sdp"}, audio.sdp()))
			six.peer.Skip("ACK ")
			if tc.media == "127.0.0.1" {
				told.want(t, "answered")
				l.Hangup(signaling.CauseNormal)
			}
			bye := six.peer.Skip("BYE ")
			six.peer.Send(six.peer.Response(bye, 200, "", nil, ""))
			told.want(t, tc.end)
		})
	}
}
