package mixer

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// Packets of video that were lost and are sent again, many packets later and with the
// numbers they had, come to who asked for them; those on their way come undisturbed.
func TestVideoSentAgain(t *testing.T) {
	for _, suite := range []srtp.Suite{srtp.None, srtp.AESCM80, srtp.GCM128} {
		name := "in the clear"
		if suite != srtp.None {
			name = suite.String()
		}
		t.Run(name, func(t *testing.T) { testVideoSentAgain(t, suite) })
	}
}

func testVideoSentAgain(t *testing.T, suite srtp.Suite) {
	r := newRig(t, 1)
	a, b := r.camera("a", vp8(96)), r.camera("b", vp8(97))
	keyed := make(map[*camera]*keys)
	if suite != srtp.None {
		for i, c := range []*camera{a, b} {
			k := newKeys(t, suite)
			var err error
			if k.receive, err = srtp.NewReceiver(k.masters.Send, srtp.State{}, srtp.RTPResent); err != nil {
				t.Fatal(err)
			}
			m := passing(vp8(uint8(96 + i)))
			m.Keys, keyed[c] = &k.masters, k
			if err := c.port.SetMedia(m); err != nil {
				t.Fatal(err)
			}
		}
	}
	p := r.pair(a.phone, b.phone)
	r.ticks(4)
	const hole, behind, all = 700, 150, 1000 // the numbers turn within
	var seen []rtp.Header
	var numbers []int
	buf := make([]byte, MaxPacketBytes)
	send := func(packets ...[]byte) {
		t.Helper()
		for _, packet := range packets {
			if err := a.ring.Deliver(packet, time.Unix(0, 1)); err != nil {
				t.Fatal(err)
			}
		}
		r.ticks(1)
		for {
			n, ok := b.ring.TryNext(buf)
			if !ok {
				return
			}
			plain := buf[:n]
			if k := keyed[b]; k != nil {
				plain = k.open(t, plain)
			}
			var h rtp.Header
			if err := rtp.Parse(plain, &h); err != nil {
				t.Fatal(err)
			}
			numbers = append(numbers, int(binary.BigEndian.Uint16(h.Payload)))
			h.Payload = nil
			seen = append(seen, h)
		}
	}
	var want []int
	var again [][]byte
	for i := range all {
		packet := make([]byte, rtp.HeaderBytes+500)
		(&rtp.Header{PayloadType: 96, SequenceNumber: a.seq + uint16(i), Timestamp: a.ts + uint32(30*i), SSRC: a.ssrc}).Put(packet)
		binary.BigEndian.PutUint16(packet[rtp.HeaderBytes:], uint16(i))
		if k := keyed[a]; k != nil {
			packet = k.seal(t, packet)
		}
		if i == hole || i == hole+1 {
			again = append(again, packet)
			continue
		}
		want = append(want, i)
		send(packet)
		if i == hole+behind {
			want = append(want, hole, hole+1)
			send(again...)
		}
	}
	if len(numbers) != len(want) {
		t.Fatalf("%d packets came, want %d: %+v", len(numbers), len(want), a.port.Stats())
	}
	for i, h := range seen {
		moved := h.SequenceNumber - seen[0].SequenceNumber
		if numbers[i] != want[i] || moved != uint16(want[i]) || h.SSRC != seen[0].SSRC || h.Timestamp-seen[0].Timestamp != uint32(30*want[i]) {
			t.Fatalf("in place of %d came %d as %d: %+v", want[i], numbers[i], moved, h)
		}
	}
	if n := len(r.take(PictureWanted)); n != 1 {
		t.Errorf("a picture was asked for %d times", n)
	}
	r.ticks(40)
	if s := a.port.Stats(); s.Invalid+s.Replayed+s.AuthFailed != 0 || s.PacketsIn != all {
		t.Errorf("%+v", s)
	}
	p.Close()
}
