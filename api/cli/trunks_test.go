package cli_test

import (
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/sip/trunk"
)

func TestTrunks(t *testing.T) {
	r := newRig(t)
	r.layout("trunks-none", "skybridge show trunks")
	r.tech.endpoints = []signaling.EndpointSnapshot{
		{Name: "1001", Contacts: []signaling.ContactSnapshot{{Status: signaling.ContactAvailable}}},
		{
			Name: "carrier", Trunk: true, Registration: "Registered        (exp. 55s)", Calls: 3, MaxCalls: 30, PerSecond: 2.5, Attempts: 12, Failures: 2,
			LastError: "sip: 503 Service Unavailable", RetryAt: r.Now().Add(45 * time.Second),
			Contacts: []signaling.ContactSnapshot{{Status: signaling.ContactAvailable, RTT: 12345 * time.Microsecond}},
		},
		{Name: "backup", Trunk: true, Contacts: []signaling.ContactSnapshot{{Status: signaling.ContactUnavailable}, {Status: signaling.ContactNotQualified}}},
		{Name: "down", Trunk: true, LastError: "qualify: no answer"},
	}
	r.layout("trunks", "skybridge show trunks")
}

func TestRegisterAtOnce(t *testing.T) {
	r := newRig(t)
	r.registrations = []trunk.State{{Name: "a"}, {Name: "b"}}
	var asked []string
	r.Register = func(name string) error {
		asked = append(asked, name)
		if name == "b" && len(asked) > 3 {
			return fault.New(fault.NotFound, "no registration b")
		}
		return nil
	}
	for command, want := range map[string]string{
		"pjsip send register":     "Usage: pjsip send register <registration> | *all\n",
		"pjsip send register a":   "Re-registration a queued\n",
		"pjsip send register x":   "Unable to retrieve registration x\n",
		"pjsip send register a b": "Usage: pjsip send register <registration> | *all\n",
	} {
		if got := r.ask(command); got != want {
			t.Errorf("%s: %q", command, got)
		}
	}
	if got := r.ask("pjsip send register *all"); got != "Re-register all queued\n" || strings.Join(asked, "") != "aab" {
		t.Errorf("%q, asked %q", got, asked)
	}
}
