package mailbox_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/mailbox"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// What is for the server may describe a room of fifty cameras, and is not kept; what is for
// somebody else is bounded as it will be kept.
func TestDescriptionsForTheServerMayBeLarge(t *testing.T) {
	m := mailbox.New("c", time.Now, func(mailbox.MessageBody) {})
	of := func(bytes int) json.RawMessage {
		return json.RawMessage(`"` + strings.Repeat("x", bytes-2) + `"`)
	}
	for _, c := range []struct {
		to, kind string
		bytes    int
		taken    bool
	}{
		{"server", mailbox.Offer, 512 << 10, true},
		{"server", mailbox.Answer, 512 << 10, true},
		{"asterisk", mailbox.Offer, 512 << 10, true},
		{"", mailbox.Offer, 512 << 10, true},
		{"server", mailbox.Offer, 512<<10 + 1, false},
		{"server", mailbox.Answer, 512<<10 + 1, false},
		{"server", mailbox.Candidate, 64<<10 + 1, false},
		{"bob", mailbox.Offer, 64 << 10, true},
		{"bob", mailbox.Offer, 64<<10 + 1, false},
	} {
		_, err := m.Post("alice", c.to, c.kind, of(c.bytes))
		if taken := err == nil; taken != c.taken || !taken && fault.Of(err) != fault.TooLarge {
			t.Errorf("%s of %d bytes to %q: %v", c.kind, c.bytes, c.to, err)
		}
	}
	// They are not counted: as many come as will.
	for range 2000 {
		if _, err := m.Post("alice", "server", mailbox.Offer, of(100)); err != nil {
			t.Fatal(err)
		}
	}
}

// What the server says is bounded too, however often it is asked: the last description of each
// kind stays, and the last candidates.
func TestWhatTheServerSaysIsBounded(t *testing.T) {
	m := mailbox.New("c", time.Now, nil)
	for range 500 {
		for _, kind := range []string{mailbox.Offer, mailbox.Answer, mailbox.Candidate} {
			for _, user := range []string{"alice", "bob"} {
				if _, err := m.Tell(mailbox.Server, user, kind, json.RawMessage(`{}`)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if _, err := m.Post("bob", "alice", mailbox.Answer, json.RawMessage(`{}`)); err != nil { // nobody takes that away
		t.Fatal(err)
	}
	list, _ := m.After("alice", 0)
	count := map[string]int{}
	for _, msg := range list {
		count[msg.MessageType]++
	}
	last := list[len(list)-2]
	if len(list) != 2+64+1 || count[mailbox.Offer] != 1 || count[mailbox.Answer] != 2 || last.MessageType != mailbox.Candidate || last.Seq != 6*500-1 {
		t.Errorf("%v, at last %+v", count, last)
	}
}
