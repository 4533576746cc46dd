package leg

// Enter makes the leg, and its socket, one of a worker's.
func (l *Leg) Enter(w *Bench) {
	l.Bench = w
	if l.sock != nil && w.IO != nil && !l.dead {
		w.IO.Attach(l.sock)
	}
}

// quit undoes Enter.
func (l *Leg) quit() {
	l.unplug()
	l.Bench = nil
}

// unplug lets go of the socket.
func (l *Leg) unplug() {
	if l.sock != nil && l.Bench != nil && l.Bench.IO != nil {
		l.Bench.IO.Detach(l.sock)
	}
}
