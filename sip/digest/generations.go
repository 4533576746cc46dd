package digest

// generations is a map of bounded size that forgets what was not touched for
// longest, a half at a time: entries live in a young map, which becomes the old
// one when it is full; touching an old entry makes it young.
type generations[K comparable, V any] struct {
	young, old map[K]V
	limit      int // of each
}

func newGenerations[K comparable, V any](limit int) generations[K, V] {
	return generations[K, V]{young: make(map[K]V), limit: limit}
}

func (g *generations[K, V]) get(k K) (V, bool) {
	if v, ok := g.young[k]; ok {
		return v, true
	}
	v, ok := g.old[k]
	return v, ok
}

// full tells whether another put may need a rotate first.
func (g *generations[K, V]) full() bool { return len(g.young) >= g.limit }

// put sets an entry; the caller has made room.
func (g *generations[K, V]) put(k K, v V) {
	delete(g.old, k)
	g.young[k] = v
}

func (g *generations[K, V]) drop(k K) {
	delete(g.young, k)
	delete(g.old, k)
}

// rotate forgets the old map, returns it, and begins a new young one.
func (g *generations[K, V]) rotate() map[K]V {
	dropped := g.old
	g.old, g.young = g.young, make(map[K]V)
	return dropped
}
