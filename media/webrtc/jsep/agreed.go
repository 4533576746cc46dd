package jsep

import (
	"slices"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// Agreed is what the last exchange came to. It is never changed.
type Agreed struct {
	// Media are the sections, in the order of the descriptions, refused ones too.
	Media     []Media
	Transport Transport
	// Data is nil without a data channel.
	Data *Data
}

// ByMID finds a section by its mid; nil if there is none or it was refused.
func (a *Agreed) ByMID(mid string) *Media {
	for i := range a.Media {
		if m := &a.Media[i]; m.MID == mid && !m.Refused {
			return m
		}
	}
	return nil
}

// Media is what one section came to.
type Media struct {
	// Index is its place in the descriptions, MID its name there and in packets.
	Index int
	MID   string
	Kind  string
	// Refused says that there is nothing in the section, and nothing else of it counts.
	Refused bool
	// Direction is ours: SendOnly if we send and the peer does not.
	Direction media.Direction
	// Send are the codecs that the peer takes, in order of preference, under the payload
	// types to send with and with the peer's parameters; Receive those that it may send,
	// under the payload types that it sends with and with our parameters, in the same order.
	// rtx is not among them (Codec.RTX), red and telephone-event are.
	Send, Receive []Codec
	// Extensions are the ids of header extensions, of both directions.
	Extensions Extensions
	// Ptime is how much audio the peer wants in a packet, MaxPtime the most; 0 unsaid.
	Ptime, MaxPtime time.Duration
	// ReducedSize allows RTCP that is no compound (RFC 5506).
	ReducedSize bool
	// Mixed allows two-byte header extensions beside one-byte ones in what we send.
	Mixed bool

	// Remote is what the peer sends, as far as it says: browsers with rids name no
	// sources.
	Remote Remote
	// Track is what we send, nil for nothing.
	Track *Track
}

// Remote is what a peer says of the stream that it sends in a section.
type Remote struct {
	// MSIDs are the streams it is of, and the track's name.
	MSIDs []MSID
	// Sources are the synchronization sources, each with that of its repairs.
	Sources []Pair
	// RIDs are the layers of simulcast, in the order of the peer; empty without.
	RIDs []Layer
	// Content is a=content: "slides" for a screen; mostly unsaid.
	Content string
}

// Pair is a source and that of its repairs (RTX), 0 without one.
type Pair struct {
	SSRC, RTX uint32
	CName     string
}

// Extensions are the ids of the header extensions that were agreed on (RFC 8285), 1 to
// 14; 0 for one that was not.
type Extensions struct {
	MID                  uint8 // urn:ietf:params:rtp-hdrext:sdes:mid (RFC 9143)
	RID                  uint8 // …sdes:rtp-stream-id (RFC 8852)
	RepairedRID          uint8 // …sdes:repaired-rtp-stream-id
	AudioLevel           uint8 // RFC 6464
	AbsSendTime          uint8
	TransportCC          uint8 // transport-wide-cc-extensions-01
	DependencyDescriptor uint8
	VideoOrientation     uint8 // urn:3gpp:video-orientation
}

// Transport is the one that all sections share.
type Transport struct {
	// Local and Remote are the ICE credentials.
	Local, Remote Credentials
	// Generation counts ICE restarts from 1: another number means other credentials, and
	// candidates of the one before are of no use.
	Generation int
	// Fingerprints are of the peer's certificates: one must match.
	Fingerprints srtp.Fingerprints
	// Active makes us the DTLS client.
	Active bool
	// Offered says that we made the last offer that began a generation, which makes us the
	// controlling side (RFC 8445 §6.1.1), as does RemoteLite.
	Offered bool
	// RemoteLite says that the peer does ICE lite, RemoteTrickle that it takes candidates
	// later.
	RemoteLite, RemoteTrickle bool
	// Candidates are those of the peer's last description, which may repeat earlier ones.
	Candidates []Candidate
	// Complete says that no more will come in this generation.
	Complete bool
}

// Credentials are those of ICE (RFC 8445 §5.3).
type Credentials struct{ Ufrag, Pwd string }

// Data is what a data channel's section came to (RFC 8841).
type Data struct {
	Index int
	MID   string
	// LocalPort and RemotePort are those of SCTP.
	LocalPort, RemotePort uint16
	// MaxMessageSize is the largest message that the peer takes, in bytes; 0 is any size.
	MaxMessageSize uint64
}

// Track is something that we send in a section of its own.
type Track struct {
	// ID names the track among ours: one that is added again with the same ID takes the
	// place of the earlier. Stream and ID go into a=msid; both are tokens.
	ID, Stream string
	Kind       string
	// SSRC is of its packets, RTX of repairs; 0 for none. A track that was removed and comes
	// again wants others: Chromium hears nothing of a source that a section has lost before.
	SSRC, RTX uint32
	CName     string
	// Content is said in a=content: "slides" for a screen; may be empty.
	Content string
	// Codec is the encoding name of what is sent, where that is settled: sections of ours
	// for it have no other, and it goes into none that does not have it. Empty is any.
	Codec string
}

// fits reports whether the track can be sent with one of some codecs.
func (t *Track) fits(codecs []Codec) bool {
	return t.Codec == "" || slices.ContainsFunc(codecs, func(c Codec) bool { return c.is(t.Codec) })
}

// only are those of some codecs that the track is sent with.
func (t *Track) only(codecs []Codec) []Codec {
	if t == nil || t.Codec == "" {
		return codecs
	}
	return slices.DeleteFunc(slices.Clone(codecs), func(c Codec) bool { return !c.is(t.Codec) })
}
