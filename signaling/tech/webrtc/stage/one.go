package stage

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/forward"
	"github.com/skygenesisenterprise/skybridge/media/forward/allocation"
	"github.com/skygenesisenterprise/skybridge/media/forward/splice"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/tracks"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/transport"
	"github.com/skygenesisenterprise/skybridge/signaling/video"
)

// One has a browser that takes no offers of ours be sent one picture at a time, in the section of
// video that it offers: a screen, or who speaks, or what is there in a format that it takes. One
// goes on with the next where that has a key frame.
type One struct {
	// Participant, where set, is who is seen, and nobody else: their screen, or their camera.
	Participant string
}

// oneTrack is the track of the one picture.
const oneTrack = "one"

// following is the one picture. All but splice, which is replaced, is of work alone.
type following struct {
	One
	splice *splice.Splice // of the section's track; nil before there is one
	start  time.Time      // of its clock, which goes on from scene to scene
	views  map[video.SourceID]watched
	count  uint32 // of inputs so far
	want   video.SourceID
}

// watched is a source that is sent, or is about to be.
type watched struct {
	number uint64 // the source's
	// Of the input.
	ssrc, rtx uint32
}

// begins has the peer take the picture in the first section that can; it is called before any
// exchange. A peer that cannot is over.
func (o *following) begins(p *Performer, peer *rtc.Peer) {
	// The same stream as the audio's: there is one (RFC 9725 §4.4.2).
	err := peer.AddTrack(rtc.Track{ID: oneTrack, Stream: peer.CNAME()})
	if err != nil && fault.Of(err) != fault.Gone {
		p.log.Warn("no video for who watches", "err", err)
	}
}

// renew forgets what was sent to an earlier peer.
func (o *following) renew(p *Performer) {
	p.one.Store(nil)
	o.splice, o.count = nil, 0
	o.views, o.want = make(map[video.SourceID]watched), video.SourceID{}
}

// left is called when the browser is in no scene any more. The stream goes on in another.
func (o *following) left() {
	for _, v := range o.views {
		o.splice.Stop(v.ssrc)
	}
	o.views, o.want = make(map[video.SourceID]watched), video.SourceID{}
}

// through are the functions of a transport that is sent the one stream.
func (o *following) through(p *Performer, a *jsep.Agreed, ids forward.Extensions, outbox *transport.Outbox) (send func([]byte) bool, control func([]byte)) {
	m, peer := sectionOf(a, oneTrack), p.stand.peer
	if m == nil {
		return func([]byte) bool { return false }, func([]byte) {}
	}
	if o.splice == nil {
		o.splice, o.start = splice.New(splice.Config{SSRC: m.Track.SSRC, RTX: m.Track.RTX, Reporter: peer.SSRC()}), time.Now()
	}
	o.describes(ids)
	one, start := o.splice, o.start
	p.one.Store(one)
	send = func(packet []byte) bool {
		ours, took := one.Packet(time.Since(start), packet)
		if took {
			p.kick()
		}
		if ours {
			_ = peer.WriteVideoBy(outbox, packet) // what cannot be sent is lost, as on any path; the peer counts it
		}
		return ours
	}
	control = func(packet []byte) {
		if out := one.Report(packet); len(out) > 0 {
			_ = peer.WriteControl(out)
		}
	}
	return send, control
}

// describes takes note of the extensions, before packets bear them. One that is not agreed on any
// more goes on to be looked for: none changes its id, and what is under way may bear it.
func (o *following) describes(ids forward.Extensions) {
	if o != nil && o.splice != nil && ids.Dependency != 0 {
		o.splice.SetDependency(ids.Dependency)
	}
}

// look sees to it that what is wanted is sent, or about to be, and nothing else but what still is.
func (o *following) look(p *Performer, a *jsep.Agreed) {
	s, m := &p.stand, sectionOf(a, oneTrack)
	if m == nil || o.splice == nil {
		return
	}
	seen := s.scene.seen()
	for id, v := range o.views {
		if src, there := seen[id]; !there || src.number != v.number {
			o.splice.Stop(v.ssrc)
			delete(o.views, id)
		}
	}
	want, stream, ok := o.wanted(s.member.Views(), seen, m)
	if v, there := o.views[want]; ok && there {
		o.splice.Await(v.ssrc, v.rtx)
	} else if ok && !o.watch(p, want, seen[want].number, stream) {
		return
	}
	if ok && want != o.want {
		o.want = want
		l := video.Layout{Mode: video.SpeakerMode, Lines: map[video.SourceID]int{want: allocation.Large}}
		if o.Participant != "" {
			l.Pinned = []string{o.Participant}
		}
		p.arrange(&l)
	}
	current := o.splice.Current()
	for id, v := range o.views {
		if ok && (id == want || v.ssrc == current) {
			continue
		}
		o.splice.Stop(v.ssrc)
		s.member.Unwatch(id)
		delete(o.views, id)
	}
}

// wanted is the first of what there is to be seen that the browser takes.
func (o *following) wanted(views []video.View, seen map[video.SourceID]source, m *jsep.Media) (video.SourceID, forward.Stream, bool) {
	for _, v := range views {
		src, there := seen[v.Source]
		if !there || o.Participant != "" && v.Source.Member != o.Participant {
			continue
		}
		stream, err := tracks.Outgoing(m, src.variant)
		if err != nil {
			continue // in a format that it does not take
		}
		return v.Source, stream, true
	}
	return video.SourceID{}, forward.Stream{}, false
}

// watch begins to send a source as an input, which has numbers of its own.
func (o *following) watch(p *Performer, id video.SourceID, number uint64, stream forward.Stream) bool {
	o.count++
	stream.SSRC = 2 * o.count
	if stream.RTX != 0 {
		stream.RTX = 2*o.count + 1
	}
	stream.Sequence, stream.Timestamp = anywhere()
	o.splice.Await(stream.SSRC, stream.RTX)
	if err := p.stand.member.Watch(id, stream); err != nil {
		o.splice.Stop(stream.SSRC)
		if fault.Of(err) != fault.NotFound { // it has gone: that is told next
			p.log.Info("video not sent to who watches", "err", err)
		}
		return false
	}
	o.views[id] = watched{number, stream.SSRC, stream.RTX}
	return true
}
