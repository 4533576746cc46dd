package secure

import (
	"errors"
	"sync/atomic"

	"github.com/skygenesisenterprise/skybridge/media/srtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// graceTicks is how long packets under the peer's former key are taken still: those on
// their way when it changed, and those sent until our answer was there.
const graceTicks = 5 * pace.TicksPerSecond

// MaxPacket is the longest packet of RTP that a port takes, in bytes.
const MaxPacket = 4096

// Room is what a Guard works in, a worker's and lent to each call. What it returned
// lasts until the next call of the same direction.
type Room struct {
	sealed, opened [MaxPacket + srtp.Overhead + srtp.MaxMKIBytes]byte
}

// Guard is what stands between a port and its transport. The zero value lets everything
// pass.
type Guard struct {
	contexts Contexts
	former   *srtp.Receiver // until
	until    int64          // tick

	// AuthFailed is how many packets were none that the peer can have sent, those before
	// there were keys among them, Replayed how many came again or much too late. They may
	// be read from anywhere.
	AuthFailed, Replayed atomic.Uint64
}

// Use changes the contexts, from a tick on.
func (g *Guard) Use(c Contexts, tick int64) {
	was := g.contexts
	if c.Receive != was.Receive && c.Receive != nil && was.Receive != nil && !c.Anew {
		c.Receive.Follow(was.Receive)
	}
	if c.Send != was.Send && c.Send != nil && was.Send != nil && !c.Anew {
		c.Send.Follow(was.Send)
	}
	if c.Receive != g.contexts.Receive {
		g.former, g.until = g.contexts.Receive, tick+graceTicks
		if c.Receive == nil { // then all is in the clear
			g.former = nil
		}
	}
	g.contexts = c
}

// Open opens a packet of RTP that came; false when it has to be dropped. It lies in its
// own memory then or, with the same room in front, in the room.
func (g *Guard) Open(p []byte, tick int64, room *Room) ([]byte, bool) {
	unsure := g.contexts.Receive != nil && g.contexts.Receive.Unsure(p)
	return g.open(p, tick, room, (*srtp.Receiver).Unprotect, unsure)
}

// OpenRTCP is Open for RTCP.
func (g *Guard) OpenRTCP(p []byte, tick int64, room *Room) ([]byte, bool) {
	return g.open(p, tick, room, (*srtp.Receiver).UnprotectRTCP, false)
}

// open tries the key in use, with the rollover counter of the one before it and without if
// that is unsure, then the former key: three times at most, and once as a rule.
func (g *Guard) open(p []byte, tick int64, room *Room, unprotect func(*srtp.Receiver, []byte) ([]byte, error), unsure bool) ([]byte, bool) {
	if g.contexts.Receive == nil {
		if g.contexts.Pending {
			g.AuthFailed.Add(1)
		}
		return p, !g.contexts.Pending
	}
	if tick >= g.until {
		g.former = nil
	}
	if g.former == nil && !unsure || len(p) > len(room.opened) {
		plain, err := unprotect(g.contexts.Receive, p)
		return plain, g.count(err)
	}
	// A key that does not fit destroys the packet, so it gets a copy.
	plain, err := unprotect(g.contexts.Receive, room.opened[:copy(room.opened[:], p)])
	if unsure && errors.Is(err, srtp.ErrAuth) {
		plain, err = g.contexts.Receive.UnprotectAnew(room.opened[:copy(room.opened[:], p)])
	}
	if g.former != nil && err != nil && !errors.Is(err, srtp.ErrReplay) {
		plain, err = unprotect(g.former, p)
	}
	return plain, g.count(err)
}

// count counts a packet that is not taken.
func (g *Guard) count(err error) bool {
	switch {
	case err == nil:
		return true
	case errors.Is(err, srtp.ErrReplay):
		g.Replayed.Add(1)
	default:
		g.AuthFailed.Add(1)
	}
	return false
}

// Seal protects a packet of RTP to be sent, in the room: what the packet was made of may
// be for others too. False means that it cannot be sent.
func (g *Guard) Seal(p []byte, room *Room) ([]byte, bool) {
	return g.seal(p, room, (*srtp.Sender).Protect)
}

// SealRTCP is Seal for RTCP.
func (g *Guard) SealRTCP(p []byte, room *Room) ([]byte, bool) {
	return g.seal(p, room, (*srtp.Sender).ProtectRTCP)
}

func (g *Guard) seal(p []byte, room *Room, protect func(*srtp.Sender, []byte, []byte) ([]byte, error)) ([]byte, bool) {
	if g.contexts.Send == nil {
		return p, !g.contexts.Pending
	}
	if len(p) > MaxPacket {
		return nil, false
	}
	sealed, err := protect(g.contexts.Send, room.sealed[:], p)
	return sealed, err == nil
}
