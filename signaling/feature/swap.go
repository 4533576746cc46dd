package feature

import "context"

// swap takes the party from whom it asks to who waits, or back; the other one waits meanwhile.
func (q *inquiry) swap(ctx context.Context) {
	if q.left.Load() != nil {
		q.swapBack(ctx)
		return
	}
	q.moves.Lock()
	defer q.moves.Unlock()
	if q.over || q.handed.Load() || !q.talks() || q.a.waits.Ended() {
		return
	}
	bridge, err := q.c.service.cfg.Transfers.Bridge(q.p.channel)
	if err != nil {
		return
	}
	asked := bridge.Peer(q.p.channel)
	if asked == nil { // a conference does not wait
		return
	}
	bridge.Stay(true)
	if err := q.a.bridge.Add(ctx, q.p.channel); err != nil {
		bridge.Stay(false)
		q.p.channel.Log().Info("parties not swapped", "err", err)
		return
	}
	q.p.channel.SetConnected(q.a.waits.Snapshot().Caller)
	q.left.Store(&absence{bridge: bridge, waits: asked})
}

// swapBack brings the party back to whom it asks, if it is not there.
func (q *inquiry) swapBack(ctx context.Context) {
	q.moves.Lock()
	defer q.moves.Unlock()
	left := q.left.Swap(nil)
	if left == nil {
		return
	}
	if err := left.bridge.Add(ctx, q.p.channel); err != nil {
		q.p.channel.Log().Info("parties not swapped back", "err", err)
	}
	q.p.channel.SetConnected(left.waits.Snapshot().Caller)
	left.bridge.Stay(false)
}

// forsake has whom the party asks, and has left, wait for it no more: the inquiry is over.
func (q *inquiry) forsake() {
	q.moves.Lock()
	defer q.moves.Unlock()
	if left := q.left.Swap(nil); left != nil {
		left.bridge.Stay(false)
	}
}

// watch tells of changes of the two whom the party goes back and forth between, while it is with who
// waits, and whether one of them has gone: then it is to be with whom it asks, who is left, or whose
// end ends the inquiry.
func (q *inquiry) watch() (asked, waits <-chan struct{}, gone bool) {
	left := q.left.Load()
	if left == nil {
		return nil, nil, false
	}
	one, asked := left.waits.Watch()
	other, waits := q.a.waits.Watch()
	return asked, waits, one.Ended || other.Ended
}
