package transfer_test

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// locked is an endpoint that may transfer nobody.
const locked = "[locked]\ntype=endpoint\nallow_transfer=no\ncontext=phones\ndirect_media=no\nallow=ulaw\naors=locked\n" +
	"[locked]\ntype=aor\ncontact=sip:locked@127.0.0.1:9\n"

// scenario is what one of sipp's meets.
type scenario struct {
	exten string
	args  func(*rig) []string // before it starts; nil for none
	meet  func(*rig)
	after func(*rig) // once it has ended; nil for nothing
}

// sentAway is a scenario of a phone that is asked to go elsewhere.
func sentAway(status string) scenario {
	return scenario{exten: "30", meet: func(r *rig) { r.note(status) }}
}

// kept is a scenario of a phone whose party stays until the phone ends the call.
var kept = scenario{exten: "2", meet: func(r *rig) {
	callee := r.answer(r.rings("2"))
	r.ended(callee)
}}

// scenarios are the files of testdata/sip/transfer.
func scenarios() map[string]scenario {
	var a, b *siptest.Leg
	return map[string]scenario{
		"sent-away": sentAway("SUCCESS 0"), "sent-away-busy": sentAway("FAILURE 486"), "sent-away-refused": sentAway("FAILURE 603"),
		"refer": {exten: "2", meet: func(r *rig) {
			b = r.answer(r.rings("2"))
		}, after: func(r *rig) { bye(r.t, b) }},
		"refer-replaces": {
			exten: "2",
			args: func(r *rig) []string { // the call that it consulted in
				a, b = r.call("1", "3")
				return []string{"-key", "replaces", r.replaces(a)}
			},
			meet: func(r *rig) {
				r.answer(r.rings("2"))
				r.ended(a)
				r.together("2", "3")
			},
			after: func(r *rig) { bye(r.t, b) },
		},
		"refer-refused": kept, "refer-nowhere": kept,
		"replaces-unknown": {exten: "1", meet: func(*rig) {}},
		"replaces": {
			exten: "1",
			args: func(r *rig) []string {
				a, b = r.call("1", "2")
				id := a.Dialog.ID()
				return []string{"-key", "call", id.CallID, "-key", "theirs", id.RemoteTag, "-key", "ours", id.LocalTag}
			},
			meet: func(r *rig) {
				r.ended(a)
				r.together("2", "3")
				bye(r.t, b)
			},
		},
	}
}

// TestScenarios has sipp play phones.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("../../testdata/sip/transfer/*.xml")
	ok(t, err)
	all := scenarios()
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), ".xml"))
	}
	slices.Sort(names)
	if want := slices.Sorted(maps.Keys(all)); !slices.Equal(names, want) {
		t.Fatalf("scenarios %q, want %q", names, want)
	}
	for name, sc := range all {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, locked)
			cfg := peer.SippConfig{Scenario: "../../testdata/sip/transfer/" + name + ".xml", Target: r.server.Addr("udp").String(), Service: sc.exten}
			if sc.args != nil {
				cfg.Args = sc.args(r)
			}
			sipp := peer.Sipp(t, cfg)
			sc.meet(r)
			sipp.Wait(t)
			if sc.after != nil {
				sc.after(r)
			}
		})
	}
}
