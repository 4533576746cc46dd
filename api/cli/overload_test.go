package cli_test

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip/overload"
)

type pressed struct {
	state    overload.State
	draining bool
}

func (p pressed) State() overload.State { return p.state }
func (p pressed) Draining() bool        { return p.draining }
func (p pressed) Refused() uint64       { return 7 }

func TestOverload(t *testing.T) {
	r := newRig(t)
	for want, p := range map[string]pressed{
		"Everything is taken.":                                {},
		"New calls are refused by 25 %, for want of: memory":  {state: overload.State{Pressure: 0.25, Short: "memory"}},
		"The server is about to stop: new calls are refused.": {state: overload.State{Pressure: 0.25, Short: "memory"}, draining: true},
	} {
		r.Overload = p
		if got := r.ask("show overload"); got != want+"\nRefused so far: 7\n" {
			t.Errorf("%q", got)
		}
	}
}
