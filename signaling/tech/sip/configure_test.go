package sip

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/trunk"
)

// What the trunks would refuse is found before anything else has changed.
func TestABadConfigurationChangesNothing(t *testing.T) {
	r := newRig(t, anybody)
	bad := endpoints(t, "[1002]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\n")
	twice := trunk.Default("twice")
	twice.Server = message.URI{Scheme: "sip", Host: "127.0.0.1", Port: 9}
	twice.Client = message.URI{Scheme: "sip", User: "us", Host: "127.0.0.1"}
	bad.Registrations = []trunk.Config{twice, twice}
	if err := r.tech.Configure(t.Context(), bad); fault.Of(err) != fault.Invalid {
		t.Errorf("taken: %v", err)
	}
	if r.tech.Directory().Endpoint("1001") == nil {
		t.Error("the endpoints are the new ones")
	}
}
