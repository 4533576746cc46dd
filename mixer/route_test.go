package mixer

import (
	"fmt"
	"slices"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
)

// meeting is four people at three sample rates, two of them at the same, of whom some speak.
func meeting(t *testing.T, peaks [4]uint16, opts [4]JoinOptions) (*rig, *Room, []*talker) {
	t.Helper()
	r := newRig(t, 1)
	room := r.room(RoomConfig{Name: "meeting", Activity: dsp.ActivityConfig{Threshold: 60, Hangover: 15}})
	var all []*talker
	for i, rate := range []int{8000, 16000, 48000, 16000} {
		all = append(all, r.talker(string(rune('a'+i)), newProbe(rate), uint16(440+250*i), peaks[i]))
	}
	for i, s := range all {
		if err := s.port.Join(room, opts[i]); err != nil {
			t.Fatal(err)
		}
	}
	return r, room, all
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// hearsOf is who of all a talker hears, by their letters.
func hearsOf(s *talker, all []*talker) (who string) {
	rate := s.format.Codec.SampleRate
	for _, o := range all {
		switch db := level(s.pcm, rate, float64(o.hz)); {
		case db > -30:
			who += o.port.Name()
		case db > -90:
			who += fmt.Sprintf("(%s at %.1f dBFS)", o.port.Name(), db)
		}
	}
	return who
}

// Everyone hears whom it should, nobody itself, and nobody anything of whom it should not
// hear: under −90 dBFS at every sample rate.
func TestWhoHearsWhom(t *testing.T) {
	const a, b, c, d = 0, 1, 2, 3
	for name, tt := range map[string]struct {
		set  func([]*Port) error
		want [4]string
	}{
		"everyone":            {func([]*Port) error { return nil }, [4]string{"bcd", "acd", "abd", "abc"}},
		"whisper":             {func(p []*Port) error { return p[a].SetHeardBy(Only(p[b])) }, [4]string{"bcd", "acd", "bd", "bc"}},
		"whisper at one rate": {func(p []*Port) error { return p[b].SetHeardBy(Only(p[d])) }, [4]string{"cd", "acd", "ad", "abc"}},
		"monitor":             {func(p []*Port) error { return p[d].SetHeardBy(Only()) }, [4]string{"bc", "ac", "ab", "abc"}},
		"monitor of one": {func(p []*Port) error {
			if err := p[c].SetHears(Only(p[a])); err != nil {
				return err
			}
			return p[c].SetHeardBy(Only())
		}, [4]string{"bd", "ad", "a", "ab"}},
		"coach":     {func(p []*Port) error { return p[c].SetHeardBy(Only(p[a])) }, [4]string{"bcd", "ad", "abd", "ab"}},
		"left out":  {func(p []*Port) error { return p[a].SetHeardBy(Except(p[c])) }, [4]string{"bcd", "acd", "bd", "abc"}},
		"not heard": {func(p []*Port) error { return p[b].SetHears(Except(p[a], p[d])) }, [4]string{"bcd", "c", "abd", "abc"}},
		"nobody":    {func(p []*Port) error { return p[b].SetHears(Only()) }, [4]string{"bcd", "", "abd", "abc"}},
	} {
		for _, early := range []bool{false, true} { // set as they come, or amid their talk
			r, _, all := meeting(t, [4]uint16{5000, 5000, 5000, 5000}, [4]JoinOptions{})
			var ports []*Port
			for _, s := range all {
				ports = append(ports, s.port)
			}
			if !early {
				r.talk(20, all...)
			}
			must(t, tt.set(ports))
			r.talk(20, all...)
			for _, s := range all {
				s.forget()
			}
			r.talk(100, all...)
			for i, s := range all {
				if got := hearsOf(s, all); got != tt.want[i] {
					t.Errorf("%s: %s hears %q, want %q", name, s.port.Name(), got, tt.want[i])
				}
			}
			// And back.
			for _, p := range ports {
				must(t, p.SetHeardBy(Everyone()))
				must(t, p.SetHears(Everyone()))
			}
			r.talk(20, all...)
			for _, s := range all {
				s.forget()
			}
			r.talk(100, all...)
			for _, s := range all {
				if got := hearsOf(s, all); len(got) != 3 {
					t.Errorf("%s, ended: %s hears %q", name, s.port.Name(), got)
				}
			}
		}
	}
}

// A whisper changes no bit of what anybody hears but the one whom it is for, also where it
// makes that one's sum too loud.
func TestWhisperIsExact(t *testing.T) {
	for _, how := range []string{"from the start", "later", "again and again"} {
		listen := func(peak uint16) [][]int16 {
			var opts [4]JoinOptions
			r, room, all := meeting(t, [4]uint16{0, 9000, 9000, 9000}, opts)
			if how == "from the start" {
				all[0].port.Idle()
				must(t, all[0].port.Join(room, JoinOptions{HeardBy: Only(all[1].port)}))
			} else {
				r.talk(13, all...)
				must(t, all[0].port.SetHeardBy(Only(all[1].port)))
			}
			all[0].peak = peak
			for i := range 8 {
				if how == "again and again" {
					all[0].peak = peak * uint16(i%2)
				}
				r.talk(25, all...)
			}
			all[0].port.Close() // a whisper is not heard as its end either
			r.talk(5, all[1:]...)
			if got := all[1].pcm[len(all[1].pcm)-8000:]; (level(got[:4000], 16000, 440) > -30) != (peak > 0) {
				t.Errorf("%s: whispered at %d, heard at %.1f dBFS", how, peak, level(got[:4000], 16000, 440))
			}
			return [][]int16{all[2].pcm, all[3].pcm}
		}
		silent, whispering := listen(0), listen(20000)
		for i := range silent {
			if !slices.Equal(silent[i], whispering[i]) {
				t.Errorf("%s: listener %d hears something of a whisper", how, i)
			}
		}
	}
}

// Who hears the plain mix shares one encoder; only who hears something else has its own.
func TestOnlyExceptionsCost(t *testing.T) {
	r := newRig(t, 1)
	room := r.room(RoomConfig{Name: "whisper"})
	p := newProbe(8000)
	var all []*talker
	for i := range 8 {
		s := r.talker(fmt.Sprint(i), p, uint16(400+100*i), 0)
		must(t, s.port.Join(room, JoinOptions{}))
		all = append(all, s)
	}
	all[0].peak, all[1].peak = 8000, 8000
	for _, tt := range []struct {
		set  func() error
		want int // encodings in a frame
	}{
		{func() error { return nil }, 3},                                       // two talkers, and all others
		{func() error { return all[1].port.SetHeardBy(Only(all[2].port)) }, 3}, // who whispers does not hear itself in the plain mix
		{func() error { return all[3].port.SetHears(Only(all[0].port)) }, 4},
		{func() error { return all[3].port.SetHears(Everyone()) }, 3},
		{func() error { return all[1].port.SetHeardBy(Only()) }, 2},
		{func() error { return all[1].port.SetHeardBy(Everyone()) }, 3},
		{func() error { return all[5].port.SetVolume(6) }, 4},
	} {
		must(t, tt.set())
		r.talk(5, all...)
		before := p.encodings
		r.talk(10, all...)
		if n := p.encodings - before; n != 10*tt.want {
			t.Errorf("%d encodings in ten frames, want %d", n, 10*tt.want)
		}
	}
	for _, s := range all {
		s.continuous()
		checkChain(t, s)
	}
}

// One whom somebody listens to is heard by that one, however many louder ones there are.
func TestMonitoredIsHeard(t *testing.T) {
	r := newRig(t, 1)
	room := r.room(RoomConfig{Name: "many", MaxTalkers: 2})
	p := newProbe(8000)
	var all []*talker
	for i := range 5 {
		s := r.talker(string(rune('a'+i)), p, uint16(400+200*i), 9000)
		must(t, s.port.Join(room, JoinOptions{}))
		all = append(all, s)
	}
	soft, monitor := all[3], all[4]
	soft.peak, monitor.peak = 3000, 0
	must(t, monitor.port.SetHears(Only(soft.port)))
	r.talk(20, all...)
	monitor.forget()
	r.talk(50, all...)
	if got := hearsOf(monitor, all); got != "d" {
		t.Errorf("the monitor hears %q", got)
	}
}

func TestAudienceLimits(t *testing.T) {
	r, room, all := meeting(t, [4]uint16{}, [4]JoinOptions{})
	r.talk(2, all...)
	a := all[0].port
	many := make([]*Port, MaxAudience+1)
	for i := range many {
		many[i] = a
	}
	for _, err := range []error{
		a.SetHeardBy(Only(many...)), a.SetHears(Except(many...)), a.Join(room, JoinOptions{Hears: Only(many...)}),
		room.Play(mustClip(t, 8000, make([]int16, 800)), PlayOptions{To: Only(many...)}),
	} {
		if fault.Of(err) != fault.TooMany {
			t.Error(err)
		}
	}
	a.Idle()
	if err := a.SetHeardBy(Only()); fault.Of(err) != fault.Conflict {
		t.Error(err)
	}
	// What was said of it was so for its stay.
	must(t, a.Join(room, JoinOptions{HeardBy: Only()}))
	a.Idle()
	must(t, a.Join(room, JoinOptions{}))
	r.talk(2, all...)
	if !room.mix.Hearing.Empty() {
		t.Error("who hears whom is remembered beyond a stay")
	}
	a.Close()
	if err := a.SetHears(Only()); fault.Of(err) != fault.Gone {
		t.Error(err)
	}
}

// However many come, go and talk in turn, a room tells its levels and its active speaker five
// times a second at most.
func TestEventsOfARoomAreFew(t *testing.T) {
	for _, members := range []int{3, 40} {
		r := newRig(t, 1)
		room := r.room(RoomConfig{Activity: dsp.ActivityConfig{Threshold: 60, Hangover: 1}})
		p := newProbe(8000)
		var all []*talker
		for i := range members {
			s := r.talker(fmt.Sprint(i), p, uint16(300+10*i), 0)
			must(t, s.port.Join(room, JoinOptions{}))
			all = append(all, s)
		}
		r.talk(10, all...)
		r.take()
		const seconds = 4
		for frame := range 50 * seconds {
			for i, s := range all {
				s.peak = uint16(12000 * ((frame/3 + i) % members / (members - 1))) // one after the other
			}
			if leaver := all[frame%members].port; frame%4 == 0 {
				leaver.Idle() // the speaker, too
				must(t, leaver.Join(room, JoinOptions{}))
			}
			r.talk(1, all...)
		}
		count := map[EventKind]int{}
		for _, ev := range r.take(Levels, ActiveSpeaker) {
			count[ev.Kind]++
		}
		if count[Levels] > 5*seconds || count[ActiveSpeaker] > 5*seconds || count[Levels] < 4*seconds || count[ActiveSpeaker] < 2*seconds {
			t.Errorf("%d members: %d levels and %d speakers in %d seconds", members, count[Levels], count[ActiveSpeaker], seconds)
		}
	}
}
