package voip_test

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip"
	"github.com/skygenesisenterprise/skybridge/api/voip/mailbox"
)

// The server is whom a message is for where nobody is named, and by either of its names; the answer
// comes from the name that was used, in the reply and among the messages.
func TestNamesOfTheServer(t *testing.T) {
	r := newRig(t)
	for name, is := range map[string]string{"": "server", "server": "server", "asterisk": "asterisk"} {
		alice := r.as("alice of " + is + name)
		c := alice.calls("SIP/1001")
		body := map[string]any{"message_type": "offer", "payload": newBrowser(t).offer()}
		if name != "" {
			body["to_user"] = name
		}
		var m mailbox.MessageBody
		alice.post("/calls/"+c.ID+"/signaling", body).want(201).into(&m)
		if m.ToUser != is || m.Reply == nil || m.Reply.FromUser != is || m.Reply.ToUser != alice.name || m.Reply.MessageType != "answer" {
			t.Errorf("to %q: %s", name, show(m))
		}
		list := alice.messages(c.ID, 0, 0)
		if len(list) == 0 || list[0].ID != m.Reply.ID || list[0].FromUser != is { // candidates are behind it
			t.Errorf("to %q, fetched: %s", name, show(list))
		}
		alice.post("/calls/"+c.ID+"/end", nil).want(200)
	}
}

// A call's timeout is how long its phones ring, whatever the server's own is.
func TestHowLongPhonesRing(t *testing.T) {
	clock := newClock()
	alice := newRig(t, clock.runs).as("alice")
	var c voip.CallBody
	alice.post("/calls", map[string]any{"participants": []string{"SIP/1001"}, "call_type": "audio", "timeout": 5}).want(201).into(&c)
	ph := alice.phone("1001")
	ph.rings()
	alice.sees(c.ID, "the phone rings", status(voip.StatusRinging))
	clock.flies(4 * time.Second)
	if now := read(alice, c.ID); now.Status != voip.StatusRinging {
		t.Errorf("after four seconds it is %s", show(now))
	}
	clock.flies(5 * time.Second)
	if over := alice.sees(c.ID, "nobody answered", status(voip.StatusEnded)); over.Cause != 19 || over.SIPStatus != 480 {
		t.Errorf("%s", show(over))
	}
	ph.hungUp(t)
}
