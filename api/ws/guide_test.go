package ws

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/chat"
	"github.com/skygenesisenterprise/skybridge/api/voip/mailbox"
	"github.com/skygenesisenterprise/skybridge/api/voip/roomfeed"
	"github.com/skygenesisenterprise/skybridge/api/ws/frame"
)

// head is what every frame of the server's has.
type head struct {
	Type      string     `json:"type"`
	Seq       *uint64    `json:"seq"`
	Timestamp *time.Time `json:"timestamp"`
}

type pushed struct {
	CallID  string              `json:"call_id"`
	Message mailbox.MessageBody `json:"message"`
}

// frames of the server's, by type.
func serverFrames() map[string]any {
	return map[string]any{
		typeWelcome: &struct {
			head
			welcome
		}{},
		typeRenewed: &struct {
			head
			InReplyTo replyTo `json:"in_reply_to"`
		}{},
		typeSubscribed: &struct {
			head
			subscribed
		}{},
		typeUnsubscribed: &struct {
			head
			subscribed
		}{},
		typeResumed: &struct {
			head
			resumed
		}{},
		typeGap: &struct {
			head
			gap
		}{},
		TypeCall: &struct {
			head
			CallFrame
		}{},
		typeSent: &struct {
			head
			sent
		}{},
		typeArranged: &struct {
			head
			arranged
		}{},
		TypeSignaling: &struct {
			head
			pushed
		}{},
		typePresenceUpdate: &struct {
			head
			presenceFrame
		}{},
		typePresence: &struct {
			head
			presenceFrame
		}{},
		chat.FrameType: &struct {
			head
			message
		}{},
		roomfeed.FrameType: &struct {
			head
			roomfeed.Frame
		}{},
		typeWaiting: &struct{ head }{},
		frame.TypeError: &struct {
			head
			frame.Error
		}{},
	}
}

// The guide has an example of every frame, and each is one: with all of its members and no others.
func TestTheGuidesFrames(t *testing.T) {
	text, err := os.ReadFile("../../docs/guide/websocket.md")
	if err != nil {
		t.Fatal(err)
	}
	known := serverFrames()
	seen := map[string]bool{}
	for i, block := range strings.Split(string(text), "```json ")[1:] {
		who, rest, _ := strings.Cut(block, "\n")
		example, _, _ := strings.Cut(rest, "\n```")
		var h head
		if err := json.Unmarshal([]byte(example), &h); err != nil {
			t.Fatalf("example %d: %v in %s", i+1, err, example)
		}
		seen[who+" "+h.Type] = true
		in := json.NewDecoder(strings.NewReader(example))
		in.DisallowUnknownFields()
		switch who {
		case "client":
			if err := in.Decode(&clientFrame{}); err != nil || h.Seq != nil {
				t.Errorf("%v in %s", err, example)
			}
		case "server":
			shape := known[h.Type]
			if shape == nil {
				t.Errorf("no frame of the server's is of this type: %s", example)
				continue
			}
			if err := in.Decode(shape); err != nil || h.Seq == nil || h.Timestamp == nil {
				t.Errorf("%v in %s", err, example)
				continue
			}
			back, err := json.Marshal(shape)
			if err != nil {
				t.Fatal(err)
			}
			if missing := lacks(t, back, []byte(example)); len(missing) > 0 {
				t.Errorf("the example has no %q: %s", missing, example)
			}
		default:
			t.Errorf("an example of whom: %q", who)
		}
	}
	for kind := range known {
		if !seen["server "+kind] {
			t.Errorf("the guide has no example of the server's %s", kind)
		}
	}
	for _, kind := range []string{typeAuth, typeResume, typeSubscribe, typeUnsubscribe, TypeSignaling, typeLayout, typePresenceUpdate, chat.FrameType} {
		if !seen["client "+kind] {
			t.Errorf("the guide has no example of a client's %s", kind)
		}
	}
}

// lacks are the members that one object has and another has not.
func lacks(t *testing.T, all, some []byte) (missing []string) {
	t.Helper()
	var a, b map[string]json.RawMessage
	if err := json.Unmarshal(all, &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(some, &b); err != nil {
		t.Fatal(err)
	}
	for member := range a {
		if _, ok := b[member]; !ok {
			missing = append(missing, member)
		}
	}
	slices.Sort(missing)
	return missing
}
