// Package layout is what a client says of how it shows video: as the body of POST
// /calls/{id}/layout, and as a frame of a WebSocket.
//
// It starts no goroutine.
package layout

import (
	"fmt"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/video"
)

// Body is how a client shows video.
type Body struct {
	Mode    string   `json:"mode,omitempty" enum:"speaker,grid,none" doc:"speaker, the default: a screen or who speaks large, the others small; grid: all in one size, a screen large; none: no video"`
	Pinned  []string `json:"pinned,omitempty" nullable:"false" maxItems:"4" doc:"Ids of participants who are shown large, whoever speaks"`
	Cameras int      `json:"cameras,omitempty" minimum:"0" maximum:"49" doc:"How many cameras are shown at most; 0 is as many as the room has, 25"`
	Sizes   []Size   `json:"sizes,omitempty" nullable:"false" maxItems:"64" doc:"How high single videos are drawn, above all else"`
}

// Size is how high one video is drawn.
type Size struct {
	Participant string `json:"participant" minLength:"1" maxLength:"64" doc:"Whose"`
	Kind        string `json:"kind" enum:"camera,screen"`
	Lines       int    `json:"lines" minimum:"0" maximum:"4320" doc:"Pixels; 0 is not drawn, and not sent"`
}

const maxName = 64 // of a participant

// Layout is what the body says. Its errors are of kind fault.Invalid, with the field, as a
// frame is held against no document.
func (b *Body) Layout() (video.Layout, error) {
	l := video.Layout{Mode: video.Mode(b.Mode), Pinned: b.Pinned, Cameras: b.Cameras, Lines: make(map[video.SourceID]int, len(b.Sizes))}
	if l.Mode == "" {
		l.Mode = video.SpeakerMode
	}
	for i, name := range b.Pinned {
		if len(name) > maxName {
			return l, rest.InField(fmt.Sprintf("body.pinned[%d]", i), fault.New(fault.Invalid, "no participant has an id of %d bytes", len(name)))
		}
	}
	for i, s := range b.Sizes {
		field := fmt.Sprintf("body.sizes[%d]", i)
		kind := video.Kind(s.Kind)
		switch {
		case s.Participant == "" || len(s.Participant) > maxName:
			return l, rest.InField(field+".participant", fault.New(fault.Invalid, "no participant has an id of %d bytes", len(s.Participant)))
		case kind != video.Camera && kind != video.Screen:
			return l, rest.InField(field+".kind", fault.New(fault.Invalid, "kind is camera or screen"))
		}
		l.Lines[video.SourceID{Member: s.Participant, Kind: kind}] = s.Lines
	}
	if err := l.Validate(); err != nil {
		return l, rest.InField("body", err)
	}
	return l, nil
}
