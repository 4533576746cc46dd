package glare_test

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/glare"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

const t1 = 500 * time.Millisecond

func TestPause(t *testing.T) {
	for _, c := range []struct {
		owner  bool
		lo, hi time.Duration
	}{{true, 2100 * time.Millisecond, 4 * time.Second}, {false, 0, 2 * time.Second}} {
		seen := make(map[time.Duration]bool)
		for range 1000 {
			p := glare.Pause(c.owner, t1)
			if p < c.lo || p > c.hi || p%(10*time.Millisecond) != 0 {
				t.Fatalf("owner %v: pause of %v", c.owner, p)
			}
			seen[p] = true
		}
		if len(seen) < 50 {
			t.Errorf("owner %v: %d different pauses", c.owner, len(seen))
		}
	}
}

func response(t *testing.T, status, lines string) *message.Response {
	t.Helper()
	m, err := message.Parse([]byte("SIP/2.0 " + status + " X\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKx\r\nFrom: <sip:a@a>;tag=a\r\n" +
		"To: <sip:b@b>;tag=b\r\nCall-ID: c\r\nCSeq: 2 INVITE\r\n" + lines + "Content-Length: 0\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	return message.NewResponse(m, message.Source{})
}

func TestAfter(t *testing.T) {
	for _, c := range []struct {
		name, status, lines string
		lo, hi              time.Duration
		again               bool
	}{
		{"glare", "491", "", 2100 * time.Millisecond, 4 * time.Second, true},
		{"ours is not sent yet", "", "", 2100 * time.Millisecond, 4 * time.Second, true},
		{"another offer is answered", "500", "Retry-After: 7 (busy);duration=60\r\n", 7 * time.Second, 7 * time.Second, true},
		{"at once", "500", "Retry-After: 0\r\n", t1, t1, true},
		{"much later", "500", "Retry-After: 11\r\n", 0, 0, false},
		{"broken", "500", "Retry-After: soon\r\n", 0, 0, false},
		{"just broken", "500", "", 0, 0, false},
		{"refused", "488", "", 0, 0, false},
		{"overloaded", "503", "Retry-After: 1\r\n", 0, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var resp *message.Response
			err := fault.New(fault.Conflict, "another offer is under way")
			if c.status != "" {
				resp = response(t, c.status, c.lines)
				err = resp.Err()
			}
			var r glare.Retry
			wait, again := r.After(resp, err, true, t1)
			if again != c.again || again && (wait < c.lo || wait > c.hi) {
				t.Errorf("again %v after %v", again, wait)
			}
			n := 1
			for again {
				if _, again = r.After(resp, err, true, t1); again {
					n++
				}
			}
			if c.again && n != 8 {
				t.Errorf("made again %d times", n)
			}
		})
	}
}
