package sdp

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
	"github.com/skygenesisenterprise/skybridge/media/video"
)

// kindsOf are kinds of video by their names in configuration files.
func kindsOf(t testing.TB, names ...string) (kinds []*video.Kind) {
	t.Helper()
	for _, name := range names {
		k := video.ByConfName(name)
		if k == nil {
			t.Fatalf("no %s", name)
		}
		kinds = append(kinds, k)
	}
	return kinds
}

// videoNegotiator is one of a leg that is granted what an offer has of some kinds.
func videoNegotiator(t testing.TB, offer *Session, p Protection, kinds ...string) *Negotiator {
	t.Helper()
	codecs, requests := offer.Video(kindsOf(t, kinds...))
	if len(codecs) == 0 {
		return nil
	}
	cfg := testConfig(codecs...)
	cfg.Kind, cfg.Requests, cfg.Port, cfg.DTMF, cfg.Protection = VideoKind, requests, 5000, false, p
	return negotiator(t, cfg)
}

const linesOfAudio = "m=audio 4000 RTP/AVP 0\n"

// What one party offers, what the other is offered, its answer, and what the first one gets.
var videoCases = []struct {
	name, offered string
	kinds         string // that both may have
	passedOn      string
	answered      string
	result        string
}{
	{
		"one format", "m=video 4002 RTP/AVP 99\na=rtpmap:99 VP8/90000\n", "vp8",
		"m=video 5000 RTP/AVP 96|a=rtpmap:96 VP8/90000|a=sendrecv",
		"m=video 6002 RTP/AVP 96\na=rtpmap:96 VP8/90000\n",
		"m=video 5000 RTP/AVP 99|a=rtpmap:99 VP8/90000|a=sendrecv",
	},
	{
		"not permitted", "m=video 4002 RTP/AVP 99\na=rtpmap:99 VP8/90000\n", "h264", "", "", "m=video 0 RTP/AVP 99",
	},
	{
		"refused", "m=video 4002 RTP/AVP 99\na=rtpmap:99 VP8/90000\n", "vp8",
		"m=video 5000 RTP/AVP 96|a=rtpmap:96 VP8/90000|a=sendrecv", "m=video 0 RTP/AVP 96\n", "m=video 0 RTP/AVP 99",
	},
	{
		"parameters, other types, some of the formats",
		"m=video 4002 RTP/AVPF 96 97 98 100\na=rtpmap:96 VP8/90000\na=rtpmap:97 rtx/90000\na=fmtp:97 apt=96\n" +
			"a=rtpmap:98 H264/90000\na=fmtp:98 profile-level-id=42e01f\na=rtpmap:100 H264/90000\na=fmtp:100 profile-level-id=42E01F;packetization-mode=1\n" +
			"a=rtcp-fb:* nack pli\na=rtcp-fb:100 ccm fir\na=rtcp-fb:100 transport-cc\na=rtcp-fb:* ccm tmmbr\n",
		"vp8 h264",
		"m=video 5000 RTP/AVP 96 97 98|a=rtpmap:96 VP8/90000|a=rtpmap:97 H264/90000|a=fmtp:97 profile-level-id=42e01f|" +
			"a=rtpmap:98 H264/90000|a=fmtp:98 profile-level-id=42E01F;packetization-mode=1|a=rtcp-fb:* nack pli|a=rtcp-fb:* ccm fir|a=sendrecv",
		"m=video 6002 RTP/AVP 98\na=rtpmap:98 H264/90000\na=fmtp:98 packetization-mode=1;profile-level-id=42e034\na=rtcp-fb:98 nack pli\n",
		"m=video 5000 RTP/AVPF 100|a=rtpmap:100 H264/90000|a=fmtp:100 packetization-mode=1;profile-level-id=42e034|a=rtcp-fb:* nack pli|a=sendrecv",
	},
	{
		"requests of another format, parameters without end",
		"m=video 4002 RTP/AVP 96 97 99\na=rtpmap:96 H264/90000\na=fmtp:96 x=" + strings.Repeat("y", 511) + "\na=rtpmap:97 rtx/90000\n" +
			"a=rtpmap:99 VP8/90000\na=rtcp-fb:97 nack\na=rtcp-fb:96 nack pli\na=rtcp-fb:99 ccm fir\n",
		"vp8 h264", "m=video 5000 RTP/AVP 96|a=rtpmap:96 VP8/90000|a=rtcp-fb:* ccm fir|a=sendrecv",
		"m=video 6002 RTP/AVP 96\na=rtpmap:96 VP8/90000\na=rtcp-fb:97 ccm fir\n",
		"m=video 5000 RTP/AVP 99|a=rtpmap:99 VP8/90000|a=sendrecv",
	},
	{
		"only to be seen", "m=video 4002 RTP/AVP 99\na=rtpmap:99 VP9/90000\na=sendonly\n", "vp9 av1",
		"m=video 5000 RTP/AVP 96|a=rtpmap:96 VP9/90000|a=sendrecv",
		"m=video 6002 RTP/AVP 96\na=rtpmap:96 VP9/90000\n",
		"m=video 5000 RTP/AVP 99|a=rtpmap:99 VP9/90000|a=recvonly",
	},
	{
		"one format twice", "m=video 4002 RTP/AVP 96 97\na=rtpmap:96 H264/90000\na=fmtp:96 profile-level-id=42e00a\na=rtpmap:97 H264/90000\na=fmtp:97 profile-level-id=42c01f\n",
		"h264", "m=video 5000 RTP/AVP 96|a=rtpmap:96 H264/90000|a=fmtp:96 profile-level-id=42e00a|a=sendrecv",
		"m=video 6002 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 profile-level-id=42e00a\n",
		"m=video 5000 RTP/AVP 96|a=rtpmap:96 H264/90000|a=fmtp:96 profile-level-id=42e00a|a=sendrecv",
	},
}

// lineOf is a media line of a description, in one line.
func lineOf(t testing.TB, text []byte, at int) string {
	t.Helper()
	s := parse(t, text)
	if len(s.Media) <= at {
		return ""
	}
	return strings.ReplaceAll(strings.TrimSpace(string(s.Media[at].append(nil))), "\r\n", "|")
}

func TestVideo(t *testing.T) {
	for _, c := range videoCases {
		t.Run(c.name, func(t *testing.T) {
			offer := parse(t, peerSDP(linesOfAudio+c.offered))
			kinds := strings.Fields(c.kinds)

			// The first answer, before anybody was asked, has none.
			near := negotiator(t, testConfig(ulaw))
			text, _, of, err := near.AnswerWith(nil, offer)
			if err != nil || of != nil || !strings.HasPrefix(lineOf(t, text, 1), "m=video 0 ") {
				t.Fatalf("%v %v\n%s", of, err, text)
			}
			far := negotiator(t, testConfig(ulaw))
			asked := videoNegotiator(t, offer, Unprotected, kinds...)
			text = far.OfferWith(asked, media.SendRecv)
			if got := lineOf(t, text, 1); got != c.passedOn {
				t.Fatalf("offered\n%s, want\n%s", got, c.passedOn)
			}
			if asked == nil {
				return
			}
			answer := parse(t, peerSDP(linesOfAudio+c.answered))
			_, took, err := far.SetAnswerWith(asked, answer)
			if err != nil {
				t.Fatal(err)
			}
			var granted *Negotiator
			if took != nil {
				cfg := testConfig()
				for _, f := range took.Passed {
					cfg.Codecs = append(cfg.Codecs, f.Codec)
				}
				cfg.Kind, cfg.Requests, cfg.Port, cfg.DTMF = VideoKind, took.Requests, 5000, false
				granted = negotiator(t, cfg)
				if took.Remote != netip.MustParseAddrPort("192.0.2.1:6002") {
					t.Errorf("at %v", took.Remote)
				}
			}
			text, _, of, err = near.AnswerWith(granted, offer)
			if err != nil || (of == nil) != (took == nil) {
				t.Fatal(of, err)
			}
			if got := lineOf(t, text, 1); got != c.result {
				t.Errorf("answered\n%s, want\n%s", got, c.result)
			}
		})
	}
}

// A call that was answered without video gets it at its own line, or at a new one, by
// an offer of ours; the peer may refuse, hold, and leave it out.
func TestVideoIsAdded(t *testing.T) {
	for name, first := range map[string]string{
		"its own line": linesOfAudio + "m=video 4002 RTP/AVP 99\na=rtpmap:99 VP8/90000\n", "a new line": linesOfAudio,
	} {
		t.Run(name, func(t *testing.T) {
			n := negotiator(t, testConfig(ulaw))
			if _, _, _, err := n.AnswerWith(nil, parse(t, peerSDP(first))); err != nil {
				t.Fatal(err)
			}
			v := videoNegotiator(t, parse(t, peerSDP(linesOfAudio+"m=video 4002 RTP/AVP 99\na=rtpmap:99 VP8/90000\n")), Unprotected, "vp8")
			text := n.OfferWith(v, media.SendRecv)
			if got := lineOf(t, text, 1); got != "m=video 5000 RTP/AVP 96|a=rtpmap:96 VP8/90000|a=sendrecv" {
				t.Fatalf("%s", text)
			}
			_, of, err := n.SetAnswerWith(v, parse(t, peerSDP(linesOfAudio+"m=video 0 RTP/AVP 96\n")))
			if of != nil || err != nil {
				t.Fatal(of, err)
			}
			_, of, err = n.SetAnswerWith(v, parse(t, peerSDP(linesOfAudio+"m=video 4002 RTP/AVP 96\na=rtpmap:96 VP8/90000\n")))
			if of == nil || err != nil || of.Direction != media.SendRecv {
				t.Fatal(of, err)
			}
			text = n.OfferWith(v, media.SendOnly)
			if s := parse(t, text); len(s.Media) != 2 || s.Direction(s.Media[1]) != media.SendOnly {
				t.Errorf("%s", text)
			}
			n.RollbackWith(v)
			held := linesOfAudio + "a=sendonly\nm=video 4002 RTP/AVP 96\na=rtpmap:96 VP8/90000\na=inactive\n"
			text, r, of, err := n.AnswerWith(v, parse(t, peerSDP(held)))
			if err != nil || of == nil || of.Direction != media.Inactive || r.Direction != media.RecvOnly {
				t.Errorf("%v %v %v\n%s", r.Direction, of, err, text)
			}
			text, _, of, err = n.AnswerWith(v, parse(t, peerSDP(linesOfAudio+"m=video 0 RTP/AVP 96\n")))
			if err != nil || of != nil || lineOf(t, text, 1) != "m=video 0 RTP/AVP 96" {
				t.Errorf("%v %v\n%s", of, err, text)
			}
		})
	}
}

// Keys of video are its own.
func TestVideoKeys(t *testing.T) {
	cfg := testConfig(ulaw)
	cfg.Protection = Protected
	a, b := negotiator(t, cfg), negotiator(t, cfg)
	wish := parse(t, peerSDP(linesOfAudio+"m=video 4002 RTP/AVP 99\na=rtpmap:99 VP8/90000\n"))
	va, vb := videoNegotiator(t, wish, Protected, "vp8"), videoNegotiator(t, wish, Protected, "vp8")
	text, rb, ofB, err := b.AnswerWith(vb, parse(t, a.OfferWith(va, media.SendRecv)))
	if err != nil || ofB == nil {
		t.Fatalf("%v\n%s", err, text)
	}
	ra, ofA, err := a.SetAnswerWith(va, parse(t, text))
	if err != nil || ofA == nil {
		t.Fatal(ofA, err)
	}
	if ofA.Keys.Send != ofB.Keys.Receive || ofA.Keys.Receive != ofB.Keys.Send || !ofA.Keys.Secure() ||
		ofA.Keys.Send == ra.Keys.Send || ra.Keys.Send != rb.Keys.Receive || ofA.Keys == (srtp.Masters{}) {
		t.Error("keys do not fit")
	}
}

func FuzzVideo(f *testing.F) {
	for _, c := range videoCases {
		f.Add(peerSDP(linesOfAudio+c.offered), peerSDP(linesOfAudio+c.answered))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		offer, err := Parse(first)
		if err != nil {
			return
		}
		v := videoNegotiator(t, offer, Unprotected, "vp8", "vp9", "h264", "h265", "av1")
		n := negotiator(t, testConfig(ulaw))
		if text, _, of, err := n.AnswerWith(v, offer); err == nil {
			s := parse(t, []byte(strings.Replace(string(text), "o=- 4711  ", "o=- 4711 1 ", 1)))
			if len(s.Media) != len(offer.Media) || of != nil && (len(of.Passed) == 0 || len(of.Receive) == 0) {
				t.Fatalf("%s", text)
			}
		}
		text := n.OfferWith(v, media.SendRecv)
		if answer, err := Parse(second); err == nil {
			if _, of, err := n.SetAnswerWith(v, answer); err == nil && of != nil && len(of.Passed) == 0 {
				t.Fatalf("%s", text)
			}
		}
	})
}
