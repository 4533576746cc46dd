package leg

import (
	"net/netip"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

const (
	// learnAfter is how many packets in a row from one address other than the
	// announced one move a symmetric leg there.
	learnAfter = 3
	// settleTicks is how long after a Connect the kernel may still hand out packets
	// of whoever could send before.
	settleTicks = 2 * pace.TicksPerSecond
)

// aim is where a socket leg sends to and whom it listens to. A strict leg is
// connected: the kernel drops what others send. A symmetric one (RFC 4961)
// listens to all until it has settled, once, on the announced address or on
// another that three packets in a row came from; from then on it is strict, so
// nobody can take the stream over later.
type aim struct {
	announced netip.AddrPort
	remote    netip.AddrPort // where we send to; the announced one or a learned one
	open      bool           // not settled yet
	trusted   int64          // tick from which the kernel's filter is relied upon

	candidate netip.AddrPort
	ssrc      uint32
	streak    int
}

// ready reports whether there is anybody to send to.
func (a *aim) ready() bool { return a.remote.IsValid() }

// wantsFrom reports whether take must know who sent a packet.
func (a *aim) wantsFrom(tick int64) bool { return a.open || tick < a.trusted }

// knows reports whether a packet is from where the peer was announced or learned to be;
// the zero value is, as a ring has no other sender.
func (a *aim) knows(from netip.AddrPort) bool {
	return !from.IsValid() || from == a.remote || from == a.announced
}

// SetRemote sets where a socket leg sends to and whom it listens to.
func (l *Leg) SetRemote(w *Bench, remote netip.AddrPort, symmetric bool) {
	a := &l.aim
	remote = netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port())
	switch {
	case l.sock == nil, l.Ended():
		return
	case remote == a.announced && (symmetric || !a.open):
		return // a re-INVITE that moves nothing must not unlearn either
	}
	*a = aim{announced: remote, remote: remote, open: symmetric}
	if !symmetric {
		l.settle(w, remote)
		return
	}
	if err := l.sock.Disconnect(); err != nil {
		l.Tell(w, event.Event{Kind: event.TransportError, Err: err})
	}
}

// settle makes remote the only peer.
func (l *Leg) settle(w *Bench, remote netip.AddrPort) {
	if err := l.sock.Connect(remote); err != nil {
		l.Tell(w, event.Event{Kind: event.TransportError, Err: err})
		return
	}
	l.aim.remote, l.aim.open = remote, false
	l.aim.trusted = w.Now.Tick + settleTicks
}

// admit reports whether a valid packet may enter, by who sent it. from is the
// zero value when the kernel has filtered.
func (l *Leg) admit(w *Bench, h *rtp.Header, from netip.AddrPort) bool {
	a := &l.aim
	switch {
	case l.ring != nil:
		return true
	case !a.ready():
		return false // nobody may speak before the peer was announced
	case !from.IsValid():
		return true
	case from == a.remote:
		if a.open {
			l.settle(w, from)
		}
		return true
	case !a.open:
		l.reject(w)
		return false
	}
	if from != a.candidate || h.SSRC != a.ssrc {
		a.candidate, a.ssrc, a.streak = from, h.SSRC, 0
	}
	if a.streak++; a.streak < learnAfter {
		return false
	}
	l.settle(w, from)
	l.Tell(w, event.Event{Kind: event.RemoteLearned, Addr: from})
	return true
}

// transmit gives a packet to the leg's transport.
func (l *Leg) transmit(w *Bench, packet []byte) {
	if l.dead || l.ring == nil && !l.aim.ready() {
		return
	}
	packet, ok := l.seal(w, packet)
	if !ok {
		w.Count.Dropped++
		return
	}
	var err error
	switch {
	case l.ring != nil:
		err = l.ring.Send(packet)
	case l.aim.open:
		err = l.sock.SendTo(packet, l.aim.remote)
	default:
		err = l.sock.Send(packet)
	}
	w.Count.Out++
	if err != nil {
		l.transportFailed(w, err)
	}
}

// transportFailed ends the use of a transport that is broken.
func (l *Leg) transportFailed(w *Bench, err error) {
	l.dead = true
	l.unplug()
	l.Tell(w, event.Event{Kind: event.TransportError, Err: err})
}
