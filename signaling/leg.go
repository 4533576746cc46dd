package signaling

import (
	"github.com/skygenesisenterprise/skybridge/signaling/leg"
	"github.com/skygenesisenterprise/skybridge/signaling/roster"
)

// What channels and technologies know of each other.
type (
	Tech        = leg.Tech
	DialRequest = leg.DialRequest
	Leg         = leg.Leg
	Video       = leg.Video
	Viewer      = leg.Viewer
	DigitSender = leg.DigitSender
	Redirector  = leg.Redirector
	Redirect    = leg.Redirect
	LegEvents   = leg.Events
	LegInfo     = leg.Info
)

// Leg is the channel's leg, for what a technology's legs can beyond what every channel can.
func (c *Channel) Leg() Leg { return c.leg }

// VideoOffered is what the channel's party offers of video.
func (c *Channel) VideoOffered() (v Video) {
	if leg, ok := c.leg.(Viewer); ok {
		v = leg.VideoOffered()
	}
	return v
}

// SeeVideo has the channel's party get the video that another has agreed to, if it has
// offered some. It does not wait for that.
func (c *Channel) SeeVideo(of *Channel) {
	leg, ok := c.leg.(Viewer)
	other, too := of.leg.(Viewer)
	if !ok || !too || len(leg.VideoOffered().Codecs) == 0 {
		return
	}
	if v := other.VideoTaken(); len(v.Codecs) > 0 {
		leg.TakeVideo(v)
	}
}

// EndpointSnapshot is one endpoint's state for lists.
type EndpointSnapshot = roster.Endpoint

// ContactSnapshot is one address of an endpoint.
type ContactSnapshot = roster.Contact

// The contact states.
const (
	ContactNotQualified = roster.NotQualified
	ContactAvailable    = roster.Available
	ContactUnavailable  = roster.Unavailable
)
