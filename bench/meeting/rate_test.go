package meeting_test

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/meeting"
	"github.com/skygenesisenterprise/skybridge/bench/meter"
)

// What a packet costs is of those that came, and figures count where everybody had theirs.
func TestForwarded(t *testing.T) {
	f := meeting.Forwarded{Spent: meter.Spent{CPU: time.Second, Time: 2 * time.Second}, Packets: 100_000, Least: 1, LeastStream: 1}
	if f.Packet() != 10*time.Microsecond || f.Rate() != 50_000 || f.Wrong() != "" {
		t.Errorf("%v, %v, %q", f.Packet(), f.Rate(), f.Wrong())
	}
	f.Least = 0.95
	if f.Wrong() != "a receiver had 95.0 % of the packets" {
		t.Error(f.Wrong())
	}
	if got := (meeting.Forwarding{Publishers: 2, Receivers: 3, Feedback: true}).Name(); got != "video, 2 cameras to 3, transport-cc" {
		t.Error(got)
	}
}
