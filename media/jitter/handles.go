package jitter

// Rehandle gives every packet that is held, and has a Handle, another one: what f
// makes of the one it has. The order is the same for as long as nothing is pushed or
// popped, so that payloads can be carried from one memory to another in two passes.
func (b *Buffer) Rehandle(f func(handle int32) int32) {
	for i := range b.places {
		if p := &b.places[i]; p.used && p.handle >= 0 {
			p.handle = f(p.handle)
		}
	}
}
