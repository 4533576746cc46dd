package voip_test

import (
	"context"
	"testing"

	"github.com/skygenesisenterprise/skybridge/api/voip"
	"github.com/skygenesisenterprise/skybridge/api/voip/records"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
)

// rings waits until a session's call comes in.
func (s *session) rings() records.CallBody {
	s.t.Helper()
	f := s.until("Call", func(f told) bool { return f.Event == "incoming" })
	if f.CallID != f.Call.ID {
		s.t.Errorf("%+v", f)
	}
	return f.Call
}

// stops waits until a call rings no more, since somebody has taken it.
func (s *session) stops(call string) {
	s.t.Helper()
	for !s.taken[call] {
		s.any()
	}
}

// dials has a plan call an endpoint.
func (r *rig) dials(endpoint string) (*signaling.Channel, error) {
	r.t.Helper()
	target, err := dialstring.Parse(endpoint)
	must(r.t, err)
	return r.engine.Outgoing(context.Background(), signaling.Outgoing{
		Target: target, Request: signaling.DialRequest{Caller: signaling.CallerID{Name: "Ana", Number: "1001"}},
	})
}

// until waits for a channel to be as wished.
func (r *rig) until(ch *signaling.Channel, what string, ok func(signaling.ChannelSnapshot) bool) signaling.ChannelSnapshot {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s, err := ch.Until(ctx, ok)
	if err != nil {
		r.t.Fatalf("never %s: %v in %+v", what, err, ch.Snapshot())
	}
	return s
}

// A call to a user, by REST and of the dialplan, by name and by extension, rings every client of
// theirs; who takes it has it, and the others ring no more.
func TestBrowsersRing(t *testing.T) {
	r := newRig(t, knowsWho)
	bob := r.as("bob")
	for _, endpoint := range []string{"WebRTC/alice", "WebRTC/1004", "SIP/1004"} {
		if _, err := r.dials(endpoint); fault.Of(err) != fault.Unreachable && fault.Of(err) != fault.NotFound {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
	bob.post("/calls", map[string]any{"participants": []string{"WebRTC/alice"}, "call_type": "audio"}).
		want(409, "endpoint_unreachable").at("body.participants[0]")

	alice := r.as("alice", extension("1004"))
	first, second, other := alice.live(), alice.live(), bob.live()
	for _, endpoint := range []string{"WebRTC/alice", "WebRTC/1004"} {
		ch, err := r.dials(endpoint)
		must(t, err)
		r.until(ch, "ringing", func(s signaling.ChannelSnapshot) bool { return s.State == signaling.Ringing })
		c := first.rings()
		if second.rings().ID != c.ID || c.Direction != "inbound" || c.Metadata["caller_id"] != "1001" || c.Metadata["caller_name"] != "Ana" {
			t.Errorf("%s", show(c))
		}
		bob.get("/calls/" + c.ID).want(404)
		alice.post("/calls/"+c.ID+"/hold", nil).want(409)
		alice.post("/calls/"+c.ID+"/accept", nil).want(200)
		second.stops(c.ID)
		b := newBrowser(t)
		first.connects(c.ID, b)
		r.until(ch, "up", func(s signaling.ChannelSnapshot) bool { return s.State == signaling.Up && s.Media })
		got := alice.sees(c.ID, "active", status(voip.StatusActive))
		if len(got.Participants) != 2 || got.Participants[1].State != voip.StateConnected || *got.Participants[1].ChannelID != string(ch.ID()) {
			t.Errorf("%s", show(got))
		}
		alice.post("/calls/"+c.ID+"/mute", nil).want(200)
		alice.post("/calls/"+c.ID+"/participants", map[string]any{"participants": []string{"SIP/1001"}}).want(409)
		alice.post("/calls/"+c.ID+"/record", map[string]any{}).want(409)
		alice.post("/calls/"+c.ID+"/transfer", map[string]any{"to": "SIP/1001"}).want(409)
		ch.Hangup(signaling.CauseNormal)
		first.until("Signaling", func(f told) bool { return f.CallID == c.ID && f.Message.MessageType == "hangup" })
		if rec := alice.sees(c.ID, "ended", status(voip.StatusEnded)); rec.Direction != "inbound" {
			t.Errorf("%s", show(rec))
		}
	}

	// By REST, and refused.
	c := bob.calls("WebRTC/1004")
	if first.rings().ID != c.ID || second.rings().ID != c.ID {
		t.Error("another call rings")
	}
	alice.post("/calls/"+c.ID+"/end", nil).want(200)
	second.until("Call", func(f told) bool { return f.Event == "ended" && f.CallID == c.ID })

	// Given up by who calls, and refused by who is called.
	ch, err := r.dials("WebRTC/alice")
	must(t, err)
	first.rings()
	ch.Hangup(signaling.CauseNormal)
	first.until("Call", func(f told) bool { return f.Event == "ended" })
	ch, err = r.dials("WebRTC/alice")
	must(t, err)
	id := first.rings().ID
	alice.post("/calls/"+id+"/end", nil).want(200)
	if s := r.until(ch, "ended", func(s signaling.ChannelSnapshot) bool { return s.Ended }); s.Cause != signaling.CauseRejected {
		t.Errorf("refused with %s", s.Cause.Text())
	}

	// Bob is told of none of it but his own call's end.
	must(t, other.conn.WriteJSON(map[string]any{"type": "Subscribe", "channel": "calls"}))
	other.until("Subscribed", func(f told) bool {
		if f.Type == "Call" {
			t.Errorf("bob is told %+v", f)
		}
		return true
	})
}

// Where a user's phone cannot be rung, their browsers are; where it can, they are told of it, and
// may take the call from it.
func TestAnExtensionRingsBrowsers(t *testing.T) {
	r := newRig(t, knowsWho)
	alice := r.as("alice", extension("1002"))
	s := alice.live()
	bob := r.as("bob")
	c := bob.calls("SIP/1002")
	if s.rings().ID != c.ID {
		t.Error("another call rings")
	}
	ph := r.phone("1002")
	b := newBrowser(t)
	alice.post("/calls/"+c.ID+"/accept", nil).want(200)
	s.connects(c.ID, b)
	if cause := ph.hungUp(t); cause != signaling.CauseAnsweredElse {
		t.Errorf("the phone stops with %s", cause.Text())
	}
	s.stops(c.ID)

	r.phones.unregister("1003")
	carol := r.as("carol", extension("1003"))
	s = carol.live()
	ch, err := r.dials("SIP/1003")
	must(t, err)
	id := s.rings().ID
	carol.post("/calls/"+id+"/accept", nil).want(200)
	s.connects(id, newBrowser(t))
	r.until(ch, "up", func(s signaling.ChannelSnapshot) bool { return s.State == signaling.Up })
}
