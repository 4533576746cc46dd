package webrtc

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/srtp"
	"github.com/skygenesisenterprise/skybridge/media/srtp/dtls"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
)

// session is what one offer/answer exchange leaves for the next (RFC 3264 §8).
type session struct {
	text  *jsep.Session
	cname string // RTCP's and the stream's name (RFC 8834 §4.9)
	ssrc  uint32
	begun bool // candidates are looked for
	// pending is text.Pending, for who does not wait for an exchange.
	pending atomic.Bool

	restartsFull time.Time // see mayRestart
}

// identify chooses who we are to the peer.
func (s *session) identify() {
	var random [20]byte
	// crypto/rand.Read never fails (it ends the process instead).
	_, _ = rand.Read(random[:])
	s.cname = hex.EncodeToString(random[:16])
	s.ssrc = max(binary.BigEndian.Uint32(random[16:]), 1)
}

// begin makes the session's text: one section of audio, and what else the owner wants.
func (s *session) begin(config *PeerConfig, certificate *dtls.Certificate, mayRestart func() error) error {
	audio := jsep.AudioCodecs(config.Codecs, true)
	for i := range audio {
		audio[i].Feedback = nil // transport-wide numbers are video's alone (docs/adr/0019)
	}
	sections := jsep.Config{
		Audio: audio, AudioExtensions: []string{jsep.AudioLevelURI}, MaxAudio: 1,
		Fingerprints: srtp.Fingerprints{certificate.Fingerprint()}, Trickle: true,
		Data: config.Data != nil, MayRestart: mayRestart,
	}
	if v := config.Video; v != nil {
		sections.Video, sections.VideoExtensions = jsep.VideoCodecs(), jsep.VideoExtensions()
		sections.MaxVideo = cmp.Or(v.Receive, defaultVideos)
	}
	s.text = jsep.NewSession(sections)
	s.text.Receive(jsep.Audio, 1)
	if config.Video != nil {
		s.text.Receive(jsep.Video, config.Video.Ask)
	}
	return s.text.AddTrack(jsep.Track{
		ID: "audio", Stream: s.cname, Kind: jsep.Audio, SSRC: s.ssrc, CName: s.cname,
	})
}
