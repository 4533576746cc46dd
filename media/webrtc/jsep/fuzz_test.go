package jsep_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
)

// expected are the kinds of errors of bad descriptions.
func expected(t rapid.TB, err error) {
	t.Helper()
	switch fault.Of(err) {
	case fault.Invalid, fault.TooLarge, fault.TooMany, fault.NotAcceptable, fault.Conflict:
	default:
		t.Fatalf("%v: kind %v", err, fault.Of(err))
	}
}

// sound sees that what was agreed on can be carried out.
func sound(t rapid.TB, s *jsep.Session, a *jsep.Agreed) {
	t.Helper()
	d, err := jsep.Parse(s.Describe(gathered))
	if err != nil {
		t.Fatalf("our own description: %v", err)
	}
	if len(d.Sections) != len(a.Media) {
		t.Fatalf("%d sections described, %d agreed on", len(d.Sections), len(a.Media))
	}
	receiving := map[string]int{}
	for i, m := range a.Media {
		if d.Sections[i].Rejected() != m.Refused || d.Sections[i].Kind != m.Kind || d.Sections[i].MID != m.MID {
			t.Fatalf("section %d: %+v described as %+v", i, m, d.Sections[i])
		}
		if m.Refused || m.Kind == jsep.Application {
			continue
		}
		if len(m.Send) == 0 || len(m.Send) != len(m.Receive) {
			t.Fatalf("section %d: sends %+v, receives %+v", i, m.Send, m.Receive)
		}
		if m.Direction.Sends() != (m.Track != nil) {
			t.Fatalf("section %d is %v with track %+v", i, m.Direction, m.Track)
		}
		if m.Direction.Receives() {
			receiving[m.Kind]++
		}
		for _, id := range []uint8{m.Extensions.MID, m.Extensions.RID, m.Extensions.AudioLevel, m.Extensions.TransportCC} {
			if id > 14 {
				t.Fatalf("section %d: %+v", i, m.Extensions)
			}
		}
	}
	if receiving[jsep.Audio] > 1 || receiving[jsep.Video] > 2 {
		t.Fatalf("receives %v", receiving)
	}
	if c := a.Transport.Remote; len(a.Transport.Fingerprints) == 0 || len(c.Ufrag) < 4 || len(c.Pwd) < 22 {
		t.Fatalf("transport %+v", a.Transport)
	}
}

// Two offers, the second a later one: whatever they say, the answers are descriptions and
// fit to what was agreed on, and an offer of ours fits behind them.
func FuzzSetOffer(f *testing.F) {
	files, err := filepath.Glob("testdata/sessions/*.txt")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		if strings.Contains(file, "whole") {
			continue // the mutator would do nothing else
		}
		input, _, _ := strings.Cut(string(text), "== answers\n")
		offers := parts(input, "offer")
		f.Add(offers[0], offers[len(offers)-1])
		if len(offers) > 3 {
			f.Add(offers[1], offers[2])
			f.Add(offers[3], offers[4])
		}
	}
	cfg := serverConfig(f)
	f.Fuzz(func(t *testing.T, first, second string) {
		s := jsep.NewSession(cfg)
		add(t, s, mix, camera)
		for _, offer := range []string{first, second} {
			was := s.Agreed()
			a, err := s.SetOffer(offer)
			if err != nil {
				expected(t, err)
				if s.Agreed() != was {
					t.Fatal("an error changed what was agreed on")
				}
				continue
			}
			sound(t, s, a)
		}
		add(t, s, screen)
		if s.Agreed() == nil || !s.NeedsOffer() {
			return
		}
		if err := s.Offer(); err != nil {
			t.Fatal(err)
		}
		text := s.Describe(gathered)
		if len(text) > jsep.MaxBytes {
			return // as no browser's offer brings about
		}
		if _, err := jsep.Parse(text); err != nil {
			t.Fatalf("our own offer: %v\n%s", err, text)
		}
		s.Rollback()
		if !s.NeedsOffer() {
			t.Fatal("nothing to offer after it was taken back")
		}
	})
}

// Real offers, one after the other, with lines left out, doubled, moved and put together
// from parts of others.
func TestMangledOffers(t *testing.T) {
	names, err := filepath.Glob("testdata/sessions/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	cfg := serverConfig(t)
	rapid.Check(t, func(rt *rapid.T) {
		name := strings.TrimSuffix(filepath.Base(rapid.SampledFrom(names).Draw(rt, "session")), ".txt")
		s := jsep.NewSession(cfg)
		add(t, s, mix, camera)
		for _, offer := range session(t, name) {
			lines := strings.Split(offer, "\n")
			for range rapid.IntRange(0, 6).Draw(rt, "changes") {
				at := func(label string) int { return rapid.IntRange(0, len(lines)-1).Draw(rt, label) }
				i, j := at("at"), at("other")
				switch rapid.IntRange(0, 4).Draw(rt, "change") {
				case 0:
					lines = slices.Delete(lines, i, i+1)
				case 1:
					lines = slices.Insert(lines, i, lines[j])
				case 2:
					lines[i], lines[j] = lines[j], lines[i]
				case 3:
					name, _, _ := strings.Cut(lines[i], ":")
					_, value, _ := strings.Cut(lines[j], ":")
					lines[i] = name + ":" + value
				case 4:
					f, g := strings.Fields(lines[i]), strings.Fields(lines[j])
					if len(f) > 0 && len(g) > 0 {
						f[rapid.IntRange(0, len(f)-1).Draw(rt, "field")] = g[rapid.IntRange(0, len(g)-1).Draw(rt, "from")]
						lines[i] = strings.Join(f, " ")
					}
				}
			}
			a, err := s.SetOffer(strings.Join(lines, "\n"))
			if err != nil {
				expected(rt, err)
				continue
			}
			sound(rt, s, a)
		}
	})
}

// Whatever answers our offer.
func FuzzSetAnswer(f *testing.F) {
	cfg := serverConfig(f)
	peer := func(t testing.TB) *jsep.Session {
		s := jsep.NewSession(cfg)
		add(t, s, mix, camera)
		s.Receive(jsep.Audio, 1)
		s.Receive(jsep.Application, 1)
		if err := s.Offer(); err != nil {
			t.Fatal(err)
		}
		return s
	}
	client := cfg
	client.Fingerprints = prints(f, clientPrint)
	c := jsep.NewSession(client)
	if _, err := c.SetOffer(peer(f).Describe(gathered)); err != nil {
		f.Fatal(err)
	}
	answer := c.Describe(gathered)
	f.Add(answer)
	f.Add(strings.Replace(answer, "m=video 7882", "m=video 0", 1))
	f.Add(strings.Replace(answer, "a=recvonly", "a=inactive", 1))
	f.Add(strings.ReplaceAll(answer, "a=setup:active", "a=setup:passive"))
	f.Fuzz(func(t *testing.T, text string) {
		s := peer(t)
		a, err := s.SetAnswer(text)
		if err != nil {
			expected(t, err)
			if !s.Pending() {
				t.Fatal("an error has closed our offer")
			}
			return
		}
		if len(a.Media) != 3 || s.Pending() {
			t.Fatalf("%+v", a)
		}
		for _, m := range a.Media {
			if !m.Refused && m.Kind == jsep.Video && m.Direction.Receives() {
				t.Fatalf("receives what was not asked for: %+v", m)
			}
			if !m.Refused && m.Kind != jsep.Application && len(m.Send) == 0 {
				t.Fatalf("nothing to send: %+v", m)
			}
		}
	})
}

// What arrives twice or late changes nothing.
func TestTwiceAndLate(t *testing.T) {
	offers := session(t, "chromium-renegotiation")
	s := server(t, mix)
	_, first := answered(t, s, offers[0])
	answer, second := answered(t, s, offers[1])
	late := func(what string, err error) {
		t.Helper()
		if fault.Of(err) != fault.Conflict || s.Agreed() != second {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := s.SetOffer(offers[0])
	late("the first offer again", err)
	if again, agreed := answered(t, s, offers[1]); again != answer || agreed != second || agreed == first {
		t.Error("another answer to the same offer")
	}

	// An offer of ours, the peer's last offer again, and its own answer twice.
	add(t, s, camera)
	ours := offered(t, s)
	if again, _ := answered(t, s, offers[1]); again != answer || !s.Pending() {
		t.Error("a repeated offer took ours back, or had another answer")
	}
	cfg := serverConfig(t)
	cfg.Fingerprints = second.Transport.Fingerprints
	cfg.Credentials = func() jsep.Credentials { return second.Transport.Remote }
	peer := jsep.NewSession(cfg)
	if _, err := peer.SetOffer(ours); err != nil {
		t.Fatal(err)
	}
	reply := peer.Describe(jsep.Gathered{})
	second, err = s.SetAnswer(reply)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.SetAnswer(reply)
	late("the answer again", err)
	s.RemoveTrack(camera.ID)
	offered(t, s)
	_, err = s.SetAnswer(reply)
	late("the answer to an earlier offer", err)
	if !s.Pending() {
		t.Error("no offer is open")
	}
	if err := s.Offer(); fault.Of(err) != fault.Conflict {
		t.Errorf("a second offer: %v", err)
	}
	s.Rollback()
	if a := s.Agreed(); a != second || a.Media[1].Direction == media.Inactive {
		t.Errorf("after taking it back: %+v", a)
	}
}
