package peer

import (
	"fmt"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/picture"
)

// Seen is what a page has read of a test picture (page/eyes.js).
type Seen struct {
	// Shown counts frames, Unread those that could not be read. Of the last 600 that could,
	// Distinct are different ones, Back steps to an earlier one, Missing those that were filmed
	// in between and did not come, and Off how far their grey is from what was filmed, of 255.
	Shown, Unread, Distinct, Back, Missing int
	Off                                    float64
	// Ago is since when there is no other frame, in ms.
	Ago           int
	Width, Height int
	Whose         []int
}

// Seen gives what the page has read under a name.
func (b *Browser) Seen(t testing.TB, name string) Seen {
	t.Helper()
	return Eval[Seen](t, b, fmt.Sprintf("(({ shown, unread, distinct, back, missing, off, ago, width, height, whose }) =>"+
		" ({ Shown: shown, Unread: unread, Distinct: distinct, Back: back, Missing: missing, Off: off, Ago: ago, Width: width, Height: height, Whose: whose }))(__eyes.seen(%q))", name))
}

// MostOff is how far off a picture may be that was coded, sent and decoded.
const MostOff = 12

// Sees watches what a JavaScript expression gives, a video element or a stream or null, and waits until
// count different frames of a camera's test picture were decoded. They come in order, are as they
// were filmed, and nobody else's.
func (b *Browser) Sees(t testing.TB, who, expression string, whose, count int) Seen {
	t.Helper()
	name := who + " " + expression
	var s Seen
	eventually(t, fmt.Sprintf("%s sees %d frames of camera %d in %s", who, count, whose, expression), func() error {
		Eval[string](t, b, fmt.Sprintf("__eyes.watch(%q, %s)", name, expression))
		if s = b.Seen(t, name); s.Distinct < count {
			return fmt.Errorf("%+v", s)
		}
		return nil
	})
	b.Load(t, fmt.Sprintf("__eyes.forget(%q)", name))
	t.Logf("%s: %+v", name, s)
	if len(s.Whose) != 1 || s.Whose[0] != whose {
		t.Errorf("%s sees the cameras %v, want %d alone", who, s.Whose, whose)
	}
	// Now and then a first frame is no key frame's, and the film begins anew after 128.
	if s.Back > 1+count/picture.Frames || s.Unread > s.Shown/10 || s.Off > MostOff {
		t.Errorf("%s: %+v, which is not what was filmed", who, s)
	}
	return s
}
