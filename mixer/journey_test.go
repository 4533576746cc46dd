package mixer

import (
	"math"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/media/mediatest"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// speechAt is PCM brought from one rate to another, in Hz.
func speechAt(t testing.TB, pcm []int16, from, to int) []int16 {
	t.Helper()
	if from == to {
		return pcm
	}
	out, err := dsp.ResampleClip(pcm, from, to)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// said is what a phone sends that says speech with a codec: RTP every 20 ms.
func said(t testing.TB, pcm []int16, f media.Format, cfg media.EncoderConfig) (sent []mediatest.Packet) {
	t.Helper()
	c := f.Codec
	enc, err := c.NewEncoder(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	pcm = speechAt(t, pcm, mediatest.SpeechRate, c.SampleRate)
	n := c.FrameSamples()
	for i := 0; (i+1)*n <= len(pcm); i++ {
		data := make([]byte, rtp.HeaderBytes+c.MaxFrameBytes)
		k, err := enc.Encode(data[rtp.HeaderBytes:], pcm[i*n:(i+1)*n])
		if err != nil {
			t.Fatal(err)
		}
		h := rtp.Header{PayloadType: f.PayloadType, SequenceNumber: uint16(i + 65000), Timestamp: uint32(i * c.ClockRate / 50), SSRC: 1}
		h.Put(data)
		sent = append(sent, mediatest.Packet{At: time.Duration(i) * media.FrameDuration, Data: data[:rtp.HeaderBytes+k]})
	}
	return sent
}

// heard is what a phone hears of packets that come in order: PCM at mediatest.SpeechRate, each
// packet's where its timestamp says.
func heard(t testing.TB, got []mediatest.Packet, f media.Format) []int16 {
	t.Helper()
	c := f.Codec
	dec, err := c.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	var pcm []int16
	var first uint32
	frame := make([]int16, c.SampleRate*int(media.MaxPacketAudio/time.Millisecond)/1000)
	for i, p := range got {
		var h rtp.Header
		if err := rtp.Parse(p.Data, &h); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = h.Timestamp
		}
		n, err := dec.Decode(frame, h.Payload)
		if err != nil {
			t.Fatal(err)
		}
		at := int(h.Timestamp-first) * c.SampleRate / c.ClockRate
		if need := at + n - len(pcm); need > 0 {
			pcm = append(pcm, make([]int16, need)...)
		}
		copy(pcm[at:], frame[:n])
	}
	return speechAt(t, pcm, c.SampleRate, mediatest.SpeechRate)
}

// passage is what became of a stream on its way through the mixer.
type passage struct {
	out    []mediatest.Packet // that the listener is sent
	stats  PortStats          // of the talker's port
	most   time.Duration      // held by the jitter buffer
	counts mediatest.Counts   // of the network
}

// lost is the part of the packets that were not played: lost, or too late.
func (p *passage) lost() float64 {
	return float64(p.counts.Lost+int(p.stats.Late)) / float64(p.counts.Sent)
}

// carry sends packets through a network into a pair, whose other side hears them in another
// codec. Time is that of the ticks.
func carry(t testing.TB, sent []mediatest.Packet, from, to media.Format, net mediatest.Impairment) *passage {
	t.Helper()
	r := newRig(t, 1)
	a, b := r.phoneWith("a", from), r.phoneWith("b", to)
	r.pair(a, b)
	r.tick()
	arriving, counts, err := mediatest.Impair(net, sent)
	if err != nil {
		t.Fatal(err)
	}
	p := &passage{counts: counts}
	begin := r.now
	buf := make([]byte, MaxPacketBytes)
	step := func() {
		r.tick()
		for {
			n, ok := b.ring.TryNext(buf)
			if !ok {
				break
			}
			data := append([]byte(nil), buf[:n]...)
			p.out = append(p.out, mediatest.Packet{At: time.Duration(r.now-begin) * pace.Tick, Data: data})
		}
		p.most = max(p.most, a.port.leg.Playout.Delay())
	}
	for _, pkt := range arriving {
		for time.Duration(r.now+1-begin)*pace.Tick < pkt.At {
			step()
		}
		a.deliverAt(pkt.Data, time.Duration(begin)*pace.Tick+pkt.At)
	}
	for range 60 {
		step()
	}
	p.stats = a.port.Stats()
	return p
}

// quality is what the measures say of what is heard.
type quality struct {
	snr, lsd float64       // dB
	clicks   int           // more than the speech has
	longest  time.Duration // gap
	delay    time.Duration // mean, from where what is heard begins
}

// measure compares what is heard with what was said, wherever it is heard.
func measure(ref, got []int16, band mediatest.Band) quality {
	const rate = mediatest.SpeechRate
	// Where speech begins tells the delay, so that the rest need not be looked at.
	lag, _ := mediatest.Align(ref[:min(4*rate, len(ref))], got[:min(4*rate, len(got))], rate)
	aligned, lags := mediatest.Follow(ref, got, lag, rate/4, rate/5)
	q := quality{
		snr:    mediatest.SegmentalSNR(ref, aligned, rate),
		lsd:    mediatest.LogSpectralDistance(ref, aligned, rate, band),
		clicks: max(0, len(mediatest.Clicks(got, rate))-len(mediatest.Clicks(ref, rate))),
	}
	for _, l := range lags {
		q.delay += time.Duration(l) * time.Second / rate / time.Duration(len(lags))
	}
	for _, g := range mediatest.Gaps(ref, aligned, rate, 5*time.Millisecond) {
		q.longest = max(q.longest, g.Length)
	}
	if math.IsNaN(q.lsd) {
		q.lsd = math.Inf(1)
	}
	return q
}
