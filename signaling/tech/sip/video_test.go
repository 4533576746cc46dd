package sip

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dial"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// viewer is where a phone's camera sends from and its screen listens.
type viewer struct {
	t    *testing.T
	conn *net.UDPConn
	to   netip.AddrPort
	seq  uint16
}

func (r *rig) viewer() *viewer { return &viewer{t: r.t, conn: r.socket(), seq: 65000} }

// line is the media line of the viewer in formats, with the rest.
func (v *viewer) line(formats, rest string) string {
	return fmt.Sprintf("m=video %d RTP/AVP %s\r\n%s", v.conn.LocalAddr().(*net.UDPAddr).Port, formats, strings.ReplaceAll(rest, "\n", "\r\n"))
}

// sees is look where it may end the test.
func (v *viewer) sees(body []byte) (line *sdp.Media, on bool) {
	v.t.Helper()
	line, err := v.look(body)
	if err != nil {
		v.t.Fatalf("%v\n%s", err, body)
	}
	return line, line != nil
}

// look takes from a description of the server where video goes; nil for refused.
func (v *viewer) look(body []byte) (*sdp.Media, error) {
	s, err := sdp.Parse(body)
	if err != nil || len(s.Media) < 2 || s.Media[1].Port == 0 {
		return nil, err
	}
	target, err := s.Target(s.Media[1])
	if err != nil {
		return nil, err
	}
	v.to = target.RTP
	return s.Media[1], nil
}

// show sends a packet until the other one has it, unchanged but for its header.
func (v *viewer) show(pt uint8, to *viewer, as uint8) {
	v.t.Helper()
	for tries := range 600 {
		payload := bytes.Repeat([]byte{byte(tries), pt, 0x5a}, 400)
		v.seq++
		p := append(make([]byte, rtp.HeaderBytes), payload...)
		(&rtp.Header{PayloadType: pt, Marker: true, SequenceNumber: v.seq, Timestamp: uint32(tries) * 3000, SSRC: 7}).Put(p)
		if _, err := v.conn.WriteToUDPAddrPort(p, v.to); err != nil {
			v.t.Fatal(err)
		}
		if err := to.conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
			v.t.Fatal(err)
		}
		buf := make([]byte, 2000)
		n, err := to.conn.Read(buf)
		if err != nil || rtp.IsRTCP(buf[:n]) {
			continue // the media may not stand yet
		}
		var h rtp.Header
		if err := rtp.Parse(buf[:n], &h); err != nil {
			v.t.Fatal(err)
		}
		if h.PayloadType != as || !h.Marker || len(h.Payload) != len(payload) || h.Payload[1] != pt {
			v.t.Fatalf("%+v", h)
		}
		return
	}
	v.t.Fatal("nothing is seen")
}

// A caller's video is offered to the called party; the caller's answer has what that one
// takes, or, where it was sent before, an offer of ours adds it. Both then see each other.
func TestVideoOfTwoPhones(t *testing.T) {
	const both = "a=rtpmap:96 VP8/90000\na=rtpmap:99 H264/90000\na=fmtp:99 profile-level-id=42e01f;packetization-mode=1\na=rtcp-fb:* nack pli\n"
	for _, c := range []struct {
		name, allow, answer string
		before              bool // the caller is answered before the other one is called
		offered             string
		seen                bool
		again               bool // the first offer to the caller is refused
	}{
		{"the answer has it", "ulaw,h264,vp8", "taken", false, "96 97", true, false},
		{"it is added", "ulaw,h264,vp8", "taken", true, "96 97", true, false},
		{"it is added at the second try", "ulaw,h264,vp8", "taken", true, "96 97", true, true},
		{"refused", "ulaw,h264,vp8", "refused", false, "96 97", false, false},
		{"of some formats", "ulaw,h264", "taken", true, "96", true, false},
		{"not allowed", "ulaw", "refused", false, "", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			phone := siptest.NewPhone(t, "callee")
			r := newRig(t, strings.ReplaceAll(phoneEndpoint("callee", phone)+anybody, "ulaw", c.allow))
			r.house.Engine.AddTech(r.tech)
			near, far := r.viewer(), r.viewer()
			caller := r.phone("1001")
			leg := r.call(caller, "600", func(o *ua.Outbound) { o.Body = append(o.Body, near.line("96 99", both)...) })
			ch := siptest.Wait(t, r.calls)
			if c.before {
				if err := ch.Answer(siptest.Ctx(t)); err != nil {
					t.Fatal(err)
				}
				if _, on := near.sees(leg.Answered().Part(sdpType)); on {
					t.Fatal("answered with video that nobody takes")
				}
			}
			called := make(chan *siptest.Leg, 1)
			body := r.offer(0, "PCMU", "sendrecv").Body
			var line *sdp.Media
			go func() {
				defer close(called)
				in := <-phone.Invites
				var err error
				if line, err = far.look(in.Request().Part(sdpType)); err != nil {
					t.Error(err)
				}
				if line != nil {
					h264 := line.Formats[len(line.Formats)-1]
					answer := far.line(h264, "a=rtpmap:"+h264+" H264/90000\na=fmtp:"+h264+" profile-level-id=42e034;packetization-mode=1\na=rtcp-fb:* nack pli\n")
					if c.answer == "refused" {
						answer = "m=video 0 RTP/AVP 96\r\n"
					}
					body = append(body, answer...)
				}
				l := siptest.NewLeg(t)
				if d, err := in.Accept(ua.Reply{ContentType: sdpType, Body: body}, l); err == nil {
					l.Dialog = d
					called <- l
				}
			}()
			result := dial.Do(siptest.Ctx(t), r.house.Engine, dial.Plan{
				Targets: []dialstring.Target{{Tech: "PJSIP", Resource: "callee"}}, From: ch, Timeout: siptest.Patience,
			})
			if siptest.Wait(t, called) == nil || result.Channel == nil {
				t.Fatalf("%+v", result)
			}
			formats := ""
			if line != nil {
				formats = strings.Join(line.Formats, " ")
			}
			if formats != c.offered {
				t.Errorf("offered %q, want %q", formats, c.offered)
			}
			pt := uint8(99)
			if !c.before {
				if err := ch.Answer(siptest.Ctx(t)); err != nil {
					t.Fatal(err)
				}
				got, on := near.sees(leg.Answered().Part(sdpType))
				if on != c.seen || on && (strings.Join(got.Formats, " ") != "99" || !strings.Contains(fmt.Sprint(got.Attributes), "42e034")) {
					t.Fatalf("answered %v %+v", on, got)
				}
			} else {
				re := siptest.Wait(t, leg.ReInvites)
				if c.again { // refused, and offered again once the phone has had its own way
					if err := re.Reject(ua.Reply{Status: 500}); err != nil {
						t.Fatal(err)
					}
					if _, err := leg.Dialog.ReInvite(siptest.Ctx(t), r.offer(0, "PCMU", "sendrecv")); err != nil {
						t.Fatal(err)
					}
					re = siptest.Wait(t, leg.ReInvites)
				}
				got, on := near.sees(re.Request().Part(sdpType))
				if !on || len(got.Formats) != 1 {
					t.Fatalf("offered %+v", got)
				}
				if _, err := fmt.Sscan(got.Formats[0], &pt); err != nil {
					t.Fatal(err)
				}
				body := r.offer(0, "PCMU", "sendrecv").Body
				body = append(body, near.line(got.Formats[0], "a=rtpmap:"+got.Formats[0]+" H264/90000\na=fmtp:"+got.Formats[0]+" profile-level-id=42e01f;packetization-mode=1\n")...)
				if err := re.Accept(ua.Reply{ContentType: sdpType, Body: body}); err != nil {
					t.Fatal(err)
				}
			}
			if !c.seen {
				return
			}
			b := r.house.Engine.NewBridge(signaling.BridgeConfig{})
			defer b.Close()
			for _, m := range []*signaling.Channel{ch, result.Channel} {
				if err := b.Add(siptest.Ctx(t), m); err != nil {
					t.Fatal(err)
				}
			}
			var to uint8
			if _, err := fmt.Sscan(line.Formats[len(line.Formats)-1], &to); err != nil {
				t.Fatal(err)
			}
			near.show(pt, far, to)
			far.show(to, near, pt)
		})
	}
}
