package webrtc

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"
	pion "github.com/pion/webrtc/v4"
)

// trickle carries candidates both ways until both sides have no more.
func trickle(t testing.TB, o *observed, r *remote) {
	t.Helper()
	for ours, theirs := false, false; !ours || !theirs; {
		select {
		case c := <-o.candidates:
			if ours = c.End(); ours {
				continue
			}
			err := r.AddICECandidate(pion.ICECandidateInit{Candidate: c.Candidate, SDPMid: c.SDPMid, SDPMLineIndex: c.SDPMLineIndex})
			if err != nil {
				t.Error(err)
			}
		case c := <-r.found:
			theirs = c.Candidate == ""
			if err := o.AddCandidate(Candidate{Candidate: c.Candidate, SDPMid: c.SDPMid}); err != nil {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Fatal("candidates do not end")
		}
	}
}

// connect makes a call by a complete offer of the remote's.
func connect(t testing.TB, o *observed, r *remote) {
	t.Helper()
	answer, err := o.Answer(context.Background(), r.offer(t, false, nil), false)
	if err != nil {
		t.Fatal(err)
	}
	r.setAnswer(t, answer)
	o.await(t, StateConnected)
	r.await(t, pion.PeerConnectionStateConnected)
}

// await waits until the remote is in a state.
func (r *remote) await(t testing.TB, want pion.PeerConnectionState) {
	t.Helper()
	for next(t, "state "+want.String(), r.states) != want {
	}
}

// speak sends packets both ways, with a payload of its own, until each side has
// heard the other.
func speak(t testing.TB, o *observed, r *remote, payload string) {
	t.Helper()
	send := o.Media().Send
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	heardUs, heardThem := false, false
	for !heardUs || !heardThem {
		select {
		case p := <-r.packets:
			if string(p.Payload) != payload {
				continue
			}
			if p.SSRC != o.Media().SSRC || p.PayloadType != send.PayloadType {
				t.Fatalf("the remote got SSRC %d payload type %d, want %d, %d", p.SSRC, p.PayloadType, o.Media().SSRC, send.PayloadType)
			}
			heardUs = true
		case raw := <-o.packets:
			var p rtp.Packet
			if err := p.Unmarshal(raw); err != nil {
				t.Fatal(err)
			}
			if string(p.Payload) != payload {
				continue
			}
			if !newAgreement(o.Media()).take.has(p.PayloadType) {
				t.Fatalf("we got payload type %d, which was not agreed", p.PayloadType)
			}
			heardThem = true
		case <-tick.C:
			o.spoken++ // SRTP takes no number twice
			n := o.spoken
			h := rtp.Header{Version: 2, PayloadType: send.PayloadType, SequenceNumber: n, Timestamp: uint32(n) * 960, SSRC: 7}
			if err := o.WriteRTP(packet(t, h, payload)); err != nil {
				t.Fatal(err)
			}
			if err := r.track.WriteRTP(&rtp.Packet{Header: h, Payload: []byte(payload)}); err != nil && !errors.Is(err, io.ErrClosedPipe) {
				t.Fatal(err)
			}
		case <-deadline:
			t.Fatalf("heard by the remote: %v, heard by us: %v", heardUs, heardThem)
		}
	}
}

func packet(t testing.TB, h rtp.Header, payload string) []byte {
	t.Helper()
	raw, err := (&rtp.Packet{Header: h, Payload: []byte(payload)}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// replaced is an SDP with one text in the place of another that must be there.
func replaced(t testing.TB, sdp, old, with string) string {
	t.Helper()
	if !strings.Contains(sdp, old) {
		t.Fatalf("no %q in\n%s", old, sdp)
	}
	return strings.ReplaceAll(sdp, old, with)
}

func headerOf(pt uint8, sequence uint16) rtp.Header {
	return rtp.Header{Version: 2, PayloadType: pt, SequenceNumber: sequence, Timestamp: uint32(sequence) * 960}
}

func rtpPacket(sequence uint16) *rtp.Packet {
	return &rtp.Packet{Header: headerOf(0, sequence), Payload: []byte("x")}
}

// eventually tries until ok, for things that only the network knows.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never: %s", what)
		}
	}
}

func awaitFailure(t testing.TB, o *observed) {
	t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case s := <-o.states:
			if s == StateFailed {
				return
			}
		case <-deadline:
			t.Fatal("does not fail")
		}
	}
}

// parameter is the value of an attribute that an SDP has.
func parameter(t testing.TB, sdp, name string) string {
	t.Helper()
	_, rest, ok := strings.Cut(sdp, "a="+name+":")
	if !ok {
		t.Fatalf("no %s in\n%s", name, sdp)
	}
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}
