package jsep

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media/sdp"
)

// list reads "96 VP8/90000 fmtp" lines; rtx is after a "+".
func list(text string) []Codec {
	f := newFormats()
	var formats []string
	for line := range strings.Lines(text) {
		pt, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if pt == "" {
			continue
		}
		encoding, fmtp, _ := strings.Cut(rest, " ")
		p := parser{}
		if err := p.rtpmap(f, pt+" "+encoding); err != nil {
			panic(err)
		}
		var n uint8
		_, _ = fmt.Sscan(pt, &n)
		f.fmtp[n] = fmtp
		formats = append(formats, pt)
	}
	return f.codecs(formats)
}

func show(codecs []Codec) string {
	var out []string
	for _, c := range codecs {
		text := fmt.Sprintf("%d %s", c.PayloadType, c.Name)
		if c.RTX != 0 {
			text += fmt.Sprintf("+%d", c.RTX)
		}
		if c.Fmtp != "" {
			text += " " + c.Fmtp
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func TestCommonCodecs(t *testing.T) {
	for _, c := range []struct {
		name, theirs, ours string
		answer             string // to what they offer
		result             string // of their answer: send; receive
	}{
		{
			"numbers of the offer, order of ours", "8 PCMA/8000\n96 opus/48000/2 stereo=1", "111 opus/48000/2 useinbandfec=1\n8 PCMA/8000",
			"96 opus useinbandfec=1, 8 PCMA", "8 PCMA, 96 opus stereo=1; 8 PCMA, 111 opus useinbandfec=1",
		},
		{
			"opus without channels", "96 OPUS/48000", "111 opus/48000/2",
			"96 opus", "96 OPUS; 111 opus",
		},
		{
			"redundancy", "96 opus/48000/2\n97 red/48000/2 96/96", "111 opus/48000/2\n63 red/48000/2 111/111",
			"96 opus, 97 red 96/96", "96 opus, 97 red 96/96; 111 opus, 63 red 111/111",
		},
		{
			"redundancy of something else", "0 PCMU/8000\n96 opus/48000/2\n97 red/48000/2 0/96\n98 red/48000/2", "111 opus/48000/2\n63 red/48000/2 111/111",
			"96 opus", "96 opus; 111 opus",
		},
		{"events alone", "101 telephone-event/8000 0-15", "8 PCMA/8000\n101 telephone-event/8000 0-16", "", "; "},
		{
			"repairs", "100 VP8/90000\n101 rtx/90000 apt=100\n102 rtx/90000 apt=7", "96 VP8/90000\n97 rtx/90000 apt=96",
			"100 VP8+101", "100 VP8+101; 96 VP8+97",
		},
		{
			"repairs of one side", "100 VP8/90000", "96 VP8/90000\n97 rtx/90000 apt=96",
			"100 VP8", "100 VP8; 96 VP8",
		},
		{
			"profiles of VP9", "98 VP9/90000\n100 VP9/90000 profile-id=2\n102 VP9/90000 profile-id=1", "35 VP9/90000 profile-id=2\n36 VP9/90000 profile-id=0",
			"100 VP9 profile-id=2, 98 VP9 profile-id=0", "98 VP9, 100 VP9 profile-id=2; 36 VP9 profile-id=0, 35 VP9 profile-id=2",
		},
		{
			"packetization", "102 H264/90000 packetization-mode=1;profile-level-id=42e01f\n104 H264/90000 profile-level-id=42e01f", "96 H264/90000 profile-level-id=42e01f",
			"104 H264 packetization-mode=0;profile-level-id=42e01f", "104 H264 profile-level-id=42e01f; 96 H264 packetization-mode=0;profile-level-id=42e01f",
		},
		{
			"twice", "102 H264/90000 profile-level-id=42e01f\n104 H264/90000 profile-level-id=42e02a", "96 H264/90000 profile-level-id=42e034",
			"102 H264 packetization-mode=0;profile-level-id=42e01f", "102 H264 profile-level-id=42e01f; 96 H264 packetization-mode=0;profile-level-id=42e01f",
		},
		{
			"AV1", "45 AV1/90000 level-idx=9;profile=0\n46 AV1/90000 profile=1", "96 AV1/90000 level-idx=5;profile=0",
			"45 AV1 level-idx=9;profile=0", "45 AV1 level-idx=9;profile=0; 96 AV1 level-idx=9;profile=0",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			ours := slices.DeleteFunc(list(c.ours), func(c Codec) bool { return c.is(rtx) })
			send, receive := common(list(c.theirs), ours, true)
			if got := show(receive); got != c.answer {
				t.Errorf("answer %q, want %q", got, c.answer)
			}
			for i := range send {
				if send[i].PayloadType != receive[i].PayloadType || send[i].RTX != receive[i].RTX {
					t.Errorf("sends %+v, receives %+v", send[i], receive[i])
				}
			}
			send, receive = common(list(c.theirs), ours, false)
			if got := show(send) + "; " + show(receive); got != c.result {
				t.Errorf("result %q, want %q", got, c.result)
			}
		})
	}
}

// Payload types that are taken are not given twice, and what the session has keeps its own.
func TestNumbers(t *testing.T) {
	n := &numbers{known: map[sdp.Encoding]Codec{}}
	n.learn(list("111 VP8/90000\n112 rtx/90000 apt=111\n63 opus/48000/2"))
	got := show(n.give(append(VideoCodecs()[:2], list("111 opus/48000/2\n63 red/48000/2 111/111\n0 PCMU/8000\n112 L16/8000")...)))
	if want := "111 VP8+112, 98 VP9+99 profile-id=0, 63 opus, 96 red 63/63, 0 PCMU, 97 L16"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	many := slices.Repeat(VideoCodecs()[:1], 70)
	for i := range many {
		many[i].Name = fmt.Sprintf("x%d", i)
	}
	seen := map[uint8]bool{}
	given := n.give(many)
	for _, c := range given {
		for _, pt := range []uint8{c.PayloadType, c.RTX} {
			if pt != 0 && (seen[pt] || pt >= 64 && pt < 96) {
				t.Fatalf("payload type %d", pt)
			}
			seen[pt] = true
		}
	}
	if len(given) < 20 || len(given) > 61 {
		t.Errorf("%d of them", len(given))
	}
}

func TestRestrictions(t *testing.T) {
	o := &slot{send: list("96 VP8/90000\n98 VP9/90000")}
	for text, want := range map[string]string{
		"":                              "",
		"max-width=1280;max-fps=30":     "max-width=1280;max-fps=30",
		"pt=97,98, 96;max-br=100":       "pt=98;max-br=100", // a torn part of the list is left out
		"pt=97,98;max-br=100":           "pt=98;max-br=100",
		"pt=97":                         "refused",
		"max-fancy=1":                   "refused",
		strings.Repeat("max-br=1;", 99): "refused",
	} {
		got, ok := o.restrictions(text)
		if !ok {
			got = "refused"
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
