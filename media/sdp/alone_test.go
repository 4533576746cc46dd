package sdp

import (
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
)

// outline is a description's media lines.
func outline(t *testing.T, body []byte) string {
	t.Helper()
	var lines []string
	for _, m := range parse(t, body).Media {
		port := "away"
		if m.Port != 0 {
			port = "here"
		}
		lines = append(lines, m.Kind+" "+m.Profile+" "+port)
	}
	return strings.Join(lines, ", ")
}

const facsimile = "m=image 4002 udptl t38\na=T38FaxVersion:0\n"

func imageLine() *Media {
	return &Media{Kind: "image", Profile: "udptl", Formats: []string{"t38"}, Port: 6000}
}

// A call turns to a facsimile and back to audio, by whichever side asks for either.
func TestFacsimileInThePlaceOfAudio(t *testing.T) {
	const audio = "m=audio 4000 RTP/AVP 0\n"
	for _, c := range []struct {
		name   string
		to     string // the peer's offer of the facsimile; empty for ours
		at     int
		turned string
		back   string // the peer's offer of audio; empty for ours
		after  string
	}{
		{"the peer's, in place", facsimile, 0, "image udptl here", audio, "audio RTP/AVP here"},
		{"the peer's, below", "m=audio 0 RTP/AVP 0\n" + facsimile, 1, "audio RTP/AVP away, image udptl here", audio + "m=image 0 udptl t38\n", "audio RTP/AVP here, image udptl away"},
		{"the peer's, back by us", facsimile, 0, "image udptl here", "", "audio RTP/AVP here"},
		{"the peer's below, back by us", "m=audio 0 RTP/AVP 0\n" + facsimile, 1, "audio RTP/AVP away, image udptl here", "", "audio RTP/AVP here, image udptl away"},
		{"ours, back by the peer", "", 0, "image udptl here", audio, "audio RTP/AVP here"},
		{"ours both", "", 0, "image udptl here", "", "audio RTP/AVP here"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := negotiator(t, testConfig(ulaw))
			answer(t, n, peerSDP(audio))
			var body []byte
			var err error
			if c.to == "" {
				body, _ = n.OfferAlone(imageLine())
			} else if body, err = n.AnswerAlone(parse(t, peerSDP(c.to)), c.at, imageLine()); err != nil {
				t.Fatal(err)
			}
			if got := outline(t, body); got != c.turned || version(t, body) != "2" {
				t.Errorf("%s, version %s", got, version(t, body))
			}
			var r Result
			if c.back == "" {
				body = n.Offer(media.SendRecv)
				back := audio
				if strings.Contains(c.after, ",") {
					back += "m=image 0 udptl t38\n"
				}
				r = setAnswer(t, n, peerSDP(back))
			} else {
				body, r = answer(t, n, peerSDP(c.back))
			}
			if got := outline(t, body); got != c.after || r.Direction != media.SendRecv || version(t, body) != "3" {
				t.Errorf("%s, %s, version %s", got, summary(r), version(t, body))
			}
		})
	}
}

func TestFacsimileThatIsRefused(t *testing.T) {
	n := negotiator(t, testConfig(ulaw))
	answer(t, n, peerSDP("m=audio 4000 RTP/AVP 0\n"))
	n.OfferAlone(imageLine())
	n.RollbackAlone()
	if got := outline(t, n.Offer(media.SendRecv)); got != "audio RTP/AVP here" {
		t.Error(got)
	}
	if _, err := n.AnswerAlone(parse(t, peerSDP(facsimile)), 0, imageLine()); fault.Of(err) != fault.Conflict {
		t.Errorf("beside an offer of ours: %v", err)
	}
	n.Rollback()
	if _, err := n.AnswerAlone(parse(t, peerSDP(facsimile)), 1, imageLine()); fault.Of(err) != fault.Invalid {
		t.Errorf("in a line that is not there: %v", err)
	}
}
