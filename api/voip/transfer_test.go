package voip_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/skygenesisenterprise/skybridge/api/voip"
	"github.com/skygenesisenterprise/skybridge/api/voip/records"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/transfer"
)

// connected are the endpoints that talk in a call.
func connected(c voip.CallBody) (out []string) {
	for _, p := range c.Participants {
		if p.State == voip.StateConnected {
			out = append(out, p.Endpoint)
		}
	}
	slices.Sort(out)
	return out
}

func talkers(endpoints ...string) func(voip.CallBody) bool {
	return func(c voip.CallBody) bool { return slices.Equal(connected(c), endpoints) }
}

// phones makes a call of phones, which all answer.
func (u *user) connectsPhones(numbers ...string) (voip.CallBody, []*phone) {
	u.t.Helper()
	var list []string
	for _, n := range numbers {
		list = append(list, "SIP/"+n)
	}
	c := u.calls(list...)
	var phones []*phone
	for _, n := range numbers {
		ph := u.phone(n)
		ph.answers()
		phones = append(phones, ph)
	}
	return u.sees(c.ID, "all talk", talkers(list...)), phones
}

func (r *rig) transfers(t event.Type) *event.Subscription {
	sub := r.engine.Bus().Subscribe(4, func(e *event.Event) bool { return e.Type == t })
	r.t.Cleanup(sub.Close)
	return sub
}

// Who transfers a call goes, and who is named is rung in their place.
func TestABlindTransfer(t *testing.T) {
	r := newRig(t)
	bob := r.as("bob", extension("1001"))
	c, phones := bob.connectsPhones("1001", "1002")
	told := r.transfers(event.BridgeBlindTransfer)
	var got voip.CallBody
	bob.post("/calls/"+c.ID+"/transfer", map[string]any{"to": "SIP/1003"}).want(200).into(&got)
	phones[0].hungUp(t)
	if got.Status != voip.StatusActive || len(got.Participants) != 3 || got.Participants[2].State != voip.StateRinging {
		t.Errorf("transferred %s", show(got))
	}
	target := r.phone("1003")
	target.answers()
	now := bob.sees(c.ID, "the others talk", talkers("SIP/1002", "SIP/1003"))
	if n := len(bridge(t, r, c.BridgeID).Channels); n != 2 || now.Participants[0].State != voip.StateLeft {
		t.Errorf("%d are in the bridge: %s", n, show(now))
	}
	if d := (<-told.Events()).Data.(transfer.BlindEvent); d.Exten != "SIP/1003" || d.Result != transfer.Success || d.Transferee.Endpoint != "1002" {
		t.Errorf("told %+v", d)
	}
	target.hangsUp(16)
	phones[1].hungUp(t)
	bob.sees(c.ID, "it ends", status(voip.StatusEnded))
}

// A target that does not answer ends the call; one that cannot be rung leaves it as it was.
func TestABlindTransferThatFails(t *testing.T) {
	r := newRig(t)
	bob := r.as("bob", extension("1001"))
	c, phones := bob.connectsPhones("1001", "1002")
	path := "/calls/" + c.ID + "/transfer"
	r.phones.unregister("1003")
	for _, ca := range []struct {
		body   map[string]any
		status int
		code   string
		field  string
	}{
		{map[string]any{}, 422, "invalid", "body"},
		{map[string]any{"to": "SIP/1003", "call_id": c.ID}, 422, "invalid", "body"},
		{map[string]any{"to": "1003"}, 422, "invalid", "body.to"},
		{map[string]any{"to": "SIP/999"}, 404, "not_found", "body.to"},
		{map[string]any{"to": "SIP/1003"}, 409, "endpoint_unreachable", "body.to"},
		{map[string]any{"to": "SIP/1002"}, 409, "conflict", "body.to"},
		{map[string]any{"call_id": c.ID}, 422, "invalid", "body.call_id"},
		{map[string]any{"call_id": "x"}, 404, "not_found", "body.call_id"},
		{map[string]any{"call_id": "01a20914-bd65-7e30-b258-b2c98212f041"}, 404, "not_found", "body.call_id"},
	} {
		a := bob.post(path, ca.body).want(ca.status, ca.code)
		if ca.field != "body" {
			a.at(ca.field)
		}
		if p := a.problem(); ca.status == 409 && p.State != "active" {
			t.Errorf("%v: state %q", ca.body, p.State)
		}
	}
	if got := bob.sees(c.ID, "they talk on", talkers("SIP/1001", "SIP/1002")); len(bridge(t, r, c.BridgeID).Channels) != 2 {
		t.Errorf("the call is %s", show(got))
	}
	bob.post(path, map[string]any{"to": "WebRTC/carol"}).want(200)
	r.as("carol").post("/calls/"+c.ID+"/end", nil).want(200) // refuses
	phones[1].hungUp(t)
	if p := bob.post(path, map[string]any{"to": "SIP/1002"}).want(409, "call_ended").problem(); p.State != "ended" {
		t.Errorf("state %q", p.State)
	}
}

// Who may transfer a call, and which.
func TestWhoTransfers(t *testing.T) {
	r := newRig(t)
	alice, bob := r.as("alice"), r.as("bob", extension("1001"))
	c, _ := alice.connectsPhones("1001", "1002")
	path, body := "/calls/"+c.ID+"/transfer", map[string]any{"to": "SIP/1003"}
	alice.post(path, body).want(403, "forbidden") // has no part in it
	r.as("root", role(auth.RoleAdmin)).post(path, body).want(403, "forbidden")
	r.as("audit", role(auth.RoleAuditor)).post(path, body).want(403, "forbidden")
	r.as("eve").post(path, body).want(404, "not_found")
	(&user{rig: r, name: "nobody"}).post(path, body).want(401)
	room := alice.room(map[string]any{"name": "x"})
	j := alice.joins(room.ID, nil)
	alice.post("/calls/"+j.CallID+"/transfer", body).want(409, "conflict")
	other := alice.calls("SIP/1003")
	bob.post(path, map[string]any{"call_id": other.ID}).want(404, "not_found")
}

// The other parties of two calls talk to each other, and who brought them together is out.
func TestAnAttendedTransfer(t *testing.T) {
	for name, answered := range map[string]bool{"after the answer": true, "while it rings": false} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			alice := r.as("alice")
			first := alice.calls("SIP/1001")
			alice.connects(first.ID, newBrowser(t))
			one := r.phone("1001")
			one.answers()
			alice.sees(first.ID, "they talk", talkers("SIP/1001", "WebRTC/alice"))
			alice.post("/calls/"+first.ID+"/hold", nil).want(200)
			second := alice.calls("SIP/1002")
			alice.connects(second.ID, newBrowser(t))
			two := r.phone("1002")
			if answered {
				two.answers()
				alice.sees(second.ID, "they talk", talkers("SIP/1002", "WebRTC/alice"))
			} else {
				alice.sees(second.ID, "alice is there", talkers("WebRTC/alice"))
			}
			told := r.transfers(event.BridgeAttendedTransfer)
			alice.post("/calls/"+first.ID+"/transfer", map[string]any{"call_id": second.ID}).want(200)
			alice.sees(first.ID, "the first is over", status(voip.StatusEnded))
			two.answers()
			now := alice.sees(second.ID, "the two talk", talkers("SIP/1001", "SIP/1002"))
			if now.Status != voip.StatusActive || len(bridge(t, r, second.BridgeID).Channels) != 2 {
				t.Errorf("the second call is %s", show(now))
			}
			if d := (<-told.Events()).Data.(transfer.AttendedEvent); d.Transferee.Endpoint != "1001" || d.Result != transfer.Success || string(d.Bridge) != second.BridgeID {
				t.Errorf("told %+v", d)
			}
			for _, on := range []bool{true, false} {
				if got := <-one.held; got != on {
					t.Errorf("the phone was told %v of the hold", got)
				}
			}
			two.hangsUp(16)
			one.hungUp(t)
			alice.sees(second.ID, "the second is over", status(voip.StatusEnded))
		})
	}
}

// A party joins the conference of who transfers it, and a browser hears where it is now.
func TestTransfersOfOthers(t *testing.T) {
	r := newRig(t)
	alice, bob := r.as("alice"), r.as("bob")
	conf := alice.calls("SIP/1001", "SIP/1002", "WebRTC/alice")
	alice.connects(conf.ID, newBrowser(t))
	r.phone("1001").answers()
	r.phone("1002").answers()
	alice.sees(conf.ID, "three talk", talkers("SIP/1001", "SIP/1002", "WebRTC/alice"))
	call := alice.calls("WebRTC/bob")
	alice.connects(call.ID, newBrowser(t))
	bob.connects(call.ID, newBrowser(t))
	alice.sees(call.ID, "two talk", talkers("WebRTC/alice", "WebRTC/bob"))
	alice.post("/calls/"+conf.ID+"/transfer", map[string]any{"call_id": call.ID}).want(200)
	alice.sees(conf.ID, "bob is in the conference", talkers("SIP/1001", "SIP/1002", "WebRTC/bob"))
	bob.sees(call.ID, "the other call is over", status(voip.StatusEnded))
	if list := bob.messages(call.ID, 0, 0); len(list) != 0 {
		t.Errorf("bob is told to hang up: %s", show(list))
	}
	bob.post("/calls/"+conf.ID+"/mute", nil).want(200) // it is his call now
}

// Where the call that a party is taken into ends meanwhile, the party is out of both.
func TestATransferIntoACallThatEnds(t *testing.T) {
	r := newRig(t)
	alice := r.as("alice")
	first := alice.calls("SIP/1001")
	alice.connects(first.ID, newBrowser(t))
	one := r.phone("1001")
	one.answers()
	here := alice.sees(first.ID, "they talk", talkers("SIP/1001", "WebRTC/alice"))
	second := alice.calls("SIP/1002")
	alice.connects(second.ID, newBrowser(t))
	r.phone("1002").answers()
	alice.sees(second.ID, "they talk too", talkers("SIP/1002", "WebRTC/alice"))
	i := slices.IndexFunc(here.Participants, func(p records.ParticipantBody) bool { return p.Endpoint == "SIP/1001" })
	ch, err := r.engine.Channel(*here.Participants[i].ChannelID)
	must(t, err)
	held, free, done := make(chan struct{}), make(chan struct{}), make(chan answer, 1)
	var slow sync.WaitGroup
	slow.Go(func() { // ended by free
		_ = ch.Do(context.Background(), func() error { close(held); <-free; return nil })
	})
	<-held
	slow.Go(func() { done <- alice.post("/calls/"+first.ID+"/transfer", map[string]any{"call_id": second.ID}) })
	alice.sees(second.ID, "the phone is about to come", func(c voip.CallBody) bool {
		return slices.ContainsFunc(c.Participants, func(p records.ParticipantBody) bool { return p.Endpoint == "SIP/1001" })
	})
	alice.post("/calls/"+second.ID+"/end", nil).want(200)
	close(free)
	slow.Wait()
	if a := <-done; a.status < 400 {
		t.Errorf("transferred: %s", a.body)
	}
	one.hungUp(t)
	alice.sees(first.ID, "nobody is left", status(voip.StatusEnded))
}
