package worker

// The lists of a worker: legs without a conversation, rooms, links. Members know
// their index, so that leaving costs nothing.

// quietPhase is the phase with the fewest legs.
func (w *Worker) quietPhase() int64 {
	best := 0
	for i, n := range w.phases {
		if n < w.phases[best] || n == w.phases[best] && len(w.rooms[i]) < len(w.rooms[best]) {
			best = i
		}
	}
	return int64(best)
}

// SlotsPerLeg is how many received packets a leg holds on average, without jitter; the
// pool grows when it is more.
const SlotsPerLeg = 1

// adopted counts legs in.
func (w *Worker) adopted(legs int) {
	n := int(w.Legs.Add(int64(legs)))
	w.Memory.Reserve(SlotsPerLeg * n)
}

func (w *Worker) addSolo(l *Seat) {
	l.Phase = w.quietPhase()
	l.at = int32(len(w.solos[l.Phase]))
	w.solos[l.Phase] = append(w.solos[l.Phase], l)
	w.phases[l.Phase]++
}

func (w *Worker) removeSolo(l *Seat) {
	list := w.solos[l.Phase]
	last := list[len(list)-1]
	list[l.at], last.at = last, l.at
	list[len(list)-1] = nil
	w.solos[l.Phase] = list[:len(list)-1]
	w.phases[l.Phase]--
}

func (w *Worker) addRoom(x *Room) {
	x.at = int32(len(w.rooms[x.phase]))
	w.rooms[x.phase] = append(w.rooms[x.phase], x)
	w.Stats.rooms.Add(1)
}

func (w *Worker) removeRoom(x *Room) {
	list := w.rooms[x.phase]
	last := list[len(list)-1]
	list[x.at], last.at = last, x.at
	list[len(list)-1] = nil
	w.rooms[x.phase] = list[:len(list)-1]
	w.Stats.rooms.Add(-1)
}

func (w *Worker) addLink(k *Pair) {
	k.at, k.linked = int32(len(w.links)), true
	w.links = append(w.links, k)
}

func (w *Worker) removeLink(k *Pair) {
	last := w.links[len(w.links)-1]
	w.links[k.at], last.at = last, k.at
	w.links[len(w.links)-1] = nil
	w.links = w.links[:len(w.links)-1]
	k.linked = false
}
