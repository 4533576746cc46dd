package voip_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

const patience = time.Minute

var pcmu = g711.MuLaw()

// phones is a technology whose phones a test rings, answers and hangs up. Its media
// is real: a port of the mixer each.
type phones struct {
	mixer *mixer.Engine
	rung  map[string]chan *phone // by number; who is not in it does not exist

	mu     sync.Mutex
	absent map[string]bool
	trunks []signaling.EndpointSnapshot
	at     map[string]func() signaling.Leg // another phone, by number
}

func newPhones(m *mixer.Engine, numbers ...string) *phones {
	p := &phones{mixer: m, rung: make(map[string]chan *phone), absent: make(map[string]bool), at: make(map[string]func() signaling.Leg)}
	for _, n := range numbers {
		p.rung[n] = make(chan *phone, 8)
	}
	return p
}

func (*phones) Name() string { return "PJSIP" }

func (p *phones) Endpoints() []signaling.EndpointSnapshot {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := append([]signaling.EndpointSnapshot(nil), p.trunks...)
	for n := range p.rung {
		out = append(out, signaling.EndpointSnapshot{Tech: "PJSIP", Name: n})
	}
	return out
}

// unregister makes a phone unreachable.
func (p *phones) unregister(number string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.absent[number] = true
}

func (p *phones) Dial(_ context.Context, req signaling.DialRequest) (signaling.Leg, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	rung, ok := p.rung[req.Resource]
	switch {
	case !ok:
		return nil, fault.New(fault.NotFound, "no endpoint %q", req.Resource)
	case p.absent[req.Resource]:
		return nil, fault.New(fault.Unreachable, "endpoint %s has no contact", req.Resource)
	case p.at[req.Resource] != nil:
		return p.at[req.Resource](), nil
	}
	ph := &phone{
		number: req.Resource, caller: req.Caller, ring: mixer.NewRing(), rung: rung,
		over: make(chan signaling.Cause, 1), held: make(chan bool, 8),
	}
	var err error
	if ph.port, err = p.mixer.NewPort(mixer.PortConfig{Name: req.Resource, Transport: ph.ring, Events: ph.portEvent}); err != nil {
		return nil, err
	}
	format := media.Format{Codec: pcmu}
	events := media.Events{PayloadType: 101, ClockRate: 8000}
	err = ph.port.SetMedia(mixer.Media{
		Send: format, Receive: []media.Format{format}, SendEvents: events, ReceiveEvents: []media.Events{events},
	})
	return ph, err
}

// phone is one call to a phone.
type phone struct {
	number string
	caller signaling.CallerID
	ring   *mixer.Ring
	port   *mixer.Port
	rung   chan *phone
	over   chan signaling.Cause // why we were hung up
	held   chan bool

	mu     sync.Mutex
	events signaling.LegEvents
	once   sync.Once
}

func (ph *phone) portEvent(ev mixer.Event) {
	ph.mu.Lock()
	defer ph.mu.Unlock()
	if ph.events != nil {
		ph.events.LegPort(ev)
	}
}

func (ph *phone) Start(events signaling.LegEvents) {
	ph.mu.Lock()
	ph.events = events
	ph.mu.Unlock()
	ph.rung <- ph
}

func (*phone) Ring()                {}
func (*phone) Progress() error      { return nil }
func (*phone) Answer() error        { return nil }
func (ph *phone) Port() *mixer.Port { return ph.port }

func (ph *phone) Hold(on bool) error {
	ph.held <- on
	return nil
}

func (ph *phone) Info() signaling.LegInfo {
	return signaling.LegInfo{ProtocolID: "test", Endpoint: ph.number, Format: media.Format{Codec: pcmu}}
}

func (ph *phone) Hangup(cause signaling.Cause) {
	select {
	case ph.over <- cause:
	default:
	}
	ph.end(cause, false)
}

func (ph *phone) end(cause signaling.Cause, peer bool) {
	ph.once.Do(func() {
		ph.port.Close()
		go func() { // owned by the leg, ended by its port
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			_ = ph.port.Wait(ctx)
			ph.mu.Lock()
			defer ph.mu.Unlock()
			if ph.events != nil {
				ph.events.LegEnded(cause, peer)
			}
		}()
	})
}

// What the person at the phone does.
func (ph *phone) rings()                      { ph.events.LegRinging() }
func (ph *phone) answers()                    { ph.events.LegAnswered() }
func (ph *phone) hangsUp(why signaling.Cause) { ph.end(why, true) }
func (ph *phone) hungUp(t *testing.T) signaling.Cause {
	t.Helper()
	select {
	case cause := <-ph.over:
		return cause
	case <-time.After(patience):
		t.Fatalf("phone %s is not hung up", ph.number)
		return 0
	}
}

// says delivers one packet of audio.
func (ph *phone) says(t *testing.T, sequence uint16, payload []byte) {
	t.Helper()
	raw, err := (&rtp.Packet{Header: rtp.Header{
		Version: 2, SequenceNumber: sequence, Timestamp: uint32(sequence) * 160, SSRC: 4711,
	}, Payload: payload}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if err := ph.ring.Deliver(raw, time.Now()); err != nil {
		t.Fatal(err)
	}
}

// hears gives the payload of the next packet sent to the phone, nil once it is over.
func (ph *phone) hears(ctx context.Context) ([]byte, error) {
	buf := make([]byte, mixer.MaxPacketBytes)
	n, err := ph.ring.Next(ctx, buf)
	if err != nil {
		return nil, err
	}
	var p rtp.Packet
	if err := p.Unmarshal(buf[:n]); err != nil {
		return nil, err
	}
	if p.PayloadType != 0 {
		return nil, errors.New("not PCMU")
	}
	return p.Payload, nil
}
