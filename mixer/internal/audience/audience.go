// Package audience keeps who hears whom in a room. By default everyone hears everyone
// else; a Matrix holds only what is different: whom a voice is for (a whisper), and whom
// somebody hears (a monitor). It starts no goroutine.
//
// Members are numbers that their holder chooses. What is kept has no pointers in it and is
// sorted, so that a look-up costs a few steps however many exceptions there are.
package audience

import "slices"

// Reach says how a list of members is meant.
type Reach uint8

// The meanings of a list.
const (
	All    Reach = iota // everyone; the list is empty
	Only                // nobody else than those on the list
	Except              // everyone but those on the list
)

// Set is a list and how it is meant.
type Set struct {
	Reach Reach
	Ports []uint32
}

// pair is two members, the one whose list it is in the upper half.
type pair uint64

func pairOf(owner, other uint32) pair { return pair(owner)<<32 | pair(other) }

func (p pair) owner() uint32 { return uint32(p >> 32) }
func (p pair) other() uint32 { return uint32(p) }

// Matrix is who hears whom. The zero value lets everyone hear everyone.
type Matrix struct {
	talkers   side // by whom the voice of its owner is heard
	listeners side // whom its owner hears
}

// side is one half of a matrix: members with a list, and the lists.
type side struct {
	owners  []uint32 // sorted
	reaches []Reach  // of owners
	lists   []pair   // sorted
	named   []uint32 // who is on a list, sorted, each once
	sought  []uint32 // who is on a list of Only, likewise
}

// HeardBy says who hears a member.
func (m *Matrix) HeardBy(member uint32, reach Reach, list []uint32) {
	m.talkers.set(member, reach, list)
}

// Hears says whom a member hears.
func (m *Matrix) Hears(member uint32, reach Reach, list []uint32) {
	m.listeners.set(member, reach, list)
}

// Forget takes away what was said of a member. On lists of others it stays.
func (m *Matrix) Forget(member uint32) {
	m.talkers.set(member, All, nil)
	m.listeners.set(member, All, nil)
}

// Empty reports whether everyone hears everyone.
func (m *Matrix) Empty() bool { return len(m.talkers.owners)+len(m.listeners.owners) == 0 }

// CopyFrom makes m equal to another.
func (m *Matrix) CopyFrom(o *Matrix) {
	m.talkers.copyFrom(&o.talkers)
	m.listeners.copyFrom(&o.listeners)
}

// Public reports whether a member's voice is for all but a few: it is part of what
// everyone hears who hears everyone.
func (m *Matrix) Public(talker uint32) bool { return m.talkers.reach(talker) != Only }

// Apart reports whether a member may hear anything else than all public voices.
func (m *Matrix) Apart(listener uint32) bool {
	if m.listeners.reach(listener) != All {
		return true
	}
	return m.talkers.names(listener)
}

// Heard reports whether a listener hears a talker, another member.
func (m *Matrix) Heard(listener, talker uint32) bool {
	return m.talkers.lets(talker, listener) && m.listeners.lets(listener, talker)
}

// Audible reports whether anybody may hear a talker.
func (m *Matrix) Audible(talker uint32) bool {
	i := m.talkers.first(talker)
	return m.Public(talker) || i < len(m.talkers.lists) && m.talkers.lists[i].owner() == talker
}

// Wanted reports whether somebody listens to a talker in particular: one who hears few
// others, or whom the talker whispers to.
func (m *Matrix) Wanted(talker uint32) bool {
	if m.talkers.reach(talker) == Only {
		return true
	}
	_, ok := slices.BinarySearch(m.listeners.sought, talker)
	return ok
}

func (s *side) find(owner uint32) (int, bool) { return slices.BinarySearch(s.owners, owner) }

func (s *side) reach(owner uint32) Reach {
	if i, ok := s.find(owner); ok {
		return s.reaches[i]
	}
	return All
}

// first is where the list of an owner begins.
func (s *side) first(owner uint32) int {
	i, _ := slices.BinarySearch(s.lists, pairOf(owner, 0))
	return i
}

// lets reports whether the owner's list lets another in.
func (s *side) lets(owner, other uint32) bool {
	reach := s.reach(owner)
	if reach == All {
		return true
	}
	_, listed := slices.BinarySearch(s.lists, pairOf(owner, other))
	return listed == (reach == Only)
}

// names reports whether a member is on anybody's list.
func (s *side) names(member uint32) bool {
	_, ok := slices.BinarySearch(s.named, member)
	return ok
}

func (s *side) set(owner uint32, reach Reach, list []uint32) {
	i, known := s.find(owner)
	if known {
		s.owners = slices.Delete(s.owners, i, i+1)
		s.reaches = slices.Delete(s.reaches, i, i+1)
		from := s.first(owner)
		to := from
		for to < len(s.lists) && s.lists[to].owner() == owner {
			to++
		}
		s.lists = slices.Delete(s.lists, from, to)
	}
	if reach != All {
		s.owners = slices.Insert(s.owners, i, owner)
		s.reaches = slices.Insert(s.reaches, i, reach)
		for _, other := range list {
			s.lists = append(s.lists, pairOf(owner, other))
		}
		slices.Sort(s.lists)
		s.lists = slices.Compact(s.lists)
	}
	s.index()
}

// index works out who is on the lists.
func (s *side) index() {
	s.named, s.sought = s.named[:0], s.sought[:0]
	for _, p := range s.lists {
		s.named = append(s.named, p.other())
		if s.reach(p.owner()) == Only {
			s.sought = append(s.sought, p.other())
		}
	}
	slices.Sort(s.named)
	slices.Sort(s.sought)
	s.named, s.sought = slices.Compact(s.named), slices.Compact(s.sought)
}

func (s *side) copyFrom(o *side) {
	s.owners = append(s.owners[:0], o.owners...)
	s.reaches = append(s.reaches[:0], o.reaches...)
	s.lists = append(s.lists[:0], o.lists...)
	s.named = append(s.named[:0], o.named...)
	s.sought = append(s.sought[:0], o.sought...)
}
