package stage

import (
	"errors"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/actor"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/forward"
	"github.com/skygenesisenterprise/skybridge/media/forward/router"
	"github.com/skygenesisenterprise/skybridge/media/video/payload"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
	"github.com/skygenesisenterprise/skybridge/signaling/video"
)

// rig is a house with a stage. Its browsers have neither media nor a peer: here it is who is
// where; what is seen is tested over the API.
type rig struct {
	*signaltest.House
	t     *testing.T
	stage *Stage
	rooms *conference.Registry
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{House: signaltest.New(t, signaltest.NewMixer(t)), t: t}
	r.rooms = conference.NewRegistry(r.Engine)
	r.stage = New(Config{Engine: r.Engine, Rooms: r.rooms, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() {
		r.stage.Close()
		for _, room := range r.rooms.Rooms() {
			room.Close()
		}
	})
	return r
}

// browser is a leg with a performer.
type browser struct {
	*signaltest.Leg
	performer *Performer
}

func (b *browser) Performer() *Performer { return b.performer }

func (r *rig) browser(name string) (*signaling.Channel, *Performer) {
	r.t.Helper()
	p := r.stage.NewPerformer(Part{Participant: name})
	r.t.Cleanup(func() {
		p.Close()
		<-p.Done()
	})
	ch, err := r.Engine.Incoming(signaling.Incoming{Leg: &browser{r.Leg(name, nil, signaltest.Script{}), p}, Tech: "WebRTC", Resource: name})
	must(r.t, err)
	must(r.t, ch.Answer(r.t.Context()))
	return ch, p
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// where is where a performer is, and under which name.
func (p *Performer) where() (*scene, string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.scene, p.name
}

func (r *rig) scenes() int {
	r.stage.mu.Lock()
	defer r.stage.mu.Unlock()
	return len(r.stage.scenes)
}

// TestWhoIsWhere: two browsers in a bridge are on one stage, whatever else is in it; who moves goes
// along, who is alone is on none, and a bridge that ends leaves nothing.
func TestWhoIsWhere(t *testing.T) {
	r := newRig(t)
	one, two := r.Engine.NewBridge(signaling.BridgeConfig{}), r.Engine.NewBridge(signaling.BridgeConfig{})
	a, pa := r.browser("ann")
	b, pb := r.browser("ben")
	c, pc := r.browser("cem")
	phone, _ := r.CallUp("1001", nil)
	for _, ch := range []*signaling.Channel{a, phone} {
		must(t, one.Add(t.Context(), ch))
	}
	together := func(list ...*Performer) func() bool {
		return func() bool {
			first, _ := list[0].where()
			return first != nil && !slices.ContainsFunc(list, func(p *Performer) bool { s, _ := p.where(); return s != first })
		}
	}
	alone := func(p *Performer) func() bool { return func() bool { s, _ := p.where(); return s == nil } }
	must(t, one.Add(t.Context(), b))
	r.Eventually("two see each other", together(pa, pb))
	if _, name := pa.where(); name != "ann" || r.scenes() != 1 {
		t.Errorf("ann is called %q; %d scenes", name, r.scenes())
	}
	must(t, two.Add(t.Context(), c))
	must(t, two.Add(t.Context(), b))
	r.Eventually("ben has gone to cem", together(pb, pc))
	r.Eventually("ann is alone", alone(pa))
	must(t, one.Add(t.Context(), c))
	r.Eventually("cem has gone to ann", together(pa, pc))
	r.Eventually("ben is alone", alone(pb))
	a.Hangup(signaling.CauseNormal)
	r.Eventually("cem is alone", alone(pc))
	must(t, two.Add(t.Context(), c))
	r.Eventually("cem has gone to ben", together(pb, pc))
	two.Close()
	r.Eventually("nobody is there", func() bool { return alone(pb)() && alone(pc)() && r.scenes() == 0 })
	one.Close()
}

// TestRoomsHaveRulesOfTheirOwn: participants' names and roles count in a room, and in one where
// nobody meets nobody is seen.
func TestRoomsHaveRulesOfTheirOwn(t *testing.T) {
	r := newRig(t)
	a, pa := r.browser("ann")
	b, pb := r.browser("ben")
	_, err := r.rooms.Create(conference.Settings{Number: "9001", NoScreens: true, Kept: true})
	must(t, err)
	enter := func(ch *signaling.Channel, role conference.Role) string {
		place, err := r.rooms.Reserve("9001", role, conference.Settings{})
		must(t, err)
		m, err := place.Enter(t.Context(), ch, "", role)
		must(t, err)
		return m.ID
	}
	ida, idb := enter(a, conference.RoleModerator), enter(b, conference.RoleParticipant)
	var sc *scene
	r.Eventually("both are there", func() bool {
		first, na := pa.where()
		second, nb := pb.where()
		sc = first
		return first != nil && first == second && na == ida && nb == idb
	})
	rules := func() (screens, a, b bool) {
		sc.mu.Lock()
		defer sc.mu.Unlock()
		return sc.settings.Screens, sc.cast[pa].presents, sc.cast[pb].presents
	}
	if screens, a, b := rules(); screens || !a || b {
		t.Errorf("screens %v, ann presents %v, ben %v", screens, a, b)
	}
	room := r.rooms.Rooms()[0]
	must(t, room.SetRole(idb, conference.RoleModerator))
	r.Eventually("ben presents too", func() bool { _, _, b := rules(); return b })
	must(t, r.rooms.Change(room, func(s *conference.Settings) { s.NoScreens = false }))
	r.Eventually("screens are allowed", func() bool { screens, _, _ := rules(); return screens })
	must(t, r.rooms.Change(room, func(s *conference.Settings) { s.Holding = true }))
	r.Eventually("nobody meets", func() bool { s, _ := pa.where(); return s == nil && r.scenes() == 0 })
}

// TestLostEvents: what was lost is found in the snapshots, with the next event there is.
func TestLostEvents(t *testing.T) {
	r := newRig(t)
	r.stage.Close() // a stage that reads its events when it is told to
	s := &Stage{cfg: r.stage.cfg, scenes: map[string]*scene{}}
	s.sub = r.Engine.Bus().Subscribe(1, followed)
	defer s.sub.Close()
	take := func() { s.take(<-s.sub.Events()) }
	bridge := r.Engine.NewBridge(signaling.BridgeConfig{})
	a, pa := r.browser("ann")
	b, pb := r.browser("ben")
	r.Engine.Bus().Publish(event.Event{Type: event.BridgeDestroyed, Bridge: "another"})
	must(t, bridge.Add(t.Context(), a))
	must(t, bridge.Add(t.Context(), b))
	take()
	first, _ := pa.where()
	if second, _ := pb.where(); first == nil || first != second || s.lost == 0 {
		t.Fatalf("%d lost; they do not see each other", s.lost)
	}
	r.Engine.Bus().Publish(event.Event{Type: event.BridgeDestroyed, Bridge: "another"})
	bridge.Close()
	r.Eventually("the bridge is gone", func() bool {
		_, err := r.Engine.Bridge(bridge.ID())
		return err != nil
	})
	take()
	if left, _ := pa.where(); left != nil || len(s.scenes) != 0 {
		t.Errorf("they see each other in a bridge that is gone: %d", len(s.scenes))
	}
}

// offered is a description of a browser's with sections of video, each with a line of its own.
func offered(lines ...string) string {
	head := "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2\r\n" +
		"a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\na=setup:actpass\r\na=fingerprint:sha-256 " + strings.TrimSuffix(strings.Repeat("AB:", 32), ":") + "\r\n"
	var b strings.Builder
	b.WriteString(head)
	for i, line := range lines {
		b.WriteString("m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\na=mid:" + string(rune('0'+i)) + "\r\n" + line + "\r\n")
	}
	return b.String()
}

// TestWhoMayShareAScreen: an offer with a screen, which is what is called slides or comes beside a
// camera, is refused to who may not share one.
func TestWhoMayShareAScreen(t *testing.T) {
	r := newRig(t)
	may := false
	p := r.stage.NewPerformer(Part{MayShare: func() bool { return may }})
	defer p.Close()
	for name, c := range map[string]struct {
		offer   string
		refused bool
	}{
		"a camera":              {offered("a=sendrecv"), false},
		"a screen":              {offered("a=sendonly\r\na=content:slides"), true},
		"both":                  {offered("a=sendrecv", "a=sendonly"), true},
		"a camera, and to see":  {offered("a=sendrecv", "a=recvonly"), false},
		"a screen that is over": {offered("a=sendrecv", "a=inactive\r\na=content:slides"), false},
		"what cannot be read":   {"v=0", false},
	} {
		err := p.Allowed(c.offer)
		if c.refused != (err != nil) || err != nil && (fault.Of(err) != fault.Forbidden || fault.CodeOf(err) != "screen_share_forbidden") {
			t.Errorf("%s: %v", name, err)
		}
	}
	may = true
	if err := p.Allowed(offered("a=sendonly\r\na=content:slides")); err != nil {
		t.Errorf("who may: %v", err)
	}
}

// at is where a performer's own work has brought it, once all that was asked for is done.
func (p *Performer) at(t *testing.T) (at *scene) {
	t.Helper()
	p.after(t, func() { at = p.stand.scene })
	return at
}

// after has a performer's work do something when all is done that it was asked for before.
func (p *Performer) after(t *testing.T, f func()) {
	t.Helper()
	for {
		err := p.work.Do(t.Context(), func() error { f(); return nil })
		if !errors.Is(err, actor.ErrFull) { // what is asked for comes first
			must(t, err)
			return
		}
		runtime.Gosched()
	}
}

// busy has a performer's work wait until what it returns is called.
func (p *Performer) busy(t *testing.T) (done func()) {
	t.Helper()
	begun, over := make(chan struct{}), make(chan struct{})
	must(t, p.work.Post(func() { close(begun); <-over }))
	<-begun
	return func() { close(over) }
}

// TestABusyPerformer: whatever is asked for while a browser's work waits is done after it.
func TestABusyPerformer(t *testing.T) {
	r := newRig(t)
	p := r.stage.NewPerformer(Part{Participant: "ann"})
	defer p.Close()
	sc := newScene(slog.New(slog.DiscardHandler), video.Settings{})
	defer sc.end()
	done := p.busy(t)
	for range 100 {
		p.negotiate()
		p.Refused()
		p.settled()
	}
	p.enters(sc, "ann")
	done()
	if at := p.at(t); at != sc {
		t.Errorf("it is at %p, not on the scene %p", at, sc)
	}
	p.leaves(sc)
	if at := p.at(t); at != nil {
		t.Error("it has not left")
	}
}

// TestWhoHasGoneStaysSo: a performer that is closed enters no scene, whoever was late to know.
func TestWhoHasGoneStaysSo(t *testing.T) {
	r := newRig(t)
	sc := newScene(slog.New(slog.DiscardHandler), video.Settings{})
	defer sc.end()
	p := r.stage.NewPerformer(Part{Participant: "ann"})
	p.enters(sc, "ann")
	if p.at(t) != sc {
		t.Fatal("it is not there")
	}
	done := p.busy(t)
	p.Close()
	p.enters(sc, "ann")
	done()
	<-p.Done()
	if p.stand.scene != nil {
		t.Error("it is on the scene")
	}
}

// TestFormatsAreForgotten: what a source is sent in is known of it, and of nothing that is not there.
func TestFormatsAreForgotten(t *testing.T) {
	sc := newScene(slog.New(slog.DiscardHandler), video.Settings{Screens: true})
	defer sc.end()
	id := video.SourceID{Member: "ann", Kind: video.Camera}
	m, err := sc.join(nil, id.Member, router.Config{Send: func([]byte) bool { return true }, SendRTCP: func([]byte) {}})
	must(t, err)
	cfg := router.TrackConfig{Config: forward.Config{Codec: payload.VP8, PayloadType: 96, Layers: []forward.LayerConfig{{SSRC: 1}}}}
	for range 2 { // the second time it is there already
		err = sc.publish(m, id, cfg, format{codec: "VP8"})
		if seen := sc.seen(); seen[id].codec != "VP8" || len(sc.formats) != 0 {
			t.Fatalf("%v, and %v waits: %v", seen, sc.formats, err)
		}
	}
	if fault.Of(err) != fault.Conflict {
		t.Errorf("published twice: %v", err)
	}
}
