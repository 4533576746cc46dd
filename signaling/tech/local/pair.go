package local

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/l16"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dial"
	"github.com/skygenesisenterprise/skybridge/signaling/party"
)

const (
	payloadType  = 118 // of L16; only our own ports see it
	eventsType   = 101
	clockRate    = 16000 // Hz
	beginTimeout = 10 * time.Second
	closeTimeout = 10 * time.Second
	maxHops      = 70 // extensions that dial each other, one after the other; as Max-Forwards (RFC 3261 §8.1.1.6)
	maxEarly     = 16 // port events that wait for their channel; more say nothing new
)

// pair is a call from the near channel to the far one.
type pair struct {
	cfg            *Config
	request        signaling.DialRequest
	context, exten string
	near, far      half
	live           context.Context //nolint:containedctx // the pair's own life
	stop           context.CancelFunc
	pumps          sync.WaitGroup

	mu    sync.Mutex
	shown bool // who dialled may hear the far side
	ended bool
	over  func(*half) // tells a half of the end; nil before
}

// half is one side of it as a channel's leg.
type half struct {
	pair *pair
	ring *mixer.Ring
	port *mixer.Port

	// The pair's lock guards these.
	events signaling.LegEvents
	early  []mixer.Event
}

var (
	_ signaling.Leg  = (*half)(nil)
	_ signaling.Line = (*half)(nil)
)

func format() media.Format { return media.Format{Codec: l16.Wideband(), PayloadType: payloadType} }

func (h *half) open(m *mixer.Engine) (err error) {
	ring := mixer.NewRing()
	if h.port, err = m.NewPort(mixer.PortConfig{Name: dial.Local + "/" + h.pair.request.Resource, Transport: ring, Events: h.portEvent}); err != nil {
		return err
	}
	h.ring = ring
	events := media.Events{PayloadType: eventsType, ClockRate: clockRate}
	return h.port.SetMedia(mixer.Media{
		Send: format(), Receive: []media.Format{format()}, SendEvents: events, ReceiveEvents: []media.Events{events},
	})
}

func (h *half) portEvent(ev mixer.Event) {
	h.pair.mu.Lock()
	defer h.pair.mu.Unlock()
	switch {
	case h.events != nil:
		h.events.LegPort(ev)
	case len(h.early) < maxEarly:
		h.early = append(h.early, ev)
	}
}

// Start binds a half to its channel; the near one has the far one begin.
func (h *half) Start(events signaling.LegEvents) {
	p := h.pair
	p.mu.Lock()
	defer p.mu.Unlock()
	h.events = events
	for _, ev := range h.early {
		events.LegPort(ev)
	}
	h.early = nil
	if p.over != nil {
		p.over(h)
		return
	}
	if h == &p.far || p.ended {
		return
	}
	p.pumps.Add(2)
	linked := signaling.ChannelOf(events).Snapshot().LinkedID
	go p.carry(&p.near, &p.far) // owned by p, ended by the ports' end
	go p.carry(&p.far, &p.near) // the same
	go p.begin(linked)          // owned by p, bounded by beginTimeout
}

// begin takes the far channel through the plan.
func (p *pair) begin(linked signaling.ChannelID) {
	defer guard.Recover(p.cfg.Log, "the begin of a redirected call, call ended", func() { p.end(signaling.CauseTemporary, &p.far) })
	r := &p.request
	c, err := p.cfg.Engine.Incoming(signaling.Incoming{
		Leg: &p.far, Tech: dial.Local, Resource: r.Resource, Caller: r.Caller, Redirecting: r.Redirecting,
		Context: p.context, Exten: p.exten, Variables: r.Variables, LinkedID: linked,
	})
	if err != nil {
		p.end(signaling.CauseOf(err), &p.far)
		return
	}
	ctx, cancel := context.WithTimeout(p.live, beginTimeout)
	defer cancel()
	if err := p.cfg.Run(ctx, c, p.context, p.exten); err != nil {
		c.Hangup(signaling.CauseOf(err))
	}
}

// carry gives what one half is sent to the other one, until a port is closed.
func (p *pair) carry(from, to *half) {
	defer p.pumps.Done()
	defer guard.Recover(p.cfg.Log, "the audio of a redirected call, call ended", func() { p.end(signaling.CauseTemporary, &p.far) })
	buf := make([]byte, mixer.MaxPacketBytes)
	for {
		n, err := from.ring.Next(context.Background(), buf)
		if err != nil {
			return // closed
		}
		_ = to.ring.Deliver(buf[:n], time.Now()) // a full ring is loss, and counted there
	}
}

// Ring says that somebody rings behind the extension.
func (h *half) Ring() {
	h.tellNear(func(e signaling.LegEvents) { e.LegRinging() })
}

// Progress lets who dialled hear what comes before the answer.
func (h *half) Progress() error {
	h.pair.show()
	h.tellNear(func(e signaling.LegEvents) { e.LegProgress() })
	return nil
}

// Answer has both sides up.
func (h *half) Answer() error {
	p := h.pair
	p.show()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, side := range []*half{&p.far, &p.near} {
		if side.events != nil && !p.ended {
			side.events.LegAnswered()
		}
	}
	return nil
}

// Connected shows who dialled whom the far side is connected to.
func (h *half) Connected(id party.ID) {
	h.tellNear(func(e signaling.LegEvents) { e.LegConnected(id) })
}

// tellNear tells who dialled what happens at the far side.
func (h *half) tellNear(f func(signaling.LegEvents)) {
	p := h.pair
	p.mu.Lock()
	defer p.mu.Unlock()
	if h == &p.far && p.near.events != nil && !p.ended {
		f(p.near.events)
	}
}

func (p *pair) show() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shown = true
}

// Hangup ends both sides.
func (h *half) Hangup(cause signaling.Cause) { h.pair.end(cause, h) }

// end ends both sides once, by one of them.
func (p *pair) end(cause signaling.Cause, by *half) {
	p.mu.Lock()
	already := p.ended
	p.ended = true
	p.mu.Unlock()
	if already {
		return
	}
	p.letGo()
	go p.goAway(cause, by) // owned by p, bounded by closeTimeout
}

// letGo closes what the pair has.
func (p *pair) letGo() {
	p.stop()
	for _, h := range []*half{&p.near, &p.far} {
		if h.port != nil {
			h.port.Close()
		}
	}
}

// goAway waits until all of the pair is gone, and tells that it has ended, whatever goes wrong.
func (p *pair) goAway(cause signaling.Cause, by *half) {
	defer guard.Recover(p.cfg.Log, "the end of a redirected call", func() { p.tellOver(cause, by) })
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	for _, h := range []*half{&p.near, &p.far} {
		if err := h.port.Wait(ctx); err != nil {
			p.cfg.Log.Error("a redirected call's media did not end in time", "exten", p.exten, "err", err)
		}
	}
	p.pumps.Wait()
	p.tellOver(cause, by)
}

// tellOver tells both channels, one that is not there yet when it comes.
func (p *pair) tellOver(cause signaling.Cause, by *half) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over != nil {
		return
	}
	p.over = func(h *half) { h.events.LegEnded(cause, h != by) }
	for _, h := range []*half{&p.near, &p.far} {
		if h.events != nil {
			p.over(h)
		}
	}
}

// Port is a half's media; who dialled has none before the far side is to be heard.
func (h *half) Port() *mixer.Port {
	h.pair.mu.Lock()
	defer h.pair.mu.Unlock()
	if h == &h.pair.near && !h.pair.shown {
		return nil
	}
	return h.port
}

// Hold is not for an extension.
func (*half) Hold(bool) error {
	return fault.New(fault.Unsupported, "an extension cannot be put on hold")
}

// Info describes a half. What the call was passed on here counts for the far one by itself.
func (h *half) Info() signaling.LegInfo {
	p := h.pair
	if h == &p.near {
		return signaling.LegInfo{Endpoint: p.request.Resource, Party: party.ID{Number: p.exten}, Format: format()}
	}
	info := signaling.LegInfo{Endpoint: p.request.Resource, Format: format()}
	left := p.request.MaxForwards
	if !p.request.Redirected { // which nothing else counts
		left = cmp.Or(left, maxHops) - 1
	}
	if left > 0 {
		info.MaxForwards = left + p.request.Redirecting.Local()
	}
	return info
}
