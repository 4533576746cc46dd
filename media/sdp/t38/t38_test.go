package t38

import (
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media/sdp"
	"github.com/skygenesisenterprise/skybridge/media/udptl"
)

const head = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"

func parse(t *testing.T, lines string) *sdp.Session {
	t.Helper()
	s, err := sdp.Parse([]byte(head + strings.ReplaceAll(lines, "\n", "\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Lines as gateways write them.
var lines = []struct {
	name, line string
	want       udptl.Terms
	bad        bool
}{
	{"all of it", "m=image 4000 udptl t38\na=T38FaxVersion:0\na=T38MaxBitRate:14400\na=T38FaxFillBitRemoval\na=T38FaxTranscodingMMR:0\n" +
		"a=T38FaxRateManagement:transferredTCF\na=T38FaxMaxBuffer:2000\na=T38FaxMaxDatagram:400\na=T38FaxUdpEC:t38UDPRedundancy\n",
		udptl.Terms{MaxBitRate: 14400, FillBitRemoval: true, RateManagement: "transferredTCF", MaxBuffer: 2000, MaxDatagram: 400, ErrorCorrection: "t38UDPRedundancy"}, false},
	{"another's spelling", "m=image 4000 UDPTL T38\na=t38faxversion:3\na=T38FaxMaxRate: 33600\na=T38FaxTranscodingJBIG:1\na=t38faxudpec:t38UDPFEC\n",
		udptl.Terms{Version: 3, MaxBitRate: 33600, TranscodingJBIG: true, ErrorCorrection: "t38UDPFEC"}, false},
	{"nothing said", "m=image 4000 udptl t38\n", udptl.Terms{}, false},
	{"an unknown attribute", "m=image 4000 udptl t38\na=T38VendorInfo:0 0 0\n", udptl.Terms{}, false},
	{"no number", "m=image 4000 udptl t38\na=T38FaxVersion:x\n", udptl.Terms{}, true},
	{"a rate of nobody", "m=image 4000 udptl t38\na=T38MaxBitRate:999999\n", udptl.Terms{}, true},
	{"negative", "m=image 4000 udptl t38\na=T38FaxMaxBuffer:-1\n", udptl.Terms{}, true},
	{"an unknown correction", "m=image 4000 udptl t38\na=T38FaxUdpEC:mine\n", udptl.Terms{}, true},
}

func TestRead(t *testing.T) {
	for _, c := range lines {
		t.Run(c.name, func(t *testing.T) {
			s := parse(t, c.line)
			at := Wanted(s)
			if at != 0 {
				t.Fatalf("wanted at %d", at)
			}
			got, err := Read(s.Media[at])
			if (err != nil) != c.bad || !c.bad && got != c.want {
				t.Fatalf("%+v, %v", got, err)
			}
			if c.bad {
				return
			}
			again, err := Read(Line(&got, 4002))
			if err != nil || again != got {
				t.Errorf("written and read again: %+v, %v", again, err)
			}
		})
	}
}

func TestWanted(t *testing.T) {
	const audio, silent = "m=audio 5000 RTP/AVP 0\n", "m=audio 0 RTP/AVP 0\n"
	const image, refused, overTCP = "m=image 4000 udptl t38\n", "m=image 0 udptl t38\n", "m=image 4000 tcp t38\n"
	for _, c := range []struct {
		lines string
		want  int
	}{
		{audio, -1}, {image, 0}, {silent + image, 1}, {image + silent, 0}, {audio + image, -1}, {silent + refused, -1}, {overTCP, -1},
		{overTCP + image, 1}, {"m=image 4000 udptl jpeg\n", -1}, {"m=image 4000 RTP/AVP 99\n", -1},
	} {
		if got := Wanted(parse(t, c.lines)); got != c.want {
			t.Errorf("%q: %d, want %d", c.lines, got, c.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, c := range lines {
		f.Add(c.line)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := sdp.Parse([]byte(head + text))
		if err != nil {
			return
		}
		at := Find(s)
		if at < 0 {
			return
		}
		terms, err := Read(s.Media[at])
		if err != nil {
			return
		}
		if again, err := Read(Line(&terms, 4000)); err != nil || again != terms {
			t.Errorf("%+v became %+v, %v", terms, again, err)
		}
	})
}
