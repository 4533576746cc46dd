package signaling

import "github.com/skygenesisenterprise/skybridge/mixer"

// FailRoom tells the bridge what the mixer tells when mixing its room panics.
func (b *Bridge) FailRoom(err error) {
	b.mu.Lock()
	room := b.in.Room
	b.mu.Unlock()
	if room != nil {
		room.Close()
	}
	b.roomEvent(mixer.Event{Kind: mixer.RoomFailed, Room: room, Err: err})
}

// Break makes whoever follows the channel's state panic, until the next state.
func (c *Channel) Break() { close(c.snap.Swap(nil).changed) }
