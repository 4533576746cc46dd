package mixer

// contributes reports whether a room hears the leg.
func (l *member) contributes() bool {
	return l.heardByOthers() && !l.listenOnly && l.audible
}

// listen begins or ends that a room hears the leg. A voice that is heard fades out first.
func (l *member) listen(w *floor) {
	on := l.contributes()
	l.closing = !on && l.weight.heard && l.playout.On() && l.listened == l.rate
	if !l.closing {
		l.playout.Listen(on, l.rate)
		l.listened = l.rate
	}
}
