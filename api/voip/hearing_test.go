package voip_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/rooms"
	"github.com/skygenesisenterprise/skybridge/e2e/tone"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// speaks is a phone that answers at once and says a tone.
func (r *rig) speaks(number string, hz float64) *signaltest.Phone {
	r.t.Helper()
	h := &signaltest.House{T: r.t, Engine: r.engine, Mixer: r.mixer}
	ph := h.Phone(pcmu, hz)
	r.phones.mu.Lock()
	defer r.phones.mu.Unlock()
	r.phones.at[number] = func() signaling.Leg {
		return h.Leg(number, ph, signaltest.Script{Start: (*signaltest.Leg).Answered})
	}
	return ph
}

// hears waits until a phone hears these tones and no other of those that are said.
func hears(t *testing.T, who string, p *signaltest.Phone, tones ...float64) {
	t.Helper()
	var wrong []string
	for range 20 { // on a busy machine frames come late; what is joined wrongly never has one good window
		pcm := p.Hears(500 * time.Millisecond)
		wrong = nil
		for _, hz := range []float64{500, 700, 900} {
			level := tone.Lasting(pcm, p.Rate(), hz)
			if heard := slices.Contains(tones, hz); heard && level < -25 || !heard && level > -45 {
				wrong = append(wrong, fmt.Sprintf("%v Hz at %.1f dBFS", hz, level))
			}
		}
		if wrong == nil {
			return
		}
	}
	t.Errorf("%s wants to hear %v Hz: %v", who, tones, wrong)
}

// A supervisor monitors, coaches and is let in; what a request does not name stays.
func TestWhoHearsWhomInARoom(t *testing.T) {
	r := newRig(t)
	alice := r.as("alice")
	room := alice.room(map[string]any{"name": "Coaching"})
	var ids []string
	var ph []*signaltest.Phone
	for i, hz := range []float64{500, 700, 900} {
		number := fmt.Sprint(1001 + i)
		ph = append(ph, r.speaks(number, hz))
		ids = append(ids, alice.joins(room.ID, map[string]any{"endpoint": "SIP/" + number}).ParticipantID)
		alice.awaits(room.ID, number+" is in", present(i+1))
	}
	everyone := []string{"everyone"}
	set := func(body map[string]any) rooms.RoomParticipantBody {
		t.Helper()
		var got rooms.RoomBody
		alice.post("/rooms/"+room.ID+"/participants/"+ids[2]+"/hearing", body).want(200).into(&got)
		return got.Participants[2]
	}
	is := func(p rooms.RoomParticipantBody, heardBy, hears []string) {
		t.Helper()
		if !slices.Equal(p.HeardBy, heardBy) || !slices.Equal(p.Hears, hears) {
			t.Errorf("heard by %v, hears %v", p.HeardBy, p.Hears)
		}
	}
	is(set(map[string]any{}), everyone, everyone)
	is(set(map[string]any{"heard_by": []string{}}), []string{}, everyone) // a monitor
	hears(t, "the agent", ph[0], 700)
	hears(t, "the customer", ph[1], 500)
	hears(t, "the monitor", ph[2], 500, 700)
	is(set(map[string]any{"heard_by": ids[:1], "hears": ids[:2]}), ids[:1], ids[:2]) // a whisper
	hears(t, "the agent", ph[0], 700, 900)
	hears(t, "the customer", ph[1], 500)
	is(set(map[string]any{"hears": ids[1:2]}), ids[:1], ids[1:2]) // who hears it stays
	hears(t, "the coach", ph[2], 700)
	hears(t, "the agent", ph[0], 700, 900)
	is(set(map[string]any{"heard_by": everyone, "hears": everyone}), everyone, everyone)
	hears(t, "the customer", ph[1], 500, 900)
	hears(t, "who was let in", ph[2], 500, 700)

	path := "/rooms/" + room.ID + "/participants/"
	for name, tc := range map[string]struct {
		who    string
		in     any
		status int
		at     string
	}{
		"nobody of that name":  {ids[2], map[string]any{"heard_by": []string{ids[0], "x"}}, 404, "body.heard_by[1]"},
		"everyone among names": {ids[2], map[string]any{"hears": []string{ids[0], "everyone"}}, 404, "body.hears[1]"},
		"too many":             {ids[2], map[string]any{"hears": slices.Repeat([]string{ids[0]}, 65)}, 413, "body.hears"},
		"no list":              {ids[2], map[string]any{"hears": "everyone"}, 422, "body.hears"},
	} {
		t.Run(name, func(t *testing.T) { alice.in(t).post(path+tc.who+"/hearing", tc.in).want(tc.status).at(tc.at) })
	}
	alice.post(path+"nobody/hearing", map[string]any{}).want(404)
	bob := r.as("bob")
	bob.post(path+ids[2]+"/hearing", map[string]any{}).want(404)
	waiting := alice.joins(room.ID, nil)
	alice.post(path+waiting.ParticipantID+"/hearing", map[string]any{"hears": []string{}}).want(409)
	alice.post(path+ids[2]+"/hearing", map[string]any{"hears": []string{waiting.ParticipantID}}).want(404).at("body.hears[0]")

	// One volume leaves the other as it is.
	var got rooms.RoomBody
	alice.post(path+ids[0]+"/volume", map[string]any{"talking": -40}).want(200)
	hears(t, "the customer", ph[1], 900)
	alice.post(path+ids[0]+"/volume", map[string]any{"listening": 0}).want(200).into(&got)
	if p := got.Participants[0]; p.Talking != -40 || p.Listening != 0 {
		t.Errorf("volumes %v and %v", p.Talking, p.Listening)
	}
	alice.post(path+ids[0]+"/volume", map[string]any{"listening": -40}).want(200)
	hears(t, "who hears softly", ph[0])
	alice.post(path+ids[0]+"/volume", map[string]any{"talking": 0}).want(200).into(&got)
	if p := got.Participants[0]; p.Talking != 0 || p.Listening != -40 {
		t.Errorf("volumes %v and %v", p.Talking, p.Listening)
	}
	hears(t, "the customer", ph[1], 500, 900)
}
