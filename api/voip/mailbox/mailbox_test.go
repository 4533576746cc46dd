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
