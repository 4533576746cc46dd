package leg

import (
	"net/netip"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
)

// Keying is where packets of a handshake for keys go. What a leg does with the keys is
// SetMedia's and SetReports'.
type Keying interface {
	// Take takes a packet, which is copied. It never waits and allocates nothing. It is
	// called by one goroutine at a time.
	Take(packet []byte, from netip.AddrPort)
}

// maxKeying is how many packets of a handshake a leg hands over from one housekeeping to
// the next, five times a second. A flight has a dozen at most.
const maxKeying = 24

// handKeying hands a packet of a handshake to the control side, which looks who sent it.
func (l *Leg) handKeying(w *Bench, p []byte, from netip.AddrPort) {
	k := l.Config.Keying
	if k == nil || l.keying >= maxKeying {
		w.Count.Dropped++
		return
	}
	l.keying++
	k.Take(p, from)
}

// Learn is for where the peer has proved to be, in a handshake: a leg that is symmetric
// settles there.
func (l *Leg) Learn(w *Bench, remote netip.AddrPort) {
	if l.sock == nil || l.Ended() || !l.aim.open {
		return
	}
	l.settle(w, remote)
	if remote != l.aim.announced {
		l.Tell(w, event.Event{Kind: event.RemoteLearned, Addr: remote})
	}
}
