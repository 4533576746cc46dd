package stage

import (
	"reflect"
	"slices"
	"strconv"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/forward"
	"github.com/skygenesisenterprise/skybridge/media/forward/router"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/tracks"
	"github.com/skygenesisenterprise/skybridge/signaling/video"
)

// stand is where a performer's peer and scene are: what reconcile has brought them to.
type stand struct {
	peer   *rtc.Peer
	scene  *scene
	name   string
	member *video.Member
	ids    forward.Extensions // that it has joined with

	sent  map[video.SourceID]*sending // what the browser is sent, or will be
	shows map[video.Kind]incoming     // what it shows
	kinds map[string]video.Kind       // of its sections
	// known is what was learned of the sections' streams, for as long as there is the peer: who
	// has been heard says no more which is which, also when the section was off meanwhile.
	known map[string][]forward.LayerConfig
	count int // of tracks so far
}

// sending is a source that the browser is sent.
type sending struct {
	id      string // the track's
	number  uint64 // the source's
	variant string
	watched bool
}

// incoming is a source that the browser shows.
type incoming struct {
	cfg    router.TrackConfig
	format format
	number uint64 // of the source that is published; 0 for none
}

func (s *stand) begin() {
	s.sent, s.shows = make(map[video.SourceID]*sending), make(map[video.Kind]incoming)
	s.kinds, s.known = make(map[string]video.Kind), make(map[string][]forward.LayerConfig)
}

// wanted is what a performer's owner and its bridge want it to be.
type wanted struct {
	peer    *rtc.Peer
	agreed  *jsep.Agreed
	scene   *scene
	name    string
	layout  *video.Layout
	arrange bool
	part    Part
}

// reconcile brings the browser's video to where it is to be, from wherever it is. It is called
// after each change, by work.
func (p *Performer) reconcile() {
	p.mu.Lock()
	w := wanted{p.peer, p.agreed, p.scene, p.name, p.layout, p.changed, p.part}
	p.changed = false
	p.mu.Unlock()
	s := &p.stand
	if w.peer != s.peer { // nothing of the old one's is anywhere any more
		p.exit(false)
		s.begin()
		s.peer = w.peer
		if p.follows != nil {
			p.follows.renew(p)
		}
	}
	if w.scene != s.scene || w.name != s.name {
		p.exit(true)
		s.scene, s.name = w.scene, w.name
	}
	if w.agreed == nil {
		return
	}
	shows := p.incoming(w.agreed, w.part.First)
	p.tell(shows, w.part)
	if s.scene == nil {
		return
	}
	seen := s.scene.seen()
	if p.follows == nil && (w.part.Offer != nil || takesVideo(w.agreed)) { // who follows is sent one track
		p.ask(seen)
	}
	p.join(w)
	if s.member == nil {
		return
	}
	if p.follows != nil {
		p.follows.look(p, w.agreed)
		return
	}
	p.publish(shows, seen)
	p.watch(w.agreed)
}

// exit takes the browser off the scene where it is.
func (p *Performer) exit(withTracks bool) {
	s := &p.stand
	if s.member != nil {
		for k := range s.shows {
			s.remember(k)
		}
		p.member.Store(nil)
		s.member.Leave()
		s.member = nil
	}
	if withTracks && s.peer != nil {
		for _, t := range s.sent {
			s.peer.RemoveTrack(t.id)
		}
	}
	clear(s.sent)
	clear(s.shows)
	if p.follows != nil {
		p.follows.left()
	}
}

// remember keeps what was learned of the streams of a source that is about to go.
func (s *stand) remember(k video.Kind) {
	if layers := s.member.Layers(k); layers != nil {
		s.known[s.shows[k].cfg.MID] = layers
	}
}

// again are the layers of a section with what was learned of them before.
func (s *stand) again(cfg router.TrackConfig) []forward.LayerConfig {
	layers := slices.Clone(cfg.Layers)
	for i := range layers {
		l := &layers[i]
		for _, k := range s.known[cfg.MID] {
			if l.RID == k.RID && l.SSRC == 0 {
				l.SSRC, l.RTX = k.SSRC, k.RTX
			}
		}
	}
	return layers
}

// incoming is what the browser sends, by what an exchange came to: sections go on to show what they
// did, whatever comes before them now; new ones are what they say, or what there is none of yet.
func (p *Performer) incoming(a *jsep.Agreed, first video.Kind) map[video.Kind]incoming {
	s := &p.stand
	shows := make(map[video.Kind]incoming)
	kinds := make(map[string]video.Kind)
	var added []incoming
	for i := range a.Media {
		m := &a.Media[i]
		if m.Kind != jsep.Video || m.Refused || !m.Direction.Receives() {
			continue
		}
		cfg, err := tracks.Incoming(m)
		if err != nil {
			p.log.Info("video not taken", "err", err)
			continue
		}
		in := incoming{cfg: cfg, format: format{codec: codec(m), variant: tracks.Variant(m)}}
		kind, known := s.kinds[m.MID]
		if !known || cfg.Screen && kind != video.Screen {
			added = append(added, in)
			continue
		}
		in.format.screen = kind == video.Screen
		shows[kind], kinds[m.MID] = in, kind
	}
	for _, in := range added {
		kind := kindOf(in.cfg.Screen, first, shows)
		if _, twice := shows[kind]; twice {
			p.log.Info("video not taken: the browser shows a " + string(kind))
			continue
		}
		in.format.screen = kind == video.Screen
		shows[kind], kinds[in.cfg.MID] = in, kind
	}
	s.kinds = kinds
	return shows
}

// kindOf is what a section shows that is new.
func kindOf(slides bool, first video.Kind, shows map[video.Kind]incoming) video.Kind {
	if slides {
		return video.Screen
	}
	second := video.Screen
	if first == video.Screen {
		second = video.Camera
	} else {
		first = video.Camera
	}
	if _, there := shows[first]; there {
		return second
	}
	return first
}

// codec is the encoding name of what comes in a section.
func codec(m *jsep.Media) string {
	for _, c := range m.Receive {
		if tracks.IsForwarded(c.Name) {
			return c.Name
		}
	}
	return ""
}

// tell takes note of what the browser shows.
func (p *Performer) tell(shows map[video.Kind]incoming, part Part) {
	n := uint32(0)
	if _, ok := shows[video.Camera]; ok {
		n |= showsCamera
	}
	if _, ok := shows[video.Screen]; ok && (part.MayShare == nil || part.MayShare()) {
		n |= showsScreen
	}
	if p.shown.Swap(n) != n && part.Changed != nil {
		part.Changed()
	}
}

// ask has the peer send what others show, and no more what they do not.
func (p *Performer) ask(seen map[video.SourceID]source) {
	s := &p.stand
	for id, t := range s.sent {
		if src, there := seen[id]; !there || src.number != t.number {
			s.peer.RemoveTrack(t.id) // who watched it does not since it is gone
			delete(s.sent, id)
		}
	}
	for id, src := range seen {
		if id.Member == s.name || s.sent[id] != nil {
			continue
		}
		s.count++
		t := &sending{id: "v" + strconv.Itoa(s.count), number: src.number, variant: src.variant}
		err := s.peer.AddTrack(rtc.Track{
			ID: t.id, Stream: id.Member + ":" + string(id.Kind), Screen: src.screen, Codec: src.codec,
		})
		if err != nil { // it sees one less
			p.log.Info("video not sent to a browser", "source", t.id, "err", err)
			continue
		}
		s.sent[id] = t
	}
}

// join makes the browser a member once it has agreed on video at all.
func (p *Performer) join(w wanted) {
	s := &p.stand
	ids, agreed := extensions(w.agreed)
	if !agreed {
		return
	}
	if s.member != nil {
		if ids != s.ids { // some came later, or went with their sections; none changes its meaning
			p.follows.describes(ids)
			s.member.SetExtensions(ids, ids.TransportWide)
			s.ids = ids
		}
		if w.arrange {
			p.arrange(w.layout)
		}
		return
	}
	peer, outbox := s.peer, &s.scene.outbox
	// What cannot be sent is lost, as on any path; the peer counts it.
	send := func(b []byte) bool { _ = peer.WriteVideoBy(outbox, b); return true }
	control := func(b []byte) { _ = peer.WriteControl(b) }
	if p.follows != nil {
		send, control = p.follows.through(p, w.agreed, ids, outbox)
	}
	m, err := s.scene.join(p, s.name, router.Config{
		Send: send, SendRTCP: control,
		Extensions: ids, TransportWide: ids.TransportWide, SSRC: peer.SSRC(), CNAME: []byte(peer.CNAME()),
	})
	if err != nil {
		if fault.Of(err) != fault.Gone { // it has ended, and takes nobody
			p.log.Warn("a browser's video cannot join", "err", err)
		}
		return
	}
	s.member, s.ids = m, ids
	p.member.Store(m)
	p.arrange(w.layout)
}

func (p *Performer) arrange(l *video.Layout) {
	if l == nil {
		return
	}
	if err := p.stand.member.Arrange(*l); err != nil {
		p.log.Info("layout not taken", "err", err)
	}
}

// publish shows others what the browser sends.
func (p *Performer) publish(shows map[video.Kind]incoming, seen map[video.SourceID]source) {
	s := &p.stand
	for k, before := range s.shows {
		now, still := shows[k]
		if !still || !reflect.DeepEqual(now.cfg, before.cfg) {
			s.remember(k)
			s.member.Unpublish(k)
			delete(s.shows, k)
		}
	}
	for _, k := range []video.Kind{video.Camera, video.Screen} {
		in, ok := shows[k]
		id := video.SourceID{Member: s.name, Kind: k}
		if _, there := seen[id]; !ok || there && s.shows[k].number != 0 {
			continue
		}
		cfg := in.cfg
		cfg.Layers = s.again(cfg)
		err := s.scene.publish(s.member, id, cfg, in.format)
		if err != nil {
			p.log.Info("video not shown", "kind", string(k), "err", err)
			continue
		}
		in.number = 1
		s.shows[k] = in
	}
}

// watch begins to send what the browser has taken a section for, and holds back what it takes
// nothing of for now.
func (p *Performer) watch(a *jsep.Agreed) {
	s := &p.stand
	for id, t := range s.sent {
		m := sectionOf(a, t.id)
		switch {
		case m == nil:
		case t.watched:
			s.member.Pause(id, !m.Direction.Sends())
		case m.Direction.Sends():
			stream, err := tracks.Outgoing(m, t.variant)
			if err == nil {
				stream.Sequence, stream.Timestamp = anywhere()
				err = s.member.Watch(id, stream)
			}
			if err != nil && fault.Of(err) != fault.NotFound { // it has gone: that is told next
				p.log.Info("video not sent to a browser", "source", t.id, "err", err)
			}
			t.watched = err == nil
		}
	}
}
