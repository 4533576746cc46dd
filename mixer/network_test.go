package mixer

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/l16"
	"github.com/skygenesisenterprise/skybridge/media/mediatest"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// rewrite changes the headers of packets from one of them on.
func rewrite(packets []mediatest.Packet, from int, change func(h *rtp.Header)) []mediatest.Packet {
	out := make([]mediatest.Packet, len(packets))
	for i, p := range packets {
		out[i] = mediatest.Packet{At: p.At, Data: append([]byte(nil), p.Data...)}
		if i < from {
			continue
		}
		var h rtp.Header
		if err := rtp.Parse(out[i].Data, &h); err != nil {
			panic(err) // of the test's own making
		}
		change(&h)
		h.Put(out[i].Data)
	}
	return out
}

// recut makes packets of another length of packets of G.711. Each is sent when its audio
// has been spoken.
func recut(packets []mediatest.Packet, length time.Duration) (out []mediatest.Packet) {
	var audio []byte
	for _, p := range packets {
		audio = append(audio, p.Data[rtp.HeaderBytes:]...)
	}
	n := int(length / (125 * time.Microsecond))
	for i := 0; (i+1)*n <= len(audio); i++ {
		data := append(make([]byte, rtp.HeaderBytes), audio[i*n:(i+1)*n]...)
		h := rtp.Header{SequenceNumber: uint16(i + 65000), Timestamp: uint32(i * n), SSRC: 1}
		h.Put(data)
		out = append(out, mediatest.Packet{At: time.Duration(i) * length, Data: data})
	}
	return out
}

// together lets packets leave so many at a time.
func together(packets []mediatest.Packet, n int) []mediatest.Packet {
	out := append([]mediatest.Packet(nil), packets...)
	for i := range out {
		out[i].At = packets[min(i/n*n+n-1, len(packets)-1)].At
	}
	return out
}

// What networks and peers do to a stream, each by itself: what is heard of speech, and
// what it took.
func TestNetworks(t *testing.T) {
	const ms = time.Millisecond
	speech := mediatest.Synthetic(t, "en-us")[:measured]
	plain := formatOf(l16.Wideband())
	mulaw := formatOf(g711.MuLaw())
	ptime := func(d time.Duration) media.Format { f := mulaw; f.Ptime = d; return f }
	sent := said(t, speech, mulaw, media.EncoderConfig{})
	usual := mediatest.Impairment{Seed: 3, Delay: 40 * ms, Jitter: 2 * ms, MaxJitter: 8 * ms}
	with := func(change func(net *mediatest.Impairment)) mediatest.Impairment {
		net := usual
		change(&net)
		return net
	}
	half := len(sent) / 2
	for _, tt := range []struct {
		name   string
		sent   []mediatest.Packet
		net    mediatest.Impairment
		to     media.Format
		lost   uint64        // made up, late or thrown away, at most
		held   time.Duration // at most
		lsd    float64       // at most
		gap    time.Duration // at most
		clicks int           // at most
	}{
		{"nothing", sent, mediatest.Impairment{}, plain, 4, 20 * ms, 0.7, 0, 0},
		{"jitter", sent, usual, plain, 6, 60 * ms, 0.9, 0, 0},
		{"reordering", sent, with(func(n *mediatest.Impairment) { n.Reorder, n.ReorderBy = 0.1, 35*ms }), plain, 8, 80 * ms, 1, 20 * ms, 0},
		{"wide reordering", sent, with(func(n *mediatest.Impairment) { n.Reorder, n.ReorderBy = 0.1, 150*ms }), plain, 12, 200 * ms, 1.6, 45 * ms, 1},
		{"duplicates", sent, with(func(n *mediatest.Impairment) { n.Duplicate, n.DuplicateBy = 0.3, 30*ms }), plain, 6, 60 * ms, 0.9, 0, 0},
		{"another SSRC", rewrite(sent, half, func(h *rtp.Header) {
			h.SSRC, h.SequenceNumber, h.Timestamp = 2, h.SequenceNumber+5000, h.Timestamp+0x5a5a5a5a
		}), usual, plain, 8, 60 * ms, 1, 20 * ms, 0},
		{"timestamps jump forth", rewrite(sent, half, func(h *rtp.Header) { h.Timestamp += 1 << 30 }), usual, plain, 6, 60 * ms, 0.9, 20 * ms, 0},
		{"timestamps jump back", rewrite(sent, half, func(h *rtp.Header) { h.Timestamp -= 8000 * 60 }), usual, plain, 6, 60 * ms, 0.9, 20 * ms, 0},
		{"timestamps slip by 100 ms", rewrite(sent, half, func(h *rtp.Header) { h.Timestamp += 800 }), usual, plain, 6, 80 * ms, 0.9, 20 * ms, 0},
		{"numbers wrap", rewrite(sent, 0, func(h *rtp.Header) { h.SequenceNumber += 400 }), usual, plain, 6, 60 * ms, 0.9, 0, 0},
		{"timestamps wrap", rewrite(sent, 0, func(h *rtp.Header) { h.Timestamp -= 8000 * 4 }), usual, plain, 6, 60 * ms, 0.9, 0, 0},
		{"five at a time", together(sent, 5), mediatest.Impairment{Delay: 40 * ms}, plain, 10, 140 * ms, 0.9, 0, 0},
		{"ten at a time", together(sent, 10), mediatest.Impairment{Delay: 40 * ms}, plain, 10, 240 * ms, 0.9, 0, 0},
		{"loss in bursts of 3", sent, with(func(n *mediatest.Impairment) { n.Loss = mediatest.BurstLoss(0.05, 3) }), plain, 40, 80 * ms, 2, 110 * ms, 1},
		{"packets of 10 ms", recut(sent, 10*ms), usual, plain, 8, 60 * ms, 0.9, 0, 0},
		{"packets of 30 ms", recut(sent, 30*ms), usual, plain, 8, 80 * ms, 0.9, 20 * ms, 0},
		{"packets of 40 ms", recut(sent, 40*ms), usual, plain, 8, 100 * ms, 0.9, 20 * ms, 0},
		{"packets of 60 ms", recut(sent, 60*ms), usual, plain, 8, 140 * ms, 0.9, 20 * ms, 0},
		{"60 ms in, 10 ms out", recut(sent, 60*ms), usual, ptime(10 * ms), 8, 140 * ms, 1, 20 * ms, 0},
		{"10 ms in, 60 ms out", recut(sent, 10*ms), usual, ptime(60 * ms), 8, 60 * ms, 1, 20 * ms, 0},
		{"clock 2,000 ppm fast", sent, with(func(n *mediatest.Impairment) { n.DriftPPM = 2000 }), plain, 6, 80 * ms, 1.1, 0, 0},
		{"clock 2,000 ppm slow", sent, with(func(n *mediatest.Impairment) { n.DriftPPM = -2000 }), plain, 8, 80 * ms, 1.1, 20 * ms, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := carry(t, tt.sent, mulaw, tt.to, tt.net)
			q := measure(speech, heard(t, p.out, tt.to), mediatest.Narrowband)
			lost := p.stats.Concealed + p.stats.Late
			t.Logf("| %s | %d | %d | %v | %.2f | %v | %d |", tt.name, p.stats.Concealed, p.stats.Late, p.most, q.lsd, q.longest.Round(ms), q.clicks)
			if lost > tt.lost || p.most > tt.held || q.lsd > tt.lsd || q.longest > tt.gap || q.clicks > tt.clicks {
				t.Errorf("%d made up, %d late, %v held, %+v", p.stats.Concealed, p.stats.Late, p.most, q)
			}
			steady(t, p.out)
		})
	}
}

// steady holds that packets are one stream: one SSRC, numbers without a gap, timestamps
// that go on by what was sent.
func steady(t *testing.T, packets []mediatest.Packet) {
	t.Helper()
	for i := 1; i < len(packets); i++ {
		var a, b rtp.Header
		for p, h := range map[*mediatest.Packet]*rtp.Header{&packets[i-1]: &a, &packets[i]: &b} {
			if err := rtp.Parse(p.Data, h); err != nil {
				t.Fatal(err)
			}
		}
		if a.SSRC != b.SSRC || b.SequenceNumber != a.SequenceNumber+1 || int32(b.Timestamp-a.Timestamp) <= 0 {
			t.Fatalf("packet %d: %x, %d, %d follows %x, %d, %d", i, b.SSRC, b.SequenceNumber, b.Timestamp, a.SSRC, a.SequenceNumber, a.Timestamp)
		}
	}
}
