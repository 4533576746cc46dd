package stage

import (
	"crypto/rand"
	"encoding/binary"
	"reflect"
	"slices"

	"github.com/skygenesisenterprise/skybridge/media/forward"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/tracks"
)

// extensions are those of all sections of video, which are the same where they are agreed on.
func extensions(a *jsep.Agreed) (ids forward.Extensions, ok bool) {
	for i := range a.Media {
		m := &a.Media[i]
		if m.Kind != jsep.Video || m.Refused {
			continue
		}
		e := tracks.Extensions(m)
		if !ok {
			ids, ok = e, true
			continue
		}
		into, from := reflect.ValueOf(&ids).Elem(), reflect.ValueOf(e)
		for i := range into.NumField() {
			if into.Field(i).IsZero() {
				into.Field(i).Set(from.Field(i))
			}
		}
	}
	return ids, ok
}

// takesVideo tells whether a browser has a section in which it could be sent something. To one that
// has none, and is made no offers, nothing is ever sent.
func takesVideo(a *jsep.Agreed) bool {
	return slices.ContainsFunc(a.Media, func(m jsep.Media) bool {
		return m.Kind == jsep.Video && !m.Refused && (m.Direction.Sends() || !m.Direction.Receives())
	})
}

// sectionOf is the section in which a track is sent; nil for none.
func sectionOf(a *jsep.Agreed, id string) *jsep.Media {
	for i := range a.Media {
		if m := &a.Media[i]; m.Kind == jsep.Video && !m.Refused && m.Track != nil && m.Track.ID == id {
			return m
		}
	}
	return nil
}

// anywhere is where a stream begins (RFC 3550 §5.1), far from where its numbers wrap.
func anywhere() (sequence uint16, timestamp uint32) {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the process instead
	return binary.BigEndian.Uint16(b[:]) & 0x7fff, binary.BigEndian.Uint32(b[2:])
}
