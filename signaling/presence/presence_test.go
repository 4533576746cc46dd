package presence_test

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/presence"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// house is a registry and what it has told.
type house struct {
	*presence.Registry
	mu   sync.Mutex
	told []presence.State
}

func newHouse(change ...func(*presence.Config)) *house {
	h := &house{}
	c := presence.Default()
	c.Changed = func(s presence.State) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.told = append(h.told, s)
	}
	for _, f := range change {
		f(&c)
	}
	h.Registry = presence.New(c)
	return h
}

// tells is what was told since it was asked last.
func (h *house) tells() []presence.State {
	h.mu.Lock()
	defer h.mu.Unlock()
	told := h.told
	h.told = nil
	return told
}

func (h *house) want(t *testing.T, want ...presence.State) {
	t.Helper()
	if got := h.tells(); !slices.Equal(got, want) {
		t.Errorf("told %+v instead of %+v", got, want)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A user is there from the first client on until half a minute after the last one.
func TestClientsComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse()
		defer h.Close()
		online := presence.State{User: "alice", Status: presence.Online}
		must(t, h.Connected("alice", ""))
		must(t, h.Connected("alice", ""))
		h.want(t, online)
		h.Disconnected("alice")
		time.Sleep(time.Hour)
		h.want(t)
		h.Disconnected("alice")
		time.Sleep(29 * time.Second)
		if user, ok := h.Reach("alice", time.Now()); !ok || user != "alice" || h.Here("alice") {
			t.Error("gone at once")
		}
		must(t, h.Connected("alice", ""))
		time.Sleep(time.Minute)
		h.want(t)
		_, err := h.Set("alice", presence.Away, "Lunch")
		must(t, err)
		h.want(t, presence.State{User: "alice", Status: presence.Away, Message: "Lunch"})
		h.Disconnected("alice")
		time.Sleep(31 * time.Second)
		h.want(t, presence.State{User: "alice", Status: presence.Offline})
		if _, ok := h.Reach("alice", time.Now()); ok || h.Of("alice", true).Status != presence.Offline {
			t.Error("still there")
		}
		if _, err := h.Set("alice", presence.Online, ""); fault.Of(err) != fault.Conflict {
			t.Errorf("without a client: %v", err)
		}
		h.Disconnected("alice") // once more changes nothing
		h.want(t)
	})
}

func TestWhoIsInvisible(t *testing.T) {
	h := newHouse()
	defer h.Close()
	must(t, h.Connected("alice", "1001"))
	h.tells()
	_, err := h.Set("alice", presence.Invisible, "shh")
	must(t, err)
	h.want(t, presence.State{User: "alice", Status: presence.Offline})
	if s := h.Of("alice", false); s != (presence.State{User: "alice", Status: presence.Offline}) {
		t.Errorf("others see %+v", s)
	}
	if s := h.Of("alice", true); s.Status != presence.Invisible || s.Message != "shh" {
		t.Errorf("alice sees %+v", s)
	}
	if user, ok := h.Reach("1001", time.Now()); !ok || user != "alice" {
		t.Error("who is invisible can be called nevertheless")
	}
	_, err = h.Set("alice", presence.Invisible, "other words")
	must(t, err)
	h.want(t)
}

// Who only asks the API can be rung, and is not online by that.
func TestWhoAsks(t *testing.T) {
	h := newHouse(func(c *presence.Config) { c.Most = 2 })
	defer h.Close()
	now := time.Unix(1000, 0)
	h.Asks("alice", "1001", now)
	h.Asks("bob", "", now.Add(50*time.Second))
	for name, want := range map[string]string{"alice": "alice", "1001": "alice", "bob": "bob", "carol": "", "": ""} {
		if user, ok := h.Reach(name, now.Add(time.Minute)); user != want || ok != (want != "") {
			t.Errorf("%q is %q, %v", name, user, ok)
		}
	}
	if _, ok := h.Reach("alice", now.Add(61*time.Second)); ok {
		t.Error("alice asked long ago")
	}
	h.Asks("carol", "", now.Add(70*time.Second)) // in alice's place
	if _, ok := h.Reach("carol", now.Add(70*time.Second)); !ok {
		t.Error("no room for carol")
	}
	h.Asks("dave", "", now.Add(70*time.Second))
	if _, ok := h.Reach("dave", now.Add(70*time.Second)); ok {
		t.Error("a third one")
	}
	h.want(t)
	must(t, h.Connected("alice", ""))
	must(t, h.Connected("bob", ""))
	if err := h.Connected("carol", ""); fault.Of(err) != fault.Unavailable {
		t.Errorf("a third user: %v", err)
	}
}
