package room

// contributes reports whether a room hears the leg.
func (l *Member) contributes() bool {
	return l.HeardByOthers() && !l.ListenOnly && l.audible
}

// listen begins or ends that a room hears the leg. A voice that is heard fades out first.
func (l *Member) listen(w *Floor) {
	on := l.contributes()
	l.closing = !on && l.Weight.heard && l.Playout.On() && l.listened == l.Rate
	if !l.closing {
		l.Playout.Listen(on, l.Rate)
		l.listened = l.Rate
	}
}
