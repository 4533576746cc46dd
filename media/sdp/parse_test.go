package sdp

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/golden"
	"github.com/skygenesisenterprise/skybridge/media"
)

// TestFiles: what each description means is written in golden/sessions.txt.
func TestFiles(t *testing.T) {
	names, bodies := files(t)
	var out bytes.Buffer
	for _, name := range names {
		s := parse(t, bodies[name])
		o := s.Origin
		fmt.Fprintf(&out, "%s: o=%s %s %s %s, %q", name, o.Username, o.SessionID, o.Version, o.Address, s.Name)
		if s.NeedsWebRTC() {
			out.WriteString(", needs WebRTC")
		}
		out.WriteByte('\n')
		for _, m := range s.Media {
			fmt.Fprintf(&out, "  %s %d %s", m.Kind, m.Port, m.Profile)
			if m.IsAudio() {
				describe(&out, s, m)
			}
			out.WriteByte('\n')
		}
	}
	golden.Equal(t, filepath.Join(testdata, "golden/sessions.txt"), out.String())
}

func describe(out *bytes.Buffer, s *Session, m *Media) {
	fmt.Fprintf(out, ", %s, %v", [...]string{"plain", "SDES", "DTLS", "other"}[s.Keying(m)], s.Direction(m))
	switch target, err := s.Target(m); {
	case err != nil:
		fmt.Fprintf(out, ", %v", err)
	case target.Held:
		out.WriteString(", held")
	case target.Mux:
		fmt.Fprintf(out, ", %v muxed", target.RTP)
	default:
		fmt.Fprintf(out, ", %v and %v", target.RTP, target.RTCP)
	}
	if p := m.Ptime(); p != 0 {
		fmt.Fprintf(out, ", %v", p)
	}
	if p := m.MaxPtime(); p != 0 {
		fmt.Fprintf(out, ", at most %v", p)
	}
	if id := levelID(s, m); id != 0 {
		fmt.Fprintf(out, ", levels %d", id)
	}
	for _, p := range m.Payloads() {
		fmt.Fprintf(out, "\n    %d %v", p.Type, p.Encoding)
		if p.Fmtp != "" {
			fmt.Fprintf(out, " [%s]", p.Fmtp)
		}
	}
}

func TestPrint(t *testing.T) {
	names, bodies := files(t)
	for _, name := range names {
		t.Run(name, func(t *testing.T) { checkPrint(t, parse(t, bodies[name])) })
	}
	// A description in the RFC's order prints as it came.
	for _, name := range []string{"every-line", "baresip-call", "jssip-chrome", "snom-two-audio-lines"} {
		want := strings.ReplaceAll(string(bodies[name]), "a=empty:\r\n", "a=empty\r\n")
		if d := cmp.Diff(want, parse(t, bodies[name]).String()); d != "" {
			t.Errorf("%s: -want +got\n%s", name, d)
		}
	}
}

// checkPrint: a description prints so that it parses to the same.
func checkPrint(t *testing.T, s *Session) {
	t.Helper()
	again := parse(t, s.Bytes())
	if d := cmp.Diff(s, again); d != "" {
		t.Fatalf("-first +again\n%s\n%s", d, s)
	}
}

const head = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		name, body, want string
		kind             fault.Kind
	}{
		{"nothing", "", "line 1: no v=0", fault.Invalid},
		{"blank", "\r\n\r\n", "line 2: no v=0", fault.Invalid},
		{"no v=", "o=- 1 1 IN IP4 192.0.2.1\r\n", "line 1: o= before v=", fault.Invalid},
		{"other version", "v=1\r\n", "line 1: v=1, want one v=0", fault.Invalid},
		{"two versions", "v=0\r\nv=0\r\n", "line 2: v=0, want one v=0", fault.Invalid},
		{"no equals", head + "hello\r\n", "line 6: no <type>=<value>", fault.Invalid},
		{"one letter", head + "a\r\n", "line 6: no <type>=<value>", fault.Invalid},
		{"capital", head + "A=x\r\n", "line 6: no <type>=<value>", fault.Invalid},
		{"JSON", `{"sdp":"v=0"}`, "line 1: no <type>=<value>", fault.Invalid},
		{"NUL", head + "a=x\x00y\r\n", "line 6: control character", fault.Invalid},
		{"CR alone", "v=0\ro=- 1 1 IN IP4 192.0.2.1\r", "line 1: control character", fault.Invalid},
		{"two origins", head + "o=- 1 1 IN IP4 192.0.2.1\r\n", "line 6: second o=", fault.Invalid},
		{"two names", head + "s=x\r\n", "line 6: second s=", fault.Invalid},
		{"short origin", "v=0\r\no=- 1 1 IN\r\n", "line 2: o= has 4 fields, want 6", fault.Invalid},
		{"short connection", head + "m=audio 1 RTP/AVP 0\r\nc=IN IP4\r\n", "line 7: c= has 2 fields, want 3", fault.Invalid},
		{"short media", head + "m=audio 4000\r\n", "line 6: m= has 2 fields, want 4", fault.Invalid},
		{"port", head + "m=audio 65536 RTP/AVP 0\r\n", `line 6: port "65536" is not within 0-65535`, fault.Invalid},
		{"negative port", head + "m=audio -1 RTP/AVP 0\r\n", `line 6: port "-1" is not within 0-65535`, fault.Invalid},
		{"port count", head + "m=audio 4000/0 RTP/AVP 0\r\n", `line 6: "0" ports`, fault.Invalid},
		{"media lines", head + strings.Repeat("m=audio 1 RTP/AVP 0\r\n", 65), "line 70: more than 64 media lines", fault.Invalid},
		{"attributes", head + strings.Repeat("a=x\r\n", 4001), "line 4006: more than 4000 attributes", fault.Invalid},
		{"lines", head + strings.Repeat("b=AS:1\r\n", 4092), "line 4097: more than 4096 lines", fault.Invalid},
		{"formats", head + "m=audio 1 RTP/AVP" + strings.Repeat(" 0", 129) + "\r\n", "line 6: 129 formats, more than 128", fault.Invalid},
		{"long line", head + "a=" + strings.Repeat("x", 4095) + "\r\n", "line 6: 4097 bytes, more than 4096", fault.Invalid},
		{"large", head + strings.Repeat("\n", 64<<10), "65599 bytes, more than 65536", fault.TooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse([]byte(c.body))
			if err == nil || err.Error() != "sdp: "+c.want || fault.Of(err) != c.kind {
				t.Errorf("%v (%v), want %s", err, fault.Of(err), c.want)
			}
		})
	}
}

func TestParseTakesTheLimits(t *testing.T) {
	body := head + "a=" + strings.Repeat("x", 4094) + "\r\n" +
		strings.Repeat("m=audio 1 RTP/AVP"+strings.Repeat(" 0", 128)+"\r\n", 64) +
		strings.Repeat("a=x\r\n", 3999) + strings.Repeat("b=AS:1\r\n", 4096-5-64-4000)
	checkPrint(t, parse(t, []byte(body)))
}

func FuzzParse(f *testing.F) {
	_, bodies := files(f)
	for _, body := range bodies {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := Parse(body)
		if err != nil {
			if k := fault.Of(err); k != fault.Invalid && k != fault.TooLarge {
				t.Fatalf("%v: %v", k, err)
			}
			return
		}
		for _, m := range s.Media {
			s.Keying(m)
			s.Direction(m)
			levelID(s, m)
			_, err := s.Target(m)
			if k := fault.Of(err); err != nil && k != fault.Invalid && k != fault.NotAcceptable {
				t.Fatalf("%v: %v", k, err)
			}
			for _, p := range m.Payloads() {
				ParseOpus(p.Fmtp)
				includes16(p.Fmtp)
			}
		}
		s.NeedsWebRTC()
		// CR LF, a default t= or user name make it longer; stay off the limits.
		if len(body) < MaxLineBytes-8 && bytes.Count(body, []byte("\n")) < MaxLines-1 {
			checkPrint(t, s)
		}
	})
}

func TestOpusParameters(t *testing.T) {
	for _, c := range []struct {
		fmtp, printed string
		want          OpusParameters
	}{
		{"", "", OpusParameters{}},
		{"useinbandfec=1", "useinbandfec=1", OpusParameters{InbandFEC: true}},
		{"maxplaybackrate=16000; sprop-maxcapturerate=16000; maxaveragebitrate=20000; stereo=1; useinbandfec=1; usedtx=0",
			"maxplaybackrate=16000;sprop-maxcapturerate=16000;maxaveragebitrate=20000;stereo=1;useinbandfec=1",
			OpusParameters{MaxPlaybackRate: 16000, SpropMaxCaptureRate: 16000, MaxAverageBitrate: 20000, Stereo: true, InbandFEC: true}},
		{"CBR=1;UseDTX=1;sprop-stereo=1;minptime=10", "minptime=10;sprop-stereo=1;cbr=1;usedtx=1",
			OpusParameters{CBR: true, DTX: true, SpropStereo: true, MinPtime: 10}},
		{"maxaveragebitrate=99999999999;stereo=yes;;=;useinbandfec", "", OpusParameters{}},
	} {
		got := ParseOpus(c.fmtp)
		if got != c.want || got.String() != c.printed || ParseOpus(got.String()) != got {
			t.Errorf("%q: %+v, %q", c.fmtp, got, got)
		}
	}
}

// What the receiver of Opus asks for is what its encoder does.
func TestEncoderFor(t *testing.T) {
	withBitrate := *opus
	withBitrate.Bitrate = 32000
	for _, c := range []struct {
		codec *media.Codec
		fmtp  string
		want  media.EncoderConfig
	}{
		{&withBitrate, "", media.EncoderConfig{}},
		{&withBitrate, "useinbandfec=1;stereo=1", media.EncoderConfig{FEC: true}},
		{&withBitrate, "maxaveragebitrate=128000", media.EncoderConfig{}},
		{&withBitrate, "maxaveragebitrate=32000", media.EncoderConfig{}},
		{&withBitrate, "maxaveragebitrate=31999", media.EncoderConfig{Bitrate: 28000}},
		{&withBitrate, "MaxAverageBitrate=24000; cbr=1", media.EncoderConfig{Bitrate: 24000, CBR: true}},
		{&withBitrate, "maxaveragebitrate=7000", media.EncoderConfig{Bitrate: 6000}},
		{&withBitrate, "maxaveragebitrate=1", media.EncoderConfig{Bitrate: 6000}},
		{&withBitrate, "usedtx=1", media.EncoderConfig{DTX: true}},
		{&withBitrate, "maxplaybackrate=8000", media.EncoderConfig{Bitrate: 12000, Bandwidth: 8000}},
		{&withBitrate, "maxplaybackrate=16000;maxaveragebitrate=16000", media.EncoderConfig{Bitrate: 16000, Bandwidth: 16000}},
		{&withBitrate, "maxplaybackrate=22050", media.EncoderConfig{Bitrate: 28000, Bandwidth: 24000}},
		{&withBitrate, "maxplaybackrate=48000", media.EncoderConfig{}},
		{ulaw, "maxaveragebitrate=24000;cbr=1", media.EncoderConfig{}},
		{nil, "", media.EncoderConfig{}},
	} {
		if got := EncoderFor(media.Format{Codec: c.codec, Fmtp: c.fmtp}, media.EncoderConfig{}); got != c.want {
			t.Errorf("%q: %+v, want %+v", c.fmtp, got, c.want)
		}
	}
	base := media.EncoderConfig{Bitrate: 64000, Complexity: 9, LowDelay: true}
	for fmtp, bitrate := range map[string]int32{"": 64000, "maxaveragebitrate=40000": 40000, "maxaveragebitrate=80000": 64000} {
		want := base
		want.Bitrate = bitrate
		if got := EncoderFor(media.Format{Codec: &withBitrate, Fmtp: fmtp}, base); got != want {
			t.Errorf("%q: %+v, want %+v", fmtp, got, want)
		}
	}
	if got := EncoderFor(media.Format{Codec: ulaw}, base); got != (media.EncoderConfig{}) {
		t.Errorf("%+v for PCMU", got)
	}
}

// A receiver of Opus may want longer packets than its a=ptime says.
func TestMinPtime(t *testing.T) {
	for fmtp, want := range map[string]time.Duration{"": 20, "minptime=10": 20, "minptime=40": 40, "minptime=120": 60, "minptime=45": 40} {
		_, r := answer(t, negotiator(t, testConfig(opus)), peerSDP("m=audio 4000 RTP/AVP 107\na=rtpmap:107 opus/48000/2\na=fmtp:107 "+fmtp+"\n"))
		if r.Send.Ptime != want*time.Millisecond || r.Ptime != media.FrameDuration {
			t.Errorf("%q: %v, %v", fmtp, r.Send.Ptime, r.Ptime)
		}
	}
}
