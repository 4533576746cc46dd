package webrtc

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"

	"github.com/skygenesisenterprise/skybridge/media/srtp"
	"github.com/skygenesisenterprise/skybridge/media/srtp/dtls"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
)

// session is what one offer/answer exchange leaves for the next (RFC 3264 §8).
type session struct {
	text   *jsep.Session
	cname  string // RTCP's and the stream's name (RFC 8834 §4.9)
	ssrc   uint32
	begun  bool  // candidates are looked for, of the present generation
	untold bool  // an offer was made, but nobody was told
	failed error // of the path, when it was asked for credentials
}

// identify chooses who we are to the peer.
func (s *session) identify() {
	var random [20]byte
	// crypto/rand.Read never fails (it ends the process instead).
	_, _ = rand.Read(random[:])
	s.cname = hex.EncodeToString(random[:16])
	s.ssrc = max(binary.BigEndian.Uint32(random[16:]), 1)
}

// converse makes the session's text, for one section of audio.
func (p *Peer) converse(certificate *dtls.Certificate) error {
	s := &p.session
	audio := jsep.AudioCodecs(p.config.Codecs, false)
	for i := range audio {
		audio[i].Feedback = nil
	}
	s.text = jsep.NewSession(jsep.Config{
		Audio: audio, AudioExtensions: []string{jsep.AudioLevelURI}, MaxAudio: 1,
		Fingerprints: srtp.Fingerprints{certificate.Fingerprint()}, Trickle: true,
		Credentials: p.credentials,
	})
	s.text.Receive(jsep.Audio, 1)
	return errors.Join(s.failed, s.text.AddTrack(jsep.Track{
		ID: "audio", Stream: s.cname, Kind: jsep.Audio, SSRC: s.ssrc, CName: s.cname,
	}))
}

// credentials are the path's: of the first generation of ICE, or of one that begins.
func (p *Peer) credentials() jsep.Credentials {
	s := &p.session
	if s.text != nil {
		p.ice.restarted()
		s.begun = false
		s.failed = errors.Join(s.failed, p.path.Restart("", ""))
	}
	ufrag, pwd, err := p.path.Credentials()
	s.failed = errors.Join(s.failed, err)
	return jsep.Credentials{Ufrag: ufrag, Pwd: pwd}
}
