package signaltest

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/dtmf"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer"
)

const (
	eventType = 101
	peak      = 8000 // of the tones that phones say
	maxHeard  = 60   // seconds
)

// Phone is the other end of a port: it says a tone without end, and keeps what it
// hears.
type Phone struct {
	Port  *mixer.Port
	t     T
	codec *media.Codec
	ring  *mixer.Ring
	hz    atomic.Uint64 // float64 bits; 0 is silence
	keys  chan byte
	stop  context.CancelFunc
	done  sync.WaitGroup
	tell  atomic.Pointer[func(mixer.Event)]

	mu     sync.Mutex
	pcm    []int16
	digits []byte
	sound  []int16       // to be said in place of the tone
	more   chan struct{} // closed when pcm or digits grow
}

// PhoneOptions are what a phone can leave out.
type PhoneOptions struct {
	// NoEvents is a phone without telephone-event.
	NoEvents bool
	// Late is a phone whose media is negotiated by Negotiate.
	Late bool
}

// Phone makes a phone that speaks a codec and says a tone of hz; 0 is silence. It
// lives until its leg ends or the test does.
func (h *House) Phone(codec *media.Codec, hz float64, opts ...PhoneOptions) *Phone {
	h.T.Helper()
	var o PhoneOptions
	for _, o = range opts {
	}
	p := &Phone{t: h.T, codec: codec, ring: mixer.NewRing(), keys: make(chan byte, 64), more: make(chan struct{})}
	p.Say(hz)
	port, err := h.Mixer.NewPort(mixer.PortConfig{Name: "phone", Transport: p.ring, Events: func(ev mixer.Event) {
		if f := p.tell.Load(); f != nil {
			(*f)(ev)
		}
	}})
	if err != nil {
		h.T.Fatalf("port: %v", err)
	}
	p.Port = port
	if !o.Late {
		p.Negotiate(o)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.stop = cancel
	p.done.Add(2)
	go p.speak(ctx)  // owned by p, ended by close
	go p.listen(ctx) // owned by p, ended by close
	h.T.Cleanup(p.close)
	return p
}

// Negotiate puts the phone's codec into effect.
func (p *Phone) Negotiate(o PhoneOptions) {
	p.t.Helper()
	f := media.Format{Codec: p.codec, PayloadType: p.payloadType()}
	m := mixer.Media{Send: f, Receive: []media.Format{f}}
	if !o.NoEvents {
		m.SendEvents = media.Events{PayloadType: eventType, ClockRate: p.codec.ClockRate}
		m.ReceiveEvents = []media.Events{m.SendEvents}
	}
	if err := p.Port.SetMedia(m); err != nil {
		p.t.Fatalf("media: %v", err)
	}
}

// Offer makes the port send another codec than the phone speaks.
func (p *Phone) Offer(codec *media.Codec) {
	p.t.Helper()
	f := media.Format{Codec: codec, PayloadType: codec.PayloadType}
	if err := p.Port.SetMedia(mixer.Media{Send: f, Receive: []media.Format{f}}); err != nil {
		p.t.Fatalf("media: %v", err)
	}
}

func (p *Phone) payloadType() uint8 {
	if p.codec.PayloadType == media.DynamicPT {
		return 111
	}
	return p.codec.PayloadType
}

func (p *Phone) tellTo(f func(mixer.Event)) { p.tell.Store(&f) }

func (p *Phone) close() {
	p.Port.Close()
	p.stop()
	p.done.Wait()
}

// Say changes the tone that the phone says; 0 is silence.
func (p *Phone) Say(hz float64) { p.hz.Store(math.Float64bits(hz)) }

// Press sends a digit by telephone-event, after those pressed before.
func (p *Phone) Press(digits string) {
	for i := range len(digits) {
		p.keys <- digits[i]
	}
}

// Sound says a digit as tones, for half a second, after those before it. A machine that
// stands still costs some of that, and what is left may be heard as two digits.
func (p *Phone) Sound(digit byte) {
	p.t.Helper()
	pcm, err := dtmf.DigitsClip(string(digit), p.codec.SampleRate, 500*time.Millisecond, 100*time.Millisecond)
	if err != nil {
		p.t.Fatalf("digit: %v", err)
	}
	p.SoundPCM(pcm)
}

// SoundPCM says PCM at the codec's sample rate, after what Sound was given before.
func (p *Phone) SoundPCM(pcm []int16) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sound = append(p.sound, pcm...)
}

// overlay replaces what is said by what was given to Sound.
func (p *Phone) overlay(frame []int16) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sound = p.sound[copy(frame, p.sound):]
}

// speak sends a frame every 20 ms of real time.
func (p *Phone) speak(ctx context.Context) {
	defer p.done.Done()
	enc, err := p.codec.NewEncoder(media.EncoderConfig{})
	if err != nil {
		p.t.Errorf("encoder: %v", err)
		return
	}
	defer enc.Close()
	sender, err := dtmf.NewSender(dtmf.DefaultSender(p.codec.ClockRate))
	if err != nil {
		p.t.Errorf("digits: %v", err)
		return
	}
	var (
		h     = rtp.Header{SSRC: 1, SequenceNumber: 1}
		frame = make([]int16, p.codec.FrameSamples())
		data  = make([]byte, p.codec.MaxFrameBytes)
		phase float64
		begin = time.Now()
		tick  = time.NewTicker(media.FrameDuration)
	)
	defer tick.Stop()
	send := func(pt uint8, payload []byte) {
		h.PayloadType = pt
		packet := make([]byte, rtp.HeaderBytes, rtp.HeaderBytes+len(payload))
		h.Put(packet)
		h.SequenceNumber++
		_ = p.ring.Deliver(append(packet, payload...), time.Now()) // a full or closed ring is loss
	}
	for n := int64(0); ; n++ {
		for n >= int64(time.Since(begin)/media.FrameDuration) {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
		h.Timestamp += uint32(p.codec.ClockRate / 50)
		if !sender.Busy() {
			select {
			case d := <-p.keys:
				if err := sender.Begin(d, h.Timestamp, 80*time.Millisecond); err != nil {
					p.t.Errorf("digit: %v", err)
				}
			default:
			}
		}
		step := 2 * math.Pi * math.Float64frombits(p.hz.Load()) / float64(p.codec.SampleRate)
		for i := range frame {
			frame[i] = int16(peak * math.Sin(phase))
			phase += step
		}
		p.overlay(frame)
		now := h.Timestamp
		if packet, ok := sender.Next(now); ok {
			h.Timestamp, h.Marker = packet.Timestamp, packet.Marker
			send(eventType, packet.Payload[:])
			h.Timestamp, h.Marker = now, false
			continue
		}
		size, err := enc.Encode(data, frame)
		if err != nil {
			p.t.Errorf("encode: %v", err)
			return
		}
		send(p.payloadType(), data[:size])
	}
}

// listen decodes what the port sends.
func (p *Phone) listen(ctx context.Context) {
	defer p.done.Done()
	dec, err := p.codec.NewDecoder()
	if err != nil {
		p.t.Errorf("decoder: %v", err)
		return
	}
	defer dec.Close()
	buf := make([]byte, mixer.MaxPacketBytes)
	pcm := make([]int16, p.codec.SampleRate*120/1000)
	for {
		n, err := p.ring.Next(ctx, buf)
		if err != nil {
			return // closed
		}
		var h rtp.Header
		if err := rtp.Parse(buf[:n], &h); err != nil {
			p.t.Errorf("packet from the mixer: %v", err)
			return
		}
		p.grow(func() {
			if h.PayloadType == eventType {
				if ev, err := dtmf.ParsePayload(h.Payload); err == nil && h.Marker {
					d, _ := dtmf.Digit(ev.Event)
					p.digits = append(p.digits, d)
				}
			} else if k, err := dec.Decode(pcm, h.Payload); err != nil {
				p.t.Errorf("payload from the mixer: %v", err)
			} else if len(p.pcm) < maxHeard*p.codec.SampleRate {
				p.pcm = append(p.pcm, pcm[:k]...)
			}
		})
	}
}

// grow adds to what was heard, and tells who waits.
func (p *Phone) grow(add func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	add()
	close(p.more)
	p.more = make(chan struct{})
}

// Hears waits until the phone has heard so much more from now on, and gives it.
func (p *Phone) Hears(d time.Duration) []int16 {
	p.t.Helper()
	p.mu.Lock()
	from := len(p.pcm)
	p.mu.Unlock()
	return p.HearsSince(from, d)
}

// Heard is how many samples the phone has heard.
func (p *Phone) Heard() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.pcm)
}

// HearsSince is Hears from a sample on.
func (p *Phone) HearsSince(from int, d time.Duration) []int16 {
	p.t.Helper()
	need := from + int(d*time.Duration(p.codec.SampleRate)/time.Second)
	p.wait("audio", func() bool { return len(p.pcm) >= need })
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]int16(nil), p.pcm[from:]...)
}

// HearsDigits waits until the phone was sent so many digits by telephone-event.
func (p *Phone) HearsDigits(n int) string {
	p.t.Helper()
	p.wait(fmt.Sprintf("%d digits", n), func() bool { return len(p.digits) >= n })
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.digits)
}

// wait waits for a condition on what was heard, under the lock.
func (p *Phone) wait(what string, condition func() bool) {
	p.t.Helper()
	limit := time.After(patience)
	for {
		p.mu.Lock()
		ok, more := condition(), p.more
		p.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-more:
		case <-limit:
			p.t.Fatalf("phone of %s waited in vain for %s", p.codec.Name, what)
			return
		}
	}
}

// Rate is the sample rate of what the phone hears, in Hz.
func (p *Phone) Rate() int { return p.codec.SampleRate }
