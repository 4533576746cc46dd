// Package resume_test loses browsers in the middle of calls, in a real Chromium with the page that
// the server serves, and a real phone.
package resume_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// body is what the tests read of a call.
type body struct {
	ID, Status   string
	Cause        int
	Participants []struct {
		ID, Endpoint, State string
		ChannelID           *string `json:"channel_id"`
	}
}

// state is a participant's.
func (b body) state(endpoint string) string {
	for _, p := range b.Participants {
		if p.Endpoint == endpoint {
			return p.State
		}
	}
	return "none"
}

func (b body) channel(endpoint string) string {
	for _, p := range b.Participants {
		if p.Endpoint == endpoint && p.ChannelID != nil {
			return *p.ChannelID
		}
	}
	return ""
}

// rig is a server with a phone that answers.
type rig struct {
	*server.Server
	phone *peer.BaresipPeer
	token string
}

// reads is the call with an id, as alice sees it.
func (r *rig) reads(t *testing.T, id string) (b body) {
	t.Helper()
	if status := r.Do(t, r.token, http.MethodGet, "/api/v1/voip/calls/"+id, nil, &b); status != http.StatusOK {
		t.Fatalf("call %s: %d", id, status)
	}
	return b
}

func (r *rig) sees(t *testing.T, id, what string, ok func(body) bool) (b body) {
	t.Helper()
	peer.Eventually(t, what, func() error {
		if b = r.reads(t, id); !ok(b) {
			return fmt.Errorf("it is %+v", b)
		}
		return nil
	})
	return b
}

// calls has the page call the phone, and gives the call's id.
func (r *rig) calls(t *testing.T, b *peer.Browser) string {
	t.Helper()
	b.Open(t, r.URL("/#token="+r.token))
	shows(t, b, "idle")
	peer.Eval[bool](t, b, `(() => {
		const field = document.querySelector("#dial-target");
		field.value = "1001";
		field.dispatchEvent(new Event("input", { bubbles: true }));
		document.querySelector("#dial").click();
		return true;
	})()`)
	shows(t, b, "active")
	peer.Hears(t, "the page", b.Recording(), 500)
	peer.Hears(t, "the phone", r.phone.Recording(), 700)
	return peer.Eval[string](t, b, `sessionStorage.getItem("skybridge.call")`)
}

func shows(t *testing.T, b *peer.Browser, want string) {
	t.Helper()
	peer.Eventually(t, "the page is "+want, func() error {
		if got := peer.Eval[string](t, b, `document.querySelector("#status").dataset.state`); got != want {
			return fmt.Errorf("%s: %s", got, peer.Eval[string](t, b, `document.querySelector("#status").textContent`))
		}
		return nil
	})
}

const (
	alice = "WebRTC/alice"
	phone = "SIP/1001"
)

func TestBrowsersThatAreLost(t *testing.T) {
	s := server.Start(t, server.Config{})
	before := s.Resources(t)
	t.Run("all", func(t *testing.T) {
		r := &rig{Server: s, token: s.Token(t, "alice", "--role", "admin"), phone: peer.Baresip(t, peer.BaresipConfig{
			User: "1001", Password: s.Password(t, "1001"), Server: fmt.Sprintf("127.0.0.1:%d", s.SIP),
			Register: true, Answer: true, Codecs: []string{"PCMU"}, Tone: 500,
		})}
		r.phone.Registered(t)
		t.Run("a page is loaded again", r.reload)
		t.Run("a browser is killed", r.kill)
	})
	s.Idle(t, before)
}

// reload: the page that is loaded again goes on in the same call, heard and hearing, and the
// phone notices a pause at most.
func (r *rig) reload(t *testing.T) {
	b := peer.Chromium(t, peer.ChromiumConfig{Tone: 700})
	id := r.calls(t, b)
	was := r.reads(t, id)
	for range 2 {
		b.Reload(t)
		shows(t, b, "active")
		peer.Hears(t, "the page", b.Recording(), 500) // its ears are new
		peer.Hears(t, "the phone", r.phone.Recording(), 700)
		if now := peer.Eval[string](t, b, `sessionStorage.getItem("skybridge.call")`); now != id {
			t.Errorf("the page is in call %s, was in %s", now, id)
		}
		now := r.sees(t, id, "both talk", func(b body) bool { return b.state(alice) == "connected" && b.state(phone) == "connected" })
		if now.Status != "active" || now.channel(alice) != was.channel(alice) || len(now.Participants) != len(was.Participants) {
			t.Errorf("the call is %+v, was %+v", now, was)
		}
	}
	peer.Eval[bool](t, b, `(() => { document.querySelector("#hangup").click(); return true })()`)
	r.phone.Closed(t)
	shows(t, b, "ended")
}

// kill: a browser that is killed, and says nothing any more, is waited for, and is out with a
// record of the call.
func (r *rig) kill(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "chromium")
	script := fmt.Sprintf("#!/bin/sh\necho $$ >%s/pid\nexec setsid chromium \"$@\"\n", dir)
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	b := peer.Chromium(t, peer.ChromiumConfig{Program: program, Tone: 700})
	id := r.calls(t, b)
	text, err := os.ReadFile(filepath.Join(dir, "pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(-pid, syscall.SIGKILL); err != nil { // it leads its processes
		t.Fatal(err)
	}
	killed := time.Now()
	away := r.sees(t, id, "alice is away", func(b body) bool { return b.state(alice) == "reconnecting" })
	if away.Status != "active" || away.state(phone) != "connected" {
		t.Errorf("while alice is away: %+v", away)
	}
	t.Logf("away after %v", time.Since(killed).Round(time.Second))
	over := r.sees(t, id, "the call is over", func(b body) bool { return b.Status == "ended" })
	t.Logf("out after %v, by cause %d", time.Since(killed).Round(time.Second), over.Cause)
	if took := time.Since(killed); took < 30*time.Second {
		t.Errorf("it was waited for %v", took)
	}
	if over.Cause != 38 || over.state(alice) != "left" {
		t.Errorf("the record is %+v", over)
	}
	r.phone.Closed(t)
}
