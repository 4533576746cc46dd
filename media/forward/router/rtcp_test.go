package router

import (
	"bytes"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"github.com/skygenesisenterprise/skybridge/media/forward"
	"github.com/skygenesisenterprise/skybridge/media/forward/allocation"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// TestRTCPBeginsWithUs: whatever is told to a party, about however many streams, is in compound
// packets that begin with a report of the one SSRC that is ours: SRTP's indices are of that.
func TestRTCPBeginsWithUs(t *testing.T) {
	r := newRoom(t)
	var packets [][]byte
	watcher := r.r.Join(Config{
		Send: func([]byte) bool { return true }, SendRTCP: func(b []byte) { packets = append(packets, bytes.Clone(b)) }, Extensions: taken, SSRC: 2, CNAME: []byte("us"),
		TransportWide: sent.TransportWide,
	})
	for i := range uint32(40) {
		c := r.camera(false)
		v, err := watcher.Watch(c.track, forward.Stream{SSRC: 1000 + i, PayloadType: 120, MID: "5"})
		if err != nil {
			t.Fatal(err)
		}
		v.Show(allocation.Small, false)
	}
	watcher.Requested(r.now, []rtp.Feedback{{Kind: rtp.PayloadFeedback, Format: rtp.FormatApplication, Detail: []byte("REMB\x01\x28\x9c\x40\x00\x00\x03\xe8")}})
	own := r.camera(false)
	own.party.cfg.SendRTCP = watcher.cfg.SendRTCP
	r.run(4 * time.Second)
	reports := map[uint32]bool{}
	for _, b := range packets {
		list, err := rtcp.Unmarshal(b)
		if err != nil {
			t.Fatal(err)
		}
		first, ok := list[0].(*rtcp.ReceiverReport)
		if err := rtcp.CompoundPacket(list).Validate(); err != nil || !ok || first.SSRC != 1 && first.SSRC != 2 || len(b) > maxRTCP {
			t.Fatalf("%d bytes: %v, %v", len(b), list, err)
		}
		for _, p := range list {
			if s, ok := p.(*rtcp.SenderReport); ok {
				reports[s.SSRC] = true
			}
		}
	}
	if len(reports) != 40 {
		t.Errorf("reports of %d streams", len(reports))
	}
}
