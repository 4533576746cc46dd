package voip_test

import (
	"fmt"
	"testing"

	"github.com/skygenesisenterprise/skybridge/api/voip"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
)

// Each party of a call is told how to reach us in its own name, anew each time; others
// who may see the call are not.
func TestEachPartyHasItsICEServers(t *testing.T) {
	made := 0
	r := newRig(t, func(c *voip.Config) {
		c.ICEServers = func(user string) []voip.ICEServerBody {
			made++
			return []voip.ICEServerBody{{URLs: []string{"turn:192.0.2.1:3478"}, Username: fmt.Sprint(made, ":", user), Credential: "x"}}
		}
	})
	alice, bob := r.as("alice"), r.as("bob")
	admin := r.as("eve", func(p *auth.Principal) { p.Roles = []auth.Role{auth.RoleAdmin} })
	says := func(what string, got []voip.ICEServerBody, user string) {
		t.Helper()
		want := fmt.Sprint(made, ":", user)
		if user == "" && len(got) != 0 || user != "" && (len(got) != 1 || got[0].Username != want) {
			t.Errorf("%s: %s, want %s", what, show(got), want)
		}
	}
	c := alice.calls("WebRTC/bob")
	says("alice calls", c.ICEServers, "alice")
	says("alice looks", read(alice, c.ID).ICEServers, "alice")
	says("bob looks", read(bob, c.ID).ICEServers, "bob")
	says("an admin looks", read(admin, c.ID).ICEServers, "")
	var accepted voip.CallBody
	bob.post("/calls/"+c.ID+"/accept", nil).want(200).into(&accepted)
	says("bob accepts", accepted.ICEServers, "bob")
	var list struct{ Items []voip.CallBody }
	alice.get("/calls").want(200).into(&list)
	if len(list.Items) != 1 {
		t.Fatalf("alice has %s", show(list))
	}
	says("alice lists", list.Items[0].ICEServers, "alice")
	room := alice.room(map[string]any{"name": "Meeting"})
	says("bob joins", bob.joins(room.ID, map[string]any{}).ICEServers, "bob")
	var over voip.CallBody
	alice.post("/calls/"+c.ID+"/end", nil).want(200).into(&over)
	says("ended", over.ICEServers, "")
}
