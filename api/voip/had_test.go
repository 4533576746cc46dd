package voip_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/skygenesisenterprise/skybridge/api/voip/chat"
	"github.com/skygenesisenterprise/skybridge/internal/store"
)

// told are the bodies of a list of messages.
func bodies(list []chat.MessageToUser) string {
	out := []string{}
	for _, m := range list {
		out = append(out, m.Body)
	}
	return show(out)
}

// Who lists messages has not said that they have them; who was told says so, and what they have not
// had is told again.
func TestWhoListsHasNotHad(t *testing.T) {
	r := newRig(t)
	alice, bob := r.as("alice"), r.as("bob")
	for _, body := range []string{"one", "two", "three"} {
		alice.post("/messages", map[string]any{"to": "bob", "body": body}).want(201)
	}
	list := messagesOf(bob, "?waiting=true")
	if bodies(list.Items) != `["one","two","three"]` || list.Next != nil || bodies(messagesOf(bob, "").Items) != `["three","two","one"]` {
		t.Fatalf("%s", show(list))
	}
	page := messagesOf(bob, "?waiting=true&limit=2")
	if bodies(page.Items) != `["one","two"]` || page.Next == nil {
		t.Fatalf("%s", show(page))
	}
	if page = messagesOf(bob, "?waiting=true&limit=2&cursor="+*page.Next); bodies(page.Items) != `["three"]` || page.Next != nil {
		t.Fatalf("%s", show(page))
	}
	had := func(u *user, ids ...string) answer {
		t.Helper()
		return u.post("/messages/had", map[string]any{"ids": ids})
	}
	had(r.as("eve"), list.Items[0].ID, list.Items[1].ID).want(204) // they are not eve's
	had(bob, "nonsense", "\x00", uuid.NewString()).want(204)
	had(bob, list.Items[1].ID, list.Items[1].ID, "nonsense").want(204)
	had(bob).want(422, "invalid").at("body.ids")
	had(bob, make([]string, 1001)...).want(413)
	bob.post("/messages/had", map[string]any{"ids": []int{1}}).want(422)
	bob.get("/messages?waiting=true&with=alice").want(422, "invalid").at("query.waiting")
	bob.get("/messages?waiting=true&room=x").want(422, "invalid").at("query.waiting")
	bob.get("/messages?waiting=true&cursor=x").want(422, "invalid").at("query.cursor")
	if left := messagesOf(bob, "?waiting=true"); bodies(left.Items) != `["one","three"]` {
		t.Errorf("%s", show(left))
	}
	if mine := messagesOf(alice, "?waiting=true"); mine.Items == nil || len(mine.Items) != 0 {
		t.Errorf("what alice has written waits for alice: %s", show(mine))
	}
	b := bob.live()
	for _, body := range []string{"one", "three"} {
		if f := b.next("Message"); f.Body != body {
			t.Errorf("%+v instead of %s", f, body)
		}
	}
}

// A message that was written to a client that has fallen asleep is not with it: who comes meanwhile
// is told once that is known. Who answers has had it.
func TestWhoSleepsHasHadNothing(t *testing.T) {
	db := openStore(t)
	r := startRig(t, db)
	defer r.stop()
	alice, bob := r.as("alice"), r.as("bob")
	write := func(body string) {
		t.Helper()
		alice.post("/messages", map[string]any{"to": "bob", "body": body}).want(201)
	}
	waits := func() string {
		t.Helper()
		list, err := db.Messages.Waiting(t.Context(), "bob", "", store.MaxMessagePage)
		must(t, err)
		out := []string{}
		for _, m := range list {
			out = append(out, m.Body)
		}
		return show(out)
	}
	asleep := bob.live()
	asleep.conn.SetPingHandler(func(string) error { return nil }) // its system takes what it does not see
	write("one")
	if f := asleep.next("Message"); f.Body != "one" {
		t.Fatalf("%+v", f)
	}
	awake := bob.live()
	awake.hearsNothing() // behind its first frame it is told what waits: "one" is on its way
	write("two")
	if f := awake.next("Message"); f.Body != "two" {
		t.Fatalf("%+v", f)
	}
	if got := waits(); got != `["one"]` && got != `["one","two"]` {
		t.Errorf("%s waits", got)
	}
	must(t, asleep.conn.NetConn().Close())
	if f := awake.next("Message"); f.Body != "one" {
		t.Fatalf("%+v", f)
	}
	for range 3 { // reading on, it answers
		awake.hearsNothing()
	}
	must(t, awake.conn.Close())
	r.stop()
	if got := waits(); got != `[]` {
		t.Errorf("%s waits, which bob has answered for", got)
	}
}
