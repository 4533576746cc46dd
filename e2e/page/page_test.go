// Package page_test drives the page that the server serves as a person would, in
// a real Chromium, against a real phone.
package page_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// The page signs in by its link, calls a phone, mutes, hangs up, meets the phone
// in a room, and is called by it.
func TestThePageCallsAPhoneAndMeetsItInARoom(t *testing.T) {
	s := server.Start(t, server.Config{})
	before := s.Resources(t)
	t.Run("all", func(t *testing.T) { use(t, s) })
	s.Idle(t, before)
}

func use(t *testing.T, s *server.Server) {
	t.Helper()
	phone := peer.Baresip(t, peer.BaresipConfig{
		User: "1001", Password: s.Password(t, "1001"), Server: fmt.Sprintf("127.0.0.1:%d", s.SIP),
		Register: true, Answer: true, Codecs: []string{"PCMA"}, Tone: 500,
	})
	phone.Registered(t)

	b := peer.Chromium(t, peer.ChromiumConfig{Tone: 700, Script: noCamera})
	token := s.Token(t, "alice", "--role", "admin", "--extension", "1002")
	b.Open(t, s.URL("/#token="+token))
	b.PageState(t, "idle")

	b.Fill(t, "dial-target", "1001")
	b.Click(t, "dial")
	b.PageState(t, "active")
	peer.Hears(t, "the page", b.Recording(), 500)
	peer.Hears(t, "the phone", phone.Recording(), 700)
	if level := peer.Eval[string](t, b, `document.querySelector("#level-remote").dataset.peak`); level == "" || level == "0" {
		t.Errorf("the remote level meter shows %q while the phone is heard", level)
	}
	b.Click(t, "mute")
	peer.Silent(t, "the phone", phone.Recording(), 700)
	b.Click(t, "mute")
	peer.Hears(t, "the phone", phone.Recording(), 700)
	b.Click(t, "hangup")
	phone.Closed(t)

	phone.Dial(t, "9000")
	phone.Established(t)
	b.Fill(t, "room", "9000")
	b.Click(t, "join")
	b.PageState(t, "active")
	peer.Hears(t, "the phone in the room", phone.Recording(), 700)
	peer.Hears(t, "the page in the room", b.Recording(), 500)
	b.Click(t, "hangup")
	peer.Silent(t, "the phone alone in the room", phone.Recording(), 700)

	b.Fill(t, "dial-target", "9000") // as one dials it at a phone
	b.Click(t, "dial")
	b.PageState(t, "active")
	peer.Hears(t, "the phone in the room", phone.Recording(), 700)
	b.Click(t, "hangup")
	phone.Hangup(t)
	phone.Closed(t)

	called(t, b, phone)
	closed(t, s, token, b)

	b.Fill(t, "room", "9777")
	b.Click(t, "join")
	b.PageState(t, "failed")
	if hidden := peer.Eval[bool](t, b, `document.querySelector("#create-room").hidden`); hidden {
		t.Error("a room that does not exist is not offered to be made")
	}
	b.Fill(t, "dial-target", "9778")
	b.Click(t, "dial")
	peer.Eventually(t, "the page says what is wrong", func() error {
		if said := peer.Eval[string](t, b, `document.querySelector("#status").textContent`); !strings.Contains(said, "9778") {
			return fmt.Errorf("it says %q", said)
		}
		return nil
	})
}

// called: the phone dials the page's extension, the page rings and declines, and is rung again and
// answers.
func called(t *testing.T, b *peer.Browser, phone *peer.BaresipPeer) {
	t.Helper()
	phone.Dial(t, "1002")
	shows(t, b, "incoming", "1001")
	b.Click(t, "decline")
	phone.Closed(t)
	gone(t, b, "incoming")

	phone.Dial(t, "1002")
	shows(t, b, "incoming", "1001")
	b.Click(t, "accept")
	phone.Established(t)
	b.PageState(t, "active")
	gone(t, b, "incoming")
	peer.Hears(t, "the page that was called", b.Recording(), 500)
	peer.Hears(t, "the phone that called", phone.Recording(), 700)
	phone.Hangup(t)
	phone.Closed(t)
	b.PageState(t, "ended")

	phone.Dial(t, "1002")
	shows(t, b, "incoming", "1001")
	phone.Hangup(t) // before anybody answers
	gone(t, b, "incoming")
}

// noCamera is a browser whose user gives no camera to pages.
const noCamera = `
	const open = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
	if (open) navigator.mediaDevices.getUserMedia = async (want) => {
		if (want.video) throw new DOMException("Permission denied", "NotAllowedError");
		return open(want);
	};`

// closed: the page enters a room with a PIN that it is asked for, without the camera that it is
// not given, and says so. A call that comes meanwhile is taken in the room's place.
func closed(t *testing.T, s *server.Server, token string, b *peer.Browser) {
	t.Helper()
	var room struct {
		ID string `json:"id"`
	}
	if status := s.Do(t, token, http.MethodPost, "/api/v1/voip/rooms", map[string]any{"name": "Closed", "pin": "2468"}, &room); status != http.StatusCreated {
		t.Fatalf("a room is made: %d", status)
	}
	b.Fill(t, "room", "Closed")
	b.Click(t, "join")
	b.PageState(t, "failed")
	peer.Eventually(t, "the page asks for the PIN", func() error {
		if at := peer.Eval[string](t, b, `document.activeElement.id`); at != "room-pin" {
			return fmt.Errorf("one types into %q", at)
		}
		return nil
	})
	b.Fill(t, "room-pin", "2468")
	b.Click(t, "camera")
	b.Click(t, "join")
	b.PageState(t, "active")
	shows(t, b, "share-hint", "does not give this page the camera")
	shows(t, b, "people", "alice (you")
	b.Click(t, "camera")

	var call struct {
		ID string `json:"id"`
	}
	if status := s.Do(t, s.Token(t, "bob"), http.MethodPost, "/api/v1/voip/calls", map[string]any{
		"participants": []string{"WebRTC/alice", "SIP/1001"}, "call_type": "audio",
	}, &call); status != http.StatusCreated {
		t.Fatalf("bob's call: %d", status)
	}
	shows(t, b, "incoming", "bob", "ends the call that you are in")
	b.Click(t, "accept")
	shows(t, b, "status", "Connected to bob")
	peer.Hears(t, "the page that left the room", b.Recording(), 500)
	b.Click(t, "hangup")
	b.PageState(t, "ended")
	if status := s.Do(t, token, http.MethodDelete, "/api/v1/voip/rooms/"+room.ID, nil, nil); status != http.StatusNoContent {
		t.Errorf("the room is deleted: %d", status)
	}
}

// gone waits until an element is hidden.
func gone(t *testing.T, b *peer.Browser, id string) {
	t.Helper()
	peer.Eventually(t, "#"+id+" is gone", func() error {
		if !peer.Eval[bool](t, b, fmt.Sprintf(`document.querySelector("#%s").hidden`, id)) {
			return errors.New("it is there")
		}
		return nil
	})
}

// A phone that declines, however fast, is said to be busy.
func TestThePageSaysThatAPhoneIsBusy(t *testing.T) {
	phone := peer.FreePort(t)
	s := server.Start(t, server.Config{Files: map[string]string{"pjsip.conf": fmt.Sprintf(
		"[desk]\ntype=endpoint\nallow=ulaw\naors=desk\n[desk]\ntype=aor\ncontact=sip:desk@127.0.0.1:%d\n", phone)}})
	desk := peer.Sipp(t, peer.SippConfig{SIP: phone, Scenario: "../../testdata/sip/phones/reject.xml", Replace: []string{"STATUS", "486"}})
	b := peer.Chromium(t, peer.ChromiumConfig{Tone: 700})
	b.Open(t, s.URL("/#token="+s.Token(t, "alice", "--role", "admin")))
	b.PageState(t, "idle")
	b.Fill(t, "dial-target", "PJSIP/desk")
	b.Click(t, "dial")
	peer.Eventually(t, "the page says that the phone is busy", func() error {
		said := peer.Eval[string](t, b, `document.querySelector("#status").textContent`)
		if !strings.Contains(strings.ToLower(said), "busy") {
			return fmt.Errorf("it says %q", said)
		}
		return nil
	})
	desk.Wait(t)
}

// Over plain HTTP from another machine the browser has no microphone: the page says
// so before and when somebody dials, and nothing rings.
func TestThePageSaysWhyThereIsNoMicrophone(t *testing.T) {
	s := server.Start(t, server.Config{})
	b := peer.Chromium(t, peer.ChromiumConfig{Flags: []chromedp.ExecAllocatorOption{
		chromedp.Flag("host-resolver-rules", "MAP pbx.example 127.0.0.1"),
	}})
	b.Open(t, fmt.Sprintf("http://pbx.example:%d/#token=%s", s.API, s.Token(t, "alice")))
	b.PageState(t, "idle")
	explains := func(id string) {
		t.Helper()
		text := peer.Eval[string](t, b, fmt.Sprintf(`document.querySelector("#%s:not([hidden])")?.textContent ?? ""`, id))
		if !strings.Contains(text, "api.tls: true") {
			t.Errorf("#%s says %q", id, text)
		}
	}
	explains("insecure")
	b.Fill(t, "dial-target", "1001")
	b.Click(t, "dial")
	b.PageState(t, "failed")
	explains("status")
	var calls struct {
		Items *[]any `json:"items"`
	}
	s.Do(t, s.Token(t, "alice"), http.MethodGet, "/api/v1/voip/calls", nil, &calls)
	if calls.Items == nil || len(*calls.Items) > 0 {
		t.Errorf("calls that were made: %v", calls.Items)
	}
}
