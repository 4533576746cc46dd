package stage

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/actor"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/forward/splice"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/video"
)

// Part is what a browser is to a Performer.
type Part struct {
	// Participant names the browser to others where it is not in a room, which has names of
	// its own.
	Participant string
	// Offer brings the browser an offer of ours while it is connected; its answer comes to the
	// peer, or an offer of its own. It must not wait for either. nil makes no offers: nothing is
	// seen then but in sections that the browser offers.
	Offer func(sdp string) error
	// Withdrawn, where set, is told that the last such offer counts no more: it was answered, the
	// browser's own took its place, or nothing came of it.
	Withdrawn func()
	// MayShare, where set, says whether the browser may share a screen now.
	MayShare func() bool
	// Ask is how many sections of video our own first offer has for the browser to send in.
	Ask int
	// First is what the first section shows of which the browser does not say; a camera when
	// empty.
	First video.Kind
	// Changed, where set, is told that the browser shows something else. It must not wait.
	Changed func()
	// One, where set, has the browser be sent one picture at a time.
	One *One
}

// Performer is the video of one browser: what it sends, what it is sent, and the offers that
// takes. It goes with the browser from bridge to bridge.
type Performer struct {
	log    *slog.Logger
	work   *actor.Actor // what changes sections and membership
	todo   todo         // by it
	member atomic.Pointer[video.Member]
	shown  atomic.Uint32
	one    atomic.Pointer[splice.Splice] // what reports of who watches are turned by

	mu      sync.Mutex
	part    Part
	peer    *rtc.Peer
	agreed  *jsep.Agreed
	scene   *scene // where it is
	name    string // there
	layout  *video.Layout
	changed bool // the layout
	closed  bool

	stand   stand // of work alone
	deal    deal  // of work alone
	follows *following
}

// backlog is room for what todo posts: one function, whatever there is to do.
const backlog = 1

// NewPerformer makes one. Close ends it.
func (s *Stage) NewPerformer(part Part) *Performer {
	p := &Performer{log: s.cfg.Log, part: part}
	p.stand.begin()
	if part.One != nil {
		p.follows = &following{One: *part.One}
		p.follows.renew(p)
	}
	p.work = actor.Start(backlog, func(err error) { p.log.Error("a browser's video", "err", err) })
	return p
}

// Prepare has a peer's video go by the performer. What it returns is called with the peer that is
// made of the config; an earlier peer's is over then.
func (p *Performer) Prepare(cfg *rtc.PeerConfig) func(*rtc.Peer) {
	var made atomic.Pointer[rtc.Peer]
	p.mu.Lock()
	defer p.mu.Unlock()
	cfg.Video = &rtc.VideoConfig{Packet: p.packet, Control: p.control, Ask: p.part.Ask}
	cfg.OnAgreed = func(a *jsep.Agreed) { p.takes(made.Load(), a) }
	cfg.OnNegotiation = p.negotiate
	return func(peer *rtc.Peer) {
		made.Store(peer)
		if p.follows != nil {
			p.follows.begins(p, peer)
		}
		p.mu.Lock()
		p.peer, p.agreed = peer, peer.Agreed() // what it came to before was told nobody
		p.mu.Unlock()
		p.settled()
	}
}

// packet takes a packet of video from the peer's reader. Nobody is there to see it while the
// browser is alone.
func (p *Performer) packet(mid string, packet []byte, arrival time.Time) {
	if m := p.member.Load(); m != nil {
		m.Packet(mid, packet, arrival)
	}
}

// control takes RTCP, likewise.
func (p *Performer) control(packet []byte, arrival time.Time) {
	m := p.member.Load()
	if m == nil {
		return
	}
	if one := p.one.Load(); one != nil {
		packet = one.Control(packet)
	}
	m.Control(packet, arrival)
}

// takes takes what an exchange came to.
func (p *Performer) takes(peer *rtc.Peer, a *jsep.Agreed) {
	p.mu.Lock()
	if p.peer != peer || peer == nil {
		p.mu.Unlock()
		return
	}
	p.agreed = a
	p.mu.Unlock()
	p.settled()
}

// Appear changes how the browser is known, as when it goes to another call. What it is called in
// a bridge is so from the next one on.
func (p *Performer) Appear(part Part) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.part = part
}

// Participant is Part.Participant.
func (p *Performer) Participant() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.part.Participant
}

// Arrange says what the browser wants to see, wherever it is. The error is of kind fault.Invalid,
// or fault.Conflict for who is sent one picture.
func (p *Performer) Arrange(l video.Layout) error {
	if err := l.Validate(); err != nil {
		return err
	}
	if p.follows != nil {
		return fault.New(fault.Conflict, "who watches is shown one picture")
	}
	p.mu.Lock()
	p.layout, p.changed = &l, true
	p.mu.Unlock()
	p.kick()
	return nil
}

// Shows tells what the browser sends that others may see.
func (p *Performer) Shows() (camera, screen bool) {
	n := p.shown.Load()
	return n&showsCamera != 0, n&showsScreen != 0
}

// Shows tells what a channel's browser sends that others may see; nothing for a phone's.
func Shows(ch *signaling.Channel) (camera, screen bool) {
	if leg, ok := ch.Leg().(interface{ Performer() *Performer }); ok {
		if p := leg.Performer(); p != nil {
			return p.Shows()
		}
	}
	return false, false
}

const (
	showsCamera = 1 << iota
	showsScreen
)

// enters and leaves say where the browser is. To enter one scene is to leave another; who has gone
// meanwhile enters none.
func (p *Performer) enters(s *scene, name string) {
	p.mu.Lock()
	closed := p.closed
	if !closed {
		p.scene, p.name = s, name
	}
	p.mu.Unlock()
	if !closed {
		p.kick()
	}
}

func (p *Performer) leaves(s *scene) {
	p.mu.Lock()
	here := p.scene == s
	if here {
		p.scene, p.name = nil, ""
	}
	p.mu.Unlock()
	if here {
		p.kick()
	}
}

// Close ends the performer; Done is closed when nothing of it runs any more.
func (p *Performer) Close() {
	p.mu.Lock()
	p.closed, p.scene = true, nil
	p.mu.Unlock()
	p.settled()
	p.work.Stop()
}

// Done is closed when nothing of a closed performer runs any more.
func (p *Performer) Done() <-chan struct{} { return p.work.Done() }
