// Package video knows the formats of video that are passed from party to party without
// being looked into: VP8 (RFC 7741), VP9 (RFC 9628), H.264 (RFC 6184), H.265 (RFC 7798) and
// AV1 (the payload format of the Alliance for Open Media), and what in their parameters
// tells two formats of one name apart.
//
// It does no I/O and starts no goroutine.
package video

import (
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/media"
)

// ClockRate is the RTP clock of all of them, in Hz.
const ClockRate = 90000

// Kind is one kind of video.
type Kind struct {
	// Name is that of a=rtpmap, ConfName that of Asterisk's configuration files.
	Name, ConfName string
	// variant makes of parameters what tells formats apart; nil where nothing does.
	variant func(parameters) string
}

var kinds = [...]Kind{
	{Name: "VP8", ConfName: "vp8"},
	{"VP9", "vp9", func(p parameters) string { return p.get("profile-id", "0") }},
	{"H264", "h264", h264},
	{"H265", "h265", func(p parameters) string { return p.get("profile-id", "1") + "/" + p.get("tx-mode", "srst") }},
	{"AV1", "av1", func(p parameters) string { return p.get("profile", "0") }},
}

// ByConfName finds a kind by its name in Asterisk's configuration files; nil is none.
func ByConfName(name string) *Kind {
	i := slices.IndexFunc(kinds[:], func(k Kind) bool { return strings.EqualFold(k.ConfName, name) })
	if i < 0 {
		return nil
	}
	return &kinds[i]
}

// ByName finds a kind by its name in a=rtpmap; nil is none.
func ByName(name string) *Kind {
	i := slices.IndexFunc(kinds[:], func(k Kind) bool { return strings.EqualFold(k.Name, name) })
	if i < 0 {
		return nil
	}
	return &kinds[i]
}

// Codec is a format of the kind with the parameters of an a=fmtp, which may be empty. It
// can only be passed on. Formats with the same Variant are one format for two parties.
func (k *Kind) Codec(fmtp string) *media.Codec {
	c := &media.Codec{
		Name: k.Name, ConfName: k.ConfName, ClockRate: ClockRate, Channels: 1, PayloadType: media.DynamicPT, Fmtp: fmtp,
		Variant: k.Name,
	}
	if k.variant != nil {
		c.Variant += "/" + k.variant(parse(fmtp))
	}
	return c
}

// Variant is that of a format with a name and parameters; empty for what is no video.
func Variant(name, fmtp string) string {
	k := ByName(name)
	if k == nil {
		return ""
	}
	return k.Codec(fmtp).Variant
}

// h264 is the packetization mode and the profile with its constraints. The level each side
// chooses for itself (RFC 6184 §8.2.2). Of constraints those count that make another
// profile of the same number.
func h264(p parameters) string {
	id := strings.ToLower(p.get("profile-level-id", "42000a"))
	if len(id) != 6 {
		id = "42000a"
	}
	profile := id[:2]
	if profile == "42" && strings.ContainsRune("4567cdef", rune(id[2])) {
		profile = "42e0" // constrained baseline
	}
	if profile == "4d" && strings.ContainsRune("89abcdef", rune(id[2])) {
		profile = "42e0" // main, and constrained to what baseline has too
	}
	return p.get("packetization-mode", "0") + "/" + profile
}

// parameters are those of an a=fmtp.
type parameters []string

func parse(fmtp string) parameters { return strings.Split(fmtp, ";") }

// get is a parameter's value, or another where it is missing.
func (p parameters) get(name, otherwise string) string {
	for _, part := range p {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if strings.EqualFold(key, name) && value != "" {
			return strings.ToLower(strings.TrimSpace(value))
		}
	}
	return otherwise
}
