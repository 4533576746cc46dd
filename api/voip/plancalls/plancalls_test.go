package plancalls

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/api/voip/records"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
	"github.com/skygenesisenterprise/skybridge/signaling/snapshot"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shelf takes records.
type shelf struct {
	mu  sync.Mutex
	has []store.Call
}

func (s *shelf) Put(_ context.Context, c store.Call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.has = append(s.has, c)
	return nil
}

var (
	admin = auth.Principal{User: "boss", Roles: []auth.Role{auth.RoleAdmin}}
	alice = auth.Principal{User: "alice", Extension: "1001", Roles: []auth.Role{auth.RoleUser}}
	bob   = auth.Principal{User: "bob", Extension: "1002", Roles: []auth.Role{auth.RoleUser}}
	carol = auth.Principal{User: "carol", Extension: "1003", Roles: []auth.Role{auth.RoleUser}}
	dave  = auth.Principal{User: "dave", Roles: []auth.Role{auth.RoleUser}}
)

// follow follows an engine whose channels are what a test publishes.
func follow(t *testing.T) (*Follower, *shelf, func(...signaling.ChannelSnapshot)) {
	t.Helper()
	h := signaltest.New(t, signaltest.NewMixer(t))
	s := &shelf{}
	f := Follow(Config{
		Engine: h.Engine, Records: s, Log: slog.New(slog.DiscardHandler),
		UserOf: func(_ context.Context, extension string) (string, error) {
			if user := map[string]string{"1001": "alice", "1002": "bob"}[extension]; user != "" {
				return user, nil
			}
			return "", fault.New(fault.NotFound, "nobody")
		},
	})
	now := time.Unix(1_800_000_000, 0)
	return f, s, func(list ...signaling.ChannelSnapshot) {
		for i := range list {
			now = now.Add(time.Second)
			f.take(event.Event{Time: now, Data: list[i]})
		}
	}
}

// ch is a channel of the call that channel 1 began.
func ch(id, tech, endpoint string, state signaling.State, change ...func(*signaling.ChannelSnapshot)) signaling.ChannelSnapshot {
	s := signaling.ChannelSnapshot{
		ID: signaling.ChannelID(id), LinkedID: "1", Tech: tech, Endpoint: endpoint, State: state, Outgoing: id != "1",
		Caller: signaling.CallerID{Name: "Alice", Number: "1001"}, Dialplan: snapshot.Position{Exten: "1002", Context: "phones"},
	}
	for _, f := range change {
		f(&s)
	}
	return s
}

func ended(cause signaling.Cause) func(*signaling.ChannelSnapshot) {
	return func(s *signaling.ChannelSnapshot) { s.Ended, s.Cause = true, cause }
}

// A phone calls a phone: both owners and administrators see it while it lasts, and its record later.
func TestAPhoneCallsAPhone(t *testing.T) {
	f, shelf, say := follow(t)
	say(ch("1", "PJSIP", "1001", signaling.Ring), ch("2", "PJSIP", "1002", signaling.Ringing))
	for _, p := range []auth.Principal{admin, alice, bob} {
		list := f.Active(p)
		if len(list) != 1 || list[0].Status != records.StatusRinging || list[0].Direction != "internal" || list[0].AnsweredAt != nil || len(list[0].Participants) != 2 {
			t.Fatalf("%s sees %+v", p.User, list)
		}
		if _, err := f.Find(p, list[0].ID); err != nil {
			t.Error(err)
		}
	}
	id := f.Active(admin)[0].ID
	for _, p := range []auth.Principal{carol, dave, {}} {
		if _, err := f.Find(p, id); len(f.Active(p)) != 0 || fault.Of(err) != fault.NotFound {
			t.Errorf("%q sees it", p.User)
		}
	}
	if b := f.Active(alice)[0]; b.CreatedBy != "alice" || b.Participants[0].UserID != nil {
		t.Errorf("her own call: %+v", b)
	}
	if b := f.Active(bob)[0]; b.CreatedBy != "" || b.Participants[1].UserID != nil { // else his browser would ring for it
		t.Errorf("a call to his phone: %+v", b)
	}
	say(ch("1", "PJSIP", "1001", signaling.Up), ch("2", "PJSIP", "1002", signaling.Up))
	b := f.Active(admin)[0]
	if b.Status != records.StatusActive || b.AnsweredAt == nil || b.ID != id || b.Participants[1].State != records.StateConnected || b.Metadata["extension"] != "1002" {
		t.Errorf("answered: %+v", b)
	}
	say(ch("2", "PJSIP", "1002", signaling.Up, ended(16)), ch("1", "PJSIP", "1001", signaling.Up, ended(16)))
	if len(f.Active(admin)) != 0 {
		t.Error("it goes on")
	}
	f.Close()
	if len(shelf.has) != 1 {
		t.Fatalf("%d records", len(shelf.has))
	}
	c := shelf.has[0]
	if c.ID != id || c.CreatedBy != "alice" || strings.Join(c.Parties, ",") != "alice,bob" || c.Status != "ended" || c.Cause != 16 || c.SIPStatus != 0 || c.Answered.IsZero() || !c.Ended.After(c.Answered) {
		t.Errorf("%+v", c)
	}
	var parties []records.ParticipantBody
	if err := json.Unmarshal(c.Participants, &parties); err != nil || len(parties) != 2 || parties[0].Role != "caller" || parties[1].Endpoint != "PJSIP/1002" || *parties[1].UserID != "bob" {
		t.Errorf("%v %s", err, c.Participants)
	}
}

// What calls there are, by their channels, and whether they leave a record here.
func TestWhoseCallsTheyAre(t *testing.T) {
	rejected := ended(21)
	for name, c := range map[string]struct {
		says   []signaling.ChannelSnapshot
		active int
		status int // of the record's SIP status; -1 for no record
	}{
		"an echo":                     {[]signaling.ChannelSnapshot{ch("1", "PJSIP", "1001", signaling.Up)}, 1, 0},
		"nobody answers":              {[]signaling.ChannelSnapshot{ch("1", "PJSIP", "1001", signaling.Ring), ch("2", "PJSIP", "1002", signaling.Ringing, rejected), ch("1", "PJSIP", "1001", signaling.Ring, rejected)}, 0, 603},
		"the API's own":               {[]signaling.ChannelSnapshot{ch("1", "PJSIP", "1001", signaling.Ringing, func(s *signaling.ChannelSnapshot) { s.Outgoing = true }), ch("2", "PJSIP", "1002", signaling.Ringing)}, 0, -1},
		"a browser's":                 {[]signaling.ChannelSnapshot{ch("1", "WebRTC", "alice", signaling.Up), ch("2", "PJSIP", "1002", signaling.Ringing)}, 0, -1},
		"a browser alone is called":   {[]signaling.ChannelSnapshot{ch("1", "PJSIP", "1001", signaling.Ring), ch("2", "WebRTC", "bob", signaling.Ringing)}, 0, -1},
		"a browser has answered":      {[]signaling.ChannelSnapshot{ch("1", "PJSIP", "1001", signaling.Up), ch("2", "PJSIP", "1002", signaling.Ringing, ended(26)), ch("3", "WebRTC", "bob", signaling.Up)}, 0, -1},
		"the phone beside it has":     {[]signaling.ChannelSnapshot{ch("1", "PJSIP", "1001", signaling.Up), ch("2", "WebRTC", "bob", signaling.Ringing, ended(26)), ch("3", "PJSIP", "1002", signaling.Up)}, 1, 0},
		"through the plan once more":  {[]signaling.ChannelSnapshot{ch("1", "PJSIP", "1001", signaling.Up), ch("2", "Local", "1002@phones", signaling.Up), ch("3", "Local", "1002@phones", signaling.Up), ch("4", "PJSIP", "1002", signaling.Ringing)}, 1, 500},
		"an end without a beginning":  {[]signaling.ChannelSnapshot{ch("1", "PJSIP", "1001", signaling.Up, rejected)}, 0, -1},
		"a member without its caller": {[]signaling.ChannelSnapshot{ch("2", "PJSIP", "1002", signaling.Up)}, 0, -1},
	} {
		t.Run(name, func(t *testing.T) {
			f, shelf, say := follow(t)
			say(c.says...)
			if n := len(f.Active(admin)); n != c.active {
				t.Errorf("%d active, want %d", n, c.active)
			}
			f.Close() // what is left ends with the server
			switch {
			case c.status < 0 && len(shelf.has) > 0:
				t.Errorf("records %+v", shelf.has)
			case c.status >= 0 && (len(shelf.has) != 1 || c.status != 500 && shelf.has[0].SIPStatus != c.status):
				t.Errorf("records %+v, SIP status %d", shelf.has, c.status)
			}
			if len(f.channels)+len(f.begun) != 0 || len(f.calls) != len(f.ended) {
				t.Error("something is remembered for ever")
			}
		})
	}
}

// Events that were lost are made up for by the channels that there are.
func TestLostEvents(t *testing.T) {
	f, shelf, say := follow(t)
	say(ch("1", "PJSIP", "1001", signaling.Up))
	f.recover(time.Unix(1_800_000_100, 0)) // the engine has no channel
	if len(f.Active(admin)) != 0 {
		t.Error("a call that is gone")
	}
	f.Close()
	if len(shelf.has) != 1 {
		t.Errorf("records %+v", shelf.has)
	}
}

// A plan may ring for as long as somebody waits: those whom it rang in vain are forgotten, who answered
// is not, and whoever is one too many at one time stands in nobody's way.
func TestOneCallOfMany(t *testing.T) {
	f, shelf, say := follow(t)
	f.trunks, f.trunksAt = map[string]bool{"carrier": true}, f.cfg.Engine.Now()
	say(ch("1", "PJSIP", "1001", signaling.Up), ch("2", "PJSIP", "1002", signaling.Up), ch("2", "PJSIP", "1002", signaling.Up, ended(16)),
		ch("3", "PJSIP", "carrier", signaling.Ringing), ch("3", "PJSIP", "carrier", signaling.Ringing, ended(17)))
	for i := range maxMembers {
		id := fmt.Sprint(100 + i)
		say(ch(id, "WebRTC", "bob", signaling.Ringing), ch(id, "WebRTC", "bob", signaling.Ringing, ended(17)))
	}
	if n := len(f.channels); n > maxMembers {
		t.Errorf("%d channels are remembered", n)
	}
	b := f.Active(admin)
	if len(b) != 1 || b[0].Direction != "outbound" || len(b[0].Participants) > maxMembers || b[0].Participants[1].Endpoint != "PJSIP/1002" {
		t.Fatalf("%d calls: %+v", len(b), b)
	}
	for i := range maxMembers + 5 { // at one time
		say(ch(fmt.Sprint(5000+i), "PJSIP", "1003", signaling.Ringing))
	}
	f.mu.Lock()
	for id, c := range f.channels {
		if c.member(id) == nil {
			t.Errorf("channel %s is of a call that does not know it", id)
		}
	}
	f.mu.Unlock()
	say(ch("1", "PJSIP", "1001", signaling.Up, ended(16)))
	if len(f.Active(admin)) != 1 {
		t.Error("it does not go on while it rings")
	}
	f.recover(time.Unix(1_900_000_000, 0)) // the engine has no channel
	if n := len(f.Active(admin)); n != 0 || len(f.channels) != 0 {
		t.Errorf("%d calls, %d channels", n, len(f.channels))
	}
	f.Close()
	if len(shelf.has) != 1 || shelf.has[0].Direction != "outbound" || strings.Join(shelf.has[0].Parties, ",") != "alice,bob" {
		t.Errorf("records %+v", shelf.has)
	}
}

// What has ended is known until its record is surely there, and then no more.
func TestAnEndIsKnown(t *testing.T) {
	f, _, say := follow(t)
	defer f.Close()
	say(ch("1", "PJSIP", "1001", signaling.Up))
	id := f.Active(alice)[0].ID
	say(ch("1", "PJSIP", "1001", signaling.Up, ended(16)))
	for _, look := range []func(auth.Principal, string) (records.CallBody, error){f.Find, f.End} {
		if b, err := look(alice, id); err != nil || b.Status != records.StatusEnded || b.Cause != 16 {
			t.Errorf("%+v %v", b, err)
		}
		if _, err := look(bob, id); fault.Of(err) != fault.NotFound {
			t.Errorf("somebody else: %v", err)
		}
	}
	if len(f.Active(alice)) != 0 {
		t.Error("it goes on")
	}
	for range endedFor/(2*time.Second) + 1 {
		again := func(s *signaling.ChannelSnapshot) { s.LinkedID = s.ID }
		say(ch("2", "PJSIP", "1002", signaling.Up, again, func(s *signaling.ChannelSnapshot) { s.Outgoing = false }), ch("2", "PJSIP", "1002", signaling.Up, again, ended(16)))
	}
	if _, err := f.Find(alice, id); fault.Of(err) != fault.NotFound {
		t.Errorf("after five minutes: %v", err)
	}
}

// Which way a call goes is by where the trunk is.
func TestDirections(t *testing.T) {
	for want, parties := range map[string][2]string{"internal": {"1001", "1002"}, "inbound": {"carrier", "1002"}, "outbound": {"1001", "carrier"}} {
		f, _, say := follow(t)
		f.trunks, f.trunksAt = map[string]bool{"carrier": true}, f.cfg.Engine.Now()
		say(ch("1", "PJSIP", parties[0], signaling.Ring), ch("2", "PJSIP", parties[1], signaling.Ringing))
		if got := f.Active(admin)[0].Direction; got != want {
			t.Errorf("%v: %s, want %s", parties, got, want)
		}
		f.Close()
	}
}

// A server without a dialplan's calls.
func TestNone(t *testing.T) {
	var f *Follower
	if _, err := f.Find(admin, "x"); fault.Of(err) != fault.NotFound || f.Active(admin) != nil {
		t.Errorf("%v", err)
	}
}
