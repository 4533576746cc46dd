package reports

import (
	"container/heap"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtcp"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/secure"
)

const (
	// patience is how many packets of its peer a Reporter takes between two reports of its
	// own. If more come it does not listen until the next one.
	patience = 64
	// strangers is how many of anybody else it looks at meanwhile, or before there is a
	// peer. If more come the kernel keeps them away, once it is settled who the peer is;
	// until then it does not listen either.
	strangers = 1024
)

// Leg is whose reports are made. Its methods never wait.
type Leg interface {
	// Counters are our side, as last published.
	Counters() rtcp.Local
	// Receiving is how the peer's stream is received.
	Receiving() rtcp.Receiving
	// Reported is told what each of the peer's packets says.
	Reported(rtcp.Feedback)
	// Requested is told what it wants to have sent, or how (RFC 4585).
	Requested([]rtp.Feedback)
}

// Peer is what was agreed on.
type Peer struct {
	// Media and Remote are where RTP and RTCP go. An invalid Remote is nowhere: the peer
	// wants no reports, or holds by the manner of RFC 2543.
	Media, Remote netip.AddrPort
	// Mux says that RTCP goes and comes on the port of RTP (RFC 5761).
	Mux bool
	// Symmetric lets the first valid packet from elsewhere on the same machine move
	// Remote there, once.
	Symmetric bool
	// Metrics sends VoIP metrics, RoundTrip asks for the time there and back while
	// nothing but reports is sent (RFC 3611).
	Metrics, RoundTrip bool
	// Requests is what may be asked for, by the peer and by Reporter.Request (RFC 4585).
	Requests rtp.Requests
	// Keys are those of RTP, of which RTCP's are made (SRTCP, RFC 3711 §3.4); nil for
	// RTCP in the clear.
	Keys *srtp.Masters
	// AwaitKeys lets nothing pass, as Keys are still to come.
	AwaitKeys bool
}

// Keying takes packets of a handshake for keys, see mixer.Keying.
type Keying interface {
	Take(packet []byte, from netip.AddrPort)
	Wake()
}

// Stats counts a Reporter's packets.
type Stats struct {
	In, Out uint64
	// Dropped were damaged, from elsewhere, or too many.
	Dropped uint64
}

// Reporter is a leg's reports.
type Reporter struct {
	service    *Service
	leg        Leg
	media, own *rtp.Socket // own is nil when there is only the port of RTP
	keying     Keying      // of own; may be nil
	id         int32

	// Under the lock of the service.
	peer     Peer
	source   source
	keys     *secure.Keyring // nil as long as there were none
	session  *rtcp.Session   // nil until there is somebody to send to
	at       int             // in the service's list
	patience int
	strange  int        // of strangers, that are still looked at
	deaf     bool       // own is not listened to until the next report
	shielded bool       // own takes packets of source.remote alone
	quiet    bool       // nothing may be sent
	requests *allowance // nil as long as there are none
	pictures rtp.Pictures
	closed   bool

	in, out, dropped atomic.Uint64
}

// NewReporter begins a leg's reports. media is the leg's RTP socket, own the one above
// it; nil stands for RTCP on the port of RTP alone. The Reporter closes own. keying takes
// packets of a handshake that come on own; nil drops them.
func (s *Service) NewReporter(leg Leg, media, own *rtp.Socket, keying Keying) *Reporter {
	r := &Reporter{service: s, leg: leg, media: media, own: own, keying: keying, at: -1, patience: patience, strange: strangers}
	if own == nil {
		return r
	}
	s.mu.Lock()
	s.lastID++
	for s.lastID < 0 || s.sockets[s.lastID] != nil {
		s.lastID = max(s.lastID+1, 0)
	}
	r.id = s.lastID
	s.sockets[r.id] = r
	s.mu.Unlock()
	if s.poller != nil {
		if err := s.poller.Add(own, r.id); err != nil {
			s.log.Error("rtcp is not received", "err", err)
		}
	}
	return r
}

// Set tells what was agreed on. Reports begin with the first Remote.
func (r *Reporter) Set(p Peer) {
	s := r.service
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.closed {
		return
	}
	if err := r.protect(p.Keys, p.AwaitKeys); err != nil {
		s.log.Error("rtcp cannot be protected and is not sent", "err", err)
		p.Remote = netip.AddrPort{}
	}
	if r.quiet = !p.Remote.IsValid(); r.quiet {
		return // what was agreed on before holds for what comes
	}
	// What moves nothing must not unlearn either.
	moved := p.Mux != r.peer.Mux || p.Remote != r.peer.Remote || p.Media != r.peer.Media || p.Symmetric != r.peer.Symmetric
	r.peer = p
	if p.Requests != 0 && r.requests == nil {
		r.requests = new(allowance)
	}
	if moved {
		r.source.announce(p.Media, p.Remote, p.Symmetric)
		r.unshield()
	}
	if r.session == nil {
		r.hearken() // whatever came before
		r.session = rtcp.NewSession(s.cfg, &s.scratch, s.now())
		heap.Push(&s.due, r)
		s.wake()
	}
}

// protect has packets protected with keys, or no longer. The contexts are not those of
// the leg's RTP, which are its worker's.
func (r *Reporter) protect(keys *srtp.Masters, pending bool) error {
	var contexts secure.Contexts
	if r.keys == nil && (keys != nil || pending) {
		r.keys = &secure.Keyring{Part: srtp.RTCPOnly}
	}
	if keys != nil {
		var err error
		if contexts, err = r.keys.For(*keys); err != nil {
			return err
		}
	}
	contexts.Pending = pending
	if r.keys != nil {
		r.keys.Guard.Use(contexts, tick(r.service.now()))
	}
	return nil
}

// tick is a time as guards count it.
func tick(t time.Time) int64 { return t.UnixNano() / int64(pace.Tick) }

// wake lets the service look again at what is due.
func (s *Service) wake() {
	if s.poller != nil {
		s.poller.Wake()
	}
}

// Learned tells where RTP comes from that was announced to come from elsewhere.
func (r *Reporter) Learned(media netip.AddrPort) {
	r.service.mu.Lock()
	defer r.service.mu.Unlock()
	was := r.source.remote
	if r.source.learned(media, r.peer.Mux); r.source.remote != was {
		r.unshield()
	}
}

// report is for when the leg is due.
func (r *Reporter) report(now time.Time) {
	l := r.leg.Counters()
	s := r.service
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.closed {
		return
	}
	if r.at < 0 {
		return
	}
	due := r.session.Due(now, l)
	heap.Fix(&s.due, r.at)
	if !due {
		return
	}
	r.hearken()
	if r.quiet {
		return
	}
	extra := rtcp.Extra{RoundTrip: r.peer.RoundTrip}
	if r.peer.Metrics && l.Receiving {
		of := r.leg.Receiving()
		m := of.Metrics()
		extra.Metrics = &m
	}
	r.send(r.session.Append(s.buf[:0], now, l, extra))
}

// send gives a packet to the network. All RTCP of the leg leaves here.
func (r *Reporter) send(packet []byte) {
	sock := r.own
	if r.peer.Mux {
		sock = r.media
	}
	if sock == nil || len(packet) == 0 {
		return
	}
	if r.keys != nil {
		var ok bool
		if packet, ok = r.keys.Guard.SealRTCP(packet, &r.service.room); !ok {
			return
		}
	}
	// A socket that is broken is the worker's to tell of; RTCP's own has no other use.
	if sock.SendTo(packet, r.source.remote) == nil {
		r.out.Add(1)
	}
}

// take is a packet's way in, from the socket of RTP (muxed) or RTCP's own. All RTCP of
// the leg enters here. Everything in it comes from the network: what is damaged, from
// elsewhere or too much is counted and dropped.
func (r *Reporter) take(packet []byte, from netip.AddrPort, arrival, now time.Time, muxed bool) {
	if !muxed && rtp.IsDTLS(packet) {
		r.handKeying(packet, from)
		return
	}
	l := r.leg.Counters()
	f, requests, ok := r.admit(packet, from, arrival, now, l, muxed)
	if !ok {
		r.dropped.Add(1)
		return
	}
	r.in.Add(1)
	r.leg.Reported(f)
	if len(requests) > 0 {
		r.leg.Requested(requests)
	}
}

// handKeying hands on a packet of a handshake. The goroutine of RTCP's own sockets is the
// only one that does.
func (r *Reporter) handKeying(packet []byte, from netip.AddrPort) {
	r.service.mu.Lock()
	budget := &r.patience
	if r.source.who(from) == stranger {
		budget = &r.strange
	}
	listens := r.keying != nil && !r.closed && *budget > 0
	if listens && r.session != nil { // before, no report gives it back
		*budget--
	}
	r.service.mu.Unlock()
	if !listens {
		r.dropped.Add(1)
		return
	}
	r.keying.Take(packet, from)
	r.keying.Wake()
}

func (r *Reporter) admit(packet []byte, from netip.AddrPort, arrival, now time.Time, l rtcp.Local, muxed bool) (f rtcp.Feedback, requests []rtp.Feedback, ok bool) {
	s := r.service
	s.mu.Lock()
	defer s.mu.Unlock()
	who := peer // of what comes on the port of RTP the worker has looked who sent it
	if !muxed {
		who = r.source.who(from)
	}
	switch {
	case r.closed:
		return f, nil, false
	case !muxed && (r.session == nil || who != peer):
		if r.strange = max(r.strange-1, 0); r.strange == 0 || r.session == nil || who == stranger {
			return f, nil, false
		}
	case r.session == nil || r.patience == 0:
		return f, nil, false
	default:
		r.patience--
	}
	if r.keys != nil { // nothing is learned of a packet that is not authentic
		if packet, ok = r.keys.Guard.OpenRTCP(packet, tick(now), &s.room); !ok {
			return f, nil, false
		}
	}
	if who == candidate && !r.source.admits(packet, l) {
		return f, nil, false
	}
	f, err := r.session.Take(packet, arrival, now, l)
	if r.at >= 0 {
		heap.Fix(&s.due, r.at)
	}
	if err != nil {
		return f, nil, false
	}
	if !muxed {
		r.source.settle(from)
	}
	if r.peer.Requests != 0 { // copied, as the packet may lie in what all share
		requests = rtp.ParseFeedback(packet, nil)
	}
	return f, requests, true
}

// Stats reads the counters.
func (r *Reporter) Stats() Stats {
	return Stats{In: r.in.Load(), Out: r.out.Load(), Dropped: r.dropped.Load()}
}

// Close says farewell and ends the leg's reports, once. The RTP socket must still be open.
func (r *Reporter) Close() error {
	l := r.leg.Counters()
	s := r.service
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.closed {
		return nil
	}
	if r.at >= 0 {
		heap.Remove(&s.due, r.at)
		if !r.quiet {
			r.send(r.session.AppendBye(s.buf[:0], s.now(), l))
		}
	}
	r.closed = true
	if r.own == nil {
		return nil
	}
	delete(s.sockets, r.id)
	return r.own.Close()
}
