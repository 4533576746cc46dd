package tap

import "github.com/skygenesisenterprise/skybridge/mixer/internal/playout"

// Export moves what is buffered from a worker's Memory into a parcel, see
// playout.Playout.Export.
func (s *Set) Export(m *playout.Memory, to *playout.Parcel) {
	for d := range s.sides {
		s.sides[d].playout.Export(m, to)
	}
}

// Import moves what Export took away into another worker's Memory.
func (s *Set) Import(m *playout.Memory, from *playout.Parcel) {
	for d := range s.sides {
		s.sides[d].playout.Import(m, from)
	}
}
