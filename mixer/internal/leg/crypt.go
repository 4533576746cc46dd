package leg

import "github.com/skygenesisenterprise/skybridge/mixer/internal/secure"

// Protect has the leg's packets protected, or no longer.
func (l *Leg) Protect(w *Bench, g *secure.Guard, c secure.Contexts) {
	l.guard = g
	g.Use(c, w.Now.Tick)
}

// open opens a packet of RTP that came; false when it is dropped. Until then nothing has
// been learned of it, neither from where it came nor which stream it says it is of.
func (l *Leg) open(w *Bench, p []byte) ([]byte, bool) {
	if l.guard == nil {
		return p, true
	}
	p, ok := l.guard.Open(p, w.Now.Tick, &w.room)
	if !ok {
		w.Count.Dropped++
	}
	return p, ok
}

// seal makes of a packet of RTP what the transport gets; false when it cannot be sent.
// The result is the worker's, and lasts until the next packet.
func (l *Leg) seal(w *Bench, p []byte) ([]byte, bool) {
	if l.guard == nil {
		return p, true
	}
	return l.guard.Seal(p, &w.room)
}
