package sdp

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// TestTwoNegotiators: whatever two of ours agree on, they agree on the same.
func TestTwoNegotiators(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		config := func(label string) Config {
			codecs := rapid.Permutation(known).Draw(t, label)
			cfg := testConfig(codecs[:rapid.IntRange(1, len(codecs)).Draw(t, label+" codecs")]...)
			cfg.DTMF = rapid.Bool().Draw(t, label+" dtmf")
			cfg.RTCPMux = rapid.Bool().Draw(t, label+" mux")
			cfg.PreferOurs = rapid.Bool().Draw(t, label+" ours")
			return cfg
		}
		var legs [2]*Negotiator
		for i, label := range []string{"a", "b"} {
			n, err := NewNegotiator(config(label))
			if err != nil {
				t.Fatal(err)
			}
			legs[i] = n
		}
		want := [2]media.Direction{}
		for range rapid.IntRange(1, 6).Draw(t, "exchanges") {
			i := rapid.IntRange(0, 1).Draw(t, "offerer")
			if rapid.Bool().Draw(t, "other codecs") {
				if err := legs[i].Reconfigure(config("again")); err != nil {
					t.Fatal(err)
				}
			}
			a, b := legs[i], legs[1-i]
			dir := media.Direction(rapid.IntRange(0, 3).Draw(t, "direction"))
			offer, err := Parse(a.Offer(dir))
			if err != nil {
				t.Fatal(err)
			}
			body, rb, err := b.Answer(offer)
			if err != nil {
				if fault.Of(err) != fault.NotAcceptable {
					t.Fatal(err)
				}
				a.Rollback()
				continue
			}
			reply, err := Parse(body)
			if err != nil {
				t.Fatal(err)
			}
			ra, err := a.SetAnswer(reply)
			if err != nil {
				t.Fatal(err)
			}
			want[i] = dir
			if ra.Direction != rb.Direction.Reverse() || ra.Direction != intersect(dir, want[1-i].Reverse()) {
				t.Fatalf("%v and %v", ra.Direction, rb.Direction)
			}
			agree(t, ra, rb)
			agree(t, rb, ra)
		}
	})
}

// agree: what one sends, the other understands.
func agree(t *rapid.T, from, to Result) {
	f, ok := to.Receive.ByPayloadType(from.Send.PayloadType)
	if !ok || f.Codec != from.Send.Codec || from.Ptime != to.Ptime || from.RTCPMux != to.RTCPMux {
		t.Fatalf("\n%s\n%s", summary(from), summary(to))
	}
	if from.Events.ClockRate == 0 {
		return
	}
	for _, e := range to.ReceiveEvents {
		if e == from.Events {
			return
		}
	}
	t.Fatalf("events\n%s\n%s", summary(from), summary(to))
}

// FuzzOfferAnswer: nothing a peer sends makes us panic, print what cannot be
// read, or lose count of the media lines.
func FuzzOfferAnswer(f *testing.F) {
	_, bodies := files(f)
	for _, body := range bodies {
		f.Add(body, bodies["sipp-uac"], uint8(0xff))
		f.Add(bodies["baresip-call"], body, uint8(7))
	}
	f.Fuzz(func(t *testing.T, first, second []byte, codecs uint8) {
		var list []*media.Codec
		for i, c := range known {
			if codecs>>i&1 == 1 {
				list = append(list, c)
			}
		}
		if len(list) == 0 {
			list = known
		}
		cfg := testConfig(list...)
		cfg.PreferOurs, cfg.AudioLevel, cfg.RTCPMux = codecs&0x40 != 0, true, codecs&0x80 != 0
		cfg.Protection = Protection(codecs >> 4 % 3)
		n := negotiator(t, cfg)
		lines := 0
		for _, body := range [][]byte{first, second, first} {
			offer, err := Parse(body)
			if err != nil {
				continue
			}
			if text, r, err := n.Answer(offer); err == nil {
				lines = len(offer.Media)
				check(t, text, lines, r)
				encrypted(t, cfg.Protection, r)
			}
			if text := parse(t, n.Offer(media.SendRecv)); len(text.Media) != max(lines, 1) {
				t.Fatalf("%d media lines, want %d", len(text.Media), lines)
			}
			lines = max(lines, 1)
			if r, err := n.SetAnswer(offer); err == nil {
				check(t, []byte(n.state.Sent), lines, r)
				encrypted(t, cfg.Protection, r)
			}
			n.Rollback()
			if _, err := RestoreNegotiator(cfg, n.State()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func check(t *testing.T, text []byte, lines int, r Result) {
	t.Helper()
	text = []byte(strings.Replace(string(text), "o=- 4711  ", "o=- 4711 1 ", 1))
	if s := parse(t, text); len(s.Media) != lines {
		t.Fatalf("%d media lines, want %d\n%s", len(s.Media), lines, text)
	}
	if r.Send.Codec == nil || len(r.Receive) == 0 || r.Ptime == 0 || r.Direction.Sends() && !r.Remote.IsValid() {
		t.Fatal(summary(r))
	}
	within(t, r)
}

// encrypted checks that nothing goes in the clear that may not, nor half of it.
func encrypted(t *testing.T, p Protection, r Result) {
	t.Helper()
	if p == Protected && !r.Keys.Secure() || !r.Keys.Secure() && r.Keys != (srtp.Masters{}) {
		t.Fatalf("%v: %v", p, r.Keys)
	}
}

func BenchmarkAnswer(b *testing.B) {
	_, bodies := files(b)
	body := bodies["asterisk-chan-pjsip"]
	b.ReportAllocs()
	for b.Loop() {
		n := negotiator(b, testConfig(opus, g722, ulaw, alaw))
		if _, _, err := n.Answer(parse(b, body)); err != nil {
			b.Fatal(err)
		}
	}
}
