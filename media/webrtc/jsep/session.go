package jsep

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// Config is what one side brings to its session.
type Config struct {
	// Audio and Video are the codecs to agree on, in order of preference, under the payload
	// types that offers of ours have if they are free. One with RTX wants repairs.
	Audio, Video []Codec
	// AudioExtensions and VideoExtensions are the header extensions to agree on.
	AudioExtensions, VideoExtensions []string
	// MaxAudio and MaxVideo are in how many sections of a kind the peer may send. Without
	// any and without codecs a kind is refused.
	MaxAudio, MaxVideo int
	// Data takes a data channel's section. Messages of more than MaxMessageSize bytes are
	// not taken (64 KiB when 0). SCTPPort is ours; 5000 when 0.
	Data           bool
	MaxMessageSize uint64
	SCTPPort       uint16
	// Fingerprints are of our certificate.
	Fingerprints srtp.Fingerprints
	// Lite says that we do ICE lite, Trickle that candidates may come after descriptions.
	Lite, Trickle bool
	// Impolite refuses offers of the peer while one of ours is open, as browsers' pages do
	// with ours. A server is polite: it takes its own back.
	Impolite bool
	// MayRestart, where set, is asked before the peer begins another ICE generation; its error
	// is SetOffer's then.
	MayRestart func() error
	// Credentials makes those of an ICE generation; nil for random ones.
	Credentials func() Credentials
}

// DefaultConfig takes one stream of audio, video from a camera and a screen, and data. It
// lacks the fingerprints, and the codecs of audio.
func DefaultConfig() Config {
	return Config{
		Video: VideoCodecs(), AudioExtensions: AudioExtensions(), VideoExtensions: VideoExtensions(),
		MaxAudio: 1, MaxVideo: 2, Data: true, Trickle: true,
	}
}

// Session is one side of the exchanges of one connection.
type Session struct {
	cfg     Config
	id      uint64
	version uint64 // of our latest description
	mids    int    // how many names of sections were given

	tracks   []*Track
	asked    map[string]int
	limits   map[string]media.Direction
	declined map[string]bool // ids of tracks whose section the peer refused
	restart  bool            // one of ours is wanted

	stable  state
	pending *state // an offer of ours without an answer
	agreed  *Agreed
	answer  bool // our latest description is an answer: that of stable

	peer origin // of the peer's latest description that counted
}

// origin tells the peer's descriptions apart.
type origin struct {
	id       string
	version  uint64
	readable bool // version is one
	text     string
	offer    bool
	// counting says that the peer has been seen to count its versions up, as RFC 9429
	// §5.2.1 has it.
	counting bool
}

// NewSession begins without sections.
func NewSession(cfg Config) *Session {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails (it ends the process instead)
	if cfg.Credentials == nil {
		cfg.Credentials = randomCredentials
	}
	if cfg.MaxMessageSize == 0 {
		cfg.MaxMessageSize = 64 << 10
	}
	if cfg.SCTPPort == 0 {
		cfg.SCTPPort = 5000
	}
	s := &Session{
		cfg: cfg, id: binary.BigEndian.Uint64(random[:]) >> 2, // RFC 9429 §5.2.1: below 2^62
		asked: map[string]int{}, limits: map[string]media.Direction{}, declined: map[string]bool{},
	}
	s.stable.local, s.stable.generation = cfg.Credentials(), 1
	return s
}

// randomCredentials have 48 bits in the name and 144 in the password (RFC 8445 §5.3 asks
// for 24 and 128).
func randomCredentials() Credentials {
	var random [24]byte
	_, _ = rand.Read(random[:])
	text := base64.RawStdEncoding.EncodeToString(random[:])
	return Credentials{text[:8], text[8:]}
}

// AddTrack has a track sent: from the next offer on, or in the answer to the next offer
// that has room for it. One of the same ID takes the place of the earlier. The error is of
// kind fault.Invalid.
func (s *Session) AddTrack(t Track) error {
	switch {
	case t.Kind != Audio && t.Kind != Video:
		return fault.New(fault.Invalid, "jsep: a track of %q", t.Kind)
	case !isName(t.ID) || !isName(t.Stream):
		return fault.New(fault.Invalid, "jsep: the names of track %q of stream %q are no tokens of at most %d characters", t.ID, t.Stream, maxName)
	case t.SSRC == 0:
		return fault.New(fault.Invalid, "jsep: track %s without a source", t.ID)
	case !t.fits(s.codecs(t.Kind)):
		return fault.New(fault.Invalid, "jsep: track %s of %s, which is not among the codecs", t.ID, t.Codec)
	case !isToken(t.CName) || t.Content != "" && !isToken(t.Content):
		return fault.New(fault.Invalid, "jsep: track %s: cname %q or content %q is no token", t.ID, t.CName, t.Content)
	}
	i := slices.IndexFunc(s.tracks, func(o *Track) bool { return o.ID == t.ID })
	switch {
	case i < 0:
		s.tracks = append(s.tracks, &t)
	case s.tracks[i].Kind != t.Kind:
		return fault.New(fault.Invalid, "jsep: track %s was %s", t.ID, s.tracks[i].Kind)
	case *s.tracks[i] != t:
		s.tracks[i] = &t
	}
	delete(s.declined, t.ID)
	return nil
}

// maxName bounds the names of our tracks and streams: an id and a word.
const maxName = 128

// isName reports whether s may name a track of ours: a token, or several with colons between
// them, which RFC 8830 does not have, but every browser takes.
func isName(s string) bool {
	return isToken(strings.ReplaceAll(s, ":", "")) && len(s) <= maxName
}

// RemoveTrack has a track sent no more from the next exchange on. Its section stays, for
// another one.
func (s *Session) RemoveTrack(id string) {
	s.tracks = slices.DeleteFunc(s.tracks, func(t *Track) bool { return t.ID == id })
	delete(s.declined, id)
}

// Receive asks in our offers for n sections of a kind in which the peer may send; those
// of the peer's own offers count. For Application it asks for a data channel.
func (s *Session) Receive(kind string, n int) { s.asked[kind] = n }

// Limit restricts the direction of a section, ours: SendOnly puts the peer on hold,
// SendRecv restricts nothing. An empty mid is every section that has no limit of its own.
func (s *Session) Limit(mid string, d media.Direction) {
	if s.limits[mid] = d; d == media.SendRecv {
		delete(s.limits, mid)
	}
}

// Restart has the next offer begin a new ICE generation (RFC 8839 §4.4.1.1).
func (s *Session) Restart() { s.restart = s.stable.connected() }

// Agreed is what the last exchange came to; nil before the first.
func (s *Session) Agreed() *Agreed { return s.agreed }

// Pending reports whether an offer of ours waits for its answer.
func (s *Session) Pending() bool { return s.pending != nil }

// Local are the ICE credentials of our open offer, else those in use, or of the first
// description to come.
func (s *Session) Local() Credentials {
	if s.pending != nil {
		return s.pending.local
	}
	return s.stable.local
}

// Restarting reports whether the open offer of ours begins a new ICE generation.
func (s *Session) Restarting() bool {
	return s.pending != nil && s.pending.generation != s.stable.generation
}

// Rollback takes our open offer back, if there is one: the peer has refused it, or will
// never answer. Everything is as before it. SetOffer does so by itself.
func (s *Session) Rollback() {
	if s.pending != nil {
		s.restart = s.restart || s.Restarting()
		s.pending = nil
	}
}

// Carrier is the section of our latest description that has our candidates.
func (s *Session) Carrier() (mid string, index int) {
	n := s.latest()
	if index = n.live(); index < 0 {
		return "", 0
	}
	return n.slots[index].mid, index
}

func (s *Session) latest() *state {
	if s.pending != nil && !s.answer {
		return s.pending
	}
	return &s.stable
}

// nextMID names a new section as no other ever was in the session: "s1". It is short, as
// it comes in every packet (RFC 9429 §5.2.1).
func (s *Session) nextMID(n *state) string {
	for {
		s.mids++
		mid := "s" + strconv.FormatInt(int64(s.mids), 36)
		if !slices.ContainsFunc(n.slots, func(o slot) bool { return o.mid == mid }) {
			return mid
		}
	}
}

// judge tells whether a description of the peer was there before. repeated is true for
// the offer that was answered last; an error of kind fault.Conflict is of one that came
// late.
func (s *Session) judge(d *Description, text string, offer bool) (repeated bool, err error) {
	version, readable := d.version()
	last := s.peer
	if offer && last.offer && last.text == text && s.agreed != nil {
		return true, nil
	}
	if !readable || !last.readable || last.id != d.ID || version > last.version {
		return false, nil
	}
	// Some say 0 for ever, and may well answer two offers alike.
	same := last.text == text && last.offer == offer && version > 0
	if last.counting || version < last.version || same {
		what := "an answer"
		if offer {
			what = "an offer"
		}
		return false, fault.New(fault.Conflict, "sdp: %s of version %s after one of version %d", what, d.Version, last.version)
	}
	return false, nil
}

// heard keeps what judge needs of a description that counted.
func (s *Session) heard(d *Description, text string, offer bool) {
	version, readable := d.version()
	counting := s.peer.id == d.ID && (s.peer.counting || s.peer.readable && readable && version > s.peer.version)
	s.peer = origin{d.ID, version, readable, text, offer, counting}
}

// version is that of o= as a number. Some have put more than 64 bits there.
func (d *Description) version() (n uint64, readable bool) {
	n, err := strconv.ParseUint(d.Version, 10, 64)
	return n, err == nil
}
