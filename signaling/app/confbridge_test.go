package app_test

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/tone"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/conference/pin"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// visitor is somebody who calls room 9000 with a user profile.
type visitor struct {
	*signaling.Channel
	leg   *signaltest.Leg
	phone *signaltest.Phone
}

func (r *rig) visits(name, user string, hz float64, vars ...dialplan.Variable) visitor {
	r.t.Helper()
	p := r.Phone(g711.MuLaw(), hz)
	l := r.Leg(name, p, signaltest.Script{})
	c := r.run(l, "conference-profile", append(vars, dialplan.Variable{Name: "USER", Value: user})...)
	return visitor{c, l, p}
}

// inside waits until as many are in the room, and gives them.
func (r *rig) inside(n int) (in []conference.Participant) {
	r.t.Helper()
	r.Eventually("who comes is in the room", func() bool {
		in = nil
		for _, room := range r.rooms.Rooms() {
			in = append(in, room.Participants()...)
		}
		return len(in) == n
	})
	return in
}

func TestConfBridgePIN(t *testing.T) {
	for _, ca := range []struct {
		name  string
		press []string // each once the prompt is heard
		in    bool
	}{
		{"right", []string{"12A#"}, true},
		{"right without an end", []string{"12A"}, true},
		{"right the second time", []string{"12#12A#"}, true},
		{"right the third time, after a pause", []string{"#", "12AA#12A#"}, true},
		{"wrong", []string{"1#2#3#12A#"}, false},
		{"nothing but the end", []string{"#", "#", "#"}, false},
	} {
		t.Run(ca.name, func(t *testing.T) {
			r := withMedia(t)
			v := r.visits("1001", "secret", 0)
			for _, keys := range ca.press {
				hears(t, v.phone, 900)
				if rooms := r.rooms.Rooms(); len(rooms) != 0 {
					t.Errorf("a room is there before the PIN: %+v", rooms[0].Settings())
				}
				v.phone.Press(keys)
			}
			if ca.in {
				r.inside(1)
				v.Hangup(signaling.CauseNormal)
				r.note("h HANGUP 16")
				return
			}
			r.note("h FAILED 21")
			if s := r.Gone(v.Channel); s.Cause != signaling.CauseRejected {
				t.Errorf("ended with %d", s.Cause)
			}
			told(t, v.leg, "Start", "Answer", "Hangup")
			if len(r.rooms.Rooms()) != 0 {
				t.Error("there is a room")
			}
			if r.Log.Count("12A") != 0 {
				t.Errorf("the PIN is in the log:\n%s", r.Log)
			}
		})
	}
}

// A wrong PIN is said to be one, in the sounds of the bridge profile; one that is not
// there opens nothing.
func TestConfBridgePINSounds(t *testing.T) {
	r := withMedia(t)
	v := r.visits("1001", "secret", 0)
	hears(t, v.phone, 900)
	at := v.phone.Heard()
	v.phone.Press("9#")
	hears(t, v.phone, 900) // asked again
	if level := tone.Level(v.phone.HearsSince(at, time.Second), 8000, 700); level < -40 {
		t.Errorf("the wrong PIN is said at %.1f dBFS", level)
	}
	v.Hangup(signaling.CauseNormal)
	r.note("h FAILED 16")

	v = r.visits("1002", "secret", 0, dialplan.Variable{Name: "BRIDGE", Value: "own-sounds"})
	v.phone.Press("9#9#9#")
	r.note("h FAILED 21")
	if r.Log.Count("sound not played") == 0 {
		t.Errorf("log:\n%s", r.Log)
	}

	v = r.visits("1003", "early", 0)
	hears(t, v.phone, 900)
	v.phone.Press("12#")
	r.inside(1)
	told(t, v.leg, "Start", "Progress")
	v.Hangup(signaling.CauseNormal)
	r.note("h HANGUP 16")
}

// Who says nothing at all is not let in.
func TestConfBridgePINOfNobody(t *testing.T) {
	virtual(t, func(t *testing.T, r *rig) {
		c := r.run(r.Leg("1001", nil, signaltest.Script{}), "conference-profile", dialplan.Variable{Name: "USER", Value: "secret"})
		begin := time.Now()
		if got := <-r.notes; got != "h FAILED 21" || time.Since(begin) != 30*time.Second {
			t.Errorf("%s after %v", got, time.Since(begin))
		}
		r.Gone(c)
	})
}

// The PIN of a room that is there counts, whatever profile its callers come by; a
// room that comes into being has that of the first one's.
func TestConfBridgePINOfTheRoom(t *testing.T) {
	r := withMedia(t)
	v := r.visits("1001", "secret", 0)
	hears(t, v.phone, 900)
	v.phone.Press("12A#")
	r.inside(1)
	room := r.rooms.Rooms()[0].Settings()
	if !room.PIN.Matches("12a") {
		t.Errorf("the room's PIN is %q", room.PIN)
	}
	v.Hangup(signaling.CauseNormal)
	r.note("h HANGUP 16")
	r.inside(0)

	digits, err := pin.Hash("77")
	if err != nil {
		t.Fatal(err)
	}
	kept, err := r.rooms.Create(conference.Settings{Number: room.Number, PIN: digits, Kept: true})
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	w := r.visits("1002", "secret", 0)
	hears(t, w.phone, 900)
	w.phone.Press("12A#77#")
	r.inside(1)
	w.Hangup(signaling.CauseNormal)
	r.note("h HANGUP 16")
	r.inside(0)
}

// A profile that is not there might have had a PIN.
func TestConfBridgeProfilesThatAreNotThere(t *testing.T) {
	for _, name := range []string{"USER", "BRIDGE"} {
		virtual(t, func(t *testing.T, r *rig) {
			c := r.run(r.Leg("1001", nil, signaltest.Script{}), "conference-profile", dialplan.Variable{Name: name, Value: "secrt"})
			if s := r.Gone(c); s.Cause == signaling.CauseNormal || s.State == signaling.Up {
				t.Errorf("%s: ended as %+v", name, s)
			}
			r.note("h FAILED 1")
			if r.Log.Count("secrt") == 0 {
				t.Errorf("log:\n%s", r.Log)
			}
		})
	}
}

func TestConfBridgeStartMuted(t *testing.T) {
	r := withMedia(t)
	a := r.visits("1001", "muted", 500)
	first := r.inside(1)[0]
	b := r.visits("1002", "", 700)
	hears(t, a.phone, 700)
	hears(t, b.phone)
	if !a.Snapshot().MutedIn || b.Snapshot().MutedIn {
		t.Errorf("muted: %v, %v", a.Snapshot().MutedIn, b.Snapshot().MutedIn)
	}
	ok(t, a.Mute(t.Context(), false)) // somebody lets them speak
	hears(t, b.phone, 500)
	ok(t, a.Mute(t.Context(), true))
	ok(t, r.rooms.Rooms()[0].Kick(t.Context(), first.ID))
	r.note("KICKED Up", "h KICKED 16")
	if a.Snapshot().MutedIn {
		t.Error("muted outside of the room")
	}
	b.Hangup(signaling.CauseNormal)
	r.note("h HANGUP 16")
}

// A guest is in the room only while somebody marked is.
func TestConfBridgeWaitMarked(t *testing.T) {
	r := withMedia(t)
	one, two := r.visits("1001", "guest", 500), r.visits("1002", "pupil", 700)
	for _, v := range []visitor{one, two} {
		if s := r.Until(v.Channel, "up", up); s.Bridge != "" {
			t.Errorf("%s is inside", s.Name)
		}
	}
	r.inside(0)

	leader := r.visits("1003", "leader", 900)
	hears(t, one.phone, 700, 900)
	hears(t, two.phone, 500, 900)
	for _, m := range r.inside(3) {
		isLeader := m.Channel == leader.ID()
		if m.Marked != isLeader || (m.Role == conference.RoleModerator) != isLeader {
			t.Errorf("participant %+v", m)
		}
	}
	leader.Hangup(signaling.CauseNormal)
	notes := map[string]bool{}
	for range 3 {
		notes[signaltest.Receive(t, "a note", r.notes)] = true
	}
	if !notes["h HANGUP 16"] || !notes["ENDMARKED Up"] || !notes["h ENDMARKED 16"] {
		t.Errorf("notes %v", notes)
	}
	r.inside(0) // the guest waits again
	if s := one.Snapshot(); s.Bridge != "" || s.Ended {
		t.Errorf("the guest is %+v", s)
	}

	leader = r.visits("1004", "leader", 900)
	hears(t, one.phone, 900)
	hears(t, leader.phone, 500)
	one.Hangup(signaling.CauseNormal)
	r.note("h HANGUP 16")
	leader.Hangup(signaling.CauseNormal)
	r.note("h HANGUP 16")
	r.Gone(leader.Channel)
	if n := len(r.rooms.Rooms()); n != 0 {
		t.Errorf("%d rooms are left", n)
	}
}

// A room that ends sends those home who wait outside.
func TestConfBridgeThatEndsWhileSomebodyWaits(t *testing.T) {
	r := withMedia(t)
	v := r.visits("1001", "guest", 0)
	r.Until(v.Channel, "up", up)
	r.Eventually("the room is there", func() bool { return len(r.rooms.Rooms()) == 1 })
	r.rooms.Rooms()[0].Close()
	r.note("KICKED Up", "h KICKED 16")
	r.Gone(v.Channel)
}

func TestConfBridgeEndMarkedAny(t *testing.T) {
	r := withMedia(t)
	first, second := r.visits("1001", "leader", 0), r.visits("1002", "leader", 0)
	r.inside(2)
	v := r.visits("1003", "visitor", 0)
	r.inside(3)
	first.Hangup(signaling.CauseNormal)
	notes := map[string]bool{}
	for range 3 {
		notes[signaltest.Receive(t, "a note", r.notes)] = true
	}
	if !notes["ENDMARKED Up"] {
		t.Errorf("notes %v", notes)
	}
	r.Gone(v.Channel)
	if s := second.Snapshot(); s.Ended {
		t.Errorf("the other leader is %+v", s)
	}
	second.Hangup(signaling.CauseNormal)
	r.note("h HANGUP 16")
}

func TestConfBridgeTimeout(t *testing.T) {
	for _, user := range []string{"short", "short-guest"} {
		r := newRig(t, signaltest.NewMixer(t, testCodecs()...))
		v := r.visits("1001", user, 0)
		r.note("TIMEOUT Up", "h TIMEOUT 16")
		r.Gone(v.Channel)
	}
}
