package identity_test

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling/internal/identity"
)

func TestSource(t *testing.T) {
	var s identity.Source
	now := time.Unix(1763800000, 0)
	for i, want := range []string{"1763800000.0", "1763800000.1"} {
		if got := s.Channel(now); got != want {
			t.Errorf("id %d is %s, want %s", i, got, want)
		}
	}
	for i, want := range []string{"PJSIP/1001-00000000", "PJSIP/1001-00000001"} {
		if got := s.Name("PJSIP", "1001"); got != want {
			t.Errorf("name %d is %s, want %s", i, got, want)
		}
	}
	if a, b := identity.New(), identity.New(); a == b || len(a) != 36 || a > b {
		t.Errorf("ids %s and %s", a, b)
	}
}
