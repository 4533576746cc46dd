package webrtc

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/skygenesisenterprise/skybridge/media/webrtc/transport"
)

// What leaves together is sealed and goes to its peer as what leaves alone; nothing of it allocates.
func TestVideoThatLeavesTogether(t *testing.T) {
	w, r := newWatcher(t), newRemote(t, opus)
	w.answer(t, r)
	w.await(t, StateConnected)
	w.addTrack(t, "ann:camera")
	m := sent(w.offer(t, r), "ann:camera")
	raw := packet(t, rtp.Header{Version: 2, PayloadType: m.Send[0].PayloadType, SSRC: m.Track.SSRC}, "ann:camera")
	outbox := new(transport.Outbox)
	write := func() {
		binary.BigEndian.PutUint16(raw[2:], binary.BigEndian.Uint16(raw[2:])+1)
		if err := w.WriteVideoBy(outbox, raw); err != nil {
			t.Fatal(err)
		}
	}
	const many = 100 // more than leave at once
	came := map[uint16]bool{}
	eventually(t, "all of a round", func() bool {
		first := binary.BigEndian.Uint16(raw[2:]) + 1
		for range many {
			write()
		}
		outbox.Flush()
		clear(came)
		for end := time.After(time.Second); len(came) < many/2; { // the remote keeps 64 at most
			select {
			case p := <-r.pictures:
				if p.SequenceNumber-first < many && string(p.Payload) == "ann:camera" {
					came[p.SequenceNumber] = true
				}
			case <-end:
				return false
			}
		}
		return true
	})
	r.socket.deaf.Store(true)
	if n := testing.AllocsPerRun(200, write); n > 0 {
		t.Errorf("WriteVideoBy allocates %v times", n)
	}
	for range 1000 { // of nothing: it gives its room back, and takes it again
		outbox.Flush()
	}
	if n := testing.AllocsPerRun(1, func() { write(); outbox.Flush() }); n > 0 {
		t.Errorf("%v allocations after the first packet", n)
	}
	if err := w.WriteVideoBy(outbox, raw[:5]); err == nil {
		t.Error("what is no packet was taken")
	}
}
