package video

import (
	"slices"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/forward/allocation"
)

// Mode is how a client shows what it sees.
type Mode string

// The modes.
const (
	// SpeakerMode shows a screen, or else who speaks, large, and the others small.
	SpeakerMode Mode = "speaker"
	// GridMode shows all in the same size, and a screen large.
	GridMode Mode = "grid"
	// NoVideo shows nothing.
	NoVideo Mode = "none"
)

// Limits of a Layout.
const (
	maxPinned = 4
	maxSizes  = 64
	maxLines  = 4320
)

// Layout is what a member wants to see.
type Layout struct {
	Mode Mode
	// Pinned are members who are shown large, in whatever mode.
	Pinned []string
	// Cameras is how many are shown at most; 0 is as many as the room has.
	Cameras int
	// Lines are the heights in which single sources are drawn; 0 is one that is not seen, as
	// in another page. They count above all else.
	Lines map[SourceID]int
}

// Validate fails with fault.Invalid for a layout that no client has.
func (l *Layout) Validate() error {
	switch {
	case l.Mode != SpeakerMode && l.Mode != GridMode && l.Mode != NoVideo:
		return fault.New(fault.Invalid, "video: mode is speaker, grid or none")
	case len(l.Pinned) > maxPinned:
		return fault.New(fault.Invalid, "video: at most %d members are pinned", maxPinned)
	case l.Cameras < 0:
		return fault.New(fault.Invalid, "video: a negative number of cameras")
	case len(l.Lines) > maxSizes:
		return fault.New(fault.Invalid, "video: sizes of at most %d sources", maxSizes)
	}
	for _, n := range l.Lines {
		if n < 0 || n > maxLines {
			return fault.New(fault.Invalid, "video: a picture has 0 to %d lines", maxLines)
		}
	}
	return nil
}

// Arrange says what a member wants to see. Members and sources that are not there may come
// yet.
func (r *Room) Arrange(id string, l Layout) error {
	m := r.find(id)
	if m == nil {
		return fault.New(fault.NotFound, "video: no such member")
	}
	if err := l.Validate(); err != nil {
		return err
	}
	l.Pinned = slices.Clone(l.Pinned)
	sizes := make(map[SourceID]int, len(l.Lines))
	for s, n := range l.Lines {
		sizes[s] = n
	}
	l.Lines = sizes
	m.layout = l
	return nil
}

// View is one source as a member sees it.
type View struct {
	Source SourceID
	// Lines is its height; 0 is not at all.
	Lines    int
	Speaking bool
}

// Views is what a member sees, all sources but their own: the screen first, then who is pinned,
// who speaks, who has spoken last, and the others as they came. What is not seen comes last,
// with no lines.
func (r *Room) Views(id string) []View {
	m := r.find(id)
	if m == nil {
		return nil
	}
	var views, hidden []View
	large, cameras := false, 0
	most := r.settings.Cameras
	if most <= 0 {
		most = DefaultCameras
	}
	if l := m.layout.Cameras; l > 0 {
		most = min(most, l)
	}
	most = min(most, MaxCameras)
	for _, s := range r.ordered(m) {
		v := View{Source: s.ID, Speaking: s.ID.Member == r.speaker && s.ID.Kind == Camera}
		lines, given := m.layout.Lines[s.ID]
		switch {
		case s.Muted || m.layout.Mode == NoVideo || given && lines == 0 || s.ID.Kind == Camera && cameras == most:
			hidden = append(hidden, v)
			continue
		case given:
			v.Lines = lines
		case s.ID.Kind == Screen || slices.Contains(m.layout.Pinned, s.ID.Member):
			v.Lines, large = allocation.Large, true
		case m.layout.Mode == SpeakerMode && !large:
			v.Lines, large = allocation.Large, true
		default:
			v.Lines = allocation.Small
		}
		if s.ID.Kind == Camera {
			cameras++
		}
		views = append(views, v)
	}
	if m.layout.Mode == GridMode {
		for i := range views {
			if _, given := m.layout.Lines[views[i].Source]; !given && views[i].Lines == allocation.Small {
				views[i].Lines = tile(cameras)
			}
		}
	}
	return append(views, hidden...)
}

// tile is how high each of a number of pictures is that fill a window together.
func tile(n int) int {
	for side := 1; ; side++ {
		if n <= side*side {
			return max(allocation.Large/side, allocation.Small)
		}
	}
}

// ordered are all sources but a member's own.
func (r *Room) ordered(m *member) []Source {
	var list []Source
	for _, o := range r.members {
		if o != m {
			list = append(list, o.sources...)
		}
	}
	slices.SortStableFunc(list, func(a, b Source) int { return r.rank(m, a) - r.rank(m, b) })
	return list
}

func (r *Room) rank(m *member, s Source) int {
	if s.ID.Kind == Screen {
		return -1
	}
	if i := slices.Index(m.layout.Pinned, s.ID.Member); i >= 0 {
		return i
	}
	if i := slices.Index(r.spoken, s.ID.Member); i >= 0 {
		return maxPinned + i
	}
	return maxPinned + maxSpeakers
}
