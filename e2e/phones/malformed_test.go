package phones_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
)

// Whatever is dialled, 1 and more reaches Dial.
const openPlan = `
exten => 600,1,Echo()
exten => 602,1,Answer()
 same => n,Playtones(1000)
 same => n,Wait(60)
exten => 700,1,Dial(PJSIP/guest,5)
exten => _1.,1,Dial(PJSIP/${EXTEN},30)
`

// stranger sends datagrams that no phone would.
type stranger struct {
	*net.UDPConn
	n int
}

func newStranger(t *testing.T, l *lab) *stranger {
	t.Helper()
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.MustParseAddrPort(at(l.SIP))))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &stranger{UDPConn: conn}
}

// invite calls uri with a body, refuses to talk whatever the answer is, and gives
// its status line.
func (s *stranger) invite(t *testing.T, uri, from, body string) string {
	t.Helper()
	s.n++
	id := fmt.Sprintf("%s-%d", s.LocalAddr(), s.n)
	request := func(method string, seq int, tag, contact string, body string) string {
		return fmt.Sprintf("%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s;rport\r\nMax-Forwards: 70\r\n"+
			"From: %s;tag=me\r\nTo: <sip:x@127.0.0.1>%s\r\nCall-ID: %s\r\nCSeq: %d %s\r\n%sContent-Length: %d\r\n\r\n%s",
			method, uri, s.LocalAddr(), strings.NewReplacer(":", "", ".", "").Replace(id), from, tag, id, seq, method, contact, len(body), body)
	}
	more := fmt.Sprintf("Contact: <sip:me@%s>\r\n", s.LocalAddr())
	if body != "" {
		more += "Content-Type: application/sdp\r\n"
	}
	answer := peer.Answer(t, s, request("INVITE", 1, "", more, body), "Call-ID: "+id)
	tag := toTag(answer)
	if _, err := io.WriteString(s, request("ACK", 1, tag, "", "")); err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(answer, "SIP/2.0 2") {
		peer.Exchange(t, s, strings.Replace(request("BYE", 2, tag, "", ""), "z9hG4bK", "z9hG4bKbye", 1), "CSeq: 2 BYE", "SIP/2.0 200")
	}
	line, _, _ := strings.Cut(answer, "\r\n")
	return line
}

// toTag is the tag of To, with its semicolon.
func toTag(message string) string {
	_, to, _ := strings.Cut(message, "\r\nTo:")
	to, _, _ = strings.Cut(to, "\r\n")
	if _, tag, ok := strings.Cut(to, ";tag="); ok {
		return ";tag=" + tag
	}
	return ""
}

const goodSDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"

// Descriptions that are none get 400 or 488, and the next call is taken.
func TestMalformedDescriptions(t *testing.T) {
	l := open(t, openPlan)
	const me = "<sip:me@127.0.0.1>"
	l.run(t, "over UDP", func(t *testing.T) {
		s := newStranger(t, l)
		for name, tc := range map[string]struct{ body, want string }{
			"text":             {"hello", "400"},
			"binary":           {"\x00\xff\xfe\x01", "400"},
			"no v":             {strings.TrimPrefix(goodSDP, "v=0\r\n"), "400"},
			"no address":       {strings.Replace(goodSDP, "c=IN IP4 127.0.0.1\r\n", "", 1), "4"},
			"broken address":   {strings.Replace(goodSDP, "c=IN IP4 127.0.0.1", "c=IN IP4 127.0.0.999", 1), "4"},
			"broken port":      {strings.Replace(goodSDP, "audio 9", "audio 99999", 1), "400"},
			"negative port":    {strings.Replace(goodSDP, "audio 9", "audio -1", 1), "400"},
			"no format":        {strings.Replace(goodSDP, "RTP/AVP 0", "RTP/AVP", 1), "4"},
			"format 999":       {strings.Replace(goodSDP, "RTP/AVP 0", "RTP/AVP 999", 1), "4"},
			"a line of 8 kB":   {goodSDP + "a=" + strings.Repeat("x", 8000) + "\r\n", ""},
			"bare line feeds":  {strings.ReplaceAll(goodSDP, "\r\n", "\n"), "200"},
			"no audio":         {strings.Replace(goodSDP, "m=audio", "m=video", 1), "488"},
			"no common codec":  {strings.Replace(goodSDP, "RTP/AVP 0", "RTP/AVP 18", 1), "488"},
			"SRTP":             {strings.Replace(goodSDP, "RTP/AVP", "RTP/SAVP", 1), "488"},
			"WebRTC in part":   {strings.Replace(goodSDP, "RTP/AVP", "UDP/TLS/RTP/SAVPF", 1), "4"},
			"audio refused":    {strings.Replace(goodSDP, "audio 9", "audio 0", 1), "488"},
			"multicast":        {strings.Replace(goodSDP, "c=IN IP4 127.0.0.1", "c=IN IP4 224.0.0.1/127", 1), ""},
			"IPv6":             {strings.ReplaceAll(goodSDP, "IN IP4 127.0.0.1", "IN IP6 ::1"), ""},
			"ptime 0":          {goodSDP + "a=ptime:0\r\n", "200"},
			"ptime 1000000000": {goodSDP + "a=ptime:1000000000\r\n", "200"},
			"a clock of 0":     {strings.Replace(goodSDP, "RTP/AVP 0\r\n", "RTP/AVP 96 0\r\na=rtpmap:96 opus/0/2\r\n", 1), ""},
		} {
			if line := s.invite(t, "sip:600@127.0.0.1", me, tc.body); !strings.HasPrefix(line, "SIP/2.0 "+tc.want) {
				t.Errorf("%s: %s, want %s", name, line, tc.want)
			}
			if line := s.invite(t, "sip:600@127.0.0.1", me, goodSDP); line != "SIP/2.0 200 OK" {
				t.Fatalf("after %s: %s", name, line)
			}
		}
	})
	l.run(t, "ten thousand media lines over TCP", func(t *testing.T) {
		conn, err := net.Dial("tcp", at(l.SIP))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		body := goodSDP + strings.Repeat("m=audio 9 RTP/AVP 0\r\n", 10000)
		message := fmt.Sprintf("INVITE sip:600@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP %s;branch=z9hG4bKmany\r\nMax-Forwards: 70\r\n"+
			"From: <sip:me@127.0.0.1>;tag=me\r\nTo: <sip:600@127.0.0.1>\r\nCall-ID: many\r\nCSeq: 1 INVITE\r\n"+
			"Contact: <sip:me@%[1]s>\r\nContent-Type: application/sdp\r\nContent-Length: %[2]d\r\n\r\n%[3]s", conn.LocalAddr(), len(body), body)
		if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		// The server may refuse before it has read all of it.
		if _, err := io.WriteString(conn, message); err != nil {
			t.Logf("not all was taken: %v", err)
		}
		buf := make([]byte, 4096)
		n, err := conn.Read(buf)
		if answer := string(buf[:n]); err == nil && !strings.HasPrefix(answer, "SIP/2.0 4") && !strings.HasPrefix(answer, "SIP/2.0 513") {
			t.Errorf("answer %s", answer)
		}
		if line := newStranger(t, l).invite(t, "sip:600@127.0.0.1", me, goodSDP); line != "SIP/2.0 200 OK" {
			t.Errorf("the next call: %s", line)
		}
	})
	// A UDP datagram has room for three thousand.
	l.run(t, "two thousand media lines over UDP", func(t *testing.T) {
		s := newStranger(t, l)
		if line := s.invite(t, "sip:600@127.0.0.1", me, goodSDP+strings.Repeat("m=audio 9 RTP/AVP 0\r\n", 2000)); !strings.HasPrefix(line, "SIP/2.0 4") {
			t.Errorf("answer %s", line)
		}
	})
}

// A number that the dialplan or SIP would read as more than a number is none.
func TestNumbersThatAreMore(t *testing.T) {
	l := open(t, openPlan)
	l.run(t, "404", func(t *testing.T) {
		s := newStranger(t, l)
		for _, user := range []string{
			"1001%26SIP%2Ftrunk", "1001%26PJSIP%2F1002", "1001%2C30%2Cg", "1001%7C30", "1001%24%7BEXTEN%7D", "1001%29", "1001%0D%0AX-Evil%3A%20yes",
			"1001%00", "1001%20", "1001%22", "1001%3B", "5550123",
			"1001%40guest", "1001%2Fguest", "1001/guest", "1%3A5060", "1001%3Fx",
		} {
			if line := s.invite(t, "sip:"+user+"@127.0.0.1", "<sip:me@127.0.0.1>", goodSDP); !strings.HasPrefix(line, "SIP/2.0 404") {
				t.Errorf("%s: %s", user, line)
			}
		}
		if out := l.RX(t, "core show calls"); !strings.Contains(out, "\n0 calls processed\n") {
			t.Errorf("calls:\n%s", out)
		}
	})
}

// What stands in From goes no further than it may.
func TestCallersWithControlCharacters(t *testing.T) {
	l := open(t, openPlan)
	for name, from := range map[string]string{
		"escaped in the user":   "<sip:evil%0D%0AX-Evil%3A%20yes%0D%0A@127.0.0.1>",
		"raw in the name":       "\"Ev\x01il\x07\x7f\" <sip:evil@127.0.0.1>",
		"escaped in the name":   "\"Ev\\\x0bil\" <sip:evil@127.0.0.1>",
		"a name of a kilobyte":  "\"" + strings.Repeat("é", 512) + "\" <sip:evil@127.0.0.1>",
		"a name that is no UTF": "\"\xff\xfe\xfd\" <sip:evil@127.0.0.1>",
	} {
		l.run(t, name, func(t *testing.T) {
			s := newStranger(t, l)
			callee, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: l.guest})
			if err != nil {
				t.Fatal(err)
			}
			defer callee.Close()
			status := make(chan string, 1)
			go func() { status <- s.invite(t, "sip:700@127.0.0.1", from, goodSDP) }()
			invite, refused := refuse(t, callee, status)
			if refused != "" {
				if !strings.HasPrefix(refused, "SIP/2.0 400") {
					t.Errorf("refused with %s", refused)
				}
				return
			}
			head, _, _ := strings.Cut(invite, "\r\n\r\n")
			for line := range strings.SplitSeq(head, "\r\n") {
				if strings.HasPrefix(line, "X-Evil") || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\uFFFD' }) {
					t.Errorf("the called party gets %q", line)
				}
			}
			if line := <-status; !strings.HasPrefix(line, "SIP/2.0 486") {
				t.Errorf("the caller gets %s", line)
			}
		})
	}
}

// refuse waits for an INVITE and answers it 486, unless its caller is refused
// before: then refused is that status.
func refuse(t *testing.T, callee *net.UDPConn, status chan string) (invite, refused string) {
	t.Helper()
	buf := make([]byte, 65536)
	for {
		select {
		case refused = <-status:
			return "", refused
		default:
		}
		if err := callee.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		n, from, err := callee.ReadFromUDPAddrPort(buf)
		if err != nil || !strings.HasPrefix(string(buf[:n]), "INVITE") {
			continue
		}
		invite = string(buf[:n])
		answer := "SIP/2.0 486 Busy Here\r\n"
		for _, name := range []string{"Via", "From", "To", "Call-ID", "CSeq"} {
			_, value, _ := strings.Cut(invite, "\r\n"+name+":")
			value, _, _ = strings.Cut(value, "\r\n")
			if name == "To" {
				value += ";tag=refused"
			}
			answer += name + ":" + value + "\r\n"
		}
		if _, err := callee.WriteToUDPAddrPort([]byte(answer+"Content-Length: 0\r\n\r\n"), from); err != nil {
			t.Fatal(err)
		}
		return invite, ""
	}
}

// garbage is what is no RTP, or no RTP of this call.
func garbage(r *rand.Rand) []byte {
	b := make([]byte, r.IntN(1600))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	if len(b) < 12 || r.IntN(4) == 0 {
		return b // noise, or cut off before its header ends
	}
	b[0], b[1] = 0x80, 0
	short := b[:12+r.IntN(min(len(b)-11, 50))]
	switch r.IntN(6) {
	case 0: // padding longer than the packet
		b[0], short[len(short)-1] = 0xa0, 255
		return short
	case 1: // more sources than it has room for
		b[0] = 0x8f
		return short
	case 2: // an extension longer than the packet
		b[0] = 0x90
		copy(b[12:], []byte{0xbe, 0xde, 0xff, 0xff})
	case 3: // a payload type that nobody agreed on
		b[1] = 77
	case 4: // telephone-event without an event
		b[1] = 101
		return b[:min(len(b), 12+r.IntN(4))]
	case 5: // another version
		b[0] = []byte{0x00, 0x40, 0xc0}[r.IntN(3)]
	}
	return b
}

// What is sprayed at a call's media port, from elsewhere and by the party itself,
// disturbs nothing that is heard.
func TestGarbageInMedia(t *testing.T) {
	l := open(t, openPlan)
	spray := func(t *testing.T, e *ear) {
		t.Helper()
		r := rand.New(rand.NewPCG(1, 2))
		to := e.server(t)
		other, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		control := netip.AddrPortFrom(to.Addr(), to.Port()+1)
		for range 2000 {
			for _, from := range []*net.UDPConn{e.conn, other} {
				for _, at := range []netip.AddrPort{to, control} {
					if _, err := from.WriteToUDPAddrPort(garbage(r), at); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
	l.run(t, "a tone goes on", func(t *testing.T) {
		e := listen(t)
		c := l.caller(t, "call", "602", e)
		peer.Hears(t, "the caller", e.recording(), 1000)
		spray(t, e)
		heard := len(e.packets())
		e.await(t, "a second more", func() bool { return len(e.packets()) > heard+50 })
		peer.Hears(t, "the caller", e.recording(), 1000)
		e.steady(t)
		l.RX(t, "channel request hangup all")
		c.Wait(t)
	})
	for _, codec := range []string{"PCMU", "G722"} {
		l.run(t, "two phones talk on, the called in "+codec, func(t *testing.T) {
			e := listen(t)
			b := l.phone(t, "1001", peer.BaresipConfig{Codecs: []string{codec}, Tone: 503, Answer: true})
			c := l.caller(t, "call", "1001", e)
			e.speak(t, 877)
			peer.Hears(t, "the phone", b.Recording(), 877, 503)
			spray(t, e)
			heard := len(e.packets())
			e.await(t, "a second more", func() bool { return len(e.packets()) > heard+50 })
			peer.Hears(t, "the caller", e.recording(), 503, 877)
			peer.Hears(t, "the phone", b.Recording(), 877, 503)
			b.Hangup(t)
			c.Wait(t)
		})
	}
}
