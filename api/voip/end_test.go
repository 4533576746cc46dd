package voip_test

import (
	"encoding/json"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip"
	"github.com/skygenesisenterprise/skybridge/internal/logtest"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// Who leaves, and when, decides whether and how a call of two ends.
func TestHowACallOfTwoEnds(t *testing.T) {
	type call struct {
		*user
		voip.CallBody
		ph    *phone
		clock *clock
	}
	answer := func(c *call) {
		c.ph.answers()
		c.sees(c.ID, "active", status(voip.StatusActive))
	}
	for name, tc := range map[string]struct {
		offers bool // alice comes by browser
		do     func(*call)
		cause  int
		sip    int
		active bool
	}{
		"the creator ends it at once": {false, func(c *call) { c.post("/calls/"+c.ID+"/end", nil).want(200) }, 16, 0, false},
		"the creator gives up":        {true, func(c *call) { c.sends(c.ID, "hangup", nil).want(201) }, 16, 0, false},
		"the creator leaves":          {true, func(c *call) { answer(c); c.sends(c.ID, "hangup", nil).want(201) }, 16, 0, true},
		"the creator ends it":         {true, func(c *call) { answer(c); c.post("/calls/"+c.ID+"/end", nil).want(200) }, 16, 0, true},
		"the phone leaves":            {true, func(c *call) { answer(c); c.ph.hangsUp(16) }, 16, 0, true},
		"the phone is busy":           {true, func(c *call) { c.ph.hangsUp(signaling.CauseBusy) }, 17, 486, false},
		"the phone refuses":           {true, func(c *call) { c.ph.rings(); c.ph.hangsUp(signaling.CauseRejected) }, 21, 603, false},
		"nobody answers":              {true, func(c *call) { c.ph.rings(); c.clock.flies(time.Hour) }, 19, 480, false},
		"the creator never comes": {false, func(c *call) {
			c.ph.answers()
			c.sees(c.ID, "the phone is in", func(c voip.CallBody) bool { return c.Participants[0].State == voip.StateConnected })
			c.clock.flies(time.Hour)
		}, 19, 480, false},
		"the creator loses the phone": {true, func(c *call) { answer(c); c.ph.hangsUp(signaling.CauseFailure) }, 38, 0, true},
		"an admin takes the phone out of it": {true, func(c *call) {
			answer(c)
			c.as("root", role("admin")).delete("/calls/" + c.ID + "/participants/" + c.Participants[0].ID).want(204)
		}, 16, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := newClock()
			alice := newRig(t, clock.runs).as("alice")
			c := &call{user: alice, CallBody: alice.calls("SIP/1001"), clock: clock}
			c.ph = alice.phone("1001")
			if tc.offers {
				alice.sends(c.ID, "offer", newBrowser(t).offer()).want(201)
			}
			tc.do(c)
			over := alice.sees(c.ID, "ended", status(voip.StatusEnded))
			if over.Cause != tc.cause || over.SIPStatus != tc.sip || (over.AnsweredAt != nil) != tc.active || over.EndedAt == nil {
				t.Errorf("ended as %s", show(over))
			}
			for _, pt := range over.Participants {
				if pt.State != voip.StateLeft {
					t.Errorf("participant %s", show(pt))
				}
			}
			// Ending it again is no error and changes nothing.
			var again voip.CallBody
			alice.post("/calls/"+c.ID+"/end", nil).want(200).into(&again)
			if show(again) != show(over) {
				t.Errorf("ended again: %s, was %s", show(again), show(over))
			}
			eventually(t, func() bool { return len(alice.engine.Channels()) == 0 && len(alice.engine.Bridges()) == 0 },
				func() string { return "nothing is left" })
			var records []voip.CallBody
			eventually(t, func() bool { records = recorded(alice); return len(records) > 0 }, // written after all are hung up
				func() string { return "the call is recorded" })
			if len(records) != 1 || records[0].Cause != tc.cause || records[0].SIPStatus != tc.sip || records[0].ID != c.ID ||
				show(records[0].Participants) != show(over.Participants) {
				t.Errorf("records %s", show(records))
			}
		})
	}
}

// recorded reads the call records.
func recorded(u *user) []voip.CallBody {
	u.t.Helper()
	var list struct{ Items []voip.CallBody }
	u.get("/calls?status=ended").want(200).into(&list)
	return list.Items
}

func TestACallOfManyGoesOnWhileTwoRemain(t *testing.T) {
	clock := newClock()
	r := newRig(t, clock.runs)
	alice := r.as("alice")
	c := alice.calls("SIP/1001", "SIP/1002", "SIP/1003", "WebRTC/bob")
	if len(c.Participants) != 4 {
		t.Fatalf("the creator is a party: %s", show(c))
	}
	one, two := r.phone("1001"), r.phone("1002")
	three := r.phone("1003")
	one.answers()
	alice.sees(c.ID, "one is in", func(c voip.CallBody) bool { return c.Participants[0].State == voip.StateConnected })
	if got := read(alice, c.ID); got.Status == voip.StatusActive {
		t.Errorf("active with one: %s", show(got))
	}
	two.answers()
	alice.sees(c.ID, "active", status(voip.StatusActive))
	// Those who do not answer are let go; the others talk on.
	clock.flies(time.Hour)
	if cause := three.hungUp(t); cause != signaling.CauseNoAnswer {
		t.Errorf("the third phone rang out with %d", cause)
	}
	got := alice.sees(c.ID, "nobody rings", func(c voip.CallBody) bool {
		return c.Participants[2].State == voip.StateLeft && c.Participants[3].State == voip.StateLeft
	})
	if got.Status != voip.StatusActive {
		t.Fatalf("with two left the call is %s", show(got))
	}
	if a := r.as("bob").sends(c.ID, "offer", map[string]any{}); a.status != 404 {
		t.Errorf("too late, and yet: %d %s", a.status, a.body)
	}
	one.hangsUp(16)
	over := alice.sees(c.ID, "ended", status(voip.StatusEnded))
	if over.Cause != 16 || two.hungUp(t) != 16 {
		t.Errorf("ended as %s", show(over))
	}
}

func TestTheCreatorsPhoneRingsWhenNoBrowserComes(t *testing.T) {
	t.Run("their phone", func(t *testing.T) {
		clock := newClock()
		r := newRig(t, clock.runs)
		alice := r.as("alice", extension("1002"))
		c := alice.calls("SIP/1001")
		r.phone("1001").answers()
		clock.flies(time.Minute)
		own := r.phone("1002")
		if own.caller.Number != "1001" {
			t.Errorf("their own phone shows %v", own.caller)
		}
		alice.sees(c.ID, "their phone rings", func(c voip.CallBody) bool {
			return len(c.Participants) == 2 && c.Participants[1].Endpoint == "PJSIP/1002" && c.Participants[1].State == voip.StateRinging
		})
		own.answers()
		alice.sees(c.ID, "active", status(voip.StatusActive))
		alice.sends(c.ID, "offer", newBrowser(t).offer()).want(409)
	})
	t.Run("a late browser takes over", func(t *testing.T) {
		clock := newClock()
		r := newRig(t, clock.runs)
		alice := r.as("alice", extension("1002"))
		c := alice.calls("SIP/1001")
		clock.flies(time.Minute)
		own := r.phone("1002")
		alice.connects(c.ID, newBrowser(t))
		if cause := own.hungUp(t); cause != signaling.CauseAnsweredElse {
			t.Errorf("their phone was hung up with %d", cause)
		}
		r.phone("1001").answers()
		got := alice.sees(c.ID, "active", status(voip.StatusActive))
		if len(got.Participants) != 2 || got.Participants[1].Endpoint != "WebRTC/alice" {
			t.Errorf("participants %s", show(got.Participants))
		}
	})
	t.Run("a browser that asks for messages is there", func(t *testing.T) {
		clock := newClock()
		r := newRig(t, clock.runs)
		alice := r.as("alice", extension("1002"))
		c := alice.calls("SIP/1001")
		alice.messages(c.ID, 0, 0)
		clock.passes(time.Minute)
		alice.calls("SIP/1003") // for which no browser shows up
		clock.flies(time.Minute)
		r.phone("1002")
		clock.flies(time.Hour)
		over := alice.sees(c.ID, "nobody offers", status(voip.StatusEnded))
		if len(r.phones.rung["1002"]) != 0 || over.Cause != 19 {
			t.Errorf("their phone rang; ended as %s", show(over))
		}
	})
	t.Run("no phone that could ring", func(t *testing.T) {
		clock := newClock()
		r := newRig(t, clock.runs)
		r.phones.unregister("1002")
		alice := r.as("alice", extension("1002"))
		c := alice.calls("SIP/1001")
		clock.flies(time.Minute)
		clock.flies(time.Hour)
		alice.sees(c.ID, "nobody comes", status(voip.StatusEnded))
	})
	t.Run("their phone is what they call", func(t *testing.T) {
		clock := newClock()
		r := newRig(t, clock.runs)
		alice := r.as("alice", extension("1001"))
		c := alice.calls("SIP/1001")
		r.phone("1001").answers()
		clock.flies(time.Minute)
		clock.flies(time.Hour)
		alice.sees(c.ID, "nobody comes", status(voip.StatusEnded))
		if len(r.phones.rung["1001"]) != 0 {
			t.Error("the phone rang twice")
		}
	})
}

func TestACalledBrowserAcceptsOrRefuses(t *testing.T) {
	r := newRig(t)
	alice, bob := r.as("alice"), r.as("bob")
	c := alice.calls("WebRTC/bob")
	if got := listed(bob, ""); !slices.Equal(got, []string{c.ID}) {
		t.Fatalf("bob sees %v", got)
	}
	alice.post("/calls/"+c.ID+"/accept", nil).want(409) // it is not for the caller
	var body voip.CallBody
	bob.post("/calls/"+c.ID+"/accept", nil).want(200).into(&body)
	if body.Participants[0].State != voip.StateInvited || body.Status == voip.StatusActive {
		t.Errorf("accepted: %s", show(body))
	}
	alice.connects(c.ID, newBrowser(t))
	bob.connects(c.ID, newBrowser(t))
	got := alice.sees(c.ID, "active", status(voip.StatusActive))
	for _, pt := range got.Participants {
		if pt.State != voip.StateConnected || pt.UserID == nil || pt.ChannelID == nil {
			t.Errorf("participant %s", show(pt))
		}
	}
	bob.post("/calls/"+c.ID+"/accept", nil).want(200) // again
	if got := read(bob, c.ID); got.Participants[0].State != voip.StateConnected {
		t.Errorf("after accepting again: %s", show(got))
	}
	bob.post("/calls/"+c.ID+"/end", nil).want(200)

	for _, refuse := range []func(string){
		func(id string) { bob.post("/calls/"+id+"/end", nil).want(200) },
		func(id string) { bob.sends(id, "hangup", nil).want(201) },
		func(id string) {
			bob.delete("/calls/" + id + "/participants/" + read(bob, id).Participants[0].ID).want(204)
		},
	} {
		c := alice.calls("WebRTC/bob")
		refuse(c.ID)
		over := read(alice, c.ID)
		if over.Status != voip.StatusEnded || over.Cause != 21 || over.SIPStatus != 603 {
			t.Errorf("refused: %s", show(over))
		}
		bob.post("/calls/"+c.ID+"/accept", nil).want(409, "call_ended")
	}
}

func TestACalledPhonesOwnerTakesItInTheBrowser(t *testing.T) {
	r := newRig(t)
	alice, bob := r.as("alice"), r.as("bob", extension("1001"))
	c := alice.calls("SIP/1001")
	ph := r.phone("1001")
	ph.rings()
	bob.sends(c.ID, "offer", newBrowser(t).offer()).want(409) // not before they accept
	bob.post("/calls/"+c.ID+"/accept", nil).want(200)
	bob.connects(c.ID, newBrowser(t))
	if cause := ph.hungUp(t); cause != signaling.CauseAnsweredElse {
		t.Errorf("the phone was hung up with %d", cause)
	}
	alice.connects(c.ID, newBrowser(t))
	got := alice.sees(c.ID, "active", status(voip.StatusActive))
	if pt := got.Participants[0]; pt.Endpoint != "WebRTC/bob" || pt.UserID == nil || *pt.UserID != "bob" || pt.State != voip.StateConnected {
		t.Errorf("participant %s", show(pt))
	}
}

func TestAPanicEndsItsCallAlone(t *testing.T) {
	var broken atomic.Bool
	r := newRig(t, func(c *voip.Config) {
		c.Now = func() time.Time {
			if broken.CompareAndSwap(true, false) {
				panic("no time")
			}
			return time.Now()
		}
	})
	alice := r.as("alice")
	other := alice.calls("WebRTC/bob")
	c := alice.calls("SIP/1001", "SIP/1002")
	one, two := r.phone("1001"), r.phone("1002")
	one.answers()
	alice.sees(c.ID, "one is in", func(c voip.CallBody) bool { return c.Participants[0].State == voip.StateConnected })
	broken.Store(true)
	two.answers() // the call would be active, and the time be taken
	if over := alice.sees(c.ID, "ended", status(voip.StatusEnded)); over.Cause != int(signaling.CauseTemporary) {
		t.Errorf("ended as %s", show(over))
	}
	one.hungUp(t)
	two.hungUp(t)
	if got := listed(alice, ""); !slices.Equal(got, []string{other.ID}) {
		t.Errorf("left are %v", got)
	}
}

// When the end itself breaks off, everybody is hung up all the same; there is no record
// of such a call.
func TestAPanicAtTheEndOfACallLeavesNothing(t *testing.T) {
	var broken atomic.Bool
	var text logtest.Log
	r := newRig(t, func(c *voip.Config) {
		c.Log = slog.New(slog.NewTextHandler(&text, nil))
		c.Now = func() time.Time {
			if broken.Load() {
				panic("no time")
			}
			return time.Now()
		}
	})
	alice := r.as("alice")
	c := alice.calls("SIP/1001", "SIP/1002")
	one, two := r.phone("1001"), r.phone("1002")
	one.answers()
	alice.sees(c.ID, "one is in", func(c voip.CallBody) bool { return c.Participants[0].State == voip.StateConnected })
	broken.Store(true)
	two.answers() // the time would be taken, then and at the end
	one.hungUp(t)
	two.hungUp(t)
	eventually(t, func() bool { return len(r.engine.Channels()) == 0 && len(r.engine.Bridges()) == 0 },
		func() string { return "no channel or bridge is left" })
	broken.Store(false)
	alice.get("/calls/" + c.ID).want(404)
	if text.Count("panic in a call, call ended") != 2 || text.Count("call="+c.ID) < 2 {
		t.Errorf("log:\n%s", &text)
	}
}

func TestRecordsOutliveTheServer(t *testing.T) {
	db := openStore(t)
	r := startRig(t, db)
	alice := r.as("alice")
	c := alice.calls("WebRTC/bob", "WebRTC/carol")
	if a := read(alice, c.ID); a.Status != voip.StatusRinging {
		t.Errorf("status %s", a.Status)
	}
	r.stop() // ends it
	r = startRig(t, db)
	t.Cleanup(r.stop)
	for _, name := range []string{"alice", "bob", "carol"} {
		got := read(r.as(name), c.ID)
		if got.Status != voip.StatusEnded || got.Cause != 16 || got.CreatedBy != "alice" {
			t.Errorf("%s reads %s", name, show(got))
		}
		var again voip.CallBody
		r.as(name).post("/calls/"+c.ID+"/end", nil).want(200).into(&again)
		if again.ID != c.ID {
			t.Errorf("%s ends %s", name, show(again))
		}
	}
	r.as("dave").get("/calls/" + c.ID).want(404)
	var text map[string]any
	must(t, json.Unmarshal(r.as("alice").get("/calls/"+c.ID).body, &text))
	if _, ok := text["cause_text"].(string); !ok {
		t.Errorf("record %v", text)
	}
}

// A browser that is there and sends nothing is taken for gone.
func TestASilentBrowserEndsItsCall(t *testing.T) {
	r := newRig(t, func(c *voip.Config) { c.MediaTimeout = 500 * time.Millisecond })
	alice := r.as("alice")
	c := alice.calls("SIP/1001")
	alice.connects(c.ID, newBrowser(t))
	ph := r.phone("1001")
	ph.answers()
	ph.hungUp(t)
	if got := alice.sees(c.ID, "it ends", status(voip.StatusEnded)); got.Cause != int(signaling.CauseRequestedAbsent) {
		t.Errorf("ended by %d", got.Cause)
	}
}
