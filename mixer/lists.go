package mixer

// The lists of a worker: legs without a conversation, rooms, links. Members know
// their index, so that leaving costs nothing.

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

// adopted counts legs in.
func (w *worker) adopted(legs int) {
	n := int(w.legs.Add(int64(legs)))
	w.memory.Reserve(slotsPerLeg * n)
}

func (w *worker) addSolo(l *seat) {
	l.phase = w.quietPhase()
	l.at = int32(len(w.solos[l.phase]))
	w.solos[l.phase] = append(w.solos[l.phase], l)
	w.phases[l.phase]++
}

func (w *worker) removeSolo(l *seat) {
	list := w.solos[l.phase]
	last := list[len(list)-1]
	list[l.at], last.at = last, l.at
	list[len(list)-1] = nil
	w.solos[l.phase] = list[:len(list)-1]
	w.phases[l.phase]--
}

func (w *worker) addRoom(x *hall) {
	x.at = int32(len(w.rooms[x.phase]))
	w.rooms[x.phase] = append(w.rooms[x.phase], x)
	w.stats.rooms.Add(1)
}

func (w *worker) removeRoom(x *hall) {
	list := w.rooms[x.phase]
	last := list[len(list)-1]
	list[x.at], last.at = last, x.at
	list[len(list)-1] = nil
	w.rooms[x.phase] = list[:len(list)-1]
	w.stats.rooms.Add(-1)
}

func (w *worker) addLink(k *couple) {
	k.at, k.linked = int32(len(w.links)), true
	w.links = append(w.links, k)
}

func (w *worker) removeLink(k *couple) {
	last := w.links[len(w.links)-1]
	w.links[k.at], last.at = last, k.at
	w.links[len(w.links)-1] = nil
	w.links = w.links[:len(w.links)-1]
	k.linked = false
}
