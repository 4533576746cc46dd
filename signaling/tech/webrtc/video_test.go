package webrtc

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/webrtc/stage"
)

// people of whom each has a connection in one page.
//
//go:embed testdata/page.html
var people []byte

// meeting is a bridge in which browsers see each other.
type meeting struct {
	*signaltest.House
	t      *testing.T
	api    *rtc.API
	newAPI func() *rtc.API
	stage  *stage.Stage
	bridge *signaling.Bridge

	over chan struct{} // ends the waits of pages

	mu  sync.Mutex
	all map[string]*attendee
}

// attendee is a browser in it, and what it is offered.
type attendee struct {
	name string
	leg  *Leg

	mu     sync.Mutex
	offer  string
	offers int // made so far
	news   chan struct{}
	answer func(offer string) // in the place of news, where set
}

func newMeeting(t *testing.T) *meeting {
	t.Helper()
	r := newRig(t)
	m := &meeting{House: signaltest.New(t, r.mixer), t: t, api: r.api, newAPI: r.newAPI, all: make(map[string]*attendee), over: make(chan struct{})}
	m.stage = stage.New(stage.Config{Engine: m.Engine, Log: r.log})
	m.bridge = m.Engine.NewBridge(signaling.BridgeConfig{})
	t.Cleanup(func() {
		m.Engine.HangupAll(signaling.CauseNormal)
		m.stage.Close()
		m.bridge.Close()
	})
	return m
}

func (m *meeting) find(name string) *attendee {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.all[name]
}

// enter has a browser come in with its offer, and gives the answer.
func (m *meeting) enter(name, offer string, follows func(string)) (string, error) {
	a := &attendee{name: name, news: make(chan struct{}, 1), answer: follows}
	video := m.stage.NewPerformer(stage.Part{Participant: name, Offer: a.offered, Withdrawn: func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.offer = ""
	}})
	leg, answer, err := NewLeg(m.t.Context(), LegConfig{
		User: name, Mixer: m.Mixer, API: m.api, Codecs: codecs(), Log: slog.New(slog.DiscardHandler), Video: video,
	}, offer)
	if err != nil {
		return "", err
	}
	a.leg = leg
	m.mu.Lock()
	m.all[name] = a
	m.mu.Unlock()
	ch, err := m.Engine.Incoming(signaling.Incoming{Leg: leg, Tech: "WebRTC", Resource: name})
	if err != nil {
		return "", err
	}
	if err := ch.Answer(m.t.Context()); err != nil {
		return "", err
	}
	return answer, m.bridge.Add(m.t.Context(), ch)
}

// offered takes an offer of ours to the browser.
func (a *attendee) offered(sdp string) error {
	a.mu.Lock()
	a.offer = sdp
	a.offers++
	a.mu.Unlock()
	if a.answer != nil {
		a.answer(sdp)
		return nil
	}
	select {
	case a.news <- struct{}{}:
	default:
	}
	return nil
}

// ServeHTTP gives the page, and carries its descriptions.
func (m *meeting) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	what, name, _ := strings.Cut(strings.TrimPrefix(q.URL.Path, "/"), "/")
	body, err := io.ReadAll(q.Body)
	if err != nil {
		m.t.Error(err)
	}
	a := m.find(name)
	text := ""
	switch {
	case what == "":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.Copy(w, bytes.NewReader(people))
		return
	case what == "offer" && a == nil:
		text, err = m.enter(name, string(body), nil)
	case what == "offer":
		text, err = a.leg.Renegotiate(q.Context(), string(body))
	case what == "answer":
		err = a.leg.SetAnswer(string(body))
	case a == nil:
		http.NotFound(w, q)
		return
	default:
		select {
		case <-m.over:
		case <-a.news:
			a.mu.Lock()
			text = a.offer
			a.mu.Unlock()
		case <-q.Context().Done(): // the page is gone
		}
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	_, _ = io.WriteString(w, text)
}

// shown is what somebody of the page sees, by stream, and the tracks that came and went.
type shown struct {
	Videos map[string]struct {
		Width, Decoded int
		MID            string
	}
	Events []string
}

func (m *meeting) shown(br *peer.Browser, name string) (s shown) {
	m.t.Helper()
	if err := json.Unmarshal([]byte(peer.Eval[string](m.t, br, fmt.Sprintf("seen(%q)", name))), &s); err != nil {
		m.t.Fatal(err)
	}
	return s
}

// sees waits until so many more pictures of a stream were decoded, so wide, by somebody.
func (m *meeting) sees(br *peer.Browser, name, stream string, width, pictures int) {
	m.t.Helper()
	before := m.shown(br, name).Videos[stream].Decoded
	peer.Eventually(m.t, fmt.Sprintf("%s sees %s, %d wide", name, stream, width), func() error {
		s := m.shown(br, name)
		if v := s.Videos[stream]; v.Width != width || v.Decoded < before+pictures {
			return fmt.Errorf("%+v, before %d", s, before)
		}
		return nil
	})
}

// page opens the meeting's page in Chromium.
func (m *meeting) page() *peer.Browser {
	m.t.Helper()
	br := peer.Chromium(m.t, peer.ChromiumConfig{})
	site := httptest.NewServer(m)
	m.t.Cleanup(func() {
		close(m.over)
		site.Close()
	})
	br.Open(m.t, strings.Replace(site.URL, "127.0.0.1", "localhost", 1))
	m.t.Cleanup(func() { peer.Eval[string](m.t, br, "leave()") })
	return br
}

// simulcast is two layers, as many as Chromium sends of a camera of 640 × 360.
const simulcast = `[{rid: "q", scaleResolutionDownBy: 4, maxBitrate: 80000}, {rid: "f", maxBitrate: 400000}]`

// TestCamerasThatComeBack: with two in a room the large layer is what is seen, without a word about
// it. A camera in layers that is switched off and on again is seen again, though Chromium does not
// say any more which stream is which; and what another one adds, or switches off, takes nothing
// away that was seen before.
func TestCamerasThatComeBack(t *testing.T) {
	m := newMeeting(t)
	br := m.page()
	peer.Eval[string](t, br, fmt.Sprintf(`join("anna", %s)`, simulcast))
	peer.Eval[string](t, br, `join("bob", [{}])`)
	m.sees(br, "bob", "anna:camera", 640, 15)
	m.sees(br, "anna", "bob:camera", 640, 15)
	for range 2 {
		peer.Eval[string](t, br, `off("anna")`)
		peer.Eventually(t, "anna is not seen", func() error {
			if s := m.shown(br, "bob"); s.Videos["anna:camera"].MID != "" {
				return fmt.Errorf("%+v", s)
			}
			return nil
		})
		peer.Eval[string](t, br, `on("anna")`)
		m.sees(br, "bob", "anna:camera", 640, 15)
	}
	peer.Eval[string](t, br, `share("bob")`)
	m.sees(br, "anna", "bob:screen", 320, 5)
	m.sees(br, "anna", "bob:camera", 640, 15)
	peer.Eval[string](t, br, `share("anna")`) // one screen at a time is shown; nothing else changes
	m.sees(br, "anna", "bob:screen", 320, 5)
	if s := m.shown(br, "anna"); !slices.Equal(s.Events, []string{"+bob:camera", "+bob:screen"}) {
		t.Errorf("anna's tracks: %v", s.Events)
	}
}
