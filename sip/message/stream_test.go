package message

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// cutCases are what a stream begins with, within 1000 bytes: what is left of it
// behind the message, and the status that refuses that, 0 for a sound one,
// -1 for bytes that nobody can be answered for. lost says that the stream ends.
var cutCases = []struct {
	name, in string
	rest     string
	status   int
	lost     bool
}{
	{"one", goodRequest, "", 0, false},
	{"two", goodRequest + goodRequest, goodRequest, 0, false},
	{"nothing", "", "", 0, false},
	{"half a head", goodRequest[:100], goodRequest[:100], 0, false},
	{"half a body", strings.TrimSuffix(goodRequest, "=0\n"), strings.TrimSuffix(goodRequest, "=0\n"), 0, false},
	{"unsound, with an end", strings.Replace(goodRequest, "314159 INVITE", "314159 BYE", 1) + "x", "x", 400, false},
	{"no length", strings.Replace(goodRequest, "Content-Length: 4\r\n", "", 1), "", 400, true},
	{"two lengths", strings.Replace(goodRequest, "Content-Length: 4", "Content-Length: 4\r\nl: 4", 1), "", 400, true},
	{"bad version, no length", strings.NewReplacer("SIP/2.0\r\nVia", "SIP/3.0\r\nVia", "Content-Length: 4\r\n", "").Replace(goodRequest), "", 505, true},
	{"too long", strings.Replace(goodRequest, "Content-Length: 4", "Content-Length: 5000", 1), "", 513, true},
	{"head without an end", "INVITE sip:bob@biloxi.com SIP/2.0\r\nX: " + strings.Repeat("y", 1000), "", -1, true},
	{"no SIP", "GET / HTTP/1.1\r\n\r\n", "", 400, true},
	{"no line", "hello\r\n\r\n", "", -1, true},
}

func TestCut(t *testing.T) {
	for _, c := range cutCases {
		t.Run(c.name, func(t *testing.T) {
			p, size, err := NewCutter(1000).Cut([]byte(c.in))
			if errors.Is(err, ErrFraming) != c.lost {
				t.Fatalf("%d bytes, %v", size, err)
			}
			if !c.lost && c.in[size:] != c.rest {
				t.Errorf("%q is left", c.in[size:])
			}
			if !c.lost && (p == nil) != (size == 0) {
				t.Errorf("%d bytes and %v", size, p)
			}
			status := 0
			var bad *MalformedError
			switch {
			case errors.As(err, &bad) && p != nil:
				status = bad.Status
			case err != nil:
				status = -1
			}
			if status != c.status {
				t.Errorf("status %d, want %d (%v)", status, c.status, err)
			}
		})
	}
}

// TestCutByteByByte: it makes no difference how a message comes.
func TestCutByteByByte(t *testing.T) {
	for _, c := range cutCases {
		t.Run(c.name, func(t *testing.T) {
			whole, size, err := NewCutter(1000).Cut([]byte(c.in))
			cutter := NewCutter(1000)
			for n := 0; n <= len(c.in); n++ {
				p, got, slow := cutter.Cut([]byte(c.in)[:n])
				if got == 0 && slow == nil && n < len(c.in) {
					continue
				}
				if got != size || fmt.Sprint(slow) != fmt.Sprint(err) || !reflect.DeepEqual(p, whole) {
					t.Errorf("at %d: %d bytes, %v; at once %d, %v", n, got, slow, size, err)
				}
				break
			}
		})
	}
}

// TestSlowBodyCostsNothing: who sends a long head and then its body byte by byte
// does not have the head read again each time.
func TestSlowBodyCostsNothing(t *testing.T) {
	in := []byte(strings.Replace(goodRequest, "Content-Length: 4", strings.Repeat("X: yyyyyyyy\r\n", 200)+"Content-Length: 1000", 1))
	c := NewCutter(len(in) + 1000)
	if n := testing.AllocsPerRun(1, func() {
		if _, size, err := c.Cut(in); size != 0 || err != nil {
			t.Fatal(size, err)
		}
	}); n != 0 { // the first run, which takes the head, does not count
		t.Errorf("%v allocations", n)
	}
}

// FuzzCut: what is cut off is a message by itself, and no more than there was.
func FuzzCut(f *testing.F) {
	for _, c := range cutCases {
		f.Add([]byte(c.in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		for len(in) > 0 {
			p, size, err := NewCutter(1000).Cut(in)
			if errors.Is(err, ErrFraming) || size == 0 {
				return
			}
			if size > len(in) || p == nil {
				t.Fatalf("%d of %d bytes, %v", size, len(in), err)
			}
			again, n, _ := NewCutter(1000).Cut(in[:size]) // the error is compared by what is read
			if n != size || again.CallID() != p.CallID() {
				t.Fatalf("%d bytes alone are %d", size, n)
			}
			in = in[size:]
		}
	})
}
