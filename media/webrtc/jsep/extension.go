package jsep

import (
	"slices"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// The header extensions that are known.
const (
	MIDURI                  = "urn:ietf:params:rtp-hdrext:sdes:mid"
	RIDURI                  = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
	RepairedRIDURI          = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
	AudioLevelURI           = rtp.AudioLevelURI
	AbsSendTimeURI          = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
	TransportCCURI          = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
	DependencyDescriptorURI = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
	VideoOrientationURI     = "urn:3gpp:video-orientation"
)

// AudioExtensions and VideoExtensions are all that are known for the kind.
func AudioExtensions() []string {
	return []string{AudioLevelURI, AbsSendTimeURI, TransportCCURI, MIDURI}
}

// VideoExtensions are all that are known for video.
func VideoExtensions() []string {
	return []string{
		AbsSendTimeURI, TransportCCURI, MIDURI, RIDURI, RepairedRIDURI, DependencyDescriptorURI, VideoOrientationURI,
	}
}

// maxExtensionID is the last id of the one-byte form (RFC 8285 §4.2).
const maxExtensionID = 14

// agree are the extensions of theirs that we want, with our direction, each id and each
// extension once.
func agree(theirs []Extension, wanted []string) []Extension {
	var out []Extension
	for _, e := range theirs {
		if e.ID < 1 || e.ID > maxExtensionID || e.Direction == media.Inactive || !slices.Contains(wanted, e.URI) ||
			slices.ContainsFunc(out, func(o Extension) bool { return o.ID == e.ID || o.URI == e.URI }) {
			continue
		}
		out = append(out, Extension{e.ID, e.URI, e.Direction.Reverse()})
	}
	return out
}

// ids are those of a list by name.
func ids(list []Extension) (x Extensions) {
	for _, e := range list {
		switch e.URI {
		case MIDURI:
			x.MID = e.ID
		case RIDURI:
			x.RID = e.ID
		case RepairedRIDURI:
			x.RepairedRID = e.ID
		case AudioLevelURI:
			x.AudioLevel = e.ID
		case AbsSendTimeURI:
			x.AbsSendTime = e.ID
		case TransportCCURI:
			x.TransportCC = e.ID
		case DependencyDescriptorURI:
			x.DependencyDescriptor = e.ID
		case VideoOrientationURI:
			x.VideoOrientation = e.ID
		}
	}
	return x
}

// offerIDs gives what we offer the ids that the session has for it, or free ones.
func offerIDs(wanted []string, known []Extension) []Extension {
	var used [maxExtensionID + 1]bool
	for _, e := range known {
		used[e.ID] = true
	}
	var out []Extension
	for _, uri := range wanted {
		if i := slices.IndexFunc(known, func(e Extension) bool { return e.URI == uri }); i >= 0 {
			out = append(out, Extension{known[i].ID, uri, media.SendRecv})
			continue
		}
		for id := uint8(1); id <= maxExtensionID; id++ {
			if !used[id] {
				used[id] = true
				out = append(out, Extension{id, uri, media.SendRecv})
				break
			}
		}
	}
	return out
}

// kept are the extensions of ours that an answer has too, under our ids.
func kept(ours, theirs []Extension) []Extension {
	var out []Extension
	for _, o := range ours {
		if slices.ContainsFunc(theirs, func(e Extension) bool { return e.ID == o.ID && e.URI == o.URI && e.Direction != media.Inactive }) {
			out = append(out, o)
		}
	}
	return out
}
