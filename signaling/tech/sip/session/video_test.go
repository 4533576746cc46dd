package session

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
	"github.com/skygenesisenterprise/skybridge/media/video"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

const (
	audioLine = "RTP/AVP 0\n"
	videoLine = "m=video 6002 RTP/AVP 96\na=rtpmap:96 VP8/90000\n"
	videoNone = "m=video 0 RTP/AVP 96\n"
)

// sighted is a party that is granted VP8.
func (r *rig) sighted(requests ...string) *party {
	r.t.Helper()
	p := r.party(plain, video.ByName("VP8"))
	p.grant(r.t, requests...)
	return p
}

func (p *party) grant(t *testing.T, requests ...string) {
	t.Helper()
	vp8 := signaling.Video{Codecs: []*media.Codec{video.ByName("VP8").Codec("")}, Requests: requests}
	if granted, err := p.GrantVideo(vp8); err != nil || !granted {
		t.Fatal(granted, err)
	}
}

// offered is whether an offer of the party's has video.
func (p *party) offered(t *testing.T) bool {
	t.Helper()
	text, err := p.Offer(t.Context(), media.SendRecv)
	if err != nil {
		t.Fatal(err)
	}
	return hasVideo(t, text)
}

func hasVideo(t *testing.T, text []byte) bool {
	t.Helper()
	d, err := sdp.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return len(d.Media) > 1 && d.Media[1].Port != 0
}

// answers has the peer answer, each time from another place, as forks do.
func (p *party) answers(t *testing.T, port, line string) {
	t.Helper()
	if err := p.SetAnswer(from(port, audioLine+line)); err != nil {
		t.Fatal(err)
	}
}

func (p *party) sees() bool { return len(p.VideoTaken().Codecs) > 0 }

// Of forks that answer one offer the last counts, with video or without.
func TestVideoOfForks(t *testing.T) {
	r := newRig(t)
	p := r.sighted()
	if !p.offered(t) {
		t.Fatal("video is not offered")
	}
	for i, line := range []string{videoNone, videoLine, videoNone, videoLine} {
		p.answers(t, []string{"6000", "7000"}[i%2], line)
		if p.sees() != (line == videoLine) {
			t.Errorf("answer %d: video is %v", i, p.sees())
		}
	}
}

// What declined video is not offered it again, and its answer to that brings none.
func TestVideoDeclined(t *testing.T) {
	r := newRig(t)
	p := r.sighted()
	p.offered(t)
	p.answers(t, "6000", videoNone)
	if p.offered(t) {
		t.Error("video is offered again")
	}
	p.answers(t, "6000", videoLine)
	if p.sees() {
		t.Error("video that was not offered is taken")
	}
	p.grant(t)
	if !p.offered(t) {
		t.Error("video that was granted anew is not offered")
	}
	p.Rollback()
	if p.sees() || !p.offered(t) {
		t.Error("an offer that was refused is not forgotten")
	}
	p.answers(t, "6000", videoLine)
	if !p.sees() {
		t.Error("video is not taken")
	}
}

// A re-INVITE without video takes it away, one with it brings it back.
func TestVideoReInvited(t *testing.T) {
	r := newRig(t)
	p := r.sighted()
	p.offered(t)
	p.answers(t, "6000", videoLine)
	for _, line := range []string{"", videoLine, videoNone, videoLine} {
		answer, err := p.Answer(t.Context(), from("6000", audioLine+line))
		if err != nil {
			t.Fatal(err)
		}
		if want := line == videoLine; p.sees() != want || hasVideo(t, answer) != want {
			t.Errorf("offered %q, video is %v\n%s", line, p.sees(), answer)
		}
	}
}

// A party is asked for what it agreed to alone.
func TestVideoRequests(t *testing.T) {
	for line, want := range map[string]rtp.Requests{
		videoLine:                            0,
		videoLine + "a=rtcp-fb:96 ccm fir\n": rtp.RequestFIR,
		videoLine + "a=rtcp-fb:* nack pli\na=rtcp-fb:* nack\na=rtcp-fb:* ccm tmmbr\n": rtp.RequestPLI | rtp.RequestNACK,
	} {
		r := newRig(t)
		p := r.sighted("nack", "nack pli", "ccm fir")
		p.offered(t)
		p.answers(t, "6000", line)
		g := p.sight.granted
		if got := g.reports(&g.result, nil, false).Requests; got != want {
			t.Errorf("%q: asked for %b, want %b", line, got, want)
		}
	}
}

// What an Answer changed of video Undo changes back: what was seen is seen again, and what
// was granted is still offered.
func TestVideoUndone(t *testing.T) {
	r := newRig(t)
	p := r.sighted()
	undo := func(line string) {
		t.Helper()
		if _, err := p.Answer(t.Context(), from("6000", audioLine+line)); err != nil {
			t.Fatal(err)
		}
		if err := p.Undo(); err != nil {
			t.Fatal(err)
		}
	}
	undo(videoLine)
	if p.sees() || !p.offered(t) {
		t.Error("granted video is not offered after an answer with it that was undone")
	}
	p.Rollback()
	undo("")
	if p.sees() || !p.offered(t) {
		t.Error("granted video is not offered after an answer without it that was undone")
	}
	p.answers(t, "6000", videoLine)
	undo(videoNone)
	if !p.sees() {
		t.Error("video is not seen again")
	}
	p.offered(t)
	p.answers(t, "6000", videoNone)
	undo(videoLine)
	if p.sees() || p.offered(t) {
		t.Error("declined video is offered")
	}
}
