package requests

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/browser"
	"github.com/skygenesisenterprise/skybridge/bench/measure"
	"github.com/skygenesisenterprise/skybridge/bench/meter"
	"github.com/skygenesisenterprise/skybridge/bench/webrtc"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// Joins is how long browsers took to come into a room in which somebody talks.
type Joins struct {
	// First is from the wish to join to the first sound of who talks; Answered of that the part
	// until the server has answered the offer, Keyed the one from there to the keys.
	First, Answered, Keyed []time.Duration
	// Each is the server's processor time for one who comes, hears and leaves, with the talk
	// meanwhile; Stolen what the hypervisor took of its core.
	Each   time.Duration
	Stolen float64
}

// Doubt says why the figures are not the server's; "" where they are.
func (j *Joins) Doubt() string {
	if j.Stolen > meter.MostStolen {
		return fmt.Sprintf("%.0f %% of the core was stolen", 100*j.Stolen)
	}
	return ""
}

// Join has browsers come into a room one after the other, by REST: POST /join, an offer with its
// candidates in it, the answer, ICE, DTLS, and what they are sent decoded until the tone of who
// talks there is in it.
func (r Runner) Join(ctx context.Context, joins int) (_ *Joins, err error) {
	h, err := r.open(ctx)
	if err != nil {
		return nil, err
	}
	h.pages = &http.Client{Transport: &http.Transport{}}
	defer func() {
		err = errors.Join(err, h.close())
		h.pages.CloseIdleConnections()
	}()
	host, err := h.user("host")
	if err != nil {
		return nil, err
	}
	var room struct {
		ID string `json:"id"`
	}
	if err := host.made(http.MethodPost, base+"/rooms", map[string]any{"name": "join"}, http.StatusCreated, &room); err != nil {
		return nil, err
	}
	hush, err := h.talk(ctx, room.ID)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, hush()) }()
	if err := meter.Settle(ctx, h.served.PID()); err != nil {
		return nil, err
	}
	from, err := h.read()
	if err != nil {
		return nil, err
	}
	j := &Joins{}
	for n := range joins {
		if err := h.joins(ctx, fmt.Sprintf("joiner%d", n), room.ID, j); err != nil {
			return nil, fmt.Errorf("%d. join: %w", n+1, err)
		}
	}
	until, err := h.read()
	if err != nil {
		return nil, err
	}
	spent, _ := until.spent(&from)
	j.Each, j.Stolen = spent.CPU/time.Duration(max(joins, 1)), spent.Stolen
	return j, nil
}

// browser is one of a user's that has audio.
func (h *house) browser(user string, ear webrtc.Ear) (*browser.Browser, error) {
	token, err := h.served.Token(user, auth.RoleUser)
	if err != nil {
		return nil, err
	}
	return browser.New(browser.Config{
		URL: "http://" + h.served.API.String(), Token: token, HTTP: h.pages, Client: webrtc.Config{Log: h.log, Ear: ear},
	}, webrtc.Section{Kind: webrtc.Audio, Direction: webrtc.SendRecv})
}

// The tone of who talks, and the level (dBFS) from which on it is heard: it is sent at −12.
const (
	talkHertz, talkLevel = 500, -12
	audible              = -30
)

// talk has somebody talk in a room until what it returns is called.
func (h *house) talk(ctx context.Context, room string) (hush func() error, err error) {
	b, err := h.browser("talker", webrtc.Ear{})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	hush = func() error {
		cancel(nil)
		return b.Close()
	}
	if err := b.Join(ctx, room); err != nil {
		return nil, errors.Join(err, hush())
	}
	mouth, err := b.Mouth()
	if err != nil {
		return nil, errors.Join(err, hush())
	}
	voice, err := payloads(measure.Sine(talkHertz, opus.Codec().SampleRate, opus.Codec().SampleRate, talkLevel))
	if err != nil {
		return nil, errors.Join(err, hush())
	}
	h.all.Go(func() { // ended by hush
		defer guard.Recover(h.log, "who talks")
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		head := rtp.Header{PayloadType: 111, SSRC: b.SSRC(webrtc.Audio)}
		packet := make([]byte, 1500)
		for n := 0; ; n++ {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			size := head.Put(packet)
			size += copy(packet[size:], voice[n%len(voice)])
			head.SequenceNumber++
			head.Timestamp += 960
			if err := mouth.Say(packet[:size]); err != nil {
				h.log.Error("who talks is not sent", "err", err)
				return
			}
		}
	})
	return hush, nil
}

// joins has a browser come, hear and leave.
func (h *house) joins(ctx context.Context, user, room string, j *Joins) (err error) {
	decoder, err := opus.Codec().NewDecoder()
	if err != nil {
		return err
	}
	defer decoder.Close()
	pcm := make([]int16, opus.Codec().SampleRate/8)
	var at atomic.Pointer[time.Time]
	heard := make(chan struct{})
	b, err := h.browser(user, webrtc.Ear{Media: func(packet []byte) {
		var head rtp.Header
		now := time.Now()
		if at.Load() != nil || rtp.Parse(packet, &head) != nil {
			return
		}
		n, err := decoder.Decode(pcm, head.Payload)
		if err == nil && measure.RMS(pcm[:n]) > audible {
			at.Store(&now)
			close(heard)
		}
	}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := b.Join(ctx, room); err != nil {
		return err
	}
	select {
	case <-heard:
	case <-ctx.Done():
		return fmt.Errorf("nothing was heard: %w", ctx.Err())
	}
	j.First = append(j.First, at.Load().Sub(b.Wishing))
	j.Answered = append(j.Answered, b.Asked.Sub(b.Wishing))
	j.Keyed = append(j.Keyed, b.Keyed.Sub(b.Asked))
	return b.Leave(ctx)
}

// payloads is sound as Opus; it is the second time round, so that the last packet is followed by
// the first.
func payloads(pcm []int16) (all [][]byte, err error) {
	codec := opus.Codec()
	e, err := codec.NewEncoder(media.EncoderConfig{})
	if err != nil {
		return nil, err
	}
	defer e.Close()
	buf, size := make([]byte, codec.MaxFrameBytes), codec.FrameSamples()
	for range 2 {
		all = all[:0]
		for at := 0; at+size <= len(pcm); at += size {
			n, err := e.Encode(buf, pcm[at:at+size])
			if err != nil {
				return nil, err
			}
			all = append(all, append([]byte(nil), buf[:n]...))
		}
	}
	return all, nil
}
