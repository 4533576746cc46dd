package mixer

// The lists of a worker: legs without a conversation, rooms, links. Members know
// their index, so that leaving costs nothing.

import (
	"github.com/skygenesisenterprise/skybridge/mixer/internal/playout"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/secure"
)

// quietPhase is the phase with the fewest legs.
func (w *worker) quietPhase() int64 {
	best := 0
	for i, n := range w.phases {
		if n < w.phases[best] || n == w.phases[best] && len(w.rooms[i]) < len(w.rooms[best]) {
			best = i
		}
	}
	return int64(best)
}

// slotsPerLeg is how many received packets a leg holds on average, without jitter; the
// pool grows when it is more.
const slotsPerLeg = 1

// longestPacket is the longest RTP packet that a worker takes from a socket, in bytes:
// the longest payload with room for header extensions and a tag. Where it does not fit
// the network's frames it comes in fragments, which the kernel joins.
const longestPacket = playout.MaxPayload + 256

// Every one of them can be encrypted.
const _ = uint(secure.MaxPacket - longestPacket)

// adopted counts legs in.
func (w *worker) adopted(legs int) {
	n := int(w.legs.Add(int64(legs)))
	w.memory.Reserve(slotsPerLeg * n)
}

func (w *worker) addSolo(l *leg) {
	l.phase = w.quietPhase()
	l.at = int32(len(w.solos[l.phase]))
	w.solos[l.phase] = append(w.solos[l.phase], l)
	w.phases[l.phase]++
}

func (w *worker) removeSolo(l *leg) {
	list := w.solos[l.phase]
	last := list[len(list)-1]
	list[l.at], last.at = last, l.at
	list[len(list)-1] = nil
	w.solos[l.phase] = list[:len(list)-1]
	w.phases[l.phase]--
}

func (w *worker) addRoom(x *mix) {
	x.at = int32(len(w.rooms[x.phase]))
	w.rooms[x.phase] = append(w.rooms[x.phase], x)
	w.stats.rooms.Add(1)
}

func (w *worker) removeRoom(x *mix) {
	list := w.rooms[x.phase]
	last := list[len(list)-1]
	list[x.at], last.at = last, x.at
	list[len(list)-1] = nil
	w.rooms[x.phase] = list[:len(list)-1]
	w.stats.rooms.Add(-1)
}

func (w *worker) addLink(k *link) {
	k.at, k.linked = int32(len(w.links)), true
	w.links = append(w.links, k)
}

func (w *worker) removeLink(k *link) {
	last := w.links[len(w.links)-1]
	w.links[k.at], last.at = last, k.at
	w.links[len(w.links)-1] = nil
	w.links = w.links[:len(w.links)-1]
	k.linked = false
}
