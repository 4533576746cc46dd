package jsep_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/golden"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
)

var ourOrigin = regexp.MustCompile(`(?m)^o=- \d+ `)

// What browsers and other stacks have offered, one after the other, our answers, and what
// they come to.
func TestSessions(t *testing.T) {
	golden.Files(t, "testdata/sessions/*.txt", "answers", func(t *testing.T, input string) string {
		cfg := serverConfig(t)
		generation := 0
		cfg.Credentials = func() jsep.Credentials {
			generation++
			return jsep.Credentials{Ufrag: fmt.Sprintf("ours%d", generation), Pwd: strings.Repeat("p", 24)}
		}
		s := jsep.NewSession(cfg)
		add(t, s, mix, camera, screen)
		var out strings.Builder
		for i, offer := range parts(input, "offer") {
			answer, agreed := answered(t, s, offer)
			if again, same := answered(t, s, offer); again != answer || same != agreed {
				t.Error("another answer to the same offer")
			}
			answer = strings.ReplaceAll(ourOrigin.ReplaceAllString(answer, "o=- ID "), "\r\n", "\n")
			if i > 0 {
				out.WriteString("== answer\n")
			}
			out.WriteString(answer)
			out.WriteString(summary(agreed))
		}
		return out.String()
	})
}

// parts are those of a file with that name.
func parts(text, name string) (out []string) {
	for part := range strings.SplitSeq(text, "== ") {
		if body, ok := strings.CutPrefix(part, name+"\n"); ok {
			out = append(out, body)
		}
	}
	return out
}

// summary is what was agreed on, a line for each section.
func summary(a *jsep.Agreed) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, "# "+format+"\n", args...) }
	t := a.Transport
	line("generation %d: %s to %s, active %v, controlling %v, lite %v, trickle %v, %d candidates, complete %v, %d fingerprints",
		t.Generation, t.Local.Ufrag, t.Remote.Ufrag, t.Active, t.Offered, t.RemoteLite, t.RemoteTrickle, len(t.Candidates), t.Complete, len(t.Fingerprints))
	for _, m := range a.Media {
		if m.Refused {
			line("%d %s %q: refused", m.Index, m.Kind, m.MID)
			continue
		}
		line("%d %s %q: %v", m.Index, m.Kind, m.MID, m.Direction)
		if m.Kind == jsep.Application {
			line("  SCTP %d to %d, messages of %d", a.Data.LocalPort, a.Data.RemotePort, a.Data.MaxMessageSize)
			continue
		}
		line("  send %s", codecs(m.Send))
		line("  receive %s", codecs(m.Receive))
		line("  extensions %+v", m.Extensions)
		if m.Track != nil {
			line("  track %s", m.Track.ID)
		}
		if m.Direction.Receives() {
			line("  remote %+v", m.Remote)
		}
		if m.Ptime != 0 || m.MaxPtime != 0 || m.Direction == media.Inactive {
			line("  ptime %v, maxptime %v", m.Ptime, m.MaxPtime)
		}
	}
	return b.String()
}

func codecs(list []jsep.Codec) string {
	var out []string
	for _, c := range list {
		text := fmt.Sprintf("%d=%s/%d", c.PayloadType, c.Name, c.ClockRate)
		if c.RTX != 0 {
			text += fmt.Sprintf("+%d", c.RTX)
		}
		if c.Fmtp != "" {
			text += "(" + c.Fmtp + ")"
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

// A browser that sees as many as a room shows at most, 49 cameras and a screen, offers their
// sections again with all that it can decode; it is answered, and each has what is sent there.
func TestLargestRoom(t *testing.T) {
	offer := session(t, "chromium-whole")[0]
	front, data, _ := strings.Cut(offer, "m=application")
	at := strings.LastIndex(front, "m=video")
	last := front[at:]
	s := server(t)
	var b strings.Builder
	b.WriteString(front)
	for i := range 40 { // ten are there
		b.WriteString(strings.Replace(last, lineOfMID(last), fmt.Sprintf("a=mid:more%d", i), 1))
	}
	b.WriteString("m=application" + data)
	for i := range 50 {
		add(t, s, jsep.Track{ID: fmt.Sprintf("%d:camera", i), Stream: fmt.Sprintf("%d:camera", i), Kind: jsep.Video, SSRC: uint32(1000 + 2*i), RTX: uint32(1001 + 2*i), CName: "room", Codec: "VP8"})
	}
	bundle := lineOfGroup(offer)
	text := strings.Replace(b.String(), bundle, bundle+more(40), 1)
	if len(text) < 200<<10 {
		t.Fatalf("%d bytes are not what Chromium would send", len(text))
	}
	answer, agreed := answered(t, s, text)
	n := 0
	for _, m := range agreed.Media {
		if m.Track != nil && m.Kind == jsep.Video {
			n++
		}
	}
	if n != 50 || s.NeedsOffer() {
		t.Errorf("%d are sent", n)
	}
	if _, err := jsep.Parse(answer); err != nil {
		t.Error(err)
	}
}

func lineOfMID(section string) string {
	return regexp.MustCompile(`a=mid:[^\r\n]*`).FindString(section)
}

func lineOfGroup(sdp string) string { return regexp.MustCompile(`a=group:[^\r\n]*`).FindString(sdp) }

// more are the mids of further sections in a group.
func more(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " more%d", i)
	}
	return b.String()
}

// An answer groups nothing that the offer does not (RFC 9143 §7.3.3).
func TestAnswersGroup(t *testing.T) {
	offer := session(t, "chromium-audio")[0]
	group := lineOfGroup(offer)
	for theirs, want := range map[string]string{
		group: group, "a=group:BUNDLE": "", "a=group:BUNDLE another": "", "a=x-none": "",
	} {
		answer, _ := answered(t, server(t), strings.Replace(offer, group, theirs, 1))
		if got := lineOfGroup(answer); got != want {
			t.Errorf("%q is answered by %q, want %q", theirs, got, want)
		}
	}
}
