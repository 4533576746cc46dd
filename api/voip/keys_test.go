package voip_test

import (
	"context"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// keyring has the API keys of a database.
type keyring struct{ db *store.Store }

func (k keyring) APIKey(ctx context.Context, hash string) (auth.Key, error) {
	row, err := k.db.APIKeys.ByHash(ctx, hash)
	return auth.Key{ID: row.ID, Hash: row.Hash, User: row.Owner, Scopes: row.Scopes, Revoked: !row.Revoked.IsZero()}, err
}

// by gives a user by an API key with scopes, and the key's id.
func (r *rig) by(name string, scopes ...string) (*user, string) {
	r.t.Helper()
	text, key := auth.NewKey(name, nil, time.Time{})
	id := signaling.NewID()
	must(r.t, r.db.APIKeys.Create(r.t.Context(), store.APIKey{ID: id, Name: name, Hash: key.Hash, Owner: name, Scopes: scopes, Created: time.Now()}))
	return &user{rig: r, name: name, key: text}, id
}

// enters brings a user's browser into a room, with a data channel.
func (u *user) enters(room string) (*browser, *line, string) {
	u.t.Helper()
	j, b := u.joins(room, map[string]any{}), newBrowser(u.t)
	k := b.opens("chat", nil)
	u.connects(j.CallID, b)
	return b, k, j.CallID
}

// Who comes by a key that is not for messages has no data channel for them, until they have made an
// offer by one that is; with one that may only read they are told, and tell nobody.
func TestADataChannelNeedsAScope(t *testing.T) {
	r := newRig(t)
	alice := r.as("alice")
	room := alice.room(map[string]any{"name": "Talk", "max_participants": 9})
	at := "room:" + room.ID
	deaf, _ := r.by("bob", "calls:write", "rooms:write")
	mute, _ := r.by("bob", "calls:write", "messages:read")
	b, k, call := deaf.enters(room.ID)
	k.is("closed", k.closed)
	alice.awaits(room.ID, "bob is in", present(1))
	post := func(body string) {
		t.Helper()
		_, mine, _ := alice.enters(room.ID)
		mine.is("open", mine.opened)
		mine.says("body", body)
		mine.hears("alice", at, body)
	}
	post("not by that")
	bob := r.as("bob").live() // it waits, for who may hear it
	if f := bob.until("Message", func(told) bool { return true }); f.Body != "not by that" || len(k.frames) != 0 {
		t.Errorf("%+v, and %d by the data channel", f, len(k.frames))
	}
	mute.connectsAnew(call, b)
	k = b.opens("chat", nil)
	k.is("open", k.opened)
	k.says("body", "may I?")
	if f := k.next("Error"); f.Code != "scope_missing" {
		t.Errorf("%+v", f)
	}
	alice.post("/messages", map[string]any{"to": at, "body": "by the data channel"}).want(201)
	k.hears("alice", at, "by the data channel")
}

// A key that is revoked ends what goes by its browser's data channel at once: the user's messages
// come by what is accepted still.
func TestARevokedKeyHearsNothingMore(t *testing.T) {
	r := newRig(t)
	alice, admin := r.as("alice"), r.as("root", role(auth.RoleAdmin))
	room := alice.room(map[string]any{"name": "Talk", "max_participants": 9})
	at := "room:" + room.ID
	_, mine, _ := alice.enters(room.ID)
	mine.is("open", mine.opened)
	key, id := r.by("bob")
	other, _ := r.by("bob")
	b, k, call := key.enters(room.ID)
	k.is("open", k.opened)
	alice.awaits(room.ID, "both are in", present(2))
	k.says("body", "hello")
	k.hears("bob", at, "hello")
	mine.hears("bob", at, "hello")

	admin.delete("/api-keys/" + id).want(204)
	_ = k.ch.SendText(`{"type":"Message","body":"am I there?"}`) // its end may have been told by now
	mine.says("body", "bob is gone")
	mine.hears("alice", at, "bob is gone") // and nothing from bob before
	k.is("closed", k.closed)
	if len(k.frames) != 0 {
		t.Errorf("bob is told %+v", <-k.frames)
	}
	again := b.opens("chat", nil)
	again.is("closed", again.closed)
	sockets := r.as("bob").live()
	if f := sockets.until("Message", func(told) bool { return true }); f.Body != "bob is gone" {
		t.Errorf("%+v", f)
	}
	key.get("/calls/" + call).want(401)

	other.connectsAnew(call, b) // by another key bob goes on
	k = b.opens("chat", nil)
	k.is("open", k.opened)
	k.says("body", "back")
	k.hears("bob", at, "back")
	mine.hears("bob", at, "back")
	sockets.hearsNothing()
}
