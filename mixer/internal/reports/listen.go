package reports

// listen goes on to listen to RTCP's own socket, unless too much came.
func (r *Reporter) listen() {
	r.service.mu.Lock()
	defer r.service.mu.Unlock()
	if r.closed {
		return
	}
	if r.strange == 0 && r.shield() {
		r.strange = strangers // those that wait in the socket
	}
	if r.deaf = r.patience == 0 || r.strange == 0; !r.deaf {
		r.rearm()
	}
}

// hearken listens again, whatever came before.
func (r *Reporter) hearken() {
	r.patience, r.strange = patience, strangers
	if r.peer.Requests != 0 {
		r.patience = requestPatience
	}
	if r.deaf {
		r.deaf = false
		r.rearm()
	}
}

// shield has the kernel keep away what strangers send; false while it is not settled who
// the peer is, or when that has not helped.
func (r *Reporter) shield() bool {
	if r.shielded || r.session == nil || r.source.open || r.own.Connect(r.source.remote) != nil {
		return false
	}
	r.shielded = true
	return true
}

// unshield lets anybody's packets come, as it is open again who the peer is.
func (r *Reporter) unshield() {
	if !r.shielded {
		return
	}
	r.shielded = false
	if err := r.own.Disconnect(); err != nil {
		r.service.log.Error("rtcp is received from the former peer alone", "err", err)
	}
}

func (r *Reporter) rearm() {
	if p := r.service.poller; p != nil && r.own != nil {
		if err := p.Again(r.own, r.id); err != nil {
			r.service.log.Error("rtcp is not received any more", "err", err)
		}
	}
}
