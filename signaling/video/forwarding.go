package video

import (
	"log/slog"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/media/forward"
	"github.com/skygenesisenterprise/skybridge/media/forward/allocation"
	"github.com/skygenesisenterprise/skybridge/media/forward/router"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// tick is how often what is due is looked after.
const tick = 20 * time.Millisecond

// Forwarding passes the video of a room on. Its methods, and those of its members, may be
// called from any goroutine.
//
// The events of its Room, and the Send functions of router.Config, are called under its lock:
// they must not block, nor call it back.
type Forwarding struct {
	log   *slog.Logger
	flush func()
	start time.Time
	wake  chan struct{}
	stop  chan struct{}
	done  chan struct{}
	once  sync.Once
	queue queue
	lost  uint64 // of the queue, as was said last
	told  time.Duration

	mu      sync.Mutex
	room    *Room
	router  *router.Router
	members map[string]*Member
	tracks  map[SourceID]*router.Track
	closed  bool
}

// Member is one who has a transport for video.
type Member struct {
	of    *Forwarding
	id    string
	party *router.Party
	views map[SourceID]*router.View
	// paused are views that are sent nothing, however they are arranged.
	paused map[SourceID]bool

	report rtp.Report
	list   []rtp.Feedback

	// Of the queue: how much of the member's waits since it was taken at that turn.
	turn    uint64
	waiting int
}

// NewForwarding makes one of nobody. flush, where set, is called after each round of Send, by the
// one goroutine that calls those too: what they have kept until then is to leave.
func NewForwarding(log *slog.Logger, s Settings, tell func(Event), flush func()) *Forwarding {
	f := &Forwarding{
		log: log, flush: flush, start: time.Now(), wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
		router: router.New(), members: make(map[string]*Member), tracks: make(map[SourceID]*router.Track),
		queue: queue{came: make(chan struct{}, 1)},
	}
	f.room = NewRoom(s, func(e Event) {
		if e.Type == SourceRemoved {
			f.ended(e.Source)
		}
		tell(e)
	})
	// owned by the Forwarding: Close ends it
	go f.run()
	return f
}

// Close ends the forwarding, and waits for its goroutine.
func (f *Forwarding) Close() {
	f.once.Do(func() { close(f.stop) })
	<-f.done
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for _, m := range f.members {
		m.leave()
	}
}

// run forwards what comes, and looks after what is due while somebody is there.
func (f *Forwarding) run() {
	defer guard.Recover(f.log, "the forwarding of video")
	defer close(f.done)
	t := time.NewTicker(tick)
	defer t.Stop()
	for {
		select {
		case <-f.stop:
			return
		case <-f.queue.came:
			guard.Do(f.log, "the forwarding of video", f.forward)
			f.leave()
			continue
		case <-t.C:
		case <-f.wake:
			t.Reset(tick)
		}
		idle := false
		guard.Do(f.log, "the forwarding of video", func() { idle = f.tick() })
		f.leave()
		if idle {
			t.Stop() // until somebody joins
		}
	}
}

// leave has go what was sent.
func (f *Forwarding) leave() {
	if f.flush != nil {
		f.flush()
	}
}

// tick does what is due, and tells whether nobody is there.
func (f *Forwarding) tick() (idle bool) {
	now := time.Since(f.start)
	if lost := f.queue.dropped(); lost != f.lost && now-f.told >= time.Second {
		f.log.Warn("video was not forwarded: more has come than the machine can send", "packets", lost-f.lost)
		f.lost, f.told = lost, now
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.router.Tick(now, rtp.NTPTime(time.Now().UnixNano()))
	idle = len(f.members) == 0
	f.queue.rest(time.Now(), idle)
	return idle
}

// ended takes away the track of a source that is gone, and all views of it.
func (f *Forwarding) ended(id SourceID) {
	t := f.tracks[id]
	if t == nil {
		return
	}
	t.Stop()
	delete(f.tracks, id)
	for _, m := range f.members {
		delete(m.views, id)
		delete(m.paused, id)
	}
}

// Join adds a member with a transport. Errors are those of Room.Join, and fault.Gone after
// Close.
func (f *Forwarding) Join(id string, cfg router.Config) (*Member, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, fault.New(fault.Gone, "video: the room has ended")
	}
	if err := f.room.Join(id); err != nil {
		return nil, err
	}
	m := &Member{of: f, id: id, party: f.router.Join(cfg), views: make(map[SourceID]*router.View), paused: make(map[SourceID]bool)}
	f.members[id] = m
	select {
	case f.wake <- struct{}{}:
	default:
	}
	return m, nil
}

// SetExtensions is router.Party.SetExtensions.
func (m *Member) SetExtensions(ext forward.Extensions, transportWide uint8) {
	m.of.mu.Lock()
	defer m.of.mu.Unlock()
	if m.here() {
		m.party.SetExtensions(ext, transportWide)
	}
}

// Speaks says who speaks now; empty is nobody.
func (f *Forwarding) Speaks(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.room.Speaks(id)
	f.show()
}

// Present is Room.Present.
func (f *Forwarding) Present(id string, may bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.room.Present(id, may)
	f.show()
}

// Change changes the room's settings.
func (f *Forwarding) Change(s Settings) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.room.Change(s)
	f.show()
}

// Sources are all that are there.
func (f *Forwarding) Sources() []Source {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.room.Sources()
}

// show tells all views how they are seen.
func (f *Forwarding) show() {
	for _, m := range f.members {
		m.show()
	}
}

func (m *Member) show() {
	for _, s := range m.of.room.Views(m.id) {
		if v := m.views[s.Source]; v != nil && m.paused[s.Source] {
			v.Show(allocation.Hidden, false)
		} else if v != nil {
			v.Show(s.Lines, s.Speaking)
		}
	}
}

// Leave takes the member away.
func (m *Member) Leave() {
	m.of.mu.Lock()
	defer m.of.mu.Unlock()
	m.leave()
	m.of.show()
}

// here tells whether the member has not left; another one may have come by its name since.
func (m *Member) here() bool { return m.of.members[m.id] == m }

// errLeft is what a member gets who has left.
var errLeft = fault.New(fault.NotFound, "video: no such member")

func (m *Member) leave() {
	if !m.here() {
		return
	}
	m.of.room.Leave(m.id)
	delete(m.of.members, m.id)
	m.party.Leave()
}

// Publish adds a source of the member's, with the track that their transport brings it in.
// Errors are those of Room.Publish, and fault.Invalid for a track that is none.
func (m *Member) Publish(k Kind, cfg router.TrackConfig) error {
	f := m.of
	f.mu.Lock()
	defer f.mu.Unlock()
	id := SourceID{m.id, k}
	if !m.here() {
		return errLeft
	}
	if err := f.room.Publish(id); err != nil {
		return err
	}
	cfg.Screen = k == Screen
	t, err := m.party.Publish(cfg)
	if err != nil {
		f.room.Unpublish(id)
		return err
	}
	f.tracks[id] = t
	f.show()
	return nil
}

// Unpublish takes a source of the member's away.
func (m *Member) Unpublish(k Kind) bool {
	m.of.mu.Lock()
	defer m.of.mu.Unlock()
	if !m.here() || !m.of.room.Unpublish(SourceID{m.id, k}) {
		return false
	}
	m.of.show()
	return true
}

// Mute says that a source of the member's shows nothing, or shows something again.
func (m *Member) Mute(k Kind, muted bool) error {
	m.of.mu.Lock()
	defer m.of.mu.Unlock()
	if !m.here() {
		return errLeft
	}
	err := m.of.room.Mute(SourceID{m.id, k}, muted)
	m.of.show()
	return err
}

// Arrange says what the member wants to see; see Room.Arrange.
func (m *Member) Arrange(l Layout) error {
	m.of.mu.Lock()
	defer m.of.mu.Unlock()
	if !m.here() {
		return errLeft
	}
	if err := m.of.room.Arrange(m.id, l); err != nil {
		return err
	}
	m.show() // nobody else sees anything of it
	return nil
}

// Views is what the member sees; see Room.Views.
func (m *Member) Views() []View {
	m.of.mu.Lock()
	defer m.of.mu.Unlock()
	if !m.here() {
		return nil
	}
	return m.of.room.Views(m.id)
}

// Watch begins to send the member a source, on a stream that was negotiated. It fails with
// fault.NotFound for one that is not there, and fault.Conflict for their own, or one that they
// are sent.
func (m *Member) Watch(id SourceID, stream forward.Stream) error {
	f := m.of
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.tracks[id]
	switch {
	case t == nil || !m.here():
		return fault.New(fault.NotFound, "video: no such source")
	case id.Member == m.id || m.views[id] != nil:
		return fault.New(fault.Conflict, "video: the source is the member's own, or sent to them")
	}
	v, err := m.party.Watch(t, stream)
	if err != nil {
		return err
	}
	m.views[id] = v
	m.show()
	return nil
}

// Unwatch ends what Watch began.
func (m *Member) Unwatch(id SourceID) {
	m.of.mu.Lock()
	defer m.of.mu.Unlock()
	if v := m.views[id]; v != nil && m.here() {
		v.Stop()
		delete(m.views, id)
		delete(m.paused, id)
	}
}

// Pause sends the member nothing of a source that they watch, or something again: their side
// takes nothing for now, as on hold. The stream goes on where it was.
func (m *Member) Pause(id SourceID, on bool) {
	m.of.mu.Lock()
	defer m.of.mu.Unlock()
	if m.here() && m.views[id] != nil && m.paused[id] != on {
		m.paused[id] = on
		m.show()
	}
}

// Layers are those of a source of the member's as they are known by now: a sender that has been
// heard says no more which of its streams is which.
func (m *Member) Layers(k Kind) []forward.LayerConfig {
	m.of.mu.Lock()
	defer m.of.mu.Unlock()
	if t := m.of.tracks[SourceID{m.id, k}]; t != nil && m.here() {
		return t.Known()
	}
	return nil
}
