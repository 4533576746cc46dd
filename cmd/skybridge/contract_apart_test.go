package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/api/contract"
	"github.com/skygenesisenterprise/skybridge/api/voip/access"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
)

// Two users, each with calls, rooms, messages and a recording of their own, never find a word of
// the other's: in no answer to any operation that reads, in no frame of any channel.
func TestTwoUsersNeverSeeEachOther(t *testing.T) {
	w := newWorld(t)
	token := func(user string) asks { return as(t, w.srv, auth.Principal{User: user}) }
	alice, mallory := token("alice"), token("mallory")
	w.alice = alice // without a phone, which others see
	w.here()
	secrets := make(map[string]map[string]string) // of whom, of what
	for _, who := range []asks{alice, mallory} {
		user := map[asks]string{alice: "alice", mallory: "mallory"}[who]
		word := "word-of-" + user
		call := w.makes(who, "POST", "/calls", map[string]any{"participants": []string{"WebRTC/bob"}, "call_type": "audio", "metadata": map[string]string{"x": word}})
		ended := w.makes(who, "POST", "/calls", map[string]any{"participants": []string{"WebRTC/bob"}, "call_type": "audio", "metadata": map[string]string{"x": word}})
		w.makes(who, "POST", "/calls/"+text(ended, "id")+"/end", nil)
		room := w.makes(who, "POST", "/rooms", map[string]any{"name": word, "settings": map[string]any{"allow_recording": true}})
		joined := w.makes(who, "POST", "/rooms/"+text(room, "id")+"/join", nil)
		w.connects(who, text(joined, "call_id"))
		w.until(func() bool {
			in, _ := w.makes(who, "GET", "/rooms/"+text(room, "id"), nil)["participants"].([]any)
			return len(in) == 1
		})
		recording := w.makes(who, "POST", "/rooms/"+text(room, "id")+"/record", nil)
		w.makes(who, "POST", "/rooms/"+text(room, "id")+"/record/stop", nil)
		message := w.makes(who, "POST", "/messages", map[string]any{"to": "bob", "body": word})
		w.makes(who, "POST", "/calls/"+text(call, "id")+"/signaling", map[string]any{"message_type": "ice_candidate", "to_user": "bob", "payload": map[string]string{"candidate": word}})
		secrets[user] = map[string]string{
			"word": word, "call": text(call, "id"), "ended": text(ended, "id"), "room": text(room, "id"), "entered": text(joined, "call_id"),
			"participant": text(joined, "participant_id"), "recording": text(recording, "id"), "message": text(message, "id"),
		}
	}
	for _, x := range []struct {
		who         asks
		user, other string
	}{{alice, "alice", "mallory"}, {mallory, "mallory", "alice"}} {
		own, others := secrets[x.user], secrets[x.other]
		heard := w.reads(x.who, own, others)
		for what, secret := range own {
			if what != "participant" && what != "entered" && !strings.Contains(heard, secret) { // the test would see nothing else either
				t.Errorf("%s does not find %s of their own", x.user, what)
			}
		}
		heard += w.listensTo(x.who, x.user, x.other, own, others)
		for what, secret := range others {
			if strings.Contains(heard, secret) {
				t.Errorf("%s finds %s of %s", x.user, what, x.other)
			}
		}
	}
}

// filled are the paths of an operation with what somebody has.
func filled(op *contract.Operation, has map[string]string) []string {
	var out []string
	for _, id := range has {
		out = append(out, strings.ReplaceAll(strings.ReplaceAll(op.Path, "{id}", id), "{pid}", id))
	}
	return slices.Compact(slices.Sorted(slices.Values(out)))
}

// reads asks for all that can be read, of one's own and of another's, and gives all that came. What
// is the other's is not there.
func (w *world) reads(who asks, own, others map[string]string) string {
	w.t.Helper()
	var heard strings.Builder
	for _, op := range w.doc.Operations {
		if op.Method != http.MethodGet || !slices.Contains(op.Roles, "user") || slices.Contains(upgrades, op.ID) {
			continue
		}
		paths := []string{op.Path}
		if strings.Contains(op.Path, "{") {
			paths = filled(op, own)
			for _, path := range filled(op, others) {
				if r := w.asks(who.header, op.Method, path, nil); r.status != http.StatusNotFound && r.status != http.StatusForbidden && (op.Owner != string(access.Invited) || len(r.body) > 0) {
					w.t.Errorf("%s of somebody else's: %d %s", path, r.status, r.body)
				}
			}
		}
		for _, p := range op.Parameters { // lists by what is the other's
			if p.In != "query" || strings.Contains(op.Path, "{") {
				continue
			}
			for _, secret := range others {
				paths = append(paths, op.Path+"?"+p.Name+"="+secret)
			}
			paths = append(paths, op.Path+"?"+p.Name+"=ended")
		}
		for _, path := range paths {
			if r := w.asks(who.header, op.Method, path, nil); r.status == http.StatusOK {
				heard.Write(r.body)
			}
		}
	}
	return heard.String()
}

// listensTo subscribes to all channels that there may be while things happen, first to another,
// then to the user, and gives all that came until the last of the user's own.
func (w *world) listensTo(who asks, user, other string, own, others map[string]string) string {
	w.t.Helper()
	l := listens(w.t, w.srv, "Authorization", strings.TrimPrefix(who.header, "Authorization: "))
	channels := []string{"calls", "signaling", "presence:bob", "calls:mallory", "calls:alice", "signaling:alice", "signaling:mallory"}
	for _, has := range []map[string]string{own, others} {
		for _, id := range has {
			channels = append(channels, "call:"+id, "room:"+id)
		}
	}
	for _, channel := range channels {
		must(w.t, l.conn.WriteJSON(map[string]any{"type": "Subscribe", "channel": channel}))
	}
	var last string
	for _, user := range []string{other, user} {
		x := as(w.t, w.srv, auth.Principal{User: user})
		w.here()
		c := w.makes(x, "POST", "/calls", map[string]any{"participants": []string{"WebRTC/bob"}, "call_type": "audio", "metadata": map[string]string{"x": "word-of-" + user}})
		w.makes(x, "POST", "/calls/"+text(c, "id")+"/end", nil)
		w.makes(x, "POST", "/messages", map[string]any{"to": "bob", "body": "word-of-" + user})
		last = text(c, "id")
	}
	var heard strings.Builder
	for {
		var f map[string]any
		must(w.t, l.conn.ReadJSON(&f))
		if f["type"] == "Error" { // which names what was asked for
			if f["code"] != "not_found" && f["code"] != "invalid" {
				w.t.Errorf("%v", f)
			}
			continue
		}
		fmt.Fprintln(&heard, f)
		if f["event"] == "ended" && f["call_id"] == last {
			return heard.String()
		}
	}
}
