// Package bridgetype reads the types of a bridge that an application asks for. Values; no
// goroutine.
package bridgetype

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// VideoMode is whose video the members of a bridge see, in ARI's words.
type VideoMode string

// The modes of video.
const (
	Talker VideoMode = "talker"
	Single VideoMode = "single"
	SFU    VideoMode = "sfu"
)

// Types is what a bridge is to be. The zero value is none.
type Types struct {
	// Holding is for members who wait, and hear announcers alone; else all hear each other.
	Holding bool
	// Mixed keeps the mixer's room for two members too.
	Mixed bool
	Video VideoMode
	// SDPLabel has offers to members name whose video each stream is.
	SDPLabel bool
}

// Parse reads a list with commas: mixing, holding, dtmf_events, proxy_media, video_sfu,
// video_single, sdp_label; an empty one is mixing. As Asterisk does it leaves aside what it does
// not know. It fails with fault.Invalid for a list that says neither mixing nor holding, or both;
// video_sfu is enough by itself, and counts before the two.
func Parse(list string) (Types, error) {
	if list == "" {
		list = "mixing"
	}
	t := Types{Video: Talker}
	mixing, holding := false, false
	for word := range strings.SplitSeq(list, ",") {
		switch strings.TrimSpace(word) {
		case "mixing":
			mixing = true
		case "holding":
			holding = true
		case "video_sfu":
			t.Video = SFU
		case "video_single":
			t.Video = Single
		case "sdp_label":
			t.SDPLabel = true
		default: // dtmf_events and proxy_media ask for what is so: audio passes here
		}
	}
	switch {
	case t.Video == SFU:
		t.Mixed = true
	case mixing == holding:
		return Types{}, fault.New(fault.Invalid, "a bridge of type %.64q is neither mixing nor holding, or both", list)
	default:
		t.Holding = holding
	}
	return t, nil
}

// Name is what the bridge is in ARI's bridge_type.
func (t Types) Name() string {
	if t.Holding {
		return "holding"
	}
	return "mixing"
}
