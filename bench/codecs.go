package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/client"
	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/measure"
	"github.com/skygenesisenterprise/skybridge/bench/meter"
	"github.com/skygenesisenterprise/skybridge/bench/peers"
	"github.com/skygenesisenterprise/skybridge/media"
)

// CodecWork is what a server encodes and decodes in 20 ms, and nothing else of what it
// does.
type CodecWork struct {
	// Units is how many rooms, or calls, there are; Each what one has.
	Units int        `json:"units"`
	Each  []CodecJob `json:"each"`
}

// CodecJob is one codec's part.
type CodecJob struct {
	Codec   string `json:"codec"`
	Decodes int    `json:"decodes"`
	Encodes int    `json:"encodes"`
	// Source is the sample rate that what is encoded came from, Hz; 0 for that of the codec.
	Source int `json:"source"`
}

// codecWork is the least that a server has to encode and decode for a workload. In rooms
// where all talk three are heard: it decodes those and encodes for each of them, and once
// for all who listen. In calls what came from a telephone is encoded as such.
func (w *Workload) codecWork() CodecWork {
	if w.Room == 0 {
		return CodecWork{Units: w.Legs / 2, Each: []CodecJob{
			{w.Codecs[0].Name, 1, 1, sampleRate(w.Codecs[1])}, {w.Codecs[1].Name, 1, 1, sampleRate(w.Codecs[0])},
		}}
	}
	heard := min(enough, w.Talkers)
	return CodecWork{Units: w.Legs / w.Room, Each: []CodecJob{{w.Codecs[0].Name, heard, heard + 1, 0}}}
}

// sampleRate is a codec's; 0 for one that is not ours.
func sampleRate(c client.Codec) int {
	m, err := codecOf(c)
	if err != nil {
		return 0
	}
	return m.SampleRate
}

// Codecs measures the codec work of a workload alone, in a process of its own that does it
// every 20 ms. program and args are what makes this program call RunCodecs; the work
// follows.
func (r *Runner) Codecs(ctx context.Context, w Workload, plan load.Plan, program string, args ...string) (_ *Sample, err error) {
	work, err := json.Marshal(w.codecWork())
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, append(args[:len(args):len(args)], string(work))...) //nolint:noctx // Close ends it
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p, err := peers.Launch("codecs", r.Core, cmd)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		return nil, fmt.Errorf("codecs: %w", errors.Join(err, p.Ended()))
	}
	clock, err := load.NewClock()
	if err != nil {
		return nil, err
	}
	begin := clock.Now()
	measured, err := measure.NewProgram(p.PID())
	if err != nil {
		return nil, err
	}
	before, err := r.readAt(ctx, measured, clock, begin+int64(plan.Warm))
	if err != nil {
		return nil, err
	}
	// However late it is read, it is known how much of it there was till then.
	after, err := r.readAt(ctx, measured, clock, before.At+int64(plan.Measure))
	if err != nil {
		return nil, err
	}
	u := after.Since(&before)
	return &Sample{
		Contender: "codecs", Workload: w.Name, Legs: w.Legs, Share: 1,
		CPU: perLeg(u.CPU, u.Time, w.Legs), Step: perLeg(u.Step, u.Time, w.Legs), Stolen: u.Stolen,
	}, nil
}

// readAt reads what a program has used at a time of the clock or later.
func (r *Runner) readAt(ctx context.Context, p measure.Program, clock load.Clock, at int64) (meter.Reading, error) {
	wait := time.NewTimer(time.Duration(at - clock.Now()))
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
		return meter.Reading{}, ctx.Err()
	}
	return meter.Read(p, r.Core, clock)
}

// coders are one codec's part of one unit.
type coders struct {
	codec    *media.Codec
	decoders []media.Decoder
	encoders []media.Encoder
}

// RunCodecs is the program that Codecs measures. It says when it is ready, and works until
// the context ends. speech is as Speech reads it, nil for some that is made up.
func RunCodecs(ctx context.Context, work string, speech []int16, out io.Writer) error {
	var todo CodecWork
	if err := json.Unmarshal([]byte(work), &todo); err != nil {
		return fmt.Errorf("codecs: %w", err)
	}
	if todo.Units < 1 || todo.Units > load.MaxLegs {
		return fmt.Errorf("codecs: %d units", todo.Units)
	}
	said := make(map[string]*saying)
	var all []*coders
	for range todo.Units {
		for _, job := range todo.Each {
			c, err := newCoders(job, speech, said)
			if err != nil {
				return err
			}
			all = append(all, c)
		}
	}
	if _, err := fmt.Fprintln(out, "ready"); err != nil {
		return err
	}
	clock, err := load.NewClock()
	if err != nil {
		return err
	}
	start := clock.Now()
	pcm, payload := make([]int16, speechRate/8), make([]byte, 2000)
	for frame := 0; ctx.Err() == nil; frame++ {
		clock.SleepUntil(start + int64(frame)*int64(load.Frame))
		for i, c := range all {
			if err := c.work(said[c.codec.Name], frame+37*i, pcm, payload); err != nil {
				return err
			}
		}
	}
	return nil
}

// saying is speech, as it is and encoded.
type saying struct {
	pcm      []int16
	payloads [][]byte
}

func newCoders(job CodecJob, speech []int16, said map[string]*saying) (*coders, error) {
	named, ok := client.Find(job.Codec)
	if !ok {
		return nil, fmt.Errorf("codecs: no codec %q", job.Codec)
	}
	m, err := codecOf(named)
	if err != nil {
		return nil, err
	}
	if said[m.Name] == nil {
		// What the client says with this codec to one with Opus.
		w := Calls(named, client.Opus, 2)
		v := voices{speech: speech}
		s := &saying{}
		if s.pcm, err = v.pcm(&w, 0, m); err != nil {
			return nil, err
		}
		if s.payloads, err = encode(m, s.pcm); err != nil {
			return nil, err
		}
		said[m.Name] = s
	}
	c := &coders{codec: m}
	for range job.Decodes {
		d, err := m.NewDecoder()
		if err != nil {
			return nil, err
		}
		c.decoders = append(c.decoders, d)
	}
	for range job.Encodes {
		e, err := m.NewEncoder(media.EncoderConfig{})
		if err != nil {
			return nil, err
		}
		if e, ok := e.(media.BandEncoder); ok {
			e.Narrow(int32(job.Source))
		}
		c.encoders = append(c.encoders, e)
	}
	return c, nil
}

// work does a frame.
func (c *coders) work(s *saying, frame int, pcm []int16, payload []byte) error {
	for i, d := range c.decoders {
		if _, err := d.Decode(pcm, s.payloads[(frame+11*i)%len(s.payloads)]); err != nil {
			return err
		}
	}
	size := c.codec.FrameSamples()
	for i, e := range c.encoders {
		at := (frame + 11*i) % (len(s.pcm) / size) * size
		if _, err := e.Encode(payload, s.pcm[at:at+size]); err != nil {
			return err
		}
	}
	return nil
}
