package whip

import (
	"slices"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
)

// The candidates of a new generation stand where they are taken from, whatever is refused, whichever
// section the group begins with.
func TestCandidatesOfARestart(t *testing.T) {
	const (
		strange = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 strange/90000\r\na=inactive\r\n"
		given   = "m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 strange/90000\r\na=inactive\r\n"
		sound   = "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=rtpmap:0 PCMU/8000\r\na=sendonly\r\n"
		picture = "m=video 9 UDP/TLS/RTP/SAVPF 97\r\na=rtpmap:97 VP8/90000\r\na=sendonly\r\n"
	)
	for name, c := range map[string]struct {
		bundle   string
		sections []string
		told     string   // the mids whose candidates are told, named after them; - for none
		want     []string // those taken
	}{
		"one":                      {"0", []string{sound}, "0", []string{"0"}},
		"no group":                 {"", []string{sound}, "0", []string{"0"}},
		"of no section":            {"0 1", []string{sound, picture}, "-", []string{"-"}},
		"of a section unknown":     {"0 1", []string{sound, picture}, "7", []string{"7"}},
		"the first given up":       {"1", []string{given, sound}, "1", []string{"1"}},
		"the first refused":        {"0 1", []string{strange, sound}, "1", []string{"1"}},
		"the first refused, alone": {"1", []string{strange, sound}, "1", []string{"1"}},
		"the group's other order":  {"1 0", []string{sound, picture}, "1", []string{"1"}},
		"each section's":           {"0 1", []string{sound, picture}, "0 1", []string{"0", "1"}},
		"those of a section apart": {"1 2", []string{strange, sound, picture}, "0 1 2", []string{"1", "2"}},
	} {
		t.Run(name, func(t *testing.T) {
			text := "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
			if c.bundle != "" {
				text += "a=group:BUNDLE " + c.bundle + "\r\n"
			}
			text += "a=fingerprint:sha-256 " + strings.TrimSuffix(strings.Repeat("AB:", 32), ":") + "\r\n"
			for i, s := range c.sections {
				text += strings.Replace(s, "\r\n", "\r\nc=IN IP4 0.0.0.0\r\na=mid:"+string(rune('0'+i))+
					"\r\na=setup:actpass\r\na=ice-ufrag:abcd\r\na=ice-pwd:passwordpasswordpassword\r\na=rtcp-mux\r\n", 1)
			}
			o, err := readOffer(text, false)
			if err != nil {
				t.Fatal(err)
			}
			cfg := jsep.DefaultConfig()
			cfg.Audio = jsep.AudioCodecs([]*media.Codec{g711.MuLaw()}, false)
			cfg.Fingerprints = srtp.Fingerprints{srtp.FingerprintOf(srtp.SHA256, nil)}
			s := jsep.NewSession(cfg)
			if _, err := s.SetOffer(o.text()); err != nil {
				t.Fatal(err)
			}
			if err := o.answered(s.Describe(jsep.Gathered{}), false); err != nil {
				t.Fatal(err)
			}
			told := "a=ice-ufrag:efgh\r\na=ice-pwd:anotheranotheranother42\r\n"
			for mid := range strings.FieldsSeq(c.told) {
				if mid != "-" {
					told += "m=audio 9 RTP/AVP 0\r\na=mid:" + mid + "\r\n"
				}
				told += "a=candidate:" + mid + " 1 udp 1 192.0.2.1 9 typ host\r\n"
			}
			f, err := readFragment(told + "a=end-of-candidates\r\n")
			if err != nil {
				t.Fatal(err)
			}
			agreed, err := s.SetOffer(o.restarted(f).text())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range agreed.Transport.Candidates {
				got = append(got, strings.Fields(c.Text)[0])
			}
			if !slices.Equal(got, c.want) || !agreed.Transport.Complete || agreed.Transport.Remote.Ufrag != "efgh" {
				t.Errorf("candidates of %q are taken, %+v", got, agreed.Transport)
			}
		})
	}
}
