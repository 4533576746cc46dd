package sip

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/signaling"
	sess "github.com/skygenesisenterprise/skybridge/signaling/tech/sip/session"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// with adds lines to the rig's offer in PCMU, which is of the given formats.
func (r *rig) with(formats, lines string) func(*ua.Outbound) {
	return func(o *ua.Outbound) {
		o.Body = fmt.Appendf(nil, "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP %s\r\n%s",
			r.media.LocalAddr().(*net.UDPAddr).Port, formats, strings.ReplaceAll(lines, "\n", "\r\n"))
	}
}

// Whatever length of packets a phone asks for, it gets a call, and packets as long
// as we make them.
func TestLongPackets(t *testing.T) {
	r := newRig(t, anybody)
	phone := r.phone("1001")
	for _, c := range []struct{ asked, ms int }{{20, 20}, {60, 60}, {80, 60}, {100, 60}, {120, 60}, {200, 60}} {
		leg := r.call(phone, "600", r.with("0", fmt.Sprintf("a=ptime:%d\n", c.asked)))
		channel := siptest.Wait(t, r.calls)
		if err := channel.Answer(siptest.Ctx(t)); err != nil {
			t.Fatal(err)
		}
		body := string(leg.Answered().Body())
		if !strings.Contains(body, fmt.Sprintf("a=ptime:%d\r\n", c.ms)) || !strings.Contains(body, "a=maxptime:120\r\n") {
			t.Errorf("ptime %d is answered by\n%s", c.asked, body)
		}
		channel.Hangup(signaling.CauseNormal)
		siptest.Wait(t, channel.Gone())
	}
}

// A phone that offers telephone-event five times over gets a call.
func TestManyEventTypes(t *testing.T) {
	r := newRig(t, anybody)
	leg := r.call(r.phone("1001"), "600", r.with("0 97 98 99 100 101", "a=rtpmap:97 telephone-event/8000\na=rtpmap:98 telephone-event/8000\n"+
		"a=rtpmap:99 telephone-event/8000\na=rtpmap:100 telephone-event/8000\na=rtpmap:101 telephone-event/8000\n"))
	channel := siptest.Wait(t, r.calls)
	if err := channel.Answer(siptest.Ctx(t)); err != nil {
		t.Fatal(err)
	}
	if body := string(leg.Answered().Body()); !strings.Contains(body, "RTP/AVP 0 97\r\n") {
		t.Errorf("answer\n%s", body)
	}
	channel.Hangup(signaling.CauseNormal)
	siptest.Wait(t, channel.Gone())
}

// A phone's a=fmtp decides how Opus is encoded for it, in an offer and in an answer.
func TestOpusParameters(t *testing.T) {
	r := newRig(t, anybody)
	offer := "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 107\r\n" +
		"a=rtpmap:107 opus/48000/2\r\na=fmtp:107 maxaveragebitrate=16000;cbr=1\r\n"
	want := media.EncoderConfig{Bitrate: 16000, CBR: true}
	for name, exchange := range map[string]func(session) error{
		"offered": func(s session) error {
			_, err := s.Answer(t.Context(), []byte(offer))
			return err
		},
		"answered": func(s session) error {
			if _, err := s.Offer(t.Context(), media.SendRecv); err != nil {
				return err
			}
			return s.SetAnswer([]byte(offer))
		},
	} {
		s, err := sess.New(sess.Config{
			Name: name, Ports: r.ports, Mixer: r.tech.cfg.Mixer, Codecs: codecList{opus.Codec()}, Address: netip.MustParseAddr("127.0.0.1"), Local: netip.MustParseAddr("127.0.0.1"),
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := exchange(s); err != nil {
			t.Error(err)
		}
		if got := s.Port().Media().Encoder; got != want {
			t.Errorf("%s: %+v", name, got)
		}
		s.Close()
		if err := s.Wait(siptest.Ctx(t)); err != nil {
			t.Error(err)
		}
	}
}
