package room50_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/browser"
	"github.com/skygenesisenterprise/skybridge/bench/webrtc"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// The payload types that our offers have, and the server's have to keep.
const (
	opusType = 111
	vp8Type  = 96
	rtxType  = 97
)

// party is one of the fifty.
type party struct {
	*browser.Browser
	number int
	mouth  *webrtc.Mouth
	voice  voice
	camera *camera // nil without one
	key    atomic.Bool
	cancel context.CancelFunc // of following
	gone   atomic.Bool

	mu     sync.Mutex
	heard  int
	kept   [][]byte // of audio, where listens
	listen bool
	seen   map[int]*view
	from   map[uint32]int // whose a stream is
	wrong  error
}

// view is what a party has seen of a camera.
type view struct{ pictures, whole int }

// media takes what comes. known says whose a packet of video is by its tail.
func (p *party) media(known map[string]int, packet []byte) {
	var h rtp.Header
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := rtp.Parse(packet, &h); err != nil {
		p.wrong = err
		return
	}
	switch h.PayloadType {
	case opusType:
		p.heard++
		if p.listen {
			p.kept = append(p.kept, bytes.Clone(h.Payload))
		}
	case vp8Type:
		if err := p.picture(known, &h); err != nil {
			p.wrong = err
		}
	case rtxType: // again, or to find out what the way can take
	default:
		p.wrong = fmt.Errorf("payload type %d, which nobody agreed on", h.PayloadType)
	}
}

func (p *party) picture(known map[string]int, h *rtp.Header) error {
	whose, ok := known[tail(h.Payload)]
	switch was, there := p.from[h.SSRC]; {
	case !ok:
		return fmt.Errorf("a packet of stream %#x that nobody has sent: %d bytes", h.SSRC, len(h.Payload))
	case there && was != whose:
		return fmt.Errorf("stream %#x of camera %d has a packet of camera %d", h.SSRC, was, whose)
	case whose == p.number:
		return errors.New("a packet of one's own camera")
	}
	p.from[h.SSRC] = whose
	v := p.seen[whose]
	if v == nil {
		v = &view{}
		p.seen[whose] = v
	}
	if whole(h.Payload) {
		v.whole++
	}
	if h.Marker && v.whole > 0 {
		v.pictures++
	}
	return nil
}

// reports takes RTCP: a whole picture may be asked for.
func (p *party) reports(packet []byte) {
	for _, f := range rtp.ParseFeedback(packet, nil) {
		if f.Kind == rtp.PayloadFeedback && (f.Format == rtp.FormatPLI || f.Format == rtp.FormatFIR) {
			p.key.Store(true)
		}
	}
}

// tally is what a party has had so far.
type tally struct {
	heard int
	seen  map[int]view
}

func (p *party) tally() tally {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := tally{p.heard, make(map[int]view)}
	for whose, v := range p.seen {
		t.seen[whose] = *v
	}
	return t
}

// more is nil when, since a tally, a party has heard so many packets of audio and seen so many
// pictures of each camera besides its own.
func (p *party) more(since tally, packets, pictures int, cameras []int) error {
	now := p.tally()
	p.mu.Lock()
	wrong := p.wrong
	p.mu.Unlock()
	if wrong != nil {
		return fmt.Errorf("party %d: %w", p.number, wrong)
	}
	if n := now.heard - since.heard; n < packets {
		return fmt.Errorf("party %d has heard %d packets of audio of %d", p.number, n, packets)
	}
	for _, camera := range cameras {
		v := now.seen[camera]
		if n := v.pictures - since.seen[camera].pictures; camera != p.number && (n < pictures || v.whole == 0) {
			return fmt.Errorf("party %d has seen %d pictures of camera %d, %d whole ones, and of %v", p.number, n, camera, v.whole, slices.Sorted(maps.Keys(now.seen)))
		}
	}
	return nil
}

// speak sends what is due for a slot of 20 ms.
func (p *party) speak(now time.Time) error {
	err := p.voice.say(p.mouth.Say)
	if c := p.camera; c != nil && !now.Before(c.due) {
		if c.due = c.due.Add(time.Second / picturesPerSecond); now.After(c.due) {
			c.due = now.Add(time.Second / picturesPerSecond) // the first, or the machine has had other things to do
		}
		err = errors.Join(err, c.show(p.key.Swap(false), p.mouth.Say))
	}
	return err
}

// tell says that the network carries 20 Mbit/s (REMB, draft-alvestrand-rmcat-remb-03).
func (p *party) tell() error {
	b := binary.BigEndian
	ssrc := p.SSRC(webrtc.Audio)
	r := b.AppendUint32([]byte{0x80, 201, 0, 1}, ssrc)
	r = b.AppendUint32(append(r, 0x80|rtp.FormatApplication, rtp.PayloadFeedback, 0, 5), ssrc)
	r = append(b.AppendUint32(r, 0), "REMB"...)
	r = b.AppendUint32(r, 1<<24|7<<18|156250)
	p.mu.Lock()
	for stream := range p.from {
		ssrc = stream
		break
	}
	p.mu.Unlock()
	return p.mouth.Report(b.AppendUint32(r, ssrc))
}

// encoded is a second of sound as Opus; it is the second time round, so that the last packet is
// followed by the first.
func encoded(t *testing.T, pcm []int16) (payloads [][]byte) {
	t.Helper()
	codec := opus.Codec()
	e, err := codec.NewEncoder(media.EncoderConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	buf, size := make([]byte, codec.MaxFrameBytes), codec.FrameSamples()
	for range 2 {
		payloads = payloads[:0]
		for at := 0; at+size <= len(pcm); at += size {
			n, err := e.Encode(buf, pcm[at:at+size])
			if err != nil {
				t.Fatal(err)
			}
			payloads = append(payloads, bytes.Clone(buf[:n]))
		}
	}
	return payloads
}

// decoded is what payloads sound like.
func decoded(t *testing.T, payloads [][]byte) (pcm []int16) {
	t.Helper()
	d, err := opus.Codec().NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	buf := make([]int16, opus.Codec().SampleRate/8)
	for _, p := range payloads {
		n, err := d.Decode(buf, p)
		if err != nil {
			t.Fatal(err)
		}
		pcm = append(pcm, buf[:n]...)
	}
	return pcm
}
