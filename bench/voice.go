package bench

import (
	"fmt"

	"github.com/skygenesisenterprise/skybridge/bench/client"
	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/measure"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
)

// frames is how many packets a stream's cycle has.
const frames = 100

// tones are what talkers of a room have, in Hz: none is near a harmonic, a sum or a
// difference of others.
var tones = [...]float64{310, 383, 467, 569, 691, 823, 977, 1129, 1303, 1487}

// toneLevel is a talker's, in dBFS: ten together do not clip.
const toneLevel = -21

// tone is the frequency that a leg has in its room or call.
func (w *Workload) tone(leg int) float64 {
	if w.Room > 0 {
		return tones[leg%w.Room%len(tones)]
	}
	return tones[leg%len(tones)]
}

// voices makes the streams of a workload, each once. The codecs are the project's own:
// what is measured is time, and what is heard is only told apart.
type voices struct{ made map[string]*load.Stream }

func (v *voices) of(w *Workload, leg int, payloadType uint8) (*load.Stream, error) {
	c := w.codec(leg)
	hz := 0.0
	if w.talks(leg) {
		hz = w.tone(leg)
	}
	key := fmt.Sprint(c.Name, hz, payloadType)
	if s := v.made[key]; s != nil {
		return s, nil
	}
	m, err := codecOf(c)
	if err != nil {
		return nil, err
	}
	pcm := make([]int16, frames*m.FrameSamples())
	if hz > 0 {
		pcm = measure.Sine(hz, m.SampleRate, len(pcm), toneLevel)
	}
	payloads, err := encode(m, pcm)
	if err != nil {
		return nil, err
	}
	s := &load.Stream{PayloadType: payloadType, ClockStep: uint32(m.ClockRate / 50), Payloads: payloads}
	if v.made == nil {
		v.made = make(map[string]*load.Stream)
	}
	v.made[key] = s
	return s, nil
}

// codecOf is what encodes and decodes for the client.
func codecOf(c client.Codec) (*media.Codec, error) {
	for _, m := range []*media.Codec{g711.MuLaw(), g722.Codec(), opus.Codec()} {
		if m.Name == c.Name && m.Transcodable() {
			return m, nil
		}
	}
	return nil, fmt.Errorf("bench: no encoder for %s in this program", c.Name)
}

// encode makes payloads of whole frames. They are those of the second time round, so that
// the last is followed by the first.
func encode(m *media.Codec, pcm []int16) ([][]byte, error) {
	e, err := m.NewEncoder(media.EncoderConfig{})
	if err != nil {
		return nil, err
	}
	defer e.Close()
	buf, size := make([]byte, m.MaxFrameBytes), m.FrameSamples()
	var payloads [][]byte
	for range 2 {
		payloads = payloads[:0]
		for at := 0; at+size <= len(pcm); at += size {
			n, err := e.Encode(buf, pcm[at:at+size])
			if err != nil {
				return nil, err
			}
			payloads = append(payloads, append([]byte(nil), buf[:n]...))
		}
	}
	return payloads, nil
}

// decode is what packets hold, one after the other.
func decode(m *media.Codec, packets []load.Packet) ([]measure.Heard, error) {
	d, err := m.NewDecoder()
	if err != nil {
		return nil, err
	}
	defer d.Close()
	buf := make([]int16, m.SampleRate/8)
	heard := make([]measure.Heard, 0, len(packets))
	for _, p := range packets {
		n, err := d.Decode(buf, p.Payload)
		if err != nil {
			continue // comfort noise, or nothing that is ours
		}
		heard = append(heard, measure.Heard{At: p.At, PCM: append([]int16(nil), buf[:n]...)})
	}
	return heard, nil
}
