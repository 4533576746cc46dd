package mixer

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/digits"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/mailbox"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/playout"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/room"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/secure"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/worker"
)

// Media is what a port sends and receives: the outcome of one negotiation.
type Media = leg.Media

// PortConfig is what a port is made with.
type PortConfig struct {
	// Name appears in logs.
	Name string
	// Transport is an *rtp.Socket or a *Ring. NewPort takes it over, unless it
	// returns an error.
	Transport Transport
	// Events is called for each of the port's events, in order, on the engine's
	// event goroutine. It must not block; posting to a mailbox is what it is for.
	// nil drops them.
	Events func(Event)
	// MediaTimeout is how long no RTP may come before the MediaTimeout event while
	// the port should receive, HoldTimeout the same while it is on hold or its
	// Direction does not receive. 0 means never.
	MediaTimeout, HoldTimeout time.Duration
	// MutedIsHeld keeps MediaTimeout away while what the port says is muted: its party may
	// send nothing then.
	MutedIsHeld bool
	// RTCPIsLife keeps MediaTimeout away as long as reports come.
	RTCPIsLife bool
	// Keepalive is how long nothing may be sent before a packet of comfort noise is, so
	// that the addresses on the way stay mapped (RFC 6263); 0 is for ever.
	Keepalive time.Duration
	// RTCP is the socket of RTCP where RTCP does not share that of Transport, an
	// *rtp.Socket. NewPort takes it over as it does Transport; nil is none.
	RTCP *rtp.Socket
	// Keying takes the packets of a handshake for keys (DTLS, RFC 7983) that come on the
	// socket of Transport, KeyingRTCP those on that of RTCP; nil drops them.
	Keying, KeyingRTCP Keying
	// SSRC of what the port sends; 0 means a random one. It stays for the port's
	// life.
	SSRC uint32
}

// Port is one party's media. Its methods post a command to the port's worker and
// return at once; those of one goroutine take effect in the order of the calls.
// After Close they do nothing.
type Port struct {
	engine *Engine
	cfg    PortConfig
	mail   mailbox.Box[worker.Worker]
	leg    worker.Seat // the worker's side

	feedback atomic.Pointer[PeerReport] // nil before the first

	mu     sync.Mutex // what the control side remembers
	closed bool
	held   bool
	media  *Media                         // not changed once it is here
	keys   atomic.Pointer[secure.Keyring] // nil as long as there were none; mu writes
	room   *Room
	pair   *Pair
	echoes bool
	video  *Port       // of the same party; nil for none
	passed *leg.Passed // nil as long as nothing is only passed on
	plays  playing
	gone   chan struct{} // closed before the Closed event is delivered
}

// Name is the name the port was made with.
func (p *Port) Name() string { return p.cfg.Name }

// SetMedia sets what the port sends and receives. It may be called again at any
// time (a re-INVITE): SSRC, sequence numbers and timestamps of what we send go on
// without a break. The slices must not change afterwards. An error is of kind
// fault.Invalid and changes nothing.
func (p *Port) SetMedia(m Media) error {
	if err := m.Validate(); err != nil {
		return err
	}
	if err := p.lockPrepared(m.Send.Codec); err != nil {
		return err
	}
	defer p.mu.Unlock()
	if p.closed {
		return errPortClosed
	}
	keys, contexts := p.keys.Load(), secure.Contexts{}
	if keys == nil && (m.Keys != nil || m.AwaitKeys) {
		keys = &secure.Keyring{Part: protects(&m)} // reports have their own
	}
	if m.Keys != nil {
		var err error
		if contexts, err = keys.For(*m.Keys); err != nil {
			return err
		}
	}
	p.keys.Store(keys)
	contexts.Pending, contexts.Anew = m.AwaitKeys, m.KeysAnew
	p.media = &m
	passed := p.passes(&m)
	p.do(func(w *leg.Bench) {
		p.leg.Video = passed
		if keys != nil {
			p.leg.Protect(w, &keys.Guard, contexts)
		}
		p.leg.SetMedia(w, &m)
	})
	return nil
}

// lockPrepared takes p.mu once everything that is played to the port can be had
// for a codec. Preparing takes its time, so nobody waits for a lock meanwhile.
func (p *Port) lockPrepared(codec *media.Codec) error {
	for {
		p.mu.Lock()
		clip, room := p.plays.clip, p.room
		p.mu.Unlock()
		if codec != nil && clip != nil {
			if err := clip.Prepare(codec.SampleRate); err != nil {
				return err
			}
		}
		if codec != nil && room != nil {
			if err := room.prepare(codec.SampleRate); err != nil {
				return err
			}
		}
		p.mu.Lock()
		if p.plays.clip == clip && p.room == room {
			return nil
		}
		p.mu.Unlock()
	}
}

// lockFor takes p.mu once prepare has succeeded for the codec that the port sends,
// which may be none. Nobody waits for the lock meanwhile.
func (p *Port) lockFor(prepare func(*media.Codec) error) error {
	for {
		codec := p.Codec()
		if codec != nil {
			if err := prepare(codec); err != nil {
				return err
			}
		}
		p.mu.Lock()
		if p.media.Send.Codec == codec {
			return nil
		}
		p.mu.Unlock()
	}
}

// SetRemote sets where a socket sends to and, strictly, receives from. With
// symmetric, the first valid RTP from elsewhere moves the port there, once, and
// from then on it is strict too (RFC 4961; a peer behind NAT). A Ring has no
// remote and ignores it. Failure is a TransportError event.
func (p *Port) SetRemote(remote netip.AddrPort, symmetric bool) {
	p.do(func(w *leg.Bench) { p.leg.SetRemote(w, remote, symmetric) })
}

// Learn is for where the peer has proved to be, in a handshake, that was announced to be
// elsewhere: a port that is symmetric settles there, as it does where RTP comes from.
func (p *Port) Learn(remote netip.AddrPort) {
	p.do(func(w *leg.Bench) { p.leg.Learn(w, remote) })
}

// Keying is where packets of a handshake for keys go.
type Keying = leg.Keying

// JoinOptions is how a port takes part in a room.
type JoinOptions struct {
	// ListenOnly keeps what the port says out of the room for as long as it is in
	// it, without the cost of decoding.
	ListenOnly bool
	// Muted is the state of SetMuted's in from the start.
	Muted bool
	// HeardBy and Hears are SetHeardBy and SetHears from the start.
	HeardBy, Hears Audience
}

// Join takes the port out of where it is and into a room. The error is of kind
// fault.Gone (the room or port is closed), fault.TooMany (an Audience), fault.Full (the room has its
// RoomConfig.MaxMembers), fault.Unsupported (the port's codec cannot be mixed) or
// fault.Unavailable (the room's worker has no time left); the port then stays
// where it was. Joined is the room's event.
func (p *Port) Join(r *Room, opts JoinOptions) error {
	for _, a := range []Audience{opts.HeardBy, opts.Hears} {
		if err := a.validate(); err != nil {
			return err
		}
	}
	err := p.lockFor(func(c *media.Codec) error {
		if !c.Transcodable() {
			return fault.New(fault.Unsupported, "mixer: %s cannot be mixed", c.Name)
		}
		return r.prepare(c.SampleRate)
	})
	if err != nil {
		return err
	}
	defer p.mu.Unlock()
	if p.closed {
		return errPortClosed
	}
	entry := room.Entry{ListenOnly: opts.ListenOnly, Muted: opts.Muted, HeardBy: opts.HeardBy.set, Hears: opts.Hears.set}
	e := &worker.Errand{Names: slices.Concat(entry.HeardBy.Ports, entry.Hears.Ports)}
	if r == p.room && !r.isClosed() {
		p.postErrand(e, func(w *worker.Worker) *worker.Worker { return p.leg.Join(w, &r.mix, entry, nil, e) })
		return nil
	}
	if err := r.enter(); err != nil {
		return err
	}
	luggage := p.luggage()
	p.leave()
	p.room = r
	p.postErrand(e, func(w *worker.Worker) *worker.Worker { return p.leg.Join(w, &r.mix, entry, luggage, e) })
	return nil
}

// Connect takes the port out of where it is and into a pair. The error is of kind
// fault.Gone, fault.Full (two ports are in it) or fault.Unavailable; the port then
// stays where it was.
func (p *Port) Connect(pair *Pair) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return errPortClosed
	}
	if pair == p.pair && !pair.isClosed() {
		return nil
	}
	if err := pair.enter(); err != nil {
		return err
	}
	luggage := p.luggage()
	p.leave()
	p.pair = pair
	p.post(func(w *worker.Worker) *worker.Worker { return p.leg.Connect(w, &pair.link, luggage) })
	p.showVideo(pair)
	return nil
}

// luggage is room for what the port's leg has buffered, should it go to another worker.
// The caller holds p.mu.
func (p *Port) luggage() *playout.Parcel {
	if p.room == nil && p.pair == nil {
		return nil // nobody hears it: it has nothing
	}
	return playout.NewParcel(luggagePackets)
}

// luggagePackets is how many packets a leg has buffered, with some to spare.
const luggagePackets = 12

// leave gives back the port's place. The caller holds p.mu and posts what follows.
func (p *Port) leave() {
	p.showVideo(nil)
	p.echoes = false
	if p.room != nil {
		p.room.exit()
		p.room = nil
	}
	if p.pair != nil {
		p.pair.exit()
		p.pair = nil
	}
}

// Echo takes the port out of where it is and sends back to it what it says.
func (p *Port) Echo() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leave()
	p.echoes = true
	p.post(func(w *worker.Worker) *worker.Worker { p.leg.Echo(w); return nil })
	p.echoVideo()
}

// Idle takes the port out of where it is. What it says goes nowhere, digits are
// still reported, and nothing is sent to it but playbacks and digits.
func (p *Port) Idle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leave()
	p.post(func(w *worker.Worker) *worker.Worker { p.leg.Idle(w); return nil })
}

// SetMuted says whether what the port says goes nowhere (in), and whether it
// hears silence in place of its room or pair (out). Playbacks are still heard.
func (p *Port) SetMuted(in, out bool) {
	p.do(func(*leg.Bench) { p.leg.SetMuted(in, out) })
}

// Default lengths for SendDigits.
const (
	DigitDuration = 100 * time.Millisecond
	DigitGap      = 100 * time.Millisecond
)

// SendDigits sends 0-9, *, #, A-D as telephone-event (RFC 4733), and w as a pause
// of half a second. What the port hears is not sent meanwhile. Digits queue behind
// those under way; DigitsDone follows. 0 for duration and gap mean DigitDuration
// and DigitGap. The error is of kind fault.Invalid (no such digit),
// fault.TooMany (more than 128 waiting) or fault.Unsupported (no telephone-event
// negotiated).
func (p *Port) SendDigits(keys string, duration, gap time.Duration) error {
	if duration == 0 {
		duration = DigitDuration
	}
	if gap == 0 {
		gap = DigitGap
	}
	if err := digits.Validate(keys, duration, gap); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return errPortClosed
	case p.media.SendEvents.ClockRate == 0:
		return fault.New(fault.Unsupported, "mixer: the peer takes no telephone-event")
	}
	if n := p.leg.Waiting.Add(int32(len(keys))); n > digits.Max {
		p.leg.Waiting.Add(-int32(len(keys)))
		return fault.New(fault.TooMany, "mixer: %d digits wait already", n-int32(len(keys)))
	}
	p.do(func(w *leg.Bench) { p.leg.SendDigits(w, keys, duration, gap) })
	return nil
}

// Media is what SetMedia last set.
func (p *Port) Media() Media {
	p.mu.Lock()
	defer p.mu.Unlock()
	return *p.media
}

// Codec is the codec of what the port sends, or nil.
func (p *Port) Codec() *media.Codec { return p.Media().Send.Codec }

// Close takes the port out of where it is and ends it. The worker lets go first,
// then the transport is closed, then Closed is delivered. It may be called again.
func (p *Port) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.closed = true
	p.leave()
	p.post(func(w *worker.Worker) *worker.Worker { p.leg.Close(w); return nil })
}

// Wait waits until a closed port's transport is closed, or for ctx.
func (p *Port) Wait(ctx context.Context) error {
	select {
	case <-p.gone:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

var errPortClosed = fault.New(fault.Gone, "mixer: port closed")

// post posts a command to the port, to be run where its leg is: that may be another
// worker than where the port's last command was. The command returns the worker that is
// to go on with it, or nil.
func (p *Port) post(run func(w *worker.Worker) *worker.Worker) {
	p.mail.Post(func(w *worker.Worker) *worker.Worker {
		if to := p.leg.Claim(w); to != nil {
			return to
		}
		return run(w)
	})
}

// do posts a command that takes the leg nowhere.
func (p *Port) do(run func(w *leg.Bench)) {
	p.post(func(w *worker.Worker) *worker.Worker { run(&w.Bench); return nil })
}
