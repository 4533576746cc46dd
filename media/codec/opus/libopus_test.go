//go:build cgo

package opus

import (
	"bytes"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
)

func encoder(t testing.TB, cfg media.EncoderConfig) *Encoder {
	t.Helper()
	e, err := newEncoder(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e.(*Encoder)
}

func decoder(t testing.TB) *Decoder {
	t.Helper()
	d := new(Decoder)
	t.Cleanup(d.Close)
	return d
}

func encode(t testing.TB, e media.Encoder, frame []int16) []byte {
	t.Helper()
	dst := make([]byte, maxFrameBytes)
	n, err := e.Encode(dst, frame)
	if err != nil {
		t.Fatal(err)
	}
	return dst[:n]
}

func decode(t testing.TB, d *Decoder, packet []byte) []int16 {
	t.Helper()
	pcm := make([]int16, 6*frameSamples)
	n, err := d.Decode(pcm, packet)
	if err != nil {
		t.Fatal(err)
	}
	return pcm[:n]
}

func frame(pcm []int16, i int) []int16 {
	i %= len(pcm) / frameSamples
	return pcm[i*frameSamples : (i+1)*frameSamples]
}

func TestSpeechRoundTrip(t *testing.T) {
	pcm, e, d := speech(t), encoder(t, media.EncoderConfig{}), decoder(t)
	var out []int16
	size := 0
	for i := range len(pcm) / frameSamples {
		p := encode(t, e, frame(pcm, i))
		if got := PacketDuration(p); got != media.FrameDuration {
			t.Fatalf("frame %d lasts %v", i, got)
		}
		size += len(p)
		out = append(out, decode(t, d, p)...)
	}
	rate := float64(size) * 8 * 50 / float64(len(pcm)/frameSamples)
	best := math.Inf(-1)
	for delay := 0; delay < 600; delay++ { // the encoder's look-ahead
		best = max(best, snr(pcm[:len(pcm)-delay], out[delay:]))
	}
	t.Logf("%.0f bit/s, snr %.1f dB", rate, best)
	if best < 8 {
		t.Errorf("snr %.1f dB", best)
	}
	if rate > 1.2*DefaultBitrate {
		t.Errorf("%.0f bit/s", rate)
	}
}

// With CBR all packets are of one length.
func TestConstantBitrate(t *testing.T) {
	pcm, e, d := speech(t), encoder(t, media.EncoderConfig{Bitrate: 24000, CBR: true}), decoder(t)
	for i := range 100 {
		p := encode(t, e, frame(pcm, i))
		if len(p) != 24000/8/50 {
			t.Fatalf("frame %d has %d bytes", i, len(p))
		}
		if n := len(decode(t, d, p)); n != frameSamples {
			t.Fatalf("frame %d has %d samples", i, n)
		}
	}
}

// A forked encoder goes on with the very bytes of its origin.
func TestForkIsBitExact(t *testing.T) {
	pcm := speech(t)
	for _, cfg := range []media.EncoderConfig{{}, {Bitrate: 24000, CBR: true}, {Bitrate: 16000, Complexity: 9, FEC: true, LossPct: 10}, {Bitrate: 64000}} {
		a, b := encoder(t, cfg), encoder(t, cfg)
		for i := range 100 {
			encode(t, a, frame(pcm, i))
			encode(t, b, frame(pcm, i+57)) // b has a past of its own
		}
		b.CopyFrom(a)
		for i := range 200 {
			x, y := encode(t, a, frame(pcm, 100+i)), encode(t, b, frame(pcm, 100+i))
			if !bytes.Equal(x, y) {
				t.Fatalf("%+v: frame %d after the fork differs", cfg, i)
			}
		}
		// From here each goes its own way.
		if bytes.Equal(encode(t, a, frame(pcm, 0)), encode(t, b, frame(pcm, 30))) {
			t.Fatalf("%+v: the fork still follows its origin", cfg)
		}
	}
}

func TestForkOfAnUnusedEncoder(t *testing.T) {
	pcm := speech(t)
	a, b := encoder(t, media.EncoderConfig{}), encoder(t, media.EncoderConfig{})
	encode(t, b, frame(pcm, 40))
	b.CopyFrom(a)
	if b.c != nil {
		t.Fatal("the copy of a fresh encoder is not fresh")
	}
	b.CopyFrom(b)
	for i := range 20 {
		if !bytes.Equal(encode(t, a, frame(pcm, 30+i)), encode(t, b, frame(pcm, 30+i))) {
			t.Fatalf("frame %d differs", i)
		}
	}
}

// A listener that has heard one encoder and goes on with another, as a talker does
// when it joins the plain mix again, is back in step at once on an independent
// frame and only gradually on an ordinary one.
func TestIndependentFrame(t *testing.T) {
	pcm := speech(t)
	const after = 8
	rejoin := func(start int, independent bool) (want, got []int16) {
		class, own := encoder(t, media.EncoderConfig{}), encoder(t, media.EncoderConfig{})
		defer class.Close()
		defer own.Close()
		steady, joining := decoder(t), decoder(t)
		for i := range start {
			decode(t, steady, encode(t, class, frame(pcm, i)))
			decode(t, joining, encode(t, own, frame(pcm, i+150)))
		}
		for i := range after {
			dst, f := make([]byte, maxFrameBytes), frame(pcm, start+i)
			n, err := class.encode(dst, f, independent && i == 0)
			if err != nil {
				t.Fatal(err)
			}
			a, b := decode(t, steady, dst[:n]), decode(t, joining, dst[:n])
			if i > 0 { // the first frame overlaps with the past
				want, got = append(want, a...), append(got, b...)
			}
		}
		return want, got
	}
	residue := func(independent bool) float64 {
		var want, got []int16
		for start := 20; start < 140; start += 5 {
			w, g := rejoin(start, independent)
			want, got = append(want, w...), append(got, g...)
		}
		return snr(want, got)
	}
	with, without := residue(true), residue(false)
	t.Logf("joining on an independent frame: %.1f dB, on an ordinary one: %.1f dB", with, without)
	if with < 20 || with < without+12 {
		t.Errorf("an independent frame gives %.1f dB, an ordinary one %.1f dB", with, without)
	}
}

func TestBatchEqualsSingles(t *testing.T) {
	pcm := speech(t)
	const n = 7
	batch, single := make([]media.EncodeJob, n), make([]*Encoder, n)
	for i := range batch {
		cfg := media.EncoderConfig{Bitrate: int32(16000 + 4000*i)}
		batch[i] = media.EncodeJob{Encoder: encoder(t, cfg), Dst: make([]byte, maxFrameBytes)}
		single[i] = encoder(t, cfg)
	}
	for f := range 30 {
		for i := range batch {
			batch[i].PCM, batch[i].Independent = frame(pcm, 10*i+f), f == 20
		}
		Codec().EncodeBatch(batch)
		for i, j := range batch {
			dst := make([]byte, maxFrameBytes)
			m, err := single[i].encode(dst, j.PCM, j.Independent)
			if err != nil || j.Err != nil {
				t.Fatal(err, j.Err)
			}
			if !bytes.Equal(dst[:m], j.Dst[:j.N]) {
				t.Fatalf("frame %d of job %d differs", f, i)
			}
		}
	}
}

type stranger struct{ media.Encoder }

// One bad job does not touch the others.
func TestBatchErrors(t *testing.T) {
	good, e := encoder(t, media.EncoderConfig{}), encoder(t, media.EncoderConfig{})
	closed := encoder(t, media.EncoderConfig{})
	closed.Close()
	pcm, dst := make([]int16, frameSamples), make([]byte, maxFrameBytes)
	jobs := []media.EncodeJob{
		{Encoder: stranger{}, PCM: pcm, Dst: dst, N: 99},
		{Encoder: e, PCM: pcm[:100], Dst: dst},
		{Encoder: good, PCM: pcm, Dst: dst},
		{Encoder: good, PCM: pcm, Dst: dst},
		{Encoder: closed, PCM: pcm, Dst: dst},
		{Encoder: e, PCM: pcm, Dst: nil},
	}
	for range 2 {
		Codec().EncodeBatch(jobs)
		for i, want := range []error{errOther, errFrame, nil, errTwice, errClosed, errDst} {
			if !errors.Is(jobs[i].Err, want) {
				t.Errorf("job %d: %v, want %v", i, jobs[i].Err, want)
			}
			if (jobs[i].N > 0) != (want == nil) {
				t.Errorf("job %d: %d bytes with error %v", i, jobs[i].N, want)
			}
		}
	}
	Codec().EncodeBatch(nil)
}

// Stereo packets come out as one channel that holds both.
func TestStereoFoldsToMono(t *testing.T) {
	d := decoder(t)
	var out []int16
	for _, p := range stereoPackets(t) {
		if p[0]&4 == 0 {
			t.Fatal("the golden packets are not stereo")
		}
		out = append(out, decode(t, d, p)...)
	}
	out = out[len(out)/4 : len(out)*3/4]
	left, right, other := amplitude(out, 440), amplitude(out, 1000), amplitude(out, 700)
	if left < 1000 || right < 1000 || other > left/20 {
		t.Errorf("440 Hz at %.0f, 1000 Hz at %.0f, 700 Hz at %.0f", left, right, other)
	}
}

// redundant reports whether a packet repeats the frame before it: the LBRR flag of its
// first and only SILK frame (RFC 6716 §4.2.4).
func redundant(packet []byte) bool {
	return len(packet) > 1 && packet[0]>>3 < 16 && packet[1]&0x40 != 0
}

// At our bit rate a stream has redundancy from 5 % of expected loss on, whether the
// encoder began so or is told while it runs, and none without.
func TestRedundancyAtFivePercent(t *testing.T) {
	pcm := speech(t)
	share := func(e media.Encoder, from int) (part float64, bitrate float64) {
		n, bytes := 0, 0
		for i := range 150 {
			p := encode(t, e, frame(pcm, from+i))
			if bytes += len(p); redundant(p) {
				n++
			}
		}
		return float64(n) / 150, float64(bytes) * 8 / 3
	}
	for _, complexity := range []int8{1, 5, 10} {
		e := encoder(t, media.EncoderConfig{Complexity: complexity, FEC: true})
		if part, _ := share(e, 0); part > 0 {
			t.Errorf("complexity %d: redundancy in %.0f %% of the packets, and nothing is lost", complexity, 100*part)
		}
		_, before := share(e, 0)
		for _, loss := range []int8{5, 10, 20} {
			e.Expect(true, loss)
			running, bitrate := share(e, 0)
			fresh, _ := share(encoder(t, media.EncoderConfig{Complexity: complexity, FEC: true, LossPct: loss}), 0)
			t.Logf("complexity %d, %d %%: redundancy in %.0f %% of the packets, %.0f of %.0f bit/s", complexity, loss, 100*running, bitrate, before)
			if running < 0.4 || fresh < 0.4 || bitrate > 1.25*before {
				t.Errorf("complexity %d, %d %%: redundancy in %.0f %% (%.0f %% from the beginning) of the packets, %.0f bit/s instead of %.0f",
					complexity, loss, 100*running, 100*fresh, bitrate, before)
			}
		}
		e.Expect(false, 0)
		if part, _ := share(e, 0); part > 0.02 {
			t.Errorf("complexity %d: redundancy in %.0f %% of the packets though it is off again", complexity, 100*part)
		}
	}
}

func TestConcealAndFEC(t *testing.T) {
	pcm := speech(t)
	e := encoder(t, media.EncoderConfig{Bitrate: 24000, FEC: true, LossPct: 20})
	whole, concealed, repaired := decoder(t), decoder(t), decoder(t)
	var want, plc, fec []int16
	var packets [][]byte
	for i := range 150 {
		packets = append(packets, encode(t, e, frame(pcm, i)))
	}
	for i, p := range packets {
		lost := i%10 == 9 && i+1 < len(packets)
		a := decode(t, whole, p)
		if !lost {
			decode(t, concealed, p)
			decode(t, repaired, p)
			continue
		}
		b, c := make([]int16, frameSamples), make([]int16, frameSamples)
		concealed.Conceal(b)
		n, err := repaired.DecodeFEC(c, packets[i+1])
		if err != nil || n != frameSamples {
			t.Fatalf("FEC: %d samples, %v", n, err)
		}
		want, plc, fec = append(want, a...), append(plc, b...), append(fec, c...)
	}
	t.Logf("lost frames: concealed %.1f dB, from FEC %.1f dB", snr(want, plc), snr(want, fec))
	if snr(want, fec) < snr(want, plc)+3 {
		t.Errorf("FEC gives %.1f dB, concealment %.1f dB", snr(want, fec), snr(want, plc))
	}
}

func TestDecoderLimits(t *testing.T) {
	d := decoder(t)
	pcm := make([]int16, 6*frameSamples)
	for i := range pcm {
		pcm[i] = 1
	}
	d.Conceal(nil)
	if d.Conceal(pcm); pcm[0] != 0 || pcm[len(pcm)-1] != 0 {
		t.Error("made up audio before the first packet")
	}
	good := stereoPackets(t)[3]
	for name, try := range map[string]func() (int, error){
		"empty packet":     func() (int, error) { return d.Decode(pcm, nil) },
		"no room at all":   func() (int, error) { return d.Decode(nil, good) },
		"no room":          func() (int, error) { return d.Decode(pcm[:100], good) },
		"count of frames":  func() (int, error) { return d.Decode(pcm, []byte{3, 63}) },
		"code 1, odd rest": func() (int, error) { return d.Decode(pcm, []byte{1, 2}) },
		"FEC of nothing":   func() (int, error) { return d.DecodeFEC(pcm, nil) },
	} {
		if n, err := try(); err == nil || n != 0 {
			t.Errorf("%s: %d samples, %v", name, n, err)
		}
	}
	if got := decode(t, d, good); len(got) != frameSamples {
		t.Errorf("after errors: %d samples", len(got))
	}
	d.Close()
	d.Close()
	if _, err := d.Decode(pcm, good); err == nil {
		t.Error("a closed decoder decoded")
	}
	if codeError(-99) == nil || codeError(-4) == nil {
		t.Error("an error code without an error")
	}
}

func TestNoAllocation(t *testing.T) {
	pcm := speech(t)
	a, b, d := encoder(t, media.EncoderConfig{}), encoder(t, media.EncoderConfig{}), decoder(t)
	dst, out, f := make([]byte, maxFrameBytes), make([]int16, 6*frameSamples), frame(pcm, 50)
	jobs := make([]media.EncodeJob, 2)
	if n := testing.AllocsPerRun(20, func() {
		jobs[0] = media.EncodeJob{Encoder: a, PCM: f, Dst: dst}
		jobs[1] = media.EncodeJob{Encoder: b, PCM: f, Dst: dst, Independent: true}
		Codec().EncodeBatch(jobs)
		n, _ := a.Encode(dst, f)
		_, _ = d.Decode(out, dst[:n])
		_, _ = d.DecodeFEC(out[:frameSamples], dst[:n])
		d.Conceal(out[:frameSamples])
		b.CopyFrom(a)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzDecode: no packet hurts the decoder, and what it accepts lasts as long as
// PacketDuration said.
func FuzzDecode(f *testing.F) {
	for _, p := range stereoPackets(f)[:4] {
		f.Add(p)
	}
	f.Add([]byte{3, 63})
	f.Add([]byte{0xff, 0x43, 0x00, 0x01})
	f.Add([]byte{0x08})
	d := new(Decoder)
	f.Cleanup(d.Close)
	pcm := make([]int16, 6*frameSamples)
	f.Fuzz(func(t *testing.T, packet []byte) {
		n, err := d.Decode(pcm, packet)
		if err != nil {
			if n != 0 {
				t.Fatalf("%d samples and %v", n, err)
			}
		} else if want := PacketDuration(packet); time.Duration(n)*time.Second/sampleRate != want {
			t.Fatalf("decoded %d samples, PacketDuration says %v", n, want)
		}
		_, _ = d.DecodeFEC(pcm[:frameSamples], packet)
		d.Conceal(pcm[:frameSamples])
	})
}
