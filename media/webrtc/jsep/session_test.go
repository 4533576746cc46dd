package jsep_test

import (
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
)

const (
	serverPrint = "sha-256 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF"
	clientPrint = "sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F"
)

// serverConfig is what a server brings.
func serverConfig(t testing.TB) jsep.Config {
	t.Helper()
	cfg := jsep.DefaultConfig()
	cfg.Audio = jsep.AudioCodecs([]*media.Codec{opus.Codec(), g722.Codec(), g711.MuLaw(), g711.ALaw()}, true)
	cfg.Fingerprints = prints(t, serverPrint)
	return cfg
}

func prints(t testing.TB, text string) srtp.Fingerprints {
	t.Helper()
	f, err := srtp.ParseFingerprint(text)
	if err != nil {
		t.Fatal(err)
	}
	return srtp.Fingerprints{f}
}

// mix is the sound that a server sends, camera and screen what others send.
var (
	mix    = jsep.Track{ID: "mix", Stream: "room", Kind: jsep.Audio, SSRC: 0x1001, CName: "room"}
	camera = jsep.Track{ID: "alice-camera", Stream: "alice", Kind: jsep.Video, SSRC: 0x2001, RTX: 0x2002, CName: "room"}
	screen = jsep.Track{ID: "alice-screen", Stream: "alice-screen", Kind: jsep.Video, SSRC: 0x3001, RTX: 0x3002, CName: "room", Content: "slides"}
)

func server(t testing.TB, tracks ...jsep.Track) *jsep.Session {
	t.Helper()
	s := jsep.NewSession(serverConfig(t))
	add(t, s, tracks...)
	return s
}

func add(t testing.TB, s *jsep.Session, tracks ...jsep.Track) {
	t.Helper()
	for _, track := range tracks {
		if err := s.AddTrack(track); err != nil {
			t.Fatal(err)
		}
	}
}

// gathered are candidates as a server with one port has them.
var gathered = jsep.Gathered{Candidates: []string{
	"1 1 udp 2130706431 192.0.2.1 7882 typ host",
	"2 1 tcp 1671430143 192.0.2.1 7882 typ host tcptype passive",
}, Complete: true}

// answered is our answer to an offer.
func answered(t testing.TB, s *jsep.Session, offer string) (string, *jsep.Agreed) {
	t.Helper()
	agreed, err := s.SetOffer(offer)
	if err != nil {
		t.Fatalf("%v\n%s", err, offer)
	}
	return described(t, s), agreed
}

// offered is an offer of ours.
func offered(t testing.TB, s *jsep.Session) string {
	t.Helper()
	if err := s.Offer(); err != nil {
		t.Fatal(err)
	}
	return described(t, s)
}

// described is our description, which we can read ourselves.
func described(t testing.TB, s *jsep.Session) string {
	t.Helper()
	text := s.Describe(gathered)
	if _, err := jsep.Parse(text); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if strings.Count(text, "\n") != strings.Count(text, "\r\n") {
		t.Fatal("lines do not all end in CR LF")
	}
	return text
}
