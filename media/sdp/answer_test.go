package sdp

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/golden"
	"github.com/skygenesisenterprise/skybridge/media"
)

// testConfig is a leg at 203.0.113.5 with a session id that is known.
func testConfig(codecs ...*media.Codec) Config {
	cfg := DefaultConfig()
	cfg.Codecs = codecs
	cfg.Address, cfg.Port, cfg.SessionID = netip.MustParseAddr("203.0.113.5"), 10000, 4711
	return cfg
}

func negotiator(t testing.TB, cfg Config) *Negotiator {
	t.Helper()
	n, err := NewNegotiator(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// codecList reads "opus,ulaw".
func codecList(t testing.TB, names string) []*media.Codec {
	t.Helper()
	var list []*media.Codec
	for name := range strings.SplitSeq(names, ",") {
		c := known.ByConfName(name)
		if c == nil {
			t.Fatalf("codec %q", name)
		}
		list = append(list, c)
	}
	return list
}

func direction(t testing.TB, name string) media.Direction {
	t.Helper()
	for d := media.SendRecv; d <= media.Inactive; d++ {
		if d.String() == name {
			return d
		}
	}
	t.Fatalf("direction %q", name)
	return 0
}

// TestAnswers runs answers/cases.txt: each answer is in a file of its name, what
// it came to in answers/results.txt.
func TestAnswers(t *testing.T) {
	_, bodies := files(t)
	cases, err := os.ReadFile(filepath.Join(testdata, "answers/cases.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var results bytes.Buffer
	for text := range strings.Lines(string(cases)) {
		f := strings.Fields(text)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		name, offer := f[0], parse(t, bodies[f[1]])
		cfg := testConfig(codecList(t, f[2])...)
		want := media.SendRecv
		for _, option := range f[3:] {
			switch key, value, _ := strings.Cut(option, "="); key {
			case "ours":
				cfg.PreferOurs = true
			case "nodtmf":
				cfg.DTMF = false
			case "levels":
				cfg.AudioLevel = true
			case "ipv6":
				cfg.Address = netip.MustParseAddr("2001:db8:1::5")
			case "want":
				want = direction(t, value)
			default:
				t.Fatalf("%s: option %q", name, option)
			}
		}
		n := negotiator(t, cfg)
		n.SetDirection(want)
		body, r, err := n.Answer(offer)
		if err != nil {
			fmt.Fprintf(&results, "%s: %v: %v\n", name, fault.Of(err), err)
			continue
		}
		golden.Equal(t, filepath.Join(testdata, "answers/"+name+".sdp"), string(body))
		fmt.Fprintf(&results, "%s: %s\n", name, summary(r))
		if len(parse(t, body).Media) != len(offer.Media) {
			t.Errorf("%s: media lines do not match the offer's", name)
		}
	}
	golden.Equal(t, filepath.Join(testdata, "answers/results.txt"), results.String())
}

// summary is a Result in one line.
func summary(r Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v, send %v", r.Direction, r.Send)
	if r.Send.Fmtp != "" {
		fmt.Fprintf(&b, " [%s]", r.Send.Fmtp)
	}
	fmt.Fprintf(&b, " %v", r.Ptime)
	if r.Events.ClockRate != 0 {
		fmt.Fprintf(&b, " events %d/%d", r.Events.PayloadType, r.Events.ClockRate)
	}
	b.WriteString(" to ")
	if r.Remote.IsValid() {
		fmt.Fprintf(&b, "%v rtcp %v", r.Remote, r.RemoteRTCP)
	} else {
		b.WriteString("nowhere")
	}
	if r.RTCPMux {
		b.WriteString(" muxed")
	}
	if r.OnHold {
		b.WriteString(", on hold")
	}
	b.WriteString(", receive")
	for _, f := range r.Receive {
		fmt.Fprintf(&b, " %d=%s", f.PayloadType, f.Codec.Name)
	}
	for _, e := range r.ReceiveEvents {
		fmt.Fprintf(&b, " %d=events/%d", e.PayloadType, e.ClockRate)
	}
	if r.AudioLevel != 0 {
		fmt.Fprintf(&b, ", levels %d", r.AudioLevel)
	}
	return b.String()
}

// TestDirections is RFC 3264 §6.1 and §8.4 by hand: what we answer to an offer of
// some direction, held by c=0.0.0.0 or not, when our side wants some other.
func TestDirections(t *testing.T) {
	rules := map[string][4]string{
		// we want: sendrecv, sendonly, recvonly, inactive
		"sendrecv":      {"sendrecv", "sendonly", "recvonly", "inactive"},
		"sendonly":      {"recvonly", "inactive", "recvonly", "inactive"},
		"recvonly":      {"sendonly", "sendonly", "inactive", "inactive"},
		"inactive":      {"inactive", "inactive", "inactive", "inactive"},
		"sendrecv held": {"recvonly", "inactive", "recvonly", "inactive"},
		"sendonly held": {"recvonly", "inactive", "recvonly", "inactive"},
		"recvonly held": {"inactive", "inactive", "inactive", "inactive"},
		"inactive held": {"inactive", "inactive", "inactive", "inactive"},
	}
	forEachOffer(func(o offerCase) {
		key := o.direction.String()
		if o.address.held {
			key += " held"
		}
		for want, answer := range rules[key] {
			n := negotiator(t, testConfig(known...))
			n.SetDirection(media.Direction(want))
			body, r, err := n.Answer(parse(t, o.body))
			if err != nil {
				t.Fatalf("%v: %v", o, err)
			}
			s := parse(t, body)
			if r.Direction.String() != answer || s.Direction(s.Media[0]) != r.Direction {
				t.Errorf("%v, want %v: %v\n%s", o, media.Direction(want), r.Direction, body)
			}
			if onHold := o.address.held || !o.direction.Receives(); r.OnHold != onHold || o.address.held == r.Remote.IsValid() {
				t.Errorf("%v: on hold %v, remote %v", o, r.OnHold, r.Remote)
			}

			// The same description as the answer to an offer of ours.
			n = negotiator(t, testConfig(known...))
			n.Offer(media.Direction(want))
			if r, err = n.SetAnswer(parse(t, o.body)); err != nil || r.Direction.String() != answer {
				t.Errorf("%v as answer, want %v: %v %v", o, media.Direction(want), r.Direction, err)
			}
		}
	})
}

// TestProduct writes down every direction, address and codec.
func TestProduct(t *testing.T) {
	var out bytes.Buffer
	forEachOffer(func(o offerCase) {
		n := negotiator(t, testConfig(known...))
		_, r, err := n.Answer(parse(t, o.body))
		if err != nil {
			t.Fatalf("%v: %v", o, err)
		}
		fmt.Fprintf(&out, "%v: %s\n", o, summary(r))
	})
	golden.Equal(t, filepath.Join(testdata, "golden/product.txt"), out.String())
}

type addressCase struct {
	name, session, media string
	held                 bool
}

// offerCase is one offer of the product.
type offerCase struct {
	direction media.Direction
	address   addressCase
	codec     *media.Codec
	unsaid    bool // sendrecv by saying nothing
	body      []byte
}

func (o offerCase) String() string {
	said := ""
	if o.unsaid {
		said = " unsaid"
	}
	return fmt.Sprintf("%v%s, %s, %s", o.direction, said, o.address.name, o.codec.ConfName)
}

func forEachOffer(do func(offerCase)) {
	addresses := []addressCase{
		{"c= of the session", "c=IN IP4 192.0.2.1\r\n", "", false},
		{"c= of the line", "c=IN IP4 0.0.0.0\r\n", "c=IN IP4 192.0.2.2\r\n", false},
		{"0.0.0.0 of the session", "c=IN IP4 0.0.0.0\r\n", "", true},
		{"0.0.0.0 of the line", "c=IN IP4 192.0.2.1\r\n", "c=IN IP4 0.0.0.0\r\n", true},
		{"::", "", "c=IN IP6 ::\r\n", true},
	}
	for d := media.SendRecv; d <= media.Inactive+1; d++ {
		for _, a := range addresses {
			for i, c := range known {
				o := offerCase{direction: d, address: a, codec: c}
				pt := c.PayloadType
				if pt == media.DynamicPT {
					pt = 98
				}
				attribute := ""
				if o.unsaid = d > media.Inactive; o.unsaid {
					o.direction = media.SendRecv
				} else {
					attribute = "a=" + d.String() + "\r\n"
				}
				session, line := attribute, "" // in turn at the session and the line
				if i%2 == 1 {
					session, line = line, session
				}
				o.body = fmt.Appendf(nil, "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n%st=0 0\r\n%s"+
					"m=audio 4000 RTP/AVP %d 101\r\n%sa=rtpmap:%d %v\r\na=rtpmap:101 telephone-event/8000\r\n%s",
					a.session, session, pt, a.media, pt, encodingOf(c), line)
				do(o)
			}
		}
	}
}

func TestPtime(t *testing.T) {
	for _, c := range []struct {
		lines string
		ours  time.Duration
		want  time.Duration
	}{
		{"", 20, 20},
		{"", 40, 40},
		{"a=ptime:40\r\n", 20, 40},
		{"a=ptime:20\r\n", 40, 20},
		{"a=ptime:30\r\n", 20, 30},
		{"a=ptime:10\r\n", 20, 10},
		{"a=ptime:50\r\na=maxptime:45\r\n", 20, 40},
		{"a=maxptime:20\r\n", 60, 20},
		{"a=maxptime:10\r\n", 20, 10},
		{"a=ptime:80\r\n", 20, 60},
		{"a=ptime:100\r\n", 20, 60},
		{"a=ptime:120\r\n", 20, 60},
		{"a=ptime:200\r\n", 20, 60},
		{"a=ptime:0\r\n", 20, 20},
		{"a=ptime:x\r\n", 20, 20},
		{"a=ptime: 60.0\r\n", 20, 60},
		{"a=ptime:99999\r\n", 20, 20},
	} {
		cfg := testConfig(ulaw)
		cfg.Ptime = c.ours * time.Millisecond
		body, r, err := negotiator(t, cfg).Answer(parse(t, []byte(head+"m=audio 4000 RTP/AVP 0\r\n"+c.lines)))
		want := c.want * time.Millisecond
		if err != nil || r.Ptime != want || r.Send.Ptime != want || r.Receive[0].Ptime != want || parse(t, body).Media[0].Ptime() != want {
			t.Errorf("%q: %v, want %v, %v\n%s", c.lines, r.Ptime, want, err, body)
		}
	}
}
