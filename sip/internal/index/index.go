// Package index is a map that gives its room back: one of Go's keeps the room of the most
// that it ever held. It starts no goroutine and takes no lock.
package index

// Index finds things by a key. The zero value is empty.
type Index[K, V comparable] struct {
	found map[K]V
	most  int // since the room was given back last
}

// small is how many things are not worth it.
const small = 1024

// Get is what a key stands for, the zero V for nothing.
func (x *Index[K, V]) Get(key K) V { return x.found[key] }

// Len is how many keys there are.
func (x *Index[K, V]) Len() int { return len(x.found) }

// All is every key with what it stands for.
func (x *Index[K, V]) All() map[K]V { return x.found }

// Put has a key stand for something.
func (x *Index[K, V]) Put(key K, v V) {
	if x.found == nil {
		x.found = make(map[K]V)
	}
	x.found[key] = v
	x.most = max(x.most, len(x.found))
}

// Drop takes a key out, unless it stands for something else.
func (x *Index[K, V]) Drop(key K, v V) {
	if x.found[key] != v {
		return
	}
	delete(x.found, key)
	n := len(x.found)
	if x.most <= small || n > x.most/8 {
		return
	}
	found := make(map[K]V, n)
	for key, v := range x.found {
		found[key] = v
	}
	x.found, x.most = found, n
}
