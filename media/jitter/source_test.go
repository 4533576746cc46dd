package jitter_test

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/media/jitter"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

func TestSource(t *testing.T) {
	type packet struct {
		ssrc   uint32
		seq    uint16
		silent bool
		want   rtp.Order
	}
	for _, tt := range []struct {
		name    string
		packets []packet
	}{
		{"one stream", []packet{{1, 5, true, rtp.Ahead}, {1, 6, false, rtp.Ahead}, {1, 6, false, rtp.Behind}}},
		{"ssrc 0", []packet{{0, 5, true, rtp.Ahead}, {0, 6, false, rtp.Ahead}}},
		{"a stray packet changes nothing", []packet{
			{1, 5, true, rtp.Ahead}, {2, 70, false, rtp.Suspect}, {1, 6, false, rtp.Ahead}, {2, 71, false, rtp.Suspect}}},
		{"a second one in sequence does", []packet{
			{1, 5, true, rtp.Ahead}, {2, 70, false, rtp.Suspect}, {2, 71, false, rtp.Restart}, {1, 6, false, rtp.Suspect}}},
		{"not in sequence", []packet{
			{1, 5, true, rtp.Ahead}, {2, 70, false, rtp.Suspect}, {2, 90, false, rtp.Suspect}, {2, 91, false, rtp.Restart}}},
		{"two rivals", []packet{
			{1, 5, true, rtp.Ahead}, {2, 70, false, rtp.Suspect}, {3, 71, false, rtp.Suspect}}},
		{"after silence at once", []packet{{1, 5, true, rtp.Ahead}, {2, 70, true, rtp.Restart}}},
		{"jump within a stream", []packet{
			{1, 5, true, rtp.Ahead}, {1, 40000, false, rtp.Suspect}, {1, 40001, false, rtp.Restart}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s jitter.Source
			for i, p := range tt.packets {
				if _, got := s.Update(p.ssrc, p.seq, p.silent); got != p.want {
					t.Fatalf("packet %d: order %d, want %d", i, got, p.want)
				}
			}
		})
	}
}
