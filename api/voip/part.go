package voip

import (
	"sync"

	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
)

// part is whose a browser's leg is: a transfer takes it into another call.
type part struct {
	mu sync.Mutex
	c  *Call
	pt *party
}

func (o *part) is(c *Call, pt *party) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.c, o.pt = c, pt
}

func (o *part) of() (*Call, *party) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.c, o.pt
}

// candidate passes one of our candidates on to the browser.
func (o *part) candidate(user, server string, cand rtc.Candidate) {
	c, _ := o.of()
	c.tellCandidate(user, server, cand)
}

// away shows that the party's browser is away for now, or back.
func (o *part) away(on bool) {
	c, pt := o.of()
	c.mu.Lock()
	pt.away = on
	c.touch()
	c.mu.Unlock()
	c.log.Info("browser away", "endpoint", pt.endpoint, "away", on)
	if c.room != nil {
		c.room.SetAway(pt.id, on)
	}
}
