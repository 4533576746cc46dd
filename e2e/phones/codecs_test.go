package phones_test

import (
	"bytes"
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
	"github.com/skygenesisenterprise/skybridge/e2e/tone"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/cn"
	"github.com/skygenesisenterprise/skybridge/media/codec/g729"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
)

const g729Type = 18

// speaksG729 turns a scenario's G.711 into G.729.
var speaksG729 = []string{"RTP/AVP 0 101", "RTP/AVP 18 101", "rtpmap:0 PCMU/8000", "rtpmap:18 G729/8000\n      a=fmtp:18 annexb=no"}

// withG729 starts a server whose guest speaks it.
func withG729(t *testing.T, set map[string]string) *lab {
	t.Helper()
	guest := peer.FreePort(t)
	files := conf(guest, callPlan)
	files["pjsip.conf"] = strings.Replace(files["pjsip.conf"], "allow = !all,ulaw,alaw,g722", "allow = !all,g729", 1)
	s := server.Start(t, server.Config{Files: files, Set: set})
	return &lab{Server: s, guest: guest, idle: s.Resources(t)}
}

// decoded is what was heard in a codec.
func (e *ear) decoded(c *media.Codec, pt uint8) peer.Recording {
	return func() (pcm []int16, rate int, err error) {
		d, err := c.NewDecoder()
		if err != nil {
			return nil, 0, err
		}
		defer d.Close()
		frame := make([]int16, c.SampleRate*120/1000)
		for _, p := range e.packets() {
			if p.pt != pt {
				continue
			}
			n, err := d.Decode(frame, p.payload)
			if err != nil {
				return nil, 0, err
			}
			pcm = append(pcm, frame[:n]...)
		}
		if len(pcm) == 0 {
			return nil, 0, errors.New("no audio yet")
		}
		return pcm, c.SampleRate, nil
	}
}

// serverPort is where a SIPp was told to send media, once it was: what its messages
// have besides its own port.
func serverPort(t *testing.T, s *peer.SippPeer, e *ear) netip.AddrPort {
	t.Helper()
	lines := regexp.MustCompile(`m=audio (\d+)`)
	var port int
	peer.Eventually(t, "a description", func() error {
		text, err := os.ReadFile(filepath.Join(s.Dir, "messages.log"))
		if err != nil {
			return err
		}
		for _, m := range lines.FindAllStringSubmatch(string(text), -1) {
			if port, err = strconv.Atoi(m[1]); err == nil && port != e.port() {
				return nil
			}
		}
		return errors.New("none but its own")
	})
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port))
}

// With the operator's library a phone of G.729 talks to one of G.711.
func TestG729IsTranscoded(t *testing.T) {
	codec, err := g729.Load(g729.Auto)
	if err != nil {
		t.Skipf("skipped: libbcg729-0 is not installed: %v", err)
	}
	l := withG729(t, map[string]string{"media.g729": "auto"})
	if got := l.RX(t, "core show codecs"); !strings.Contains(got, "g729       G729          8000  transcoded") {
		t.Errorf("core show codecs:\n%s", got)
	}
	l.run(t, "to PCMU and back", func(t *testing.T) {
		e := listen(t)
		b := l.phone(t, "1001", peer.BaresipConfig{Codecs: []string{"PCMU"}, Tone: 503, Answer: true})
		c := l.caller(t, "call", "1001", e, speaksG729...)
		enc, err := codec.NewEncoder(media.EncoderConfig{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(enc.Close)
		pcm := tone.Sine(877, 8000, 1, 12000)
		e.stream(t, func(n int) []byte {
			payload := make([]byte, codec.MaxFrameBytes)
			k, err := enc.Encode(payload, pcm[n*160%8000:][:160])
			if err != nil {
				panic(err)
			}
			return rtp(g729Type, n, 160, payload[:k])
		})
		peer.Hears(t, "the phone", b.Recording(), 877, 503)
		peer.Hears(t, "the caller", e.decoded(codec, g729Type), 503, 877)
		e.steady(t)
		b.Hangup(t)
		c.Wait(t)
	})
}

// Without a library two phones of G.729 talk all the same: what the one sends is what
// the other gets.
func TestG729IsRelayed(t *testing.T) {
	l := withG729(t, map[string]string{})
	if got := l.RX(t, "core show codecs"); !strings.Contains(got, "g729       G729          8000  passed through") {
		t.Errorf("core show codecs:\n%s", got)
	}
	l.run(t, "both ways", func(t *testing.T) {
		a, b := listen(t), listen(t)
		callee := l.callee(t, "answer", b, "PAYLOADS", "18", "RTPMAP", "G729/8000")
		caller := l.caller(t, "call", "700", a, speaksG729...)
		said := bytes.Repeat([]byte{0x5a, 0x18}, 10)
		say := func(n int) []byte { return rtp(g729Type, n, 160, said) }
		a.streamTo(t, serverPort(t, caller, a), say) // nobody hears anything before somebody speaks
		b.streamTo(t, serverPort(t, callee, b), say)
		for _, e := range []*ear{a, b} {
			e.await(t, "50 packets", func() bool { return e.count(g729Type) >= 50 })
			for _, p := range e.packets() {
				if !bytes.Equal(p.payload, said) {
					t.Fatalf("type %d: % x", p.pt, p.payload)
				}
			}
			e.steady(t)
		}
		l.RX(t, "channel request hangup all")
		caller.Wait(t)
		callee.Wait(t)
	})
}

// A phone that takes comfort noise (RFC 3389) is told of silence, and is heard as noise
// where it tells of it.
func TestComfortNoise(t *testing.T) {
	guest := peer.FreePort(t)
	s := server.Start(t, server.Config{Files: conf(guest, callPlan), Set: map[string]string{"media.comfort_noise": "true"}})
	l := &lab{Server: s, guest: guest, idle: s.Resources(t)}
	l.run(t, "both ways", func(t *testing.T) {
		a, b := listen(t), listen(t)
		callee := l.callee(t, "answer", b, "PAYLOADS", "8", "RTPMAP", "PCMA/8000")
		caller := l.caller(t, "call", "700", a, "RTP/AVP 0 101", "RTP/AVP 0 13 101", "rtpmap:0 PCMU/8000", "rtpmap:0 PCMU/8000\n      a=rtpmap:13 CN/8000")
		silence := bytes.Repeat([]byte{0xd5}, 160)
		b.streamTo(t, serverPort(t, callee, b), func(n int) []byte { return rtp(8, n, 160, silence) })
		a.await(t, "two descriptions of silence", func() bool { return a.count(cn.PayloadType) >= 2 })
		if n := a.count(0); n > 60 {
			t.Errorf("%d packets of audio besides", n)
		}
		a.steady(t)
		before := len(b.packets())
		a.streamTo(t, serverPort(t, caller, a), func(n int) []byte { return rtp(cn.PayloadType, n, 160, []byte{40, 100, 127}) })
		b.await(t, "a second of noise", func() bool { return len(b.packets()) > before+70 })
		pcm, _, err := b.recording()()
		if err != nil {
			t.Fatal(err)
		}
		if level := dsp.LevelDBov(pcm[len(pcm)-40*160:]); level < 36 || level > 44 {
			t.Errorf("noise of −40 dBov is heard at −%d", level)
		}
		b.steady(t)
		l.RX(t, "channel request hangup all")
		caller.Wait(t)
		callee.Wait(t)
	})
}

// A build without cgo serves phones: G.711 and G.722 are our own, and Opus goes as it
// comes between two who speak it.
func TestWithoutCgo(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "skybridge")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "github.com/skygenesisenterprise/skybridge/cmd/skybridge")
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s := server.Start(t, server.Config{Files: conf(peer.FreePort(t), callPlan), Set: map[string]string{"media.g729": "auto"}, Binary: binary})
	l := &lab{Server: s, idle: s.Resources(t)}
	listing := l.RX(t, "core show codecs")
	for _, want := range []string{
		"opus       opus         48000  passed through", "g729       G729          8000  passed through", "g722       G722          8000  transcoded",
	} {
		if !strings.Contains(listing, want) {
			t.Errorf("core show codecs:\n%s\nwant %s", listing, want)
		}
	}
	for _, codecs := range [][2]string{{"PCMU", "PCMU"}, {"PCMU", "G722"}, {"opus", "opus"}} {
		l.run(t, codecs[0]+" and "+codecs[1], func(t *testing.T) {
			a := l.phone(t, "1001", peer.BaresipConfig{Codecs: codecs[:1], Tone: 503})
			b := l.phone(t, "1002", peer.BaresipConfig{Codecs: codecs[1:], Tone: 877, Answer: true})
			a.Dial(t, "1002")
			a.Established(t)
			peer.Hears(t, "the called", b.Recording(), 503, 877)
			peer.Hears(t, "the caller", a.Recording(), 877, 503)
			a.Hangup(t)
			b.Closed(t)
		})
	}
}
