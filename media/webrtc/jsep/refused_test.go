package jsep_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
)

// session is what a file of testdata/sessions has of offers.
func session(t testing.TB, name string) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/sessions/" + name + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	input, _, _ := strings.Cut(string(text), "== answers\n")
	return parts(input, "offer")
}

// lineOf is the number of the first line that begins so.
func lineOf(t testing.TB, text, prefix string) int {
	t.Helper()
	for i, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, prefix) {
			return i + 1
		}
	}
	t.Fatalf("no line %s in\n%s", prefix, text)
	return 0
}

// Each offer is one of Chromium with a change, for which it is refused, with its line.
func TestRefusedOffers(t *testing.T) {
	good := session(t, "chromium-camera-screen")[0]
	audio := session(t, "chromium-audio")[0]
	for _, c := range []struct {
		name, of, from, to string // all of from becomes to; none appends to
		kind               fault.Kind
		want               string
		at                 string // the line that is named begins so, in the changed text
	}{
		{"no SDP", good, "v=0\n", "hello\n", fault.Invalid, `"hello" is no SDP line`, "hello"},
		{"no version", good, "v=0\n", "", fault.Invalid, "want v=0", "o="},
		{"control character", good, "s=-", "s=\x00", fault.Invalid, "control character 0x00", "s="},
		{"torn line", good, "", "a\n", fault.Invalid, `"a" is no SDP line`, ""},
		{"port", good, "m=audio 9", "m=audio 70000", fault.Invalid, `port "70000" is not 0 to 65535`, "m=audio"},
		{"media", good, "m=audio 9", "m=au(dio 9", fault.Invalid, "is no token", "m=au("},
		{"short media", good, "UDP/TLS/RTP/SAVPF 111", "\nb=AS:1", fault.Invalid, "fields, at least 4", "m=audio"},
		{"short pwd", good, "a=ice-pwd:", "a=ice-pwd:short\nb=x ", fault.Invalid, "ice-pwd is not 22 to 256 ice-chars", "a=ice-pwd:"},
		{"ufrag", good, "a=ice-ufrag:", "a=ice-ufrag:,", fault.Invalid, "ice-ufrag is not 4 to 256 ice-chars", "a=ice-ufrag:"},
		{"no ufrag", good, "a=ice-ufrag:", "a=x-ufrag:", fault.Invalid, "without a=ice-ufrag and a=ice-pwd", "m=audio"},
		{"no fingerprint", good, "a=fingerprint:", "a=x:", fault.Invalid, "without a=fingerprint", "m=audio"},
		{"weak fingerprint", good, "a=fingerprint:sha-256", "a=fingerprint:sha-1", fault.NotAcceptable, "sha-256 or better", "m=audio"},
		{"torn fingerprint", good, "a=fingerprint:sha-256 ", "a=fingerprint:sha-256 00:", fault.Invalid, "33 bytes", "a=fingerprint"},
		{"setup", good, "a=setup:actpass", "a=setup:both", fault.Invalid, `setup "both" is no role`, "a=setup"},
		{"holdconn", good, "a=setup:actpass", "a=setup:holdconn", fault.NotAcceptable, "holdconn", "m=audio"},
		{"no mux", audio, "a=rtcp-mux\n", "", fault.NotAcceptable, "audio without a=rtcp-mux", "m=audio"},
		{"plain RTP", audio, "UDP/TLS/RTP/SAVPF", "RTP/AVP", fault.NotAcceptable, "audio without DTLS-SRTP", "m=audio"},
		{"switched off", audio, "m=audio 9", "m=audio 0", fault.NotAcceptable, "switched off", "m=audio"},
		{"events only", audio, "SAVPF 111 63 9 0 8 13 110 126", "SAVPF 110 126", fault.NotAcceptable, "no codec in common", "m=audio"},
		{"clock rate", good, "opus/48000/2", "opus/fast/2", fault.Invalid, `clock rate "fast" is no number`, "a=rtpmap:111"},
		{"channels", good, "opus/48000/2", "opus/48000/0", fault.Invalid, `channels "0" is no number`, "a=rtpmap:111"},
		{"payload type", good, "a=rtpmap:111 ", "a=rtpmap:128 ", fault.Invalid, "is not 0 to 127", "a=rtpmap:128"},
		{"mid", good, "a=mid:0", "a=mid:", fault.Invalid, "is no token", "a=mid:"},
		{"mid twice", good, "a=mid:1", "a=mid:0", fault.Invalid, `mid "0" is that of line`, "m=video"},
		{"group", good, "BUNDLE 0 1", "BUNDLE 0 0", fault.Invalid, `mid "0" twice`, "v=0"},
		{"candidate", good, "", "a=candidate:nonsense\n", fault.Invalid, `"nonsense" is no candidate`, "a=candidate"},
		{"extension", good, "a=extmap:1 ", "a=extmap:one ", fault.Invalid, "is no number", "a=extmap:one"},
		{"extension's direction", good, "a=extmap:1 ", "a=extmap:1/both ", fault.Invalid, "direction", "a=extmap:1/both"},
		{"rid", good, "", "a=rid:a both\n", fault.Invalid, "not a name and send or recv", "a=rid"},
		{"rid's name", good, "", "a=rid:a+b send\n", fault.Invalid, "letters", "a=rid"},
		{"rid twice", good, "", "a=rid:a send\na=rid:a send\n", fault.Invalid, `rid "a" twice`, ""},
		{"simulcast", good, "", "a=simulcast:send\n", fault.Invalid, "not a direction and a list", "a=simulcast"},
		{"simulcast twice", good, "", "a=simulcast:send a send b\n", fault.Invalid, "direction", "a=simulcast"},
		{"ssrc", good, "a=ssrc:", "a=ssrc:9999999999", fault.Invalid, "no number of 32 bits", "a=ssrc:9"},
		{"ssrc-group", good, "", "a=ssrc-group:FID\n", fault.Invalid, "not a name and sources", ""},
		{"msid", good, "a=msid:", "a=msid:a b ", fault.Invalid, "not a stream and a track", "a=msid:"},
		{"sctp port", good, "", "a=sctp-port:x\n", fault.Invalid, "sctp-port", "a=sctp-port"},
		{"ptime", good, "", "a=ptime:x\n", fault.Invalid, "milliseconds", "a=ptime"},
		{"origin", good, "o=- ", "o=", fault.Invalid, "o= has 5 fields", "o="},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := c.of + c.to
			if c.from != "" {
				if !strings.Contains(c.of, c.from) {
					t.Fatalf("nothing to change: %q", c.from)
				}
				text = strings.ReplaceAll(c.of, c.from, c.to)
			}
			line := "line "
			if c.at != "" {
				line = fmt.Sprintf("line %d: ", lineOf(t, text, c.at))
			}
			refused(t, text, c.kind, c.want, line)
		})
	}
}

// refused sees that an offer leaves a session as it was.
func refused(t *testing.T, offer string, kind fault.Kind, parts ...string) {
	t.Helper()
	s := server(t, mix)
	_, err := s.SetOffer(offer)
	if err == nil {
		t.Fatal("taken")
	}
	if fault.Of(err) != kind || !strings.Contains(err.Error(), "line ") {
		t.Errorf("%v (%v), want %v and a line", err, fault.Of(err), kind)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%v, want …%s…", err, part)
		}
	}
	if len(err.Error()) > 300 {
		t.Errorf("an error of %d bytes", len(err.Error()))
	}
	if s.Agreed() != nil {
		t.Error("something was agreed on")
	}
	answered(t, s, session(t, "chromium-audio")[0])
}

// What is too much is refused at the line where it is, however much comes behind.
func TestTooMuch(t *testing.T) {
	const head = "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nt=0 0\n"
	const section = "m=audio 9 UDP/TLS/RTP/SAVPF 111\n"
	for name, c := range map[string]struct {
		text, want string
		kind       fault.Kind
	}{
		"10,000 m= lines": {head + strings.Repeat(section, 10_000), "line 69: more than 64 m= lines", fault.TooLarge},
		"bytes":           {head + section + strings.Repeat("a=x:"+strings.Repeat("y", 995)+"\n", 1_000_000/1000), "line 399: 1000071 bytes in all, at most 393216", fault.TooLarge},
		"one line":        {head + section + "a=x:" + strings.Repeat("y", 1<<20), "line 6: 1048651 bytes in all", fault.TooLarge},
		"formats":         {head + "m=audio 9 UDP/TLS/RTP/SAVPF" + strings.Repeat(" 111", 200) + "\n", "line 5: more than 128 formats", fault.TooLarge},
		"candidates":      {head + section + strings.Repeat("a=candidate:1 1 udp 1 192.0.2.1 1000 typ host\n", 300), "line 262: more than 256 candidates", fault.TooMany},
		"sources":         {head + section + numbered("a=ssrc:%d cname:x\n", 200), "line 134: more than 128 sources", fault.TooMany},
		"groups":          {head + section + strings.Repeat("a=ssrc-group:FID 1 2\n", 65), "line 70: more than 64 a=ssrc-group", fault.TooMany},
		"rids":            {head + section + numbered("a=rid:%d send\n", 17), "line 22: more than 16 a=rid", fault.TooMany},
		"layers":          {head + section + "a=simulcast:send 1;2;3;4;5;6;7;8;9\n", "line 6: more than 8 layers", fault.TooMany},
		"extensions":      {head + section + strings.Repeat("a=extmap:1 urn:x\n", 65), "line 70: more than 64 header extensions", fault.TooMany},
		"msids":           {head + section + strings.Repeat("a=msid:a b\n", 17), "line 22: more than 16 a=msid", fault.TooMany},
		"fingerprints":    {head + section + numbered("a=fingerprint:sha-256 %02X"+strings.Repeat(":00", 31)+"\n", 17), "line 22: more than 16 fingerprints", fault.TooMany},
		"group of mids":   {"v=0\na=group:BUNDLE" + numbered(" %d", 65) + "\n", "line 2: more than 64 mids", fault.TooMany},
	} {
		t.Run(name, func(t *testing.T) { refused(t, c.text, c.kind, c.want) })
	}
}

func numbered(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// What a session does with descriptions that do not fit to what was there before. It
// stays as it is.
func TestWhatDoesNotFit(t *testing.T) {
	offers := session(t, "chromium-renegotiation")
	first, second := offers[0], offers[1]
	for _, c := range []struct {
		name, from, to string
		kind           fault.Kind
		want           string
	}{
		{"fewer sections", second, first, fault.Conflict, "version"},
		{"fewer sections, higher version", second, strings.Replace(first, " 2 IN IP4", " 9 IN IP4", 1), fault.Invalid, "1 m= lines after 3"},
		{"another kind", "m=audio 9", "m=video 9", fault.Invalid, "m=video was audio before"},
		{"another mid", "a=mid:1", "a=mid:7", fault.Invalid, `mid "7" was "1" before`},
		{"another certificate", "a=fingerprint:sha-256 ", "a=fingerprint:sha-256 00:00\nb=", fault.Invalid, "2 bytes"},
		{"our role", "a=setup:actpass", "a=setup:active", fault.NotAcceptable, "DTLS role changed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := server(t, mix)
			answered(t, s, first)
			_, agreed := answered(t, s, second)
			text := strings.Replace(strings.ReplaceAll(second, c.from, c.to), " 3 IN IP4", " 4 IN IP4", 1)
			_, err := s.SetOffer(text)
			if err == nil || fault.Of(err) != c.kind || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v (%v), want %v: %s", err, fault.Of(err), c.kind, c.want)
			}
			if s.Agreed() != agreed {
				t.Error("something else was agreed on")
			}
		})
	}
}

// A page that was loaded anew has another connection, whatever it had before.
func TestAnotherConnection(t *testing.T) {
	s := server(t, mix)
	_, agreed := answered(t, s, session(t, "chromium-renegotiation")[1])
	for _, name := range []string{"chromium-audio", "chromium-whole", "firefox-esr-data"} {
		_, err := s.SetOffer(session(t, name)[0])
		if fault.Of(err) != fault.NotAcceptable || fault.CodeOf(err) != jsep.CodeAnother || !strings.Contains(err.Error(), "line ") {
			t.Errorf("%s: %v (%s)", name, err, fault.CodeOf(err))
		}
	}
	if s.Agreed() != agreed {
		t.Error("something else was agreed on")
	}
}

// Without BUNDLE there is room for one section; without mids too, as phones have it.
func TestWithoutBundle(t *testing.T) {
	offer := session(t, "chromium-camera-screen")[0]
	for name, change := range map[string][2]string{
		"no group": {"a=group:BUNDLE 0 1 2\n", ""},
		"no mids":  {"a=mid:", "a=x-mid:"},
		"in parts": {"a=group:BUNDLE 0 1 2\n", "a=group:BUNDLE 1 2\na=group:BUNDLE 0\n"},
	} {
		t.Run(name, func(t *testing.T) {
			_, agreed := answered(t, server(t, mix), strings.ReplaceAll(offer, change[0], change[1]))
			var got []bool
			for _, m := range agreed.Media {
				got = append(got, m.Refused)
			}
			if fmt.Sprint(got) != "[false true true]" {
				t.Errorf("refused: %v", got)
			}
		})
	}
}

// Of more than we take the rest is refused.
func TestMoreThanWeTake(t *testing.T) {
	cfg := serverConfig(t)
	cfg.MaxVideo, cfg.Data = 1, false
	s := jsep.NewSession(cfg)
	offers := session(t, "chromium-renegotiation")
	answered(t, s, offers[0])
	_, agreed := answered(t, s, offers[1])
	if agreed.Data != nil || !agreed.Media[2].Refused || agreed.Media[1].Direction != media.RecvOnly {
		t.Errorf("%+v", agreed.Media)
	}
	cfg.MaxVideo = 0
	_, err := jsep.NewSession(cfg).SetOffer(session(t, "chromium-simulcast")[0])
	if fault.Of(err) != fault.NotAcceptable {
		t.Errorf("video where none is taken: %v", err)
	}
}
