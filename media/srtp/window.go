package srtp

// WindowPackets is how far behind the newest packet one may come and still be taken:
// more than two seconds of audio. RFC 3711 §3.3.2 asks for 64 at least.
const WindowPackets = 128

// WideWindowPackets is WindowPackets of RTPResent: for pictures of hundreds of packets, of
// which some are sent again after a way there and back.
const WideWindowPackets = 1024

// Window is what is known of the packets of one stream: the highest index so far, and
// which of those before it were there (RFC 3711 §3.3.2). It is plain data.
type Window struct {
	Started bool
	// Former says that Highest is of packets under a former key; under this one none
	// was taken yet.
	Former  bool
	Highest uint64 // of RTP 48 bits, of RTCP 31
	// Seen has bit i of word 0 set when the packet with the index Highest-i was there,
	// of word 1 when Highest-64-i was.
	Seen [WindowPackets / 64]uint64
	// Wide is in place of Seen where it is not nil.
	Wide *[WideWindowPackets / 64]uint64
}

// seen is Seen, or Wide.
func (w *Window) seen() []uint64 {
	if w.Wide != nil {
		return w.Wide[:]
	}
	return w.Seen[:]
}

// resize gives the window its own Wide, or none. What a narrow one has forgotten counts as
// there.
func (w *Window) resize(wide bool) {
	was := w.seen()
	if !wide {
		w.Wide = nil
		copy(w.Seen[:], was)
		return
	}
	all := new([WideWindowPackets / 64]uint64)
	for i := copy(all[:], was); i < len(all) && w.Started; i++ {
		all[i] = ^uint64(0)
	}
	w.Wide, w.Seen = all, [len(w.Seen)]uint64{}
}

// shift moves what was seen on by n packets; the oldest is forgotten.
func shift(seen []uint64, n uint64) {
	words, bits := int(min(n/64, uint64(len(seen)))), n%64
	for i := len(seen) - 1; i >= 0; i-- {
		var v uint64
		if from := i - words; from >= 0 {
			v = seen[from] << bits
			if from > 0 {
				v |= seen[from-1] >> (64 - bits)
			}
		}
		seen[i] = v
	}
}

// Limits of an index: no key protects more packets (RFC 3711 §9.2).
const (
	maxIndex     = 1<<48 - 1
	maxIndexRTCP = 1<<31 - 1
)

// estimate is the index of a packet by its sequence number: the nearest to the highest
// so far (RFC 3711 §3.3.1). A stream begins with a rollover counter of 0.
func (w *Window) estimate(sequence uint16) uint64 {
	if !w.Started {
		return uint64(sequence)
	}
	index := w.Highest&^0xffff | uint64(sequence)
	switch ahead := int64(index) - int64(w.Highest); {
	case ahead > 1<<15 && index >= 1<<16:
		return index - 1<<16
	case ahead < -1<<15:
		return index + 1<<16
	}
	return index
}

// fresh reports whether a packet was not there before, as far as can be told; what is
// older than the window counts as there.
func (w *Window) fresh(index uint64) bool {
	if !w.Started || w.Former || index > w.Highest {
		return true
	}
	behind, seen := w.Highest-index, w.seen()
	return behind < 64*uint64(len(seen)) && seen[behind/64]&(1<<(behind%64)) == 0
}

// take notes a packet that is fresh.
func (w *Window) take(index uint64) {
	seen := w.seen()
	switch {
	case !w.Started || w.Former:
		clear(seen)
		seen[0] = 1
		w.Started, w.Former, w.Highest = true, false, index
	case index > w.Highest:
		shift(seen, index-w.Highest)
		seen[0] |= 1
		w.Highest = index
	default:
		behind := w.Highest - index
		seen[behind/64] |= 1 << (behind % 64)
	}
}

// follow goes on where a window under a former key was (RFC 3711 §3.3.1). One that has taken
// packets, whose key comes back, keeps what it knows of them.
func (w *Window) follow(former *Window) {
	switch {
	case !former.Started:
	case !w.Started || w.Former:
		w.Started, w.Former, w.Highest = true, true, former.Highest
	case former.Highest > w.Highest:
		shift(w.seen(), former.Highest-w.Highest)
		w.Highest = former.Highest
	}
}

// maxStreams is how many streams a direction keeps. A peer has one, and another when it
// begins anew; the one that was silent longest makes room.
const maxStreams = 4

// Stream is what a direction knows of one SSRC. It is plain data.
type Stream struct {
	SSRC      uint32
	RTP, RTCP Window
}

// State is all of a direction that its key does not say, the stream that was active
// last first. It is plain data.
type State struct {
	Streams [maxStreams]Stream
	N       int // of Streams
}

// find is the stream of an SSRC, or nil.
func (s *State) find(ssrc uint32) *Stream {
	for i := range s.Streams[:s.N] {
		if s.Streams[i].SSRC == ssrc {
			return &s.Streams[i]
		}
	}
	return nil
}

// active is the stream of an SSRC, at the front from now on; a new one takes the place
// of the last.
func (s *State) active(ssrc uint32) *Stream {
	if s.N > 0 && s.Streams[0].SSRC == ssrc {
		return &s.Streams[0]
	}
	at := s.N
	for i := range s.Streams[:s.N] {
		if s.Streams[i].SSRC == ssrc {
			at = i
		}
	}
	begins := at == s.N
	if begins {
		s.N = min(s.N+1, maxStreams)
		at = s.N - 1
	}
	st := s.Streams[at]
	if begins { // in the memory of the one before
		st = Stream{SSRC: ssrc, RTP: Window{Wide: st.RTP.Wide}}
	}
	copy(s.Streams[1:at+1], s.Streams[:at])
	s.Streams[0] = st
	return &s.Streams[0]
}
