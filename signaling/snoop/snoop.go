// Package snoop makes channels that hear another channel, and whisper to it, as ARI's snoop
// does: what such a channel says is what is spied, what it hears is whispered. In a bridge or a
// room it brings the one conversation to the others; alone it can be recorded, or played to.
//
// It never hears what it whispers itself.
//
// Goroutines: two per channel, which end with it or with the channel that is snooped on, and one
// that waits for that.
package snoop

import (
	"context"
	"encoding/binary"
	"log/slog"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/l16"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// Tech stands before the slash in the channels' names, as in Asterisk.
const Tech = "Snoop"

// Direction is which way audio goes, as the channel that is snooped on sees it.
type Direction uint8

// The directions: In is what its party says, Out what that hears.
const (
	None Direction = 0
	In   Direction = 1
	Out  Direction = 2
	Both Direction = In | Out
)

// Config says what a snooping channel hears, and to whom it whispers: In is for those who hear
// the party, Out for the party.
type Config struct {
	Spy, Whisper Direction
}

const (
	sampleRate  = 16000 // Hz
	payloadType = 118   // of L16; only our own port sees it
	closeLimit  = 10 * time.Second
	// maxWait is how much of a whisper may wait before it catches up.
	maxWait = 200 * time.Millisecond
)

// Open makes a channel that snoops on another one and is up at once. It ends with that, or when
// it is hung up. The error is of kind fault.Invalid (neither direction), fault.Conflict (no media
// yet), fault.Gone or fault.Unavailable.
func Open(ctx context.Context, e *signaling.Engine, log *slog.Logger, on *signaling.Channel, cfg Config) (*signaling.Channel, error) {
	if cfg.Spy > Both || cfg.Whisper > Both || cfg.Spy|cfg.Whisper == None {
		return nil, fault.New(fault.Invalid, "a snoop that neither spies nor whispers")
	}
	l := &leg{log: log, on: on, ring: mixer.NewRing()}
	l.live, l.stop = context.WithCancel(context.Background())
	if err := l.open(ctx, e.Mixer(), cfg); err != nil {
		l.letGo()
		return nil, err
	}
	c, err := e.Incoming(signaling.Incoming{Leg: l, Tech: Tech, Resource: string(on.ID()), LinkedID: on.Snapshot().LinkedID})
	if err != nil {
		l.letGo()
		return nil, err
	}
	if err := c.Answer(ctx); err != nil {
		c.Hangup(signaling.CauseOf(err))
		return nil, err
	}
	return c, nil
}

// leg is the other channel's audio as a party.
type leg struct {
	log  *slog.Logger
	on   *signaling.Channel
	ring *mixer.Ring
	port *mixer.Port
	tap  *mixer.Tap       // nil without a spy
	into *mixer.Injection // nil without a whisper

	live context.Context //nolint:containedctx // the leg's own life
	stop context.CancelFunc
	both sync.WaitGroup // spy and whisper

	mu     sync.Mutex
	events signaling.LegEvents
	ended  bool
}

var _ signaling.Leg = (*leg)(nil)

func (l *leg) open(ctx context.Context, m *mixer.Engine, cfg Config) (err error) {
	if cfg.Spy != None {
		l.tap, err = l.on.Tap(ctx, mixer.TapConfig{In: cfg.Spy&In != 0, Out: cfg.Spy&Out != 0, SampleRate: sampleRate})
		if err != nil {
			return err
		}
	}
	if cfg.Whisper != None {
		l.into, err = l.on.Inject(ctx, mixer.InjectConfig{
			In: cfg.Whisper&In != 0, Out: cfg.Whisper&Out != 0, SampleRate: sampleRate, Most: maxWait, Whisper: true,
		})
		if err != nil {
			return err
		}
	}
	if l.port, err = m.NewPort(mixer.PortConfig{Name: Tech + "/" + l.on.Name(), Transport: l.ring, Events: l.portEvent}); err != nil {
		return err
	}
	return l.port.SetMedia(mixer.Media{Send: format(), Receive: []media.Format{format()}})
}

func format() media.Format { return media.Format{Codec: l16.Wideband(), PayloadType: payloadType} }

func (l *leg) portEvent(ev mixer.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.events != nil {
		l.events.LegPort(ev)
	}
}

// Start binds the leg to its channel, and begins.
func (l *leg) Start(events signaling.LegEvents) {
	l.mu.Lock()
	l.events = events
	l.mu.Unlock()
	l.both.Add(2)
	go func() { // owned by l, ends with live or the other channel
		defer l.both.Done()
		defer guard.Recover(l.log, "a spy", func() { l.end(signaling.CauseTemporary, true) })
		l.spy()
		l.end(signaling.CauseNormal, true)
	}()
	go func() { // owned by l, ends with the port
		defer l.both.Done()
		defer guard.Recover(l.log, "a whisper", func() { l.end(signaling.CauseTemporary, true) })
		l.whisper()
	}()
}

// spy says what the other channel says or hears, until that or the leg ends.
func (l *leg) spy() {
	if l.tap == nil {
		select {
		case <-l.on.Live().Done():
		case <-l.live.Done():
		}
		return
	}
	h := rtp.Header{PayloadType: payloadType, SSRC: 1}
	packet := make([]byte, rtp.HeaderBytes, rtp.HeaderBytes+2*sampleRate/50)
	var b mixer.TapBlock
	for l.tap.Read(l.live, &b) == nil { // an error is the end
		packet = packet[:rtp.HeaderBytes]
		h.Put(packet)
		h.SequenceNumber++
		h.Timestamp += sampleRate / 50
		for i := range max(len(b.Said), len(b.Heard)) {
			v := int32(0)
			if b.Said != nil {
				v += int32(b.Said[i])
			}
			if b.Heard != nil {
				v += int32(b.Heard[i])
			}
			packet = binary.BigEndian.AppendUint16(packet, uint16(min(max(v, -32768), 32767)))
		}
		_ = l.ring.Deliver(packet, time.Now()) // a full ring is loss, and counted there
	}
}

// whisper gives what the leg hears to the other channel, until the port is closed.
func (l *leg) whisper() {
	buf := make([]byte, mixer.MaxPacketBytes)
	pcm := make([]int16, 0, mixer.MaxPacketBytes/2)
	for {
		n, err := l.ring.Next(context.Background(), buf)
		if err != nil {
			return // closed
		}
		var h rtp.Header
		if l.into == nil || rtp.Parse(buf[:n], &h) != nil {
			continue
		}
		pcm = pcm[:0]
		for p := h.Payload; len(p) > 1; p = p[2:] {
			pcm = append(pcm, int16(binary.BigEndian.Uint16(p)))
		}
		l.into.Offer(pcm)
	}
}

// Ring does nothing.
func (*leg) Ring() {}

// Progress does nothing.
func (*leg) Progress() error { return nil }

// Answer reports the leg as answered.
func (l *leg) Answer() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.events != nil {
		l.events.LegAnswered()
	}
	return nil
}

// Hangup ends the snooping.
func (l *leg) Hangup(cause signaling.Cause) { l.end(cause, false) }

func (l *leg) end(cause signaling.Cause, peer bool) {
	l.mu.Lock()
	already := l.ended
	l.ended = true
	l.mu.Unlock()
	if already {
		return
	}
	l.letGo()
	go l.goAway(cause, peer) // owned by l, bounded by closeLimit
}

// letGo closes what the leg has.
func (l *leg) letGo() {
	l.stop()
	if l.tap != nil {
		l.tap.Close()
	}
	if l.into != nil {
		l.into.Close()
	}
	if l.port != nil {
		l.port.Close()
	}
}

// goAway waits until all of the leg is gone, and tells that it has ended, whatever goes wrong.
func (l *leg) goAway(cause signaling.Cause, peer bool) {
	defer guard.Recover(l.log, "the end of a snoop", func() { l.over(cause, peer) })
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	if err := l.port.Wait(ctx); err != nil {
		l.log.Error("a snoop did not end in time", "channel", l.on.Name(), "err", err)
	}
	l.both.Wait()
	l.over(cause, peer)
}

func (l *leg) over(cause signaling.Cause, peer bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.events != nil {
		l.events.LegEnded(cause, peer)
	}
}

// Port is the leg's media.
func (l *leg) Port() *mixer.Port { return l.port }

// Hold is not for a snoop.
func (*leg) Hold(bool) error { return fault.New(fault.Unsupported, "a snoop cannot be put on hold") }

// Info describes the leg.
func (l *leg) Info() signaling.LegInfo {
	return signaling.LegInfo{Endpoint: string(l.on.ID()), Format: format()}
}
