package room50_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/browser"
	"github.com/skygenesisenterprise/skybridge/bench/measure"
	"github.com/skygenesisenterprise/skybridge/bench/webrtc"
	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
	"github.com/skygenesisenterprise/skybridge/e2e/tone"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// The room. With -short it is a smaller one.
const (
	people, cameras           = 50, 10
	peopleShort, camerasShort = 12, 3
	// joining is how many come at a time.
	joining = 8
	// What everybody has to hear and see of each camera, twice: two seconds of it.
	packets, pictures = 100, 30
)

// tones are those of the three who talk, by their numbers: one has a camera.
var tones = map[int]float64{0: 500, 5: 700, 11: 1100}

// meeting is the room and who is in it.
type meeting struct {
	server  *server.Server
	room    string
	http    *http.Client
	parties []*party
	cameras []int
	film    film
	known   map[string]int // whose a packet is
	said    map[float64][][]byte
	all     sync.WaitGroup

	mu     sync.Mutex
	failed []error
}

func (m *meeting) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failed = append(m.failed, err)
}

func (m *meeting) check() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return errors.Join(m.failed...)
}

// TestRoomOfFifty: all hear the mix of three and see ten cameras; one who vanishes takes nothing
// from the others.
func TestRoomOfFifty(t *testing.T) {
	s := server.Start(t, server.Config{Set: map[string]string{"log.level": "warn"}})
	before := s.Resources(t)
	t.Run("all", func(t *testing.T) { meet(t, s) })
	s.Idle(t, before)
}

func meet(t *testing.T, s *server.Server) {
	n, films := people, cameras
	if testing.Short() {
		n, films = peopleShort, camerasShort
		t.Logf("a room of %d with %d cameras only: -short", n, films)
	}
	m := newMeeting(t, s, n, films)
	ctx, cancel := context.WithCancel(t.Context())
	began := time.Now()
	m.join(ctx, t)
	if t.Failed() {
		cancel()
		m.end()
		return
	}
	t.Logf("%d browsers came within %v", n, time.Since(began).Round(time.Millisecond))
	m.all.Go(func() { m.talk(ctx) })
	defer func() {
		cancel()
		m.end()
	}()

	m.everybody(t, "everybody hears and sees all", m.cameras)
	for _, number := range []int{0, 5, 1, n - 1} {
		m.hears(t, m.parties[number])
	}
	m.counts(t)

	// One with a camera is gone without a word: no goodbye, and nothing answers at its port.
	m.vanish(t, m.parties[films-1])
	m.everybody(t, "the others go on", m.cameras[:films-1])
	m.hears(t, m.parties[n-2])

	for _, p := range m.parties {
		if p.gone.Load() {
			continue
		}
		p.cancel() // who leaves follows no more: there is nothing to wait for in a call that is over
		if err := p.Leave(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if err := m.parties[films-1].Leave(t.Context()); err != nil { // its user may, from elsewhere
		t.Error(err)
	}
	if status := s.Do(t, s.Token(t, "host"), http.MethodDelete, "/api/v1/voip/rooms/"+m.room, nil, nil); status != http.StatusNoContent {
		t.Errorf("DELETE /rooms/%s: %d", m.room, status)
	}
	if err := m.check(); err != nil {
		t.Error(err)
	}
}

func newMeeting(t *testing.T, s *server.Server, n, films int) *meeting {
	t.Helper()
	m := &meeting{
		server: s, film: recorded(t), known: make(map[string]int), said: make(map[float64][][]byte),
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: n}},
	}
	for i := range films {
		m.cameras = append(m.cameras, i)
		for _, picture := range m.film.by(i) {
			for _, p := range picture {
				m.known[tail(p)] = i
			}
		}
	}
	if len(m.known) < films*len(m.film) {
		t.Fatalf("%d packets that can be told apart, of %d cameras with %d pictures", len(m.known), films, len(m.film))
	}
	rate := opus.Codec().SampleRate
	for _, hz := range []float64{0, 500, 700, 1100} {
		peak := 8000.
		if hz == 0 {
			peak = 0
		}
		m.said[hz] = encoded(t, tone.Sine(hz, rate, 1, peak))
	}
	token := s.Token(t, "host")
	var room struct{ ID string }
	if status := s.Do(t, token, http.MethodPost, "/api/v1/voip/rooms", map[string]any{"name": "Fifty"}, &room); status != http.StatusCreated {
		t.Fatalf("POST /rooms: %d", status)
	}
	m.room = room.ID
	for i := range n {
		m.parties = append(m.parties, m.party(t, i, i < films))
	}
	return m
}

func (m *meeting) party(t *testing.T, number int, films bool) *party {
	t.Helper()
	p := &party{number: number, seen: make(map[int]*view), from: make(map[uint32]int)}
	sections := []webrtc.Section{{Kind: webrtc.Audio, Direction: webrtc.SendRecv}}
	if films {
		sections = append(sections, webrtc.Section{Kind: webrtc.Video, Direction: webrtc.SendOnly})
	}
	b, err := browser.New(browser.Config{
		URL: m.server.URL(""), Token: m.server.Token(t, fmt.Sprintf("user%d", number)), HTTP: m.http,
		Client: webrtc.Config{
			Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
			Ear: webrtc.Ear{Media: func(packet []byte) { p.media(m.known, packet) }, Reports: p.reports},
		},
	}, sections...)
	if err != nil {
		t.Fatal(err)
	}
	p.Browser = b
	return p
}

// join has all come, those with cameras first, and answer what the server offers from then on.
func (m *meeting) join(ctx context.Context, t *testing.T) {
	t.Helper()
	var coming sync.WaitGroup
	places := make(chan struct{}, joining)
	for _, p := range m.parties {
		places <- struct{}{}
		coming.Go(func() {
			defer func() { <-places }()
			limited, cancel := context.WithTimeout(ctx, 2*time.Minute)
			defer cancel()
			if err := p.come(limited, m); err != nil {
				m.fail(fmt.Errorf("party %d: %w", p.number, err))
			}
		})
	}
	coming.Wait()
	if err := m.check(); err != nil {
		t.Error(err)
		return
	}
	for _, p := range m.parties {
		var following context.Context
		following, p.cancel = context.WithCancel(ctx)
		m.all.Go(func() {
			if err := p.Follow(following); err != nil {
				m.fail(fmt.Errorf("party %d: %w", p.number, err))
			}
		})
	}
}

// come has a party join and find out how it may speak.
func (p *party) come(ctx context.Context, m *meeting) (err error) {
	if err := p.Join(ctx, m.room); err != nil {
		return err
	}
	if p.mouth, err = p.Mouth(); err != nil {
		return err
	}
	payloadType, level, ok := p.Takes()
	if !ok || payloadType != opusType {
		return fmt.Errorf("the server takes no Opus, or as %d", payloadType)
	}
	hz := tones[p.number]
	p.voice = voice{
		payloads: m.said[hz], ext: level, level: 127,
		head: rtp.Header{PayloadType: payloadType, SSRC: p.SSRC(webrtc.Audio), SequenceNumber: uint16(rand.Uint32()), Timestamp: rand.Uint32()},
	}
	if hz > 0 {
		p.voice.level = 20
	}
	if slices.Contains(m.cameras, p.number) {
		p.camera = newCamera(m.film.by(p.number), vp8Type, p.SSRC(webrtc.Video))
	}
	return nil
}

// talk has all send what is due until the context ends.
func (m *meeting) talk(ctx context.Context) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			for i, p := range m.parties {
				if p.gone.Load() {
					continue
				}
				err := p.speak(now)
				if (n+i)%50 == 0 {
					err = errors.Join(err, p.tell())
				}
				if err != nil && !p.gone.Load() {
					m.fail(fmt.Errorf("party %d: %w", p.number, err))
					return
				}
			}
		}
	}
}

// everybody waits until all who are there have heard and seen enough from now on, and says
// what the server took for it.
func (m *meeting) everybody(t *testing.T, what string, cameras []int) {
	t.Helper()
	program, err := measure.NewProgram(m.server.Process().Pid)
	if err != nil {
		t.Fatal(err)
	}
	from, err := program.Usage()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	since := make([]tally, len(m.parties))
	for i, p := range m.parties {
		since[i] = p.tally()
	}
	peer.Eventually(t, what, func() error {
		if err := m.check(); err != nil {
			t.Fatal(err)
		}
		for i, p := range m.parties {
			if p.gone.Load() {
				continue
			}
			if err := p.more(since[i], packets, pictures, cameras); err != nil {
				return err
			}
		}
		return nil
	})
	until, err := program.Usage()
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	t.Logf("%s: within %v, in which the server took %.0f %% of a core and had %d MiB", what, took.Round(time.Millisecond),
		100*float64(until.CPU-from.CPU)/float64(took), until.RSS>>20)
}

// hears has a party listen to two seconds from now on: the tones of those who talk are in them,
// but its own is not, nor one that nobody makes.
func (m *meeting) hears(t *testing.T, p *party) {
	t.Helper()
	p.mu.Lock()
	p.kept, p.listen = nil, true
	p.mu.Unlock()
	var kept [][]byte
	peer.Eventually(t, fmt.Sprintf("party %d hears two seconds", p.number), func() error {
		p.mu.Lock()
		defer p.mu.Unlock()
		if kept = p.kept; len(kept) < packets {
			return fmt.Errorf("%d packets of audio of %d", len(kept), packets)
		}
		p.listen = false
		return nil
	})
	pcm := decoded(t, kept)
	for number, hz := range tones {
		level := tone.Lasting(pcm, opus.Codec().SampleRate, hz)
		if number == p.number && level > -55 || number != p.number && level < -35 {
			t.Errorf("party %d hears the %v Hz of party %d at %.1f dBFS", p.number, hz, number, level)
		}
	}
	if level := tone.Lasting(pcm, opus.Codec().SampleRate, 1500); level > -55 {
		t.Errorf("party %d hears 1500 Hz at %.1f dBFS, which nobody makes", p.number, level)
	}
}

// counts asks the server who is there.
func (m *meeting) counts(t *testing.T) {
	t.Helper()
	var room struct {
		Participants []struct {
			Camera bool
		}
	}
	if err := m.parties[0].Do(t.Context(), http.MethodGet, "/api/v1/voip/rooms/"+m.room, nil, &room); err != nil {
		t.Fatal(err)
	}
	films := 0
	for _, p := range room.Participants {
		if p.Camera {
			films++
		}
	}
	if len(room.Participants) != len(m.parties) || films != len(m.cameras) {
		t.Errorf("%d participants with %d cameras, want %d with %d", len(room.Participants), films, len(m.parties), len(m.cameras))
	}
}

// vanish has a party be gone.
func (m *meeting) vanish(t *testing.T, p *party) {
	t.Helper()
	p.gone.Store(true)
	p.cancel()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// end ends what is left of all.
func (m *meeting) end() {
	m.all.Wait()
	for _, p := range m.parties {
		if !p.gone.Load() {
			if err := p.Close(); err != nil {
				m.fail(err)
			}
		}
	}
	m.http.CloseIdleConnections()
}
