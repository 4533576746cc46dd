package directory

import (
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/sip/sessiontimer"
)

// timerModes are the choices of pjsip.conf.
var timerModes = map[endpoint.Timers]sessiontimer.Mode{
	endpoint.TimersNo: sessiontimer.Off, endpoint.TimersYes: sessiontimer.Offer,
	endpoint.TimersRequired: sessiontimer.Require, endpoint.TimersAlways: sessiontimer.Always,
}

// timer is what an endpoint wants of session timers. sip.conf asks for none of itself, and its
// interval is the longest.
func (b *builder) timer(c *endpoint.Endpoint) sessiontimer.Policy {
	p := sessiontimer.Policy{Mode: timerModes[c.Timers], Interval: c.SessionExpires, Min: c.MinSE}
	if c.Tech != endpoint.PJSIP {
		p.Limit, p.Refresher = c.SessionExpires, sessiontimer.UAS
		if c.Refresher == "uac" {
			p.Refresher = sessiontimer.UAC
		}
		if c.Timers == endpoint.TimersYes {
			p.Mode = sessiontimer.Accept
		}
	}
	if err := p.Validate(); err != nil {
		b.warnings.Addf(c.File, c.Line, "endpoint %s: %v; the intervals are the usual ones", c.Name, err)
		usual := sessiontimer.Default()
		p.Interval, p.Min, p.Limit = usual.Interval, usual.Min, 0
	}
	return p
}
