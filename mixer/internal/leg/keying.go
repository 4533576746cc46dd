package leg

import (
	"net/netip"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
)

// Keying is where packets of a handshake for keys go. What a leg does with the keys is
// SetMedia's and SetReports'.
type Keying interface {
	// Take takes a packet, which is copied. It never waits, allocates nothing, and readies
	// no goroutine. It is called by one goroutine at a time.
	Take(packet []byte, from netip.AddrPort)
	// Wake has what was taken looked at. It never waits, and is called by ordinary
	// goroutines.
	Wake()
}

// maxKeying is how many packets of a handshake a leg hands over from one housekeeping to
// the next, five times a second: of its peer, and of everybody else together, so that
// strangers cost the peer nothing. A flight has a dozen at most.
const maxKeying = 24

// keying counts packets of handshakes since the last housekeeping.
type keying struct{ peer, strangers uint8 }

// handKeying hands a packet of a handshake to the control side, which looks who sent it.
func (l *Leg) handKeying(w *Bench, p []byte, from netip.AddrPort) {
	count := &l.keying.strangers
	if l.aim.knows(from) {
		count = &l.keying.peer
	}
	k := l.Config.Keying
	if k == nil || *count >= maxKeying {
		w.Count.Dropped++
		return
	}
	*count++
	k.Take(p, from)
	w.Bell.Call(l.wakeKeying)
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
