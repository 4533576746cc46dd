package video

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/forward/allocation"
)

func kindOf(t *testing.T, err error) fault.Kind {
	t.Helper()
	if err == nil {
		t.Fatal("it is done")
	}
	return fault.Of(err)
}

// people is a room of members who show their cameras.
func people(t testing.TB, s Settings, names ...string) (*Room, *[]Event) {
	t.Helper()
	events := new([]Event)
	r := NewRoom(s, func(e Event) { *events = append(*events, e) })
	for _, n := range names {
		if err := errors.Join(r.Join(n), r.Publish(SourceID{n, Camera})); err != nil {
			t.Fatal(err)
		}
	}
	return r, events
}

// seen is what a member sees, in short.
func seen(r *Room, id string) (list []string) {
	for _, v := range r.Views(id) {
		s := fmt.Sprintf("%s %d", v.Source.Member, v.Lines)
		if v.Source.Kind == Screen {
			s = "screen of " + s
		}
		if v.Speaking {
			s += " speaks"
		}
		list = append(list, s)
	}
	return list
}

func expect(t *testing.T, r *Room, id string, want ...string) {
	t.Helper()
	if got := seen(r, id); !slices.Equal(got, want) {
		t.Errorf("%s sees %q, want %q", id, got, want)
	}
}

// TestActiveSpeakerFirst follows a conversation.
func TestActiveSpeakerFirst(t *testing.T) {
	r, _ := people(t, Settings{}, "ann", "ben", "cem", "dan")
	expect(t, r, "ann", "ben 1080", "cem 180", "dan 180")
	r.Speaks("cem")
	expect(t, r, "ann", "cem 1080 speaks", "ben 180", "dan 180")
	expect(t, r, "cem", "ann 1080", "ben 180", "dan 180")
	r.Speaks("dan")
	expect(t, r, "ann", "dan 1080 speaks", "cem 180", "ben 180")
	expect(t, r, "dan", "cem 1080", "ann 180", "ben 180") // not themselves: who spoke before
	r.Speaks("")
	expect(t, r, "ann", "dan 1080", "cem 180", "ben 180")
	r.Leave("dan")
	expect(t, r, "ann", "cem 1080", "ben 180")
}

// TestScreens holds what is true of screens alone.
func TestScreens(t *testing.T) {
	r, events := people(t, Settings{Screens: true}, "ann", "ben", "cem")
	screen := SourceID{"ben", Screen}
	if err := r.Publish(screen); err != nil {
		t.Fatal(err)
	}
	r.Speaks("cem")
	expect(t, r, "ann", "screen of ben 1080", "cem 180 speaks", "ben 180")
	expect(t, r, "ben", "cem 1080 speaks", "ann 180")
	if k := kindOf(t, r.Publish(SourceID{"ann", Screen})); k != fault.Conflict {
		t.Errorf("a second screen: %v", k)
	}
	if k := kindOf(t, r.Publish(screen)); k != fault.Conflict {
		t.Errorf("the same screen again: %v", k)
	}
	r.Change(Settings{})
	expect(t, r, "ann", "cem 1080 speaks", "ben 180")
	if k := kindOf(t, r.Publish(screen)); k != fault.Forbidden {
		t.Errorf("a screen where none may be: %v", k)
	}
	want := []Event{{SourceAdded, screen}, {Speaker, SourceID{Member: "cem"}}, {SourceRemoved, screen}}
	if got := (*events)[3:]; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestLayouts(t *testing.T) {
	for _, c := range []struct {
		name   string
		layout Layout
		want   []string
	}{
		{"nothing", Layout{Mode: NoVideo}, []string{"screen of eve 0", "ben 0 speaks", "cem 0", "dan 0", "eve 0"}},
		{"a grid", Layout{Mode: GridMode}, []string{"screen of eve 1080", "ben 540 speaks", "cem 540", "dan 540", "eve 540"}},
		{"pinned", Layout{Mode: SpeakerMode, Pinned: []string{"dan", "nobody"}}, []string{"screen of eve 1080", "dan 1080", "ben 180 speaks", "cem 180", "eve 180"}},
		{"pinned in a grid", Layout{Mode: GridMode, Pinned: []string{"dan"}, Cameras: 2}, []string{"screen of eve 1080", "dan 1080", "ben 540 speaks", "cem 0", "eve 0"}},
		{"two cameras", Layout{Mode: SpeakerMode, Cameras: 2}, []string{"screen of eve 1080", "ben 180 speaks", "cem 180", "dan 0", "eve 0"}},
		{"as they are drawn", Layout{Mode: GridMode, Lines: map[SourceID]int{{"eve", Screen}: 300, {"ben", Camera}: 0, {"cem", Camera}: 90}},
			[]string{"screen of eve 300", "cem 90", "dan 540", "eve 540", "ben 0 speaks"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, _ := people(t, Settings{Screens: true}, "ann", "ben", "cem", "dan", "eve")
			if err := errors.Join(r.Publish(SourceID{"eve", Screen}), r.Arrange("ann", c.layout)); err != nil {
				t.Fatal(err)
			}
			r.Speaks("ben")
			expect(t, r, "ann", c.want...)
		})
	}
	r, _ := people(t, Settings{Cameras: 1}, "ann", "ben", "cem")
	for name, l := range map[string]Layout{
		"no mode":          {},
		"another mode":     {Mode: "cinema"},
		"many pinned":      {Mode: GridMode, Pinned: make([]string, maxPinned+1)},
		"negative cameras": {Mode: GridMode, Cameras: -1},
		"a negative size":  {Mode: GridMode, Lines: map[SourceID]int{{"ben", Camera}: -1}},
		"a huge size":      {Mode: GridMode, Lines: map[SourceID]int{{"ben", Camera}: maxLines + 1}},
	} {
		if k := kindOf(t, r.Arrange("ann", l)); k != fault.Invalid {
			t.Errorf("%s: %v", name, k)
		}
	}
	if k := kindOf(t, r.Arrange("nobody", Layout{Mode: GridMode})); k != fault.NotFound {
		t.Errorf("%v", k)
	}
	expect(t, r, "ann", "ben 1080", "cem 0") // the room's limit
}

func TestMuted(t *testing.T) {
	r, events := people(t, Settings{}, "ann", "ben", "cem")
	ben := SourceID{"ben", Camera}
	if err := errors.Join(r.Mute(ben, true), r.Mute(ben, true)); err != nil {
		t.Fatal(err)
	}
	expect(t, r, "ann", "cem 1080", "ben 0")
	if err := r.Mute(ben, false); err != nil {
		t.Fatal(err)
	}
	expect(t, r, "ann", "ben 1080", "cem 180")
	if got, want := (*events)[3:], []Event{{SourceMuted, ben}, {SourceUnmuted, ben}}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if k := kindOf(t, r.Mute(SourceID{"ben", Screen}, true)); k != fault.NotFound {
		t.Errorf("%v", k)
	}
}

// TestViewsHold: whatever happens, everybody sees all sources but their own, each once; a
// screen at most, first, if it is seen; no more cameras than there may be; and what is there
// is what events have told.
func TestViewsHold(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e", "f"}
	rapid.Check(t, func(t *rapid.T) {
		s := Settings{Screens: rapid.Bool().Draw(t, "screens"), Cameras: rapid.IntRange(0, 4).Draw(t, "cameras")}
		told := make(map[SourceID]bool)
		r := NewRoom(s, func(e Event) {
			switch e.Type {
			case SourceAdded:
				told[e.Source] = true
			case SourceRemoved:
				delete(told, e.Source)
			}
		})
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			id := SourceID{rapid.SampledFrom(names).Draw(t, "who"), rapid.SampledFrom([]Kind{Camera, Screen}).Draw(t, "kind")}
			switch rapid.IntRange(0, 7).Draw(t, "does") {
			case 0, 1:
				_ = r.Join(id.Member)
			case 2:
				r.Leave(id.Member)
			case 3, 4:
				_ = r.Publish(id)
			case 5:
				r.Unpublish(id)
			case 6:
				_ = r.Mute(id, rapid.Bool().Draw(t, "muted"))
			case 7:
				r.Speaks(id.Member)
			}
			sources := r.Sources()
			if len(sources) != len(told) {
				t.Fatalf("%v, told of %v", sources, told)
			}
			for _, n := range names {
				hold(t, r, s, n, sources)
			}
		}
	})
}

func hold(t *rapid.T, r *Room, s Settings, name string, sources []Source) {
	t.Helper()
	views := r.Views(name)
	if r.find(name) == nil {
		if views != nil {
			t.Fatalf("%s, who is not there, sees %v", name, views)
		}
		return
	}
	own, cameras, large := 0, 0, 0
	for _, x := range sources {
		if x.ID.Member == name {
			own++
		}
	}
	if len(views) != len(sources)-own {
		t.Fatalf("%s sees %v of %v", name, views, sources)
	}
	met := make(map[SourceID]bool)
	for i, v := range views {
		if v.Source.Member == name || met[v.Source] || i > 0 && v.Lines > 0 && views[i-1].Lines == 0 {
			t.Fatalf("%s sees %v", name, views)
		}
		met[v.Source] = true
		if v.Source.Kind == Screen && v.Lines > 0 && i > 0 {
			t.Fatalf("%s sees %v: the screen is not first", name, views)
		}
		if v.Lines > 0 && v.Source.Kind == Camera {
			cameras++
		}
		if v.Lines == allocation.Large {
			large++
		}
	}
	if most := s.Cameras; most > 0 && cameras > most || large > 1 {
		t.Fatalf("%s sees %v with %d cameras allowed", name, views, most)
	}
}
