package sip

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/sdp"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dial"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// handset is a phone that sends its audio where it is told.
type handset struct {
	r       *rig
	leg     *siptest.Leg
	conn    *net.UDPConn
	channel *signaling.Channel
	to      netip.AddrPort
	version int
	sent    uint16
	// alaw has it speak PCMA instead of PCMU; key is that of its SRTP, none where it has none.
	alaw bool
	key  string
	tag  string // of the offered suite that the key is for; 1 where we are offered it
}

var suiteTag = regexp.MustCompile(`a=crypto:(\d+) AES_CM_128_HMAC_SHA1_80 `)

func (r *rig) handset() *handset { return &handset{r: r, conn: r.socket()} }

func (h *handset) address() netip.AddrPort {
	return h.conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

// describe is the handset's audio.
func (h *handset) describe(direction string) ua.Content {
	h.version++
	profile, codec, key := "AVP", "0 PCMU", ""
	if h.alaw {
		codec = "8 PCMA"
	}
	if h.key != "" {
		profile, key = "SAVP", "a=crypto:"+cmp.Or(h.tag, "1")+" AES_CM_128_HMAC_SHA1_80 inline:"+h.key+"\r\n"
	}
	body := fmt.Sprintf("v=0\r\no=- 1 %d IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/%s %.1s 101\r\n"+
		"a=rtpmap:%[4]s/8000\r\na=rtpmap:101 telephone-event/8000\r\n%[5]sa=%[6]s\r\n", h.version, h.address().Port(), profile, codec, key, direction)
	return ua.Content{Type: sdpType, Body: []byte(body)}
}

// told takes from a description where audio is to go.
func (h *handset) told(body []byte) netip.AddrPort {
	h.r.t.Helper()
	s, err := sdp.Parse(body)
	if err != nil {
		h.r.t.Fatalf("%v\n%s", err, body)
	}
	target, err := s.Target(s.Media[0])
	if err != nil {
		h.r.t.Fatal(err)
	}
	if m := suiteTag.FindSubmatch(body); m != nil {
		h.tag = string(m[1])
	}
	h.to = target.RTP
	return h.to
}

// asked takes the next re-INVITE, and gives where audio is to go from then on.
func (h *handset) asked() netip.AddrPort {
	h.r.t.Helper()
	re := siptest.Wait(h.r.t, h.leg.ReInvites)
	to := h.told(re.Request().Part(sdpType))
	answer := h.describe("sendrecv")
	if err := re.Accept(ua.Reply{ContentType: answer.Type, Body: answer.Body}); err != nil {
		h.r.t.Fatal(err)
	}
	return to
}

// reaches sends a packet of audio until one has arrived at another handset, whoever passes it on.
func (h *handset) reaches(to *handset) {
	h.r.t.Helper()
	payload := bytes.Repeat([]byte{byte(0x20 + h.version)}, 160)
	buf := make([]byte, 2000)
	for range 600 {
		h.send(payload)
		if err := to.conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
			h.r.t.Fatal(err)
		}
		for {
			n, err := to.conn.Read(buf)
			if err != nil {
				break
			}
			if n == 172 && buf[1]&0x7f == 0 && bytes.Equal(buf[12:n], payload) {
				return
			}
		}
	}
	h.r.t.Fatal("nothing arrives")
}

func (h *handset) send(payload []byte) {
	h.sent++
	p := make([]byte, 12, 172)
	p[0] = 0x80
	binary.BigEndian.PutUint16(p[2:], h.sent)
	binary.BigEndian.PutUint32(p[4:], uint32(h.sent)*160)
	binary.BigEndian.PutUint32(p[8:], uint32(h.address().Port()))
	if _, err := h.conn.WriteToUDPAddrPort(append(p, payload...), h.to); err != nil {
		h.r.t.Fatal(err)
	}
}

// here reports whether an address is one of ours.
func (r *rig) here(a netip.AddrPort, phones ...*handset) bool {
	for _, p := range phones {
		if p.address() == a {
			return false
		}
	}
	return true
}

// directRig has two phones whose endpoints have the options.
func directRig(t *testing.T, near, far string) (*rig, *siptest.Phone) {
	t.Helper()
	phone := siptest.NewPhone(t, "callee")
	conf := strings.Replace(phoneEndpoint("callee", phone), "aors", far+"aors", 1) + strings.Replace(anybody, "allow", near+"allow", 1)
	r := newRig(t, conf)
	r.house.Engine.AddTech(r.tech)
	return r, phone
}

// talk is a conversation of two handsets, joined as Dial does.
func (r *rig) talk(phone *siptest.Phone) (near, far *handset, b *signaling.Bridge) {
	r.t.Helper()
	return r.talkFrom(r.phone("1001"), phone)
}

// talkFrom is talk with another caller.
func (r *rig) talkFrom(caller, phone *siptest.Phone) (near, far *handset, b *signaling.Bridge) {
	r.t.Helper()
	near, far = r.handset(), r.handset()
	return near, far, r.converse(near, far, caller, phone)
}

// converse is talkFrom with handsets that are there.
func (r *rig) converse(near, far *handset, caller, phone *siptest.Phone) (b *signaling.Bridge) {
	r.t.Helper()
	near.leg = r.call(caller, "600", func(o *ua.Outbound) { o.Body = near.describe("sendrecv").Body })
	near.channel = siptest.Wait(r.t, r.calls)
	called := make(chan *siptest.Leg, 1)
	go func() {
		in := siptest.Wait(r.t, phone.Invites)
		far.told(in.Request().Part(sdpType))
		l := siptest.NewLeg(r.t)
		d, err := in.Accept(ua.Reply{ContentType: sdpType, Body: far.describe("sendrecv").Body}, l)
		if err != nil {
			r.t.Error(err)
		}
		l.Dialog = d
		called <- l
	}()
	result := dial.Do(siptest.Ctx(r.t), r.house.Engine, dial.Plan{
		Targets: []dialstring.Target{{Tech: "PJSIP", Resource: "callee"}}, From: near.channel, Timeout: siptest.Patience,
	})
	far.leg = siptest.Wait(r.t, called)
	if far.channel = result.Channel; far.channel == nil {
		r.t.Fatalf("%+v", result)
	}
	if err := near.channel.Answer(siptest.Ctx(r.t)); err != nil {
		r.t.Fatal(err)
	}
	near.told(near.leg.Answered().Part(sdpType))
	b = r.house.Engine.NewBridge(signaling.BridgeConfig{Direct: true})
	r.t.Cleanup(b.Close)
	for _, m := range []*signaling.Channel{near.channel, far.channel} {
		if err := b.Add(siptest.Ctx(r.t), m); err != nil {
			r.t.Fatal(err)
		}
	}
	return b
}

// parted has two phones be told where the other is.
func parted(near, far *handset) {
	near.r.t.Helper()
	if to := near.asked(); to != far.address() {
		near.r.t.Fatalf("the caller is sent to %v, not to %v", to, far.address())
	}
	if to := far.asked(); to != near.address() {
		near.r.t.Fatalf("the called one is sent to %v, not to %v", to, near.address())
	}
}

// rejoined has two phones be told to send to us again.
func rejoined(near, far *handset) {
	near.r.t.Helper()
	for _, h := range []*handset{near, far} {
		if to := h.asked(); !h.r.here(to, near, far) {
			h.r.t.Fatalf("sent to %v, not to us", to)
		}
	}
}

// Two phones that talk send to each other. A tap has their audio pass here, before it hears
// anything, for as long as it is there.
func TestDirectMedia(t *testing.T) {
	r, phone := directRig(t, "", "")
	near, far, _ := r.talk(phone)
	parted(near, far)
	near.reaches(far)
	far.reaches(near)

	tapped := make(chan *mixer.Tap, 1)
	go func() {
		tap, err := near.channel.Tap(siptest.Ctx(t), mixer.TapConfig{In: true, SampleRate: 8000})
		if err != nil {
			t.Error(err)
		}
		tapped <- tap
	}()
	rejoined(near, far)
	tap := siptest.Wait(t, tapped)
	near.reaches(far)
	far.reaches(near)
	near.hears(tap)
	r.house.Eventually("nothing is counted as lost that went past", func() bool {
		s, err := near.channel.Audio(siptest.Ctx(t))
		return err == nil && s.PacketsIn > 0 && s.Lost == 0
	})
	tap.Close()
	parted(near, far)
	near.reaches(far)
	far.reaches(near)
	bye(t, near, far)
}

// hears waits until a tap has what the handset says.
func (h *handset) hears(tap *mixer.Tap) {
	h.r.t.Helper()
	for range 600 {
		h.send(bytes.Repeat([]byte{0x10}, 160))
		var b mixer.TapBlock
		if err := tap.Read(siptest.Ctx(h.r.t), &b); err != nil {
			h.r.t.Fatal(err)
		}
		for _, s := range b.Said {
			if s != 0 {
				return
			}
		}
	}
	h.r.t.Fatal("the tap hears nothing")
}

// bye ends the call from the first's side, and nothing else is asked of it. The other one may be
// taken back, where the machine takes its time to hang it up.
func bye(t *testing.T, first, other *handset) {
	t.Helper()
	if err := first.leg.Dialog.Bye(siptest.Ctx(t)); err != nil {
		t.Error(err)
	}
	other.channel.Hangup(signaling.CauseNormal)
	siptest.Wait(t, other.leg.Ended)
	if n := len(first.leg.ReInvites); n != 0 {
		t.Errorf("%d re-INVITEs at the end", n)
	}
	for len(other.leg.ReInvites) > 0 {
		if to := other.told((<-other.leg.ReInvites).Request().Part(sdpType)); !other.r.here(to, first, other) {
			t.Errorf("sent to %v at the end", to)
		}
	}
}
