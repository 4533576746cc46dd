package forward

import (
	"encoding/binary"
	"iter"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// How packets that did not come are asked for.
const (
	// maxMissing is how many of a layer are asked for at a time; with more, a key frame is
	// asked for instead.
	maxMissing = 128
	// nackTries is how often one is, nackAfter how long it may be overtaken before the first.
	nackTries = 8
	nackAfter = 5 * time.Millisecond
	// The time between two tries is the round trip, within these bounds.
	nackShortest = 20 * time.Millisecond
	nackLongest  = 300 * time.Millisecond
	defaultTrip  = 50 * time.Millisecond // before it is known
	// nackPairs is how many entries of a message (RFC 4585 §6.2.1) there are at most.
	nackPairs = 32
	nackBytes = 4 * nackPairs
)

// missing are the packets of a layer that did not come, from the oldest on.
type missing struct {
	list [maxMissing]absent
	n    int
}

type absent struct {
	ext   uint32
	tries uint8
	next  time.Duration
}

// expect takes note of which packets are missing now that another one came.
func (l *layer) expect(now time.Duration, ext uint32, ahead, wanted bool) {
	switch {
	case !ahead:
		l.missing.remove(ext)
	case !wanted || l.newest == 0:
	case int(ext-l.newest-1) > maxMissing-l.missing.n:
		l.missing.n = 0
		l.asked.wanted = true
	default:
		for e := l.newest + 1; e != ext; e++ {
			l.missing.list[l.missing.n] = absent{ext: e, next: now + nackAfter}
			l.missing.n++
		}
	}
}

func (m *missing) remove(ext uint32) {
	for i := range m.n {
		if m.list[i].ext == ext {
			copy(m.list[i:m.n], m.list[i+1:m.n])
			m.n--
			return
		}
	}
}

// SetRoundTrip tells how long it takes to the sender and back.
func (s *Source) SetRoundTrip(d time.Duration) {
	s.between = min(max(d, nackShortest), nackLongest)
}

// nack adds the packets that are due to be asked for.
func (s *Source) nack(now time.Duration, l *layer, dst []byte) []byte {
	m := &l.missing
	kept, pairs := 0, s.scratch[:0]
	for i := range m.n {
		a := m.list[i]
		if now >= a.next && len(pairs) < nackBytes {
			if a.tries == nackTries {
				continue // given up
			}
			a.tries++
			a.next = now + s.between
			pairs = addPair(pairs, uint16(a.ext))
			s.stats.Missed++
		}
		m.list[kept] = a
		kept++
	}
	m.n = kept
	if len(pairs) == 0 {
		return dst
	}
	f := rtp.Feedback{Kind: rtp.TransportFeedback, Format: rtp.FormatNACK, Sender: s.cfg.ReceiverSSRC, Media: l.ssrc, Detail: pairs}
	return f.Append(dst)
}

// addPair adds a number to entries of a packet id and a mask of the 16 after it.
func addPair(pairs []byte, seq uint16) []byte {
	if n := len(pairs); n > 0 {
		last := pairs[n-4:]
		if d := seq - binary.BigEndian.Uint16(last); d >= 1 && d <= 16 {
			binary.BigEndian.PutUint16(last[2:], binary.BigEndian.Uint16(last[2:])|1<<(d-1))
			return pairs
		}
	}
	return append(pairs, byte(seq>>8), byte(seq), 0, 0)
}

// Lost are the sequence numbers that the detail of a NACK names.
func Lost(detail []byte) iter.Seq[uint16] {
	return func(yield func(uint16) bool) {
		for ; len(detail) >= 4; detail = detail[4:] {
			seq, mask := binary.BigEndian.Uint16(detail), binary.BigEndian.Uint16(detail[2:])
			if !yield(seq) {
				return
			}
			for i := uint16(0); i < 16; i++ {
				if mask>>i&1 != 0 && !yield(seq+1+i) {
					return
				}
			}
		}
	}
}
