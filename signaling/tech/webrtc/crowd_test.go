package webrtc

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/video"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/tracks"
)

// client is a browser of a meeting that needs no page: a peer of ours at the other end.
type client struct {
	*rtc.Peer
	t      *testing.T
	m      *meeting
	name   string
	at     *attendee
	offers chan string // of the server's
	busy   sync.WaitGroup
	cancel context.CancelFunc

	mu   sync.Mutex
	seen map[string]int // pictures, by what they show
	took func(packet []byte)
}

// client makes one that is not in the meeting yet, with a port of its own.
func (m *meeting) client(name string) *client {
	m.t.Helper()
	c := &client{t: m.t, m: m, name: name, offers: make(chan string, 256), seen: make(map[string]int)}
	p, err := m.newAPI().NewPeer(rtc.PeerConfig{Name: name, Video: &rtc.VideoConfig{
		Receive: jsep.MaxSections, Packet: func(_ string, packet []byte, _ time.Time) { c.takes(packet) },
	}})
	if err != nil {
		m.t.Fatal(err)
	}
	c.Peer = p
	ctx, cancel := context.WithCancel(m.t.Context())
	c.cancel = cancel
	m.t.Cleanup(func() {
		cancel()
		c.busy.Wait()
		p.Close()
		<-p.Done()
	})
	c.busy.Go(func() { c.films(ctx) }) // ended by the cleanup
	return c
}

// takes reads what a picture shows.
func (c *client) takes(packet []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, what, ok := strings.Cut(string(packet), "shows "); ok {
		c.seen[what]++
	}
	if c.took != nil {
		c.took(packet)
	}
}

// sees tells how many of some cameras have been seen.
func (c *client) sees(names []string) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range names {
		if name != c.name && c.seen[name] > 0 {
			n++
		}
	}
	return n
}

// films sends a picture now and then, once there is a track for it.
func (c *client) films(ctx context.Context) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for n := uint16(1); ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		a := c.Agreed()
		if a == nil {
			continue
		}
		for i := range a.Media {
			out, err := tracks.Outgoing(&a.Media[i], video.Variant("VP8", ""))
			if err != nil {
				continue // none of what we send
			}
			h := rtp.Header{PayloadType: out.PayloadType, SSRC: out.SSRC, SequenceNumber: n, Timestamp: uint32(n) * 18000, Marker: true}
			var buf [256]byte
			at := h.Put(buf[:])
			at += copy(buf[at:], []byte{0x10, 0, 0, 0, 0x9d, 1, 0x2a, 64, 1, 180, 0})
			at += copy(buf[at:], "shows "+c.name)
			_ = c.WriteVideo(buf[:at]) // while it is not connected it is lost
		}
	}
}

// enters comes into the meeting, with a camera or without.
func (c *client) enters(ctx context.Context, camera bool) error {
	if camera {
		if err := c.AddTrack(rtc.Track{ID: "camera", Stream: c.name, Codec: "VP8"}); err != nil {
			return err
		}
	}
	offer, err := c.Offer(ctx, false)
	if err != nil {
		return err
	}
	answer, err := c.m.enter(c.name, offer, func(sdp string) { c.offers <- sdp })
	if err != nil {
		return err
	}
	c.at = c.m.find(c.name)
	return c.SetAnswer(answer)
}

// answers answers an offer of the server's.
func (c *client) answers(ctx context.Context, offer string) error {
	answer, err := c.Answer(ctx, offer, false)
	if err != nil {
		return err
	}
	return c.at.leg.SetAnswer(answer)
}

// follows answers all offers from now on.
func (c *client) follows(ctx context.Context) {
	c.busy.Go(func() { // ended by the cleanup
		for {
			select {
			case <-ctx.Done():
				return
			case offer := <-c.offers:
				if err := c.answers(ctx, offer); err != nil && ctx.Err() == nil {
					c.t.Errorf("%s: %v", c.name, err)
				}
			}
		}
	})
}

// TestManyComeAtOnce: fifty browsers, ten of them with a camera, come at the same time. All see all
// cameras but their own, whoever came first, though one of them does not answer: that one is
// offered all it has missed at once, when it does.
func TestManyComeAtOnce(t *testing.T) {
	m := newMeeting(t)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	var cameras []string
	var all []*client
	for i := range 50 {
		name := fmt.Sprintf("b%02d", i)
		if i < 10 {
			cameras = append(cameras, name)
		}
		all = append(all, m.client(name))
	}
	slow := all[len(all)-1]
	began := time.Now()
	errs := make(chan error, len(all))
	for i, c := range all {
		go func() { errs <- c.enters(ctx, i < 10) }() // awaited below
	}
	var err error
	for range all {
		err = errors.Join(err, <-errs)
	}
	if err != nil {
		t.Fatal(err)
	}
	came := time.Since(began)
	for _, c := range all {
		if c != slow {
			c.follows(ctx)
		}
	}
	missing := func(list []*client) string {
		var lacks []string
		for _, c := range list {
			want := len(cameras)
			if c.sees([]string{c.name}) == 0 && strings.Compare(c.name, "b10") < 0 {
				want--
			}
			if n := c.sees(cameras); n < want {
				lacks = append(lacks, fmt.Sprintf("%s sees %d of %d", c.name, n, want))
			}
		}
		return strings.Join(lacks, ", ")
	}
	eventually(t, "all see all cameras", func() string { return missing(all[:len(all)-1]) })
	t.Logf("all were in after %s, and saw all after %s", came, time.Since(began))
	if n := slow.sees(cameras); n != 0 {
		t.Errorf("who has not answered sees %d cameras", n)
	}
	offers := 0
	for _, c := range all {
		c.at.mu.Lock()
		offers += c.at.offers
		if c.at.offers > len(cameras) && c != slow {
			t.Errorf("%s was made %d offers", c.name, c.at.offers)
		}
		c.at.mu.Unlock()
	}
	t.Logf("%d offers for %d cameras and %d browsers", offers, len(cameras), len(all))
	// The one that was away begins an exchange of its own, after which it is offered the rest.
	text, err := slow.Offer(ctx, false)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := slow.at.leg.Renegotiate(ctx, text)
	if err != nil {
		t.Fatal(err)
	}
	if err := slow.SetAnswer(answer); err != nil {
		t.Fatal(err)
	}
	late := 0
	eventually(t, "who was away sees all", func() string {
		select {
		case offer := <-slow.offers:
			if slow.answers(ctx, offer) == nil { // those of before count no more
				late++
			}
		default:
		}
		return missing(all[len(all)-1:])
	})
	if late != 1 {
		t.Errorf("it took %d offers", late)
	}
	slow.mu.Lock()
	defer slow.mu.Unlock()
	if len(slow.seen) != len(cameras) {
		t.Errorf("it sees %v", maps.Clone(slow.seen))
	}
}

// eventually waits until nothing is missing.
func eventually(t *testing.T, what string, missing func() string) {
	t.Helper()
	end := time.After(3 * time.Minute)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		lacks := missing()
		if lacks == "" {
			return
		}
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("not in time: %s: %s", what, lacks)
		}
	}
}
