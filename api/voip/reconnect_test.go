package voip_test

import (
	"bytes"
	"context"
	"regexp"
	"testing"
	"time"

	pion "github.com/pion/webrtc/v4"

	"github.com/skygenesisenterprise/skybridge/api/voip"
	"github.com/skygenesisenterprise/skybridge/api/voip/rooms"
)

const patienceWithBrowsers = 30 * time.Second

func waitsForBrowsers(c *voip.Config) { c.Reconnect = patienceWithBrowsers }

// of is a user's party in a call.
func of(name string, c voip.CallBody) (p voip.ParticipantBody) {
	for _, p := range c.Participants {
		if p.UserID != nil && *p.UserID == name {
			return p
		}
	}
	return p
}

func in(name string, state voip.ParticipantState) func(voip.CallBody) bool {
	return func(c voip.CallBody) bool { return of(name, c).State == state }
}

// hearsThat waits until the phone hears a frame.
func (ph *phone) hearsThat(t *testing.T, want []byte) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	for {
		got, err := ph.hears(ctx)
		must(t, err)
		if bytes.Equal(got, want) {
			return
		}
	}
}

// talkingTo is a call of a user's browser to phone 1001, in which they talk.
func (u *user) talkingTo(b *browser) (voip.CallBody, *phone) {
	u.t.Helper()
	c := u.calls("SIP/1001")
	u.connects(c.ID, b)
	ph := u.phone("1001")
	ph.answers()
	return u.sees(c.ID, "they talk", talkers("SIP/1001", "WebRTC/"+u.name)), ph
}

// another is a browser's page, loaded again: it has seen what the one before has.
func (b *browser) another(t *testing.T) *browser {
	t.Helper()
	next := newBrowser(t)
	next.seen = b.seen
	return next
}

// A browser that goes without hanging up is shown to be reconnecting, and the others are let be.
// When it comes back it goes on where it was: same participant, same channel. When it does not,
// its part ends in a while.
func TestABrowserIsAwayForAWhile(t *testing.T) {
	clock := newClock()
	r := newRig(t, clock.runs, waitsForBrowsers)
	alice := r.as("alice")
	b := newBrowser(t)
	c, ph := alice.talkingTo(b)
	was := of("alice", c)
	live := alice.live()
	live.says("Subscribe", "channel", "call:"+c.ID)
	live.until("Subscribed", func(told) bool { return true })

	must(t, b.GracefulClose())
	live.until("Call", func(f told) bool { return in("alice", voip.StateReconnecting)(f.Call) && f.Event == "updated" })
	now := alice.sees(c.ID, "alice is away", in("alice", voip.StateReconnecting))
	if now.Status != voip.StatusActive || now.Participants[0].State != voip.StateConnected {
		t.Errorf("while alice is away: %s", show(now))
	}
	clock.passes(patienceWithBrowsers - time.Second)

	again := b.another(t)
	alice.connects(c.ID, again)
	live.until("Call", func(f told) bool { return in("alice", voip.StateConnected)(f.Call) })
	now = alice.sees(c.ID, "alice is back", in("alice", voip.StateConnected))
	if is := of("alice", now); is.ID != was.ID || *is.ChannelID != *was.ChannelID || now.BridgeID != c.BridgeID || len(now.Participants) != 2 {
		t.Errorf("alice came back as another: %s, was %s", show(now), show(c))
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	again.talks(ctx, frame(0x33))
	ph.hearsThat(t, frame(0x33))
	clock.passes(time.Hour) // of the wait that is over
	alice.sees(c.ID, "alice is there", in("alice", voip.StateConnected))

	must(t, again.GracefulClose())
	alice.sees(c.ID, "alice is away once more", in("alice", voip.StateReconnecting))
	clock.passes(patienceWithBrowsers)
	ph.hungUp(t)
	over := alice.sees(c.ID, "the call is over", status(voip.StatusEnded))
	if over.Cause != 16 || of("alice", over).State != voip.StateLeft {
		t.Errorf("ended as %s", show(over))
	}
	live.until("Call", func(f told) bool { return f.Event == "ended" })
	var list struct{ Items []voip.CallBody }
	alice.get("/calls?status=ended").want(200).into(&list)
	if len(list.Items) != 1 || list.Items[0].Cause != 16 {
		t.Errorf("records %s", show(list.Items))
	}
}

// A page that is loaded again while its old connection looks well takes that one's place, with
// credentials of its own; nobody else may.
func TestABrowserIsReplaced(t *testing.T) {
	clock := newClock()
	r := newRig(t, clock.runs, waitsForBrowsers)
	alice, eve, owner := r.as("alice"), r.as("eve"), r.as("carol", extension("1001"))
	b := newBrowser(t)
	c, ph := alice.talkingTo(b)
	strange := newBrowser(t).offer()
	eve.sends(c.ID, "offer", strange).want(404)
	owner.sends(c.ID, "offer", strange).want(409)

	again := b.another(t)
	alice.connects(c.ID, again)
	for s := range b.states {
		if s == pion.PeerConnectionStateClosed {
			break
		}
	}
	now := alice.sees(c.ID, "alice is there", in("alice", voip.StateConnected))
	if is := of("alice", now); *is.ChannelID != *of("alice", c).ChannelID || len(now.Participants) != 2 {
		t.Errorf("alice came back as another: %s, was %s", show(now), show(c))
	}
	ufrag := regexp.MustCompile(`a=ice-(ufrag|pwd):\S+`)
	for i, was := range ufrag.FindAllString(b.RemoteDescription().SDP, 2) {
		if is := ufrag.FindAllString(again.RemoteDescription().SDP, 2)[i]; is == was {
			t.Errorf("both connections have %s", is)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	again.talks(ctx, frame(0x33))
	ph.hearsThat(t, frame(0x33))
	alice.post("/calls/"+c.ID+"/end", nil).want(200)
	ph.hungUp(t)
}

// Who is away from a room is shown to be, and keeps the place.
func TestAMemberOfARoomIsAway(t *testing.T) {
	clock := newClock()
	r := newRig(t, clock.runs, waitsForBrowsers)
	alice, bob := r.as("alice"), r.as("bob")
	room := alice.room(map[string]any{"name": "Talk", "max_participants": 2})
	a, b := newBrowser(t), newBrowser(t)
	alice.connects(alice.joins(room.ID, nil).CallID, a)
	j := bob.joins(room.ID, nil)
	bob.connects(j.CallID, b)
	alice.awaits(room.ID, "both are in", present(2))
	live := alice.live()
	live.says("Subscribe", "channel", "room:"+room.ID)
	live.until("Subscribed", func(told) bool { return true })
	bobIs := func(state string) func(rooms.RoomBody) bool {
		return func(r rooms.RoomBody) bool {
			for _, p := range r.Participants {
				if p.ID == j.ParticipantID {
					return p.State == state
				}
			}
			return state == "left"
		}
	}

	must(t, b.GracefulClose())
	live.until("Room", func(f told) bool { return f.Event == "reconnecting" && f.Participant.UserID == "bob" })
	alice.awaits(room.ID, "bob is away", bobIs("reconnecting"))
	bob.post("/rooms/"+room.ID+"/join", nil).want(409, "room_full")
	again := b.another(t)
	bob.connects(j.CallID, again)
	live.until("Room", func(f told) bool { return f.Event == "reconnected" && f.Participant.UserID == "bob" })
	alice.awaits(room.ID, "bob is back", bobIs("connected"))
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	again.talks(ctx, frame(0x33))
	select {
	case <-a.heard:
	case <-time.After(patience):
		t.Error("alice hears nothing")
	}

	must(t, again.GracefulClose())
	alice.awaits(room.ID, "bob is away once more", bobIs("reconnecting"))
	clock.passes(patienceWithBrowsers)
	live.until("Room", func(f told) bool { return f.Event == "left" && f.Participant.UserID == "bob" })
	alice.awaits(room.ID, "bob is out", bobIs("left"))
}

// A browser that a transfer took into another call is away there.
func TestATransferredBrowserIsAway(t *testing.T) {
	clock := newClock()
	r := newRig(t, clock.runs, waitsForBrowsers)
	alice, bob, carol := r.as("alice"), r.as("bob"), r.as("carol")
	calls := func(u *user, b *browser) voip.CallBody {
		c := alice.calls("WebRTC/" + u.name)
		alice.connects(c.ID, newBrowser(t))
		u.connects(c.ID, b)
		return alice.sees(c.ID, "they talk", talkers("WebRTC/alice", "WebRTC/"+u.name))
	}
	b, other := newBrowser(t), newBrowser(t)
	first := calls(bob, b)
	into := calls(carol, other)
	alice.post("/calls/"+first.ID+"/transfer", map[string]any{"call_id": into.ID}).want(200)
	bob.sees(into.ID, "bob talks to carol", talkers("WebRTC/bob", "WebRTC/carol"))
	must(t, b.GracefulClose())
	carol.sees(into.ID, "bob is away", in("bob", voip.StateReconnecting))
	again := newBrowser(t)
	bob.connects(into.ID, again)
	carol.sees(into.ID, "bob is back", in("bob", voip.StateConnected))
}
