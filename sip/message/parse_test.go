package message

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const goodRequest = "INVITE sip:bob@biloxi.com SIP/2.0\r\n" +
	"Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds\r\n" +
	"Max-Forwards: 70\r\n" +
	"To: Bob <sip:bob@biloxi.com>\r\n" +
	"From: Alice <sip:alice@atlanta.com>;tag=1928301774\r\n" +
	"Call-ID: a84b4c76e66710@pc33.atlanta.com\r\n" +
	"CSeq: 314159 INVITE\r\n" +
	"Contact: <sip:alice@pc33.atlanta.com>\r\n" +
	"Content-Type: application/sdp\r\n" +
	"Content-Length: 4\r\n" +
	"\r\n" +
	"v=0\n"

// parseCases change goodRequest: old becomes new. status is what the peer would
// be told, 0 for a sound message, -1 for a message that cannot be answered.
var parseCases = []struct {
	name, old, new string
	status         int
}{
	{"good", "", "", 0},
	{"leading line ends", "INVITE sip:bob", "\r\n\r\nINVITE sip:bob", 0},
	{"lower case names", "Call-ID:", "call-id:", 0},
	{"compact names", "Call-ID:", "i:", 0},
	{"space before the colon", "Call-ID:", "Call-ID \t:", 0},
	{"folded", "Call-ID: a84", "Call-ID:\r\n\ta84", 0},
	{"no max-forwards", "Max-Forwards: 70\r\n", "", 0},
	{"no content-length", "Content-Length: 4\r\n", "", 0},
	{"octets after the body", "v=0\n", "v=0\nmore", 0},
	{"no body", "Content-Length: 4\r\n\r\nv=0\n", "Content-Length: 0\r\n\r\n", 0},

	{"version", "biloxi.com SIP/2.0\r\n", "biloxi.com SIP/7.0\r\n", 505},
	{"not SIP", "biloxi.com SIP/2.0\r\n", "biloxi.com HTTP/1.1\r\n", 400},
	{"no version", "biloxi.com SIP/2.0\r\n", "biloxi.com\r\n", 400},
	{"two spaces", "INVITE sip", "INVITE  sip", 400},
	{"space at the end", "SIP/2.0\r\nVia", "SIP/2.0 \r\nVia", 400},
	{"no via", "Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds\r\n", "", -1},
	{"broken via", "SIP/2.0/UDP pc33", "SIP/2.0 pc33", -1},
	{"no to", "To: Bob <sip:bob@biloxi.com>\r\n", "", 400},
	{"no from", "From: Alice <sip:alice@atlanta.com>;tag=1928301774\r\n", "", 400},
	{"no call-id", "Call-ID: a84b4c76e66710@pc33.atlanta.com\r\n", "", 400},
	{"empty call-id", "a84b4c76e66710@pc33.atlanta.com", "", 400},
	{"no cseq", "CSeq: 314159 INVITE\r\n", "", 400},
	{"cseq method", "314159 INVITE", "314159 BYE", 400},
	{"cseq too large", "314159 INVITE", "2147483648 INVITE", 400},
	{"cseq negative", "314159 INVITE", "-1 INVITE", 400},
	{"two cseq", "CSeq: 3", "CSeq: 1 INVITE\r\nCSeq: 3", 400},
	{"two from", "From: A", "From: <sip:x@y>\r\nFrom: A", 400},
	{"max-forwards too large", "Max-Forwards: 70", "Max-Forwards: 300", 400},
	{"content-length negative", "Content-Length: 4", "Content-Length: -4", 400},
	{"content-length with plus", "Content-Length: 4", "Content-Length: +4", 400},
	{"content-length over 32 bits", "Content-Length: 4", "Content-Length: 4294967300", 400},
	{"content-length too long", "Content-Length: 4", "Content-Length: 5", 400},
	{"content-length twice", "Content-Length: 4", "Content-Length: 4\r\nl: 4", 400},
	{"content-length hexadecimal", "Content-Length: 4", "Content-Length: 0x4", 400},
	{"content-length list", "Content-Length: 4", "Content-Length: 4, 4", 400},
	{"header without a colon", "Contact: <", "Contact <", 400},
	{"header with a space in its name", "Contact: <", "Con tact: <", 400},
	{"nameless header", "Contact: <", ": <", 400},
	{"lone LF", "Contact: <", "X: a\nContact: <", 400},
	{"lone CR", "Contact: <", "X: a\rContact: <", 400},
	{"NUL", "Contact: <", "X: a\x00\r\nContact: <", 400},
	{"NUL in a quoted-string", "To: Bob", "To: \"B\x00b\"", 400},
	{"quoted NUL", "To: Bob", "To: \"B\\\x00b\"", 0},
	{"quoted NUL outside of a quoted-string", "To: Bob", "To: B\\\x00b", 400},
	{"quoted backslash before a NUL", "To: Bob", "To: \"B\\\\\x00b\"", 400},
	{"quoted NUL in another header", "Contact: <", "X: \"\\\x00\"\r\nContact: <", 400},
	{"quoted LF", "To: Bob", "To: \"B\\\nb\"", 400},
	{"no empty line", "Content-Length: 4\r\n\r\nv=0\n", "Content-Length: 4\r\n", 400},
	{"request-uri in brackets", "INVITE sip:bob@biloxi.com", "INVITE <sip:bob@biloxi.com>", 400},
	{"request-uri with headers", "INVITE sip:bob@biloxi.com", "INVITE sip:bob@biloxi.com?a=b", 400},
	{"request-uri star", "INVITE sip:bob@biloxi.com", "INVITE *", 400},
	{"method with a slash", "INVITE sip", "INV/ITE sip", -1},
	{"quote without end", "To: Bob", `To: "Bob`, 400},
	{"many headers", "Contact: <", strings.Repeat("X: y\r\n", 300) + "Contact: <", 400},
	{"only a line", goodRequest, "hello", -1},
	{"binary", goodRequest, "\x16\x03\x01\x02\x00\x01\x00", -1},
	{"http", goodRequest, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", -1},
	{"ack", "INVITE sip:bob@biloxi.com SIP/2.0", "ACK sip:bob@biloxi.com SIP/2.0", -1},
}

func TestParse(t *testing.T) {
	for _, c := range parseCases {
		t.Run(c.name, func(t *testing.T) {
			in := strings.Replace(goodRequest, c.old, c.new, 1)
			if c.old != "" && in == goodRequest {
				t.Fatal("the case changes nothing")
			}
			m, err := Parse([]byte(in))
			got := 0
			var bad *MalformedError
			switch {
			case errors.As(err, &bad) && m.Answerable():
				got = bad.Status
			case err != nil:
				got = -1
			}
			if got != c.status {
				t.Fatalf("status %d, want %d (%v)", got, c.status, err)
			}
			if err == nil && (m.callID != "a84b4c76e66710@pc33.atlanta.com" || m.from.Tag() != "1928301774" || m.cseq != 314159) {
				t.Errorf("read wrongly: %+v", m)
			}
		})
	}
}

func TestPart(t *testing.T) {
	in := strings.Replace(goodRequest, "Content-Type: application/sdp", "Content-Type: multipart/mixed;boundary=\"b 1\"", 1)
	body := "--b 1\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b 1\r\nContent-Type: Application/SDP;x=y\r\n\r\nv=0\r\n\r\n--b 1--\r\n"
	in = strings.Replace(in, "Content-Length: 4\r\n\r\nv=0\n", "\r\n"+body, 1)
	m, err := Parse([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(m.Part("application/sdp")); got != "v=0\r\n" {
		t.Errorf("part %q", got)
	}
	if m.Part("image/png") != nil {
		t.Error("a part that is not there")
	}
}

func TestEncodeRefusesControlCharacters(t *testing.T) {
	base := func() *Message {
		return &Message{Method: "OPTIONS", URI: uri("sip:a@b"), Headers: Headers{{"X", "y"}}}
	}
	for name, change := range map[string]func(*Message){
		"header value CR":  func(m *Message) { m.Headers.Add("A", "x\rB: y") },
		"header value LF":  func(m *Message) { m.Headers.Add("A", "x\nB: y") },
		"header value NUL": func(m *Message) { m.Headers.Add("A", "x\x00") },
		"header name":      func(m *Message) { m.Headers.Add("A: b\r\nC", "x") },
		"display name": func(m *Message) {
			m.Headers.Add("From", Address{Display: "x\"\r\nX-Evil: 1", URI: uri("sip:a@b")}.String())
		},
		"method": func(m *Message) { m.Method = "OPTIONS x\r\n" },
		"host":   func(m *Message) { m.URI.Host = "a\r\nX: y" },
		"opaque": func(m *Message) { m.URI = URI{Scheme: "x", Opaque: "a b"} },
		"reason": func(m *Message) { m.Method, m.Status, m.Reason = "", 200, "OK\r\nX: y" },
		"status": func(m *Message) { m.Method, m.Status = "", 0 },
		"param name": func(m *Message) {
			m.Headers.Add("To", Address{URI: uri("sip:a@b"), Params: Params{{"x\r\ny", ""}}}.String())
		},
		"param value": func(m *Message) {
			m.Headers.Add("To", Address{URI: uri("sip:a@b"), Params: Params{{"x", "\r\n"}}}.String())
		},
	} {
		m := base()
		change(m)
		if b, err := m.Encode(); err == nil {
			t.Errorf("%s: sent as %q", name, b)
		}
	}
	if _, err := base().Encode(); err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range parseCases {
		f.Add([]byte(strings.Replace(goodRequest, c.old, c.new, 1)))
	}
	files, err := filepath.Glob("../../testdata/sip/torture/*.sip")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		m, err := Parse(in)
		if err != nil {
			return
		}
		out, err := m.raw.Encode()
		if err != nil {
			return // sound to read, but not ours to send: a Via of odd bytes
		}
		again, err := Parse(out)
		if err != nil {
			t.Fatalf("%q\nprinted as %q: %v", in, out, err)
		}
		twice, err := again.raw.Encode()
		if err != nil || !slices.Equal(out, twice) {
			t.Fatalf("printed as %q and then %q: %v", out, twice, err)
		}
	})
}
