package metrics_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/metrics"
	"github.com/skygenesisenterprise/skybridge/internal/golden"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// house is a server with what a test says.
type house []signaling.EndpointSnapshot

func (house) Channels() []signaling.ChannelSnapshot     { return make([]signaling.ChannelSnapshot, 3) }
func (house) Processed() uint64                         { return 7 }
func (house) Bridges() []signaling.BridgeSnapshot       { return make([]signaling.BridgeSnapshot, 1) }
func (h house) Endpoints() []signaling.EndpointSnapshot { return h }

// street is trunks in all states, and a phone.
func street() house {
	return house{
		{Name: "1001", Contacts: []signaling.ContactSnapshot{{Status: signaling.ContactAvailable}}},
		{
			Name: "carrier", Trunk: true, Registration: "Registered        (exp. 55s)", Calls: 3, MaxCalls: 30, PerSecond: 2.5,
			Attempts: 12, Answered: 9, Failures: 2, Refused: 1, LastError: "503 Service Unavailable", LastStatus: 503,
			RetryAt: time.Unix(1800000000, 0),
			Contacts: []signaling.ContactSnapshot{
				{Status: signaling.ContactUnavailable}, {Status: signaling.ContactAvailable, RTT: 20 * time.Millisecond},
				{Status: signaling.ContactAvailable, RTT: 12500 * time.Microsecond},
			},
		},
		{Name: `odd "one"`, Trunk: true, Contacts: []signaling.ContactSnapshot{{Status: signaling.ContactNotQualified}}},
		{Name: "refused", Trunk: true, Registration: "Rejected", LastStatus: 403, Contacts: []signaling.ContactSnapshot{{Status: signaling.ContactAvailable}}},
		{Name: "silent", Trunk: true, LastStatus: 408, Contacts: []signaling.ContactSnapshot{{Status: signaling.ContactUnavailable}}},
		{Name: "unregistered", Trunk: true},
	}
}

// The whole of what a scrape gets.
func TestWrite(t *testing.T) {
	var out strings.Builder
	if err := metrics.New(street()).Write(&out); err != nil {
		t.Fatal(err)
	}
	golden.Equal(t, "testdata/trunks.txt", out.String())
	for line := range strings.Lines(out.String()) {
		if !strings.HasPrefix(line, "#") && !regexp.MustCompile(`^voip_[a-z_]+(\{(trunk|state)="[^{}]+"\})? [-+.e0-9]+\n$`).MatchString(line) {
			t.Errorf("odd line %q", line)
		}
	}
}

// Without trunks there is nothing of them.
func TestWithoutTrunks(t *testing.T) {
	var out strings.Builder
	if err := metrics.New(house{}).Write(&out); err != nil || strings.Contains(out.String(), "voip_trunk_") || !strings.Contains(out.String(), "\nvoip_channels 3\n") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// full takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestNobodyReads(t *testing.T) {
	if err := metrics.New(street()).Write(full{}); err == nil || !strings.Contains(err.Error(), "full") {
		t.Errorf("%v", err)
	}
}
