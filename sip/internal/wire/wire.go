// Package wire is the other end of a message in tests in virtual time.
package wire

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// T1 is the usual timer; times on the wire are counted in it.
const T1 = 500 * time.Millisecond

// Wire is a flow that ends in a test: it keeps what is sent, and when.
type Wire struct {
	// Stream makes it reliable, as a connection is.
	Stream bool
	// Broken makes each Send panic.
	Broken atomic.Bool
	start  time.Time

	mu   sync.Mutex
	sent []sentMessage
}

type sentMessage struct {
	after time.Duration
	text  string
}

// New makes a wire; its clock starts.
func New() *Wire { return &Wire{start: time.Now()} }

// Source implements transport.Flow.
func (w *Wire) Source() message.Source {
	return message.Source{Network: "udp", Local: netip.MustParseAddrPort("127.0.0.1:5060"),
		Remote: netip.MustParseAddrPort("127.0.0.1:9"), Flow: "wire"}
}

// Reliable implements transport.Flow.
func (w *Wire) Reliable() bool { return w.Stream }

// Alive implements transport.Flow.
func (w *Wire) Alive() bool { return true }

// To implements transport.Flow.
func (w *Wire) To(netip.AddrPort) transport.Flow { return w }

// Send implements transport.Flow.
func (w *Wire) Send(b []byte) error {
	if w.Broken.Load() {
		panic("the wire is broken")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, sentMessage{time.Since(w.start), string(b)})
	return nil
}

// Times are when messages that begin so were sent, in units of T1.
func (w *Wire) Times(start string) []int {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []int
	for _, m := range w.sent {
		if strings.HasPrefix(m.text, start) {
			out = append(out, int(m.after/T1))
		}
	}
	return out
}

// Last is the last message that begins so, or "".
func (w *Wire) Last(start string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range slices.Backward(w.sent) {
		if strings.HasPrefix(m.text, start) {
			return m.text
		}
	}
	return ""
}

// Age is how long ago the wire was made.
func (w *Wire) Age() time.Duration { return time.Since(w.start) }

// Invite is an INVITE without a fault, of RFC 3261 §24.2.
const Invite = "INVITE sip:bob@biloxi.com SIP/2.0\r\n" +
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

// ResponseTo is a response to a request, with a To tag if it is to have one.
func ResponseTo(request string, status int, toTag string) string {
	m, err := message.Parse([]byte(request))
	if err != nil {
		panic(err)
	}
	out := fmt.Sprintf("SIP/2.0 %d X\r\n", status)
	for _, h := range m.AllHeaders() {
		switch h.Name {
		case "To":
			out += "To: " + h.Value
			if toTag != "" {
				out += ";tag=" + toTag
			}
			out += "\r\n"
		case "Via", "From", "Call-ID", "CSeq":
			out += h.Name + ": " + h.Value + "\r\n"
		}
	}
	return out + "Contact: <sip:bob@127.0.0.1:9>\r\nContent-Length: 0\r\n\r\n"
}
