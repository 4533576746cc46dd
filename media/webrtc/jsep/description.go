package jsep

import (
	"slices"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// Limits of Parse. Who sees as many as a room shows at most, 49 cameras and a screen, and
// sends a camera and a screen beside audio and data, has 54 sections, which Chromium offers
// again with all that it can decode, in up to 6 KiB each.
const (
	MaxBytes      = 384 << 10
	MaxSections   = 64
	MaxFormats    = 128 // in one section
	MaxCandidates = 256 // in one section
	MaxSources    = 128 // in one section
	MaxRIDs       = 16  // in one section
	MaxExtensions = 64  // in one section
)

// The kinds of sections that are more than refused.
const (
	Audio       = "audio"
	Video       = "video"
	Application = "application" // the data channel
)

// Description is one session description of WebRTC, offer or answer.
type Description struct {
	// ID and Version are those of o=. A description that changes something has a higher
	// version than the one before.
	ID, Version string
	// Bundle are the mids of the BUNDLE group (RFC 9143), of the first if there are more;
	// HasBundle tells an empty group from none.
	Bundle    []string
	HasBundle bool
	// Lite says that its author does ICE lite (RFC 8445 §2.5).
	Lite bool
	// Mixed says that one and two byte header extensions may come in one stream (RFC 8285
	// §6). It counts for the whole session, or in each section.
	Mixed    bool
	Sections []Section
}

// Section is one m= line with its attributes. Of what stands at the session's level each
// section has its own copy.
type Section struct {
	// Line is where in the text the m= is, from 1; 0 in one that was not read.
	Line int
	// MID is a=mid (RFC 5888); empty if there is none.
	MID string
	// Kind is Audio, Video, Application or whatever else the m= says.
	Kind     string
	Port     uint16
	Protocol string
	// Formats are those of m=, as they stand there.
	Formats   []string
	Direction media.Direction
	// BundleOnly makes port 0 mean that there is no port of its own (RFC 9143 §6).
	BundleOnly bool
	// Mux and ReducedSize are a=rtcp-mux (RFC 5761) and a=rtcp-rsize (RFC 5506).
	Mux, ReducedSize bool
	// Mixed is Description.Mixed for the section.
	Mixed bool
	// Codecs are the formats with a known meaning, rtx and red among them, in the order
	// of m=.
	Codecs     []Codec
	Extensions []Extension
	// MSIDs are the streams and the track that are sent (RFC 8830).
	MSIDs   []MSID
	Sources []Source
	Groups  []Group
	// RIDs are the a=rid (RFC 8851), Simulcast what a=simulcast says of them (RFC 8853).
	RIDs      []RID
	Simulcast Simulcast
	// Ptime and MaxPtime are those of audio; 0 when unsaid.
	Ptime, MaxPtime time.Duration
	// Content is a=content (RFC 4796): "slides" for a screen; mostly empty.
	Content   string
	SCTP      SCTP
	Transport Attributes
	// Candidates are those in the section, Complete a=end-of-candidates (RFC 8840).
	Candidates []Candidate
	Complete   bool

	inherited inherited
}

// Rejected reports whether the section is refused or was given up.
func (s *Section) Rejected() bool { return s.Port == 0 && !s.BundleOnly }

// Attributes are what ICE and DTLS need of a description (RFC 8839, RFC 8842).
type Attributes struct {
	Ufrag, Pwd string
	// Options are those of a=ice-options: "trickle", "renomination", "ice2".
	Options []string
	// Fingerprints are of certificates of the peer, those of hashes that are safe; Weak
	// says that there were others.
	Fingerprints srtp.Fingerprints
	Weak         bool
	// Setup is "actpass", "active", "passive", "holdconn" or unsaid.
	Setup string
}

// Trickle reports whether more candidates may come than stand in the description.
func (a *Attributes) Trickle() bool { return slices.Contains(a.Options, "trickle") }

// Codec is the meaning of one payload type.
type Codec struct {
	PayloadType uint8
	// Name is the encoding name as in a=rtpmap ("opus", "VP8", "rtx"); it compares
	// without case.
	Name      string
	ClockRate int // Hz
	Channels  int // 1 where a=rtpmap has none
	// Fmtp is a=fmtp without the payload type; may be empty.
	Fmtp string
	// Feedback are the a=rtcp-fb (RFC 4585): "nack", "nack pli", "transport-cc".
	Feedback []string
	// RTX is the payload type of repairs (RFC 4588), 0 for none.
	RTX uint8
}

// Extension is one a=extmap (RFC 8285).
type Extension struct {
	ID  uint8
	URI string
	// Direction is that of its author; SendRecv when unsaid.
	Direction media.Direction
}

// MSID is one a=msid (RFC 8830). Stream is "-" for none.
type MSID struct{ Stream, Track string }

// Source is what a=ssrc says of one (RFC 5576).
type Source struct {
	SSRC  uint32
	CName string
	MSID  MSID
}

// Group is one a=ssrc-group: FID for a source and its repairs (RFC 5576), SIM for the
// layers of simulcast before there were rids.
type Group struct {
	Semantics string
	SSRCs     []uint32
}

// RID is one a=rid (RFC 8851).
type RID struct {
	ID string
	// Send says that its author sends it.
	Send bool
	// Restrictions are the rest of the line: "max-width=1280;max-fps=30".
	Restrictions string
}

// Simulcast is a=simulcast (RFC 8853), from the first alternative of each layer.
type Simulcast struct{ Send, Receive []Layer }

// Layer is one of simulcast.
type Layer struct {
	RID    string
	Paused bool
}

// SCTP is what a description says of the data channels' association (RFC 8841).
type SCTP struct {
	Port uint16
	// MaxMessageSize is the largest message its author takes, in bytes; 0 is any size.
	// Unsaid the two are 5000 and 64 KiB.
	MaxMessageSize uint64
}

// Candidate is one a=candidate as it stands after "candidate:" (RFC 8839 §5.1).
type Candidate struct {
	Text string
	Line int
}
