package sip

import (
	"slices"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// refuses refuses a re-INVITE of ours.
func (h *handset) refuses(status int) {
	h.r.t.Helper()
	if err := siptest.Wait(h.r.t, h.leg.ReInvites).Reject(ua.Reply{Status: status}); err != nil {
		h.r.t.Fatal(err)
	}
}

// settled waits until our offers are over, and wants none to have come since.
func (r *rig) settled(phones ...*handset) {
	r.t.Helper()
	for _, h := range phones {
		if _, err := h.leg.Dialog.Request(siptest.Ctx(r.t), "OPTIONS", ua.Content{}); err != nil {
			r.t.Fatal(err)
		}
		if n := len(h.leg.ReInvites); n != 0 {
			r.t.Errorf("%d re-INVITEs too many", n)
		}
	}
}

// says has a handset describe itself anew within the call.
func (h *handset) says(direction string) chan reInvited {
	done := make(chan reInvited, 1)
	c := h.describe(direction)
	go func() {
		resp, err := h.leg.Dialog.ReInvite(siptest.Ctx(h.r.t), c)
		done <- reInvited{resp, err}
	}()
	return done
}

// Whoever refuses leaves audio here: neither is asked again.
func TestDirectMediaRefused(t *testing.T) {
	for name, refuse := range map[string]func(near, far *handset){
		"by the first": func(near, _ *handset) { near.refuses(488) },
		"by the second": func(near, far *handset) {
			near.asked()
			far.refuses(606)
			if to := near.asked(); to == far.address() {
				t.Errorf("sent to %v, not to us", to)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, phone := directRig(t, "", "")
			near, far, _ := r.talk(phone)
			refuse(near, far)
			near.reaches(far)
			far.reaches(near)
			r.settled(near, far)
			bye(t, far, near)
		})
	}
}

// Audio stays here where one may not have it elsewhere, or they could not hear each other.
func TestDirectMediaNotWanted(t *testing.T) {
	for _, c := range []struct{ name, near, far string }{
		{"one does not allow it", "", "direct_media = no\n"},
		{"SRTP", "", "media_encryption = sdes\nmedia_encryption_optimistic = yes\n"},
		{"the called one moves first", "", "direct_media_glare_mitigation = outgoing\n"},
		{"the caller moves first", "direct_media_glare_mitigation = incoming\n", ""},
		{"one has digits by INFO", "", "dtmf_mode = info\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, phone := directRig(t, c.near, c.far)
			near, far, _ := r.talk(phone)
			near.reaches(far)
			far.reaches(near)
			r.settled(near, far)
			bye(t, near, far)
		})
	}
}

// The party that is to move first has moved: then both are sent to each other.
func TestDirectMediaAfterTheFirstMove(t *testing.T) {
	r, phone := directRig(t, "direct_media_glare_mitigation = incoming\n", "")
	near, far, _ := r.talk(phone)
	near.reaches(far)
	if got := siptest.Wait(t, near.says("sendrecv")); got.err != nil {
		t.Fatal(got.err)
	}
	parted(near, far)
	near.reaches(far)
	bye(t, near, far)
}

// Hold and its end, by a phone: the other is taken back, and sent there again.
func TestDirectMediaHold(t *testing.T) {
	r, phone := directRig(t, "", "")
	near, far, _ := r.talk(phone)
	parted(near, far)
	got := siptest.Wait(t, near.says("sendonly"))
	if got.err != nil {
		t.Fatal(got.err)
	}
	if to := near.told(got.resp.Part(sdpType)); !r.here(to, near, far) {
		t.Errorf("sent to %v, not to us", to)
	}
	if to := far.asked(); !r.here(to, near, far) {
		t.Errorf("sent to %v, not to us", to)
	}
	if got := siptest.Wait(t, near.says("sendrecv")); got.err != nil {
		t.Fatal(got.err)
	}
	parted(near, far)
	far.reaches(near)
	bye(t, near, far)
}

// A phone that moves is followed by the other; a refresh that says nothing new changes nothing.
func TestDirectMediaMoves(t *testing.T) {
	r, phone := directRig(t, "", "")
	near, far, _ := r.talk(phone)
	parted(near, far)
	same := near.describe("sendrecv")
	near.version--
	same.Body = []byte(strings.Replace(string(same.Body), "o=- 1 "+"3", "o=- 1 2", 1))
	resp, err := near.leg.Dialog.ReInvite(siptest.Ctx(t), same)
	if err != nil {
		t.Fatal(err)
	}
	if to := near.told(resp.Part(sdpType)); to != far.address() {
		t.Errorf("a refresh is answered by %v, not %v", to, far.address())
	}
	r.settled(near, far)

	near.conn = r.socket()
	if got := siptest.Wait(t, near.says("sendrecv")); got.err != nil {
		t.Fatal(got.err)
	}
	if to := far.asked(); !r.here(to, near, far) {
		t.Errorf("sent to %v, not to us", to)
	}
	parted(near, far)
	near.reaches(far)
	far.reaches(near)
	bye(t, near, far)
}

// A third party brings audio here, and takes it away with it; a member that leaves as well.
func TestDirectMediaThird(t *testing.T) {
	r, phone := directRig(t, "", "")
	near, far, b := r.talk(phone)
	parted(near, far)
	third, ch := r.answered(r.phone("1001"), "600")
	if err := b.Add(siptest.Ctx(t), ch); err != nil {
		t.Fatal(err)
	}
	rejoined(near, far)
	if err := third.Dialog.Bye(siptest.Ctx(t)); err != nil {
		t.Fatal(err)
	}
	parted(near, far)
	if err := b.Remove(siptest.Ctx(t), far.channel); err != nil {
		t.Fatal(err)
	}
	rejoined(near, far)
	r.settled(near, far)
	bye(t, near, far)
}

// Who takes the place of a party is sent to the other one, who is not left where that was.
func TestDirectMediaTransfer(t *testing.T) {
	r, phone := directRig(t, "", "")
	near, far, b := r.talk(phone)
	parted(near, far)
	heir := r.handset()
	heir.leg = r.call(r.phone("1001"), "600", func(o *ua.Outbound) { o.Body = heir.describe("sendrecv").Body })
	heir.channel = siptest.Wait(t, r.calls)
	if err := heir.channel.Answer(siptest.Ctx(t)); err != nil {
		t.Fatal(err)
	}
	heir.told(heir.leg.Answered().Part(sdpType))
	if err := b.Replace(siptest.Ctx(t), near.channel, heir.channel); err != nil {
		t.Fatal(err)
	}
	rejoined(near, far)
	parted(far, heir)
	far.reaches(heir)
	heir.reaches(far)
	bye(t, heir, far)
}

// Both sides' offers meet: each is made again after a while.
func TestDirectMediaGlare(t *testing.T) {
	r, phone := directRig(t, "", "")
	near, far, _ := r.talk(phone)
	near.refuses(491)
	near.asked()
	far.refuses(491)
	far.asked()
	near.reaches(far)
	far.reaches(near)
	bye(t, near, far)
}

// A phone rings off while it is asked, or once it has been.
func TestDirectMediaRingsOff(t *testing.T) {
	r, phone := directRig(t, "", "")
	near, far, _ := r.talk(phone)
	near.asked()
	siptest.Wait(t, far.leg.ReInvites)
	if err := far.leg.Dialog.Bye(siptest.Ctx(t)); err != nil {
		t.Fatal(err)
	}
	siptest.Wait(t, far.channel.Gone())
	if to := near.asked(); !r.here(to, near, far) {
		t.Errorf("sent to %v, not to us", to)
	}
	near.channel.Hangup(signaling.CauseNormal)
	siptest.Wait(t, near.leg.Ended)
}

// What is played is heard from its beginning: audio is here first.
func TestDirectMediaPlayback(t *testing.T) {
	r, phone := directRig(t, "", "")
	near, far, _ := r.talk(phone)
	parted(near, far)
	clip, err := mixer.NewClip(8000, slices.Repeat([]int16{5000}, 2400))
	if err != nil {
		t.Fatal(err)
	}
	playing := make(chan *signaling.Playback, 1)
	go func() {
		pb, err := near.channel.Play(siptest.Ctx(t), clip, signaling.PlayOptions{})
		if err != nil {
			t.Error(err)
		}
		playing <- pb
	}()
	rejoined(near, far)
	siptest.Wait(t, siptest.Wait(t, playing).Done())
	parted(near, far)
	near.reaches(far)
	bye(t, near, far)
}

// A party whose packets come from elsewhere is behind a NAT.
func TestDirectMediaNAT(t *testing.T) {
	for options, direct := range map[string]bool{
		"rtp_symmetric = yes\ndisable_direct_media_on_nat = yes\n": false,
		"rtp_symmetric = yes\n": true,
	} {
		r, phone := directRig(t, "", options)
		near, far, _ := r.talk(phone)
		far.conn = r.socket() // which nobody has announced
		far.reaches(near)
		if !direct {
			near.reaches(far)
			r.house.Eventually("it is looked at again", func() bool { return len(far.channel.Quality()) > 0 })
			r.settled(near, far)
		} else {
			if to := near.asked(); to != far.address() {
				t.Errorf("sent to %v, not to where the party is, %v", to, far.address())
			}
			far.asked()
		}
		bye(t, near, far)
	}
}

// No RTP comes while audio goes past us, and that ends no call.
func TestDirectMediaTimesOutNever(t *testing.T) {
	r, phone := directRig(t, "rtp_timeout = 1\nrtp_timeout_hold = 1\n", "rtp_timeout = 1\nrtp_timeout_hold = 1\n")
	near, far, _ := r.talk(phone)
	parted(near, far)
	r.house.Eventually("three seconds have passed", func() bool { return len(far.channel.Quality()) > 3 })
	r.settled(near, far)
	if near.channel.Ended() || far.channel.Ended() {
		t.Error("the call has ended")
	}
	bye(t, near, far)
}

// The other party is told by UPDATE where that is wanted, and the party takes it.
func TestDirectMediaByUpdate(t *testing.T) {
	r, phone := directRig(t, "direct_media_method = update\n", "")
	near, far, _ := r.talk(phone)
	u := siptest.Wait(t, near.leg.Requests)
	if u.Request().Method() != "UPDATE" {
		t.Fatalf("%s", u.Request().Method())
	}
	if to := near.told(u.Request().Part(sdpType)); to != far.address() {
		t.Errorf("sent to %v", to)
	}
	answer := near.describe("sendrecv")
	if err := u.Respond(ua.Reply{ContentType: answer.Type, Body: answer.Body}); err != nil {
		t.Fatal(err)
	}
	far.asked()
	near.reaches(far)
	bye(t, near, far)
}
