package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func (r reply) state() string {
	var p struct{ State string }
	if json.Unmarshal(r.body, &p) != nil {
		return ""
	}
	return p.State
}

// What cannot be done in a state is 409 with the state: every operation on a call that rings, on
// one that has ended, on a room that nobody is in, on a participant on the way in. Those that are
// named have to be refused; whatever else is, says the state too.
func TestAWrongStateIsSaid(t *testing.T) {
	w := newWorld(t)
	ended, party := w.call()
	w.makes(w.alice, "POST", "/calls/"+ended+"/end", nil)
	empty := w.room()
	entering := w.room()
	early := text(w.makes(w.alice, "POST", "/rooms/"+entering+"/join", nil), "participant_id")
	meeting, _ := w.meeting()
	recording := text(w.makes(w.alice, "POST", "/rooms/"+meeting+"/record", nil), "id")
	w.makes(w.alice, "POST", "/rooms/"+meeting+"/lock", nil)
	for _, tc := range []struct {
		path, id, pid string
		states        []string
		refused       []string
	}{
		{"/calls/", "", "", []string{"initiated", "ringing"}, []string{"hold-call", "unhold-call", "mute-call", "send-dtmf", "transfer-call", "record-call", "stop-recording-call"}},
		{"/calls/", ended, party, []string{"ended"}, []string{
			"accept-call", "hold-call", "unhold-call", "mute-call", "unmute-call", "send-dtmf", "transfer-call", "record-call", "stop-recording-call",
			"add-participants", "send-signaling", "remove-participant",
		}},
		{"/rooms/", empty, unknownID, []string{"empty"}, []string{"record-room", "stop-recording-room"}},
		{"/rooms/", entering, early, []string{"invited", "empty"}, []string{"mute-participant", "unmute-participant", "set-participant-volume", "set-participant-hearing"}},
		{"/recordings/", recording, "", []string{"recording"}, []string{"delete-recording"}},
		{"/rooms/", meeting, unknownID, []string{"locked"}, []string{"record-room"}},
	} {
		for _, op := range w.doc.Operations {
			if !strings.HasPrefix(op.Path, apiBase+tc.path+"{id}") || slices.Contains([]string{"end-call", "delete-room", "change-room", "lock-room", "unlock-room", "kick-participant", "join-room", "join-external-media"}, op.ID) {
				continue
			}
			id, pid := tc.id, tc.pid
			if id == "" {
				id, pid = w.call()
			}
			header := w.alice.header
			if !slices.Contains(op.Roles, "user") {
				header = w.admin.header
			}
			path := strings.ReplaceAll(strings.ReplaceAll(op.Path, "{id}", id), "{pid}", pid)
			r := w.asks(header, op.Method, path, samples[op.ID])
			if r.status == http.StatusConflict && op.Method != http.MethodHead && !slices.Contains(tc.states, r.state()) || slices.Contains(tc.refused, op.ID) && r.status != http.StatusConflict {
				t.Errorf("%s on one that is %v: %d %s", op.ID, tc.states, r.status, r.body)
			}
		}
	}
	// By WebSocket likewise.
	l := listens(t, w.srv, "Authorization", strings.TrimPrefix(w.alice.header, "Authorization: "))
	must(t, l.conn.WriteJSON(map[string]any{"type": "Signaling", "call_id": ended, "message_type": "mute"}))
	if e := l.next("Error"); e["state"] != "ended" {
		t.Errorf("%v", e)
	}
}
