package webrtc

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	pion "github.com/pion/webrtc/v4"

	"github.com/skygenesisenterprise/skybridge/media/red"
	ours "github.com/skygenesisenterprise/skybridge/media/rtp"
)

// redundantPair is a connection on which Opus may come with its earlier frames.
func redundantPair(t *testing.T) (*observed, *remote) {
	t.Helper()
	o, r := newPeer(t, testAPI(t)), newRemote(t, opus)
	offer := replaced(t, r.offer(t, false, nil), "SAVPF 111 ", "SAVPF 111 63 ")
	offer = replaced(t, offer, "a=rtpmap:111 ", "a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\na=rtpmap:111 ")
	answer, err := o.Answer(context.Background(), offer, false)
	if err != nil {
		t.Fatal(err)
	}
	if n := o.Media(); n.SendRedundant != 63 || n.ReceiveRedundant != 63 || !strings.Contains(answer, "a=fmtp:63 111/111\r\n") {
		t.Fatalf("%+v\n%s", n, answer)
	}
	// What this pion does not know it is not told; its packets and ours go as they are.
	answer = replaced(t, answer, "SAVPF 111 63 ", "SAVPF 111 ")
	answer = replaced(t, answer, "a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n", "")
	r.setAnswer(t, answer)
	o.await(t, StateConnected)
	r.await(t, pion.PeerConnectionStateConnected)
	return o, r
}

// A packet that was lost comes with its successor, in its place and as it was.
func TestRedundancyOfTheBrowsers(t *testing.T) {
	o, r := redundantPair(t)
	speak(t, o, r, "hello")
	for len(o.packets) > 0 {
		<-o.packets
	}
	var p red.Packer
	const first, count = 30000, 40
	at := time.Now().Add(time.Second) // after a silence, in which another source may begin
	for i := range count {
		h := rtp.Header{Version: 2, PayloadType: 111, SequenceNumber: uint16(first + i), Timestamp: uint32(i) * 960, SSRC: 9}
		plain := packet(t, h, fmt.Sprint("frame", i))
		var parsed ours.Header
		if err := ours.Parse(plain, &parsed); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 1500)
		raw := plain
		if n := p.Pack(buf, plain, &parsed, 63, 1); n > 0 {
			raw = buf[:n]
		}
		p.Keep(&parsed)
		if i%2 == 1 && i < count-1 {
			continue // lost
		}
		o.receive(raw, at.Add(time.Duration(i)*20*time.Millisecond))
	}
	for i := range count {
		var got rtp.Packet
		if err := got.Unmarshal(next(t, "packet", o.packets)); err != nil {
			t.Fatal(err)
		}
		if string(got.Payload) != fmt.Sprint("frame", i) || got.SequenceNumber != uint16(first+i) || got.Timestamp != uint32(i)*960 || got.PayloadType != 111 {
			t.Fatalf("the packet %d is %v", i, got)
		}
	}
	if s := o.Stats(); s.PacketsLost != count/2-1 || s.PacketsRecovered != count/2-1 {
		t.Errorf("%+v", s)
	}
}

// Who reports loss is sent earlier frames along, until it has reported none for a while.
func TestRedundancyOfOurs(t *testing.T) {
	o, r := redundantPair(t)
	report := func(fraction uint8) {
		t.Helper()
		raw, err := rtcp.Marshal([]rtcp.Packet{&rtcp.ReceiverReport{SSRC: 9, Reports: []rtcp.ReceptionReport{{SSRC: o.Media().SSRC, FractionLost: fraction}}}})
		if err != nil {
			t.Fatal(err)
		}
		o.receiveReport(raw, began)
	}
	// earlier is how many earlier frames the last packet has of some that are sent.
	earlier := func() int {
		t.Helper()
		var h ours.Header
		for range 4 {
			o.spoken++
			raw := packet(t, headerOf(111, o.spoken), "frame")
			if err := ours.Parse(raw, &h); err != nil {
				t.Fatal(err)
			}
			if err := o.WriteRTP(raw); err != nil {
				t.Fatal(err)
			}
		}
		if o.out.wanted(o.media.Load(), &h) == 0 {
			return 0
		}
		// What went is in the buffer yet.
		var sent ours.Header
		if err := ours.Parse(o.out.plain[:maxRedundant], &sent); err != nil || sent.PayloadType != 63 || sent.SequenceNumber != o.spoken {
			t.Fatalf("%+v, %v", sent, err)
		}
		var blocks [red.MaxEarlier + 1]red.Block
		n, ok := red.Parse(sent.Payload, &blocks)
		if !ok {
			t.Fatal("no redundant packet")
		}
		return n - 1
	}
	for _, step := range []struct {
		fraction uint8
		want     int
	}{{0, 0}, {1, 0}, {3, 1}, {0, 1}, {30, 2}, {3, 2}} {
		if report(step.fraction); earlier() != step.want {
			t.Errorf("after %d of 256 lost: %d earlier frames, want %d", step.fraction, earlier(), step.want)
		}
	}
	for range calmReports {
		report(0)
	}
	if n := earlier(); n != 0 {
		t.Errorf("%d earlier frames after calm", n)
	}
	r.socket.deaf.Store(true)
	report(30)
	raw := packet(t, headerOf(111, 1), string(make([]byte, 80)))
	if n := testing.AllocsPerRun(200, func() {
		o.spoken++
		raw[2], raw[3] = byte(o.spoken>>8), byte(o.spoken)
		if err := o.WriteRTP(raw); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("WriteRTP allocates %v times", n)
	}
}
