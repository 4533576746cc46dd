package video

import (
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/forward"
	"github.com/skygenesisenterprise/skybridge/media/forward/router"
	"github.com/skygenesisenterprise/skybridge/media/mediatest"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/video/payload"
)

// The recording that a member plays: Chromium's, of two layers (testdata/video).
var (
	recorded = []uint32{1747009082, 3187384778}
	theirs   = forward.Extensions{MID: 9, RID: 10, RepairedRID: 11, TransportWide: 4, AbsSendTime: 2}
)

func track() router.TrackConfig {
	cfg := router.TrackConfig{}
	cfg.Codec, cfg.PayloadType, cfg.Extensions, cfg.Requests = payload.VP8, 96, theirs, rtp.RequestPLI|rtp.RequestNACK
	for _, ssrc := range recorded {
		cfg.Layers = append(cfg.Layers, forward.LayerConfig{SSRC: ssrc})
	}
	return cfg
}

// end is a member's transport.
type end struct {
	frames, keys atomic.Int64
	feedback     atomic.Int64 // transport-wide
	pictures     atomic.Int64 // asked for
	reports      atomic.Int64
	width        atomic.Int64
}

func (e *end) config(t *testing.T) router.Config {
	return router.Config{
		Extensions: forward.Extensions{MID: 1, TransportWide: 2}, TransportWide: theirs.TransportWide, SSRC: 77, CNAME: []byte("us"),
		Send: func(b []byte) bool {
			var h rtp.Header
			var p payload.Packet
			if err := rtp.Parse(b, &h); err != nil {
				t.Error(err)
			}
			if h.Marker {
				e.frames.Add(1)
			}
			if payload.Read(payload.VP8, h.Payload, &p) == nil && p.Key {
				e.keys.Add(1)
				e.width.Store(int64(p.Width))
			}
			return true
		},
		SendRTCP: func(b []byte) {
			var r rtp.Report
			if err := rtp.ParseRTCP(b, &r); err != nil {
				t.Error(err)
			}
			if r.Sender != nil || len(r.Blocks) > 0 {
				e.reports.Add(1)
			}
			for _, f := range rtp.ParseFeedback(b, nil) {
				switch {
				case f.Kind == rtp.TransportFeedback && f.Format == rtp.FormatTransportWide:
					e.feedback.Add(1)
				case f.Kind == rtp.PayloadFeedback && f.Format == rtp.FormatPLI:
					e.pictures.Add(1)
				}
			}
		},
	}
}

// TestForwarding plays what Chromium sent to two who watch.
func TestForwarding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events []Event
		f := NewForwarding(slog.New(slog.DiscardHandler), Settings{Screens: true}, func(e Event) { events = append(events, e) }, nil)
		defer f.Close()
		var ann, ben, cem end
		join := func(id string, e *end) *Member {
			m, err := f.Join(id, e.config(t))
			if err != nil {
				t.Fatal(err)
			}
			return m
		}
		a, b, c := join("ann", &ann), join("ben", &ben), join("cem", &cem)
		if _, err := f.Join("ann", ann.config(t)); fault.Of(err) != fault.Conflict {
			t.Fatalf("ann joins twice: %v", err)
		}
		camera := SourceID{"ann", Camera}
		if err := b.Watch(camera, forward.Stream{}); fault.Of(err) != fault.NotFound {
			t.Fatalf("what is not there is watched: %v", err)
		}
		err := errors.Join(a.Publish(Camera, track()),
			b.Watch(camera, forward.Stream{SSRC: 1, PayloadType: 100, MID: "3"}),
			c.Watch(camera, forward.Stream{SSRC: 2, PayloadType: 101, MID: "4"}),
			c.Arrange(Layout{Mode: SpeakerMode, Lines: map[SourceID]int{camera: 60}}))
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Watch(camera, forward.Stream{}); fault.Of(err) != fault.Conflict {
			t.Fatalf("ann watches herself: %v", err)
		}
		last := time.Duration(-1)
		for i, p := range mediatest.RTPDump(t, "../../testdata/video/vp8-simulcast.rtpdump") {
			if last >= 0 {
				time.Sleep(p.At - last) // of the bubble's clock
			}
			last = p.At
			if p.RTCP {
				a.Control(p.Packet, time.Now())
			} else {
				a.Packet("", p.Packet, time.Now())
			}
			if i == 200 {
				b.Control((&rtp.Feedback{Kind: rtp.PayloadFeedback, Format: rtp.FormatPLI, Sender: 9, Media: 1}).Append(nil), time.Now())
			}
		}
		time.Sleep(tick)
		if ben.frames.Load() < 80 || ben.width.Load() != 240 || cem.frames.Load() < 80 || cem.width.Load() != 120 {
			t.Errorf("ben %d frames, %d wide; cem %d, %d", ben.frames.Load(), ben.width.Load(), cem.frames.Load(), cem.width.Load())
		}
		if ann.frames.Load() != 0 || ann.pictures.Load() < 2 || ann.feedback.Load() < 30 || ann.reports.Load() < 5 || ben.reports.Load() < 4 {
			t.Errorf("ann %d frames, %d pictures asked for, %d feedbacks, %d reports", ann.frames.Load(), ann.pictures.Load(), ann.feedback.Load(), ann.reports.Load())
		}
		b.Unwatch(camera)
		a.Leave()
		a.Leave()
		if len(f.Sources()) != 0 || len(f.tracks) != 0 || len(c.views) != 0 || len(c.Views()) != 0 {
			t.Errorf("%v is there when ann is gone", f.Sources())
		}
		if len(events) != 2 || events[1] != (Event{SourceRemoved, camera}) {
			t.Errorf("%v", events)
		}
		a.Packet("", make([]byte, 20), time.Now()) // late, and no RTP
		if err := a.Publish(Camera, track()); fault.Of(err) != fault.NotFound {
			t.Errorf("who is gone publishes: %v", err)
		}
	})
}

// TestForwardingRules: a track that is none leaves no source behind, and a room that has ended
// takes nobody.
func TestForwardingRules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := NewForwarding(slog.New(slog.DiscardHandler), Settings{}, func(Event) {}, nil)
		var e end
		m, err := f.Join("ann", e.config(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Publish(Camera, router.TrackConfig{}); fault.Of(err) != fault.Invalid || len(f.Sources()) != 0 {
			t.Errorf("%v, %v", err, f.Sources())
		}
		if err := m.Publish(Screen, track()); fault.Of(err) != fault.Forbidden {
			t.Errorf("%v", err)
		}
		if n := m.Sent(100); m.Sent(100) != n+1 || m.Estimate() == 0 {
			t.Error("numbers do not go on")
		}
		f.Close()
		f.Close()
		if _, err := f.Join("ben", e.config(t)); fault.Of(err) != fault.Gone {
			t.Errorf("%v", err)
		}
	})
}

// TestIdleRoomsSleep: a room of nobody has no ticks, and wakes for the first who comes.
func TestIdleRoomsSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := NewForwarding(slog.New(slog.DiscardHandler), Settings{}, func(Event) {}, nil)
		defer f.Close()
		time.Sleep(time.Hour)
		var e end
		m, err := f.Join("ann", e.config(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Publish(Camera, track()); err != nil {
			t.Fatal(err)
		}
		for _, p := range mediatest.RTPDump(t, "../../testdata/video/vp8-simulcast.rtpdump")[:40] {
			if !p.RTCP {
				m.Packet("", p.Packet, time.Time{})
			}
		}
		time.Sleep(2 * time.Second) // a report is due after one
		if e.reports.Load() == 0 || e.feedback.Load() == 0 {
			t.Errorf("%d reports, %d feedbacks", e.reports.Load(), e.feedback.Load())
		}
	})
}

// TestWhoHasLeftActsNoMore: what a member does who has left, as a transport that is yet to end
// does, is nothing to one who has come by its name since.
func TestWhoHasLeftActsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := NewForwarding(slog.New(slog.DiscardHandler), Settings{Screens: true}, func(Event) {}, nil)
		defer f.Close()
		var e end
		before, err := f.Join("ann", e.config(t))
		if err != nil {
			t.Fatal(err)
		}
		before.Leave()
		now, err := f.Join("ann", e.config(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := now.Publish(Camera, track()); err != nil {
			t.Fatal(err)
		}
		for name, err := range map[string]error{
			"publishes": before.Publish(Screen, track()), "mutes": before.Mute(Camera, true),
			"arranges": before.Arrange(Layout{Mode: NoVideo}), "watches": before.Watch(SourceID{"ben", Camera}, forward.Stream{}),
		} {
			if fault.Of(err) != fault.NotFound {
				t.Errorf("who has left %s: %v", name, err)
			}
		}
		if before.Unpublish(Camera) || before.Views() != nil {
			t.Error("who has left takes a camera away, or sees something")
		}
		before.Leave()
		if list := f.Sources(); len(list) != 1 || list[0].Muted {
			t.Errorf("%+v", list)
		}
	})
}
