package bench

import (
	"fmt"
	"slices"

	"github.com/skygenesisenterprise/skybridge/bench/client"
	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/measure"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
)

// frames is how many packets the cycle of a tone has.
const frames = 100

// tones are what talkers of a room have, in Hz: none is near a harmonic, a sum or a
// difference of others.
var tones = [...]float64{310, 383, 467, 569, 691, 823, 977, 1129, 1303, 1487}

// pilots are the same beside speech, above most of what that has.
var pilots = [...]float64{2050, 2170, 2310, 2430, 2570, 2690, 2830, 2950, 3090, 3210}

// toneLevel is a talker's, pilotLevel that of a pilot, in dBFS: ten together do not clip.
const (
	toneLevel  = -21
	pilotLevel = -36
)

// speaks tells whether talkers have speech, and a tone as a pilot only: what Opus costs
// depends on what it encodes.
func (w *Workload) speaks() bool {
	return w.Codecs[0].Name == client.Opus.Name || w.Codecs[1].Name == client.Opus.Name
}

// tone is the frequency that a leg has in its room or call.
func (w *Workload) tone(leg int) float64 {
	if w.Room > 0 {
		leg %= w.Room
	}
	if w.speaks() {
		return pilots[leg%len(pilots)]
	}
	return tones[leg%len(tones)]
}

// voices makes the streams of workloads, each once. The codecs are the project's own:
// what is measured is time, and what is heard is only told apart.
type voices struct {
	speech []int16 // at speechRate
	made   map[string]*load.Stream
}

// of is what a leg sends.
func (v *voices) of(w *Workload, leg int, payloadType, levelID uint8) (*load.Stream, error) {
	c := w.codec(leg)
	key := fmt.Sprint(c.Name, " ", payloadType, " ", levelID)
	if w.talks(leg) {
		key += fmt.Sprint(" ", w.tone(leg))
	}
	if s := v.made[key]; s != nil {
		return s, nil
	}
	m, err := codecOf(c)
	if err != nil {
		return nil, err
	}
	pcm, err := v.pcm(w, leg, m)
	if err != nil {
		return nil, err
	}
	payloads, err := encode(m, pcm)
	if err != nil {
		return nil, err
	}
	s := &load.Stream{PayloadType: payloadType, ClockStep: uint32(m.ClockRate / 50), Payloads: payloads, LevelID: levelID}
	for at := 0; at < len(pcm); at += m.FrameSamples() {
		s.Levels = append(s.Levels, dsp.LevelDBov(pcm[at:at+m.FrameSamples()]))
	}
	if v.made == nil {
		v.made = make(map[string]*load.Stream)
	}
	v.made[key] = s
	return s, nil
}

// pcm is what a leg says, in whole frames that may be repeated.
func (v *voices) pcm(w *Workload, leg int, m *media.Codec) ([]int16, error) {
	switch {
	case !w.talks(leg):
		return make([]int16, m.FrameSamples()), nil
	case !w.speaks():
		return measure.Sine(w.tone(leg), m.SampleRate, frames*m.FrameSamples(), toneLevel), nil
	}
	if v.speech == nil {
		v.speech = babble()
	}
	pcm := v.speech
	if m.SampleRate != speechRate {
		var err error
		if pcm, err = dsp.ResampleClip(pcm, speechRate, m.SampleRate); err != nil {
			return nil, err
		}
	}
	pcm = slices.Clone(pcm[:len(pcm)/m.FrameSamples()*m.FrameSamples()])
	for i, s := range measure.Sine(w.tone(leg), m.SampleRate, len(pcm), pilotLevel) {
		pcm[i] = int16(max(-32768, min(32767, int(pcm[i])+int(s))))
	}
	return pcm, nil
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
