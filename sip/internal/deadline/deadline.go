// Package deadline keeps names with a time each, earliest first: the plan of a
// goroutine that wakes for what is due. It starts no goroutine and takes no lock.
package deadline

import (
	"container/heap"
	"time"
)

// Set is the plan. The zero value is empty.
type Set[K comparable] struct {
	byName map[K]*item[K]
	order  items[K]
}

type item[K comparable] struct {
	name  K
	at    time.Time
	index int
}

// Put sets a name's time, in place of the one it had.
func (s *Set[K]) Put(name K, at time.Time) {
	if s.byName == nil {
		s.byName = make(map[K]*item[K])
	}
	if it, ok := s.byName[name]; ok {
		it.at = at
		heap.Fix(&s.order, it.index)
		return
	}
	it := &item[K]{name: name, at: at}
	s.byName[name] = it
	heap.Push(&s.order, it)
}

// Drop takes a name out.
func (s *Set[K]) Drop(name K) {
	if it, ok := s.byName[name]; ok {
		heap.Remove(&s.order, it.index)
		delete(s.byName, name)
	}
}

// Next is the earliest time, false when the set is empty.
func (s *Set[K]) Next() (time.Time, bool) {
	if len(s.order) == 0 {
		return time.Time{}, false
	}
	return s.order[0].at, true
}

// Due takes out the earliest name if its time has come.
func (s *Set[K]) Due(now time.Time) (name K, ok bool) {
	if len(s.order) == 0 || s.order[0].at.After(now) {
		return name, false
	}
	it := heap.Pop(&s.order).(*item[K])
	delete(s.byName, it.name)
	return it.name, true
}

// Len is the number of names.
func (s *Set[K]) Len() int { return len(s.order) }

// items is a heap.Interface.
type items[K comparable] []*item[K]

func (h items[K]) Len() int           { return len(h) }
func (h items[K]) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h items[K]) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push is for container/heap.
func (h *items[K]) Push(v any) {
	it := v.(*item[K])
	it.index = len(*h)
	*h = append(*h, it)
}

// Pop is for container/heap.
func (h *items[K]) Pop() any {
	last := len(*h) - 1
	it := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return it
}
