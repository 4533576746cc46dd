package sip

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/sdp"
	"github.com/skygenesisenterprise/skybridge/media/sdp/t38"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// arrives sends audio until as much has arrived at another handset, in whatever shape.
func (h *handset) arrives(to *handset) {
	h.r.t.Helper()
	buf := make([]byte, 2000)
	for range 600 {
		h.send(bytes.Repeat([]byte{0x20}, 160))
		if err := to.conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
			h.r.t.Fatal(err)
		}
		if n, err := to.conn.Read(buf); err == nil && n >= 172 && buf[0] == 0x80 {
			return
		}
	}
	h.r.t.Fatal("nothing arrives")
}

const (
	keyOfNear = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
	keyOfFar  = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
)

// Two who have no codec in common, or of whom one is encrypted or both are, never send to each other.
func TestDirectMediaNever(t *testing.T) {
	const encrypted = "media_encryption = sdes\n"
	for _, c := range []struct {
		name, near, far string
		nearHas, farHas handset
	}{
		{"no codec in common", "", "", handset{alaw: true}, handset{}},
		{"the called one is encrypted", "", encrypted, handset{}, handset{key: keyOfFar}},
		{"the caller is encrypted", encrypted, "", handset{key: keyOfNear}, handset{}},
		{"both are encrypted", encrypted, encrypted, handset{key: keyOfNear}, handset{key: keyOfFar}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, phone := directRig(t, c.near, c.far)
			near, far := r.handset(), r.handset()
			near.alaw, near.key, far.alaw, far.key = c.nearHas.alaw, c.nearHas.key, c.farHas.alaw, c.farHas.key
			r.converse(near, far, r.phone("1001"), phone)
			for _, h := range []*handset{near, far} {
				if !r.here(h.to, near, far) {
					t.Errorf("sent to %v, not to us", h.to)
				}
			}
			if near.key == "" {
				near.arrives(far)
			}
			if far.key == "" {
				far.arrives(near)
			}
			r.settled(near, far)
			bye(t, near, far)
		})
	}
}

// faxed answers what a handset is asked until that is T.38, and gives how often it was audio.
func (h *handset) faxed(g *gateway) (audio int) {
	h.r.t.Helper()
	for {
		re := siptest.Wait(h.r.t, h.leg.ReInvites)
		body := re.Request().Part(sdpType)
		s, err := sdp.Parse(body)
		if err != nil {
			h.r.t.Fatal(err)
		}
		if t38.Wanted(s) < 0 {
			h.told(body)
			answer := h.describe("sendrecv")
			if err := re.Accept(ua.Reply{ContentType: answer.Type, Body: answer.Body}); err != nil {
				h.r.t.Fatal(err)
			}
			audio++
			continue
		}
		g.turned(body)
		answer := g.content(9600, true)
		if err := re.Accept(ua.Reply{ContentType: answer.Type, Body: answer.Body}); err != nil {
			h.r.t.Fatal(err)
		}
		return audio
	}
}

// Two who send to each other turn to T.38: it passes here, and they are sent to each other again
// once it is over.
func TestDirectMediaFacsimile(t *testing.T) {
	for _, byCaller := range []bool{true, false} {
		r, phone := directRig(t, faxOption, faxOption)
		near, far, _ := r.talk(phone)
		parted(near, far)
		near.reaches(far)
		asks, takes := far, near
		if byCaller {
			asks, takes = near, far
		}
		sender, receiver := &gateway{r: r, leg: asks.leg, conn: r.socket()}, &gateway{r: r, leg: takes.leg, conn: r.socket()}
		done := sender.reInvite(sender.content(14400, true))
		takes.faxed(receiver)
		got := siptest.Wait(t, done)
		if got.err != nil {
			t.Fatal(got.err)
		}
		sender.turned(got.resp.Part(sdpType))
		for _, g := range []*gateway{sender, receiver} {
			for _, h := range []*handset{near, far} {
				if g.to == h.address() {
					t.Errorf("datagrams are sent to %v, not to us", g.to)
				}
			}
		}
		sender.pages(receiver)
		receiver.pages(sender)

		back := asks.says("sendrecv")
		if to := takes.asked(); !r.here(to, near, far) {
			t.Errorf("sent to %v, not to us", to)
		}
		again := siptest.Wait(t, back)
		if again.err != nil {
			t.Fatal(again.err)
		}
		asks.told(again.resp.Part(sdpType))
		parted(near, far)
		near.reaches(far)
		far.reaches(near)
		if strings.Contains(r.house.Log.String(), "level=ERROR") {
			t.Error("something went wrong")
		}
		bye(t, near, far)
	}
}
