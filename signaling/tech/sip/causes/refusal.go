package causes

import (
	"errors"
	"strconv"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/trunkgroup"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// later is after how many seconds a call may be tried again that there was no room for.
const later = 10

// Refusal is the answer to an INVITE that an error keeps from becoming a call. Who has begun too
// many is told when the next one may begin, by a status that has no phone go to another server.
func Refusal(err error) *sip.Reply {
	r, after := &sip.Reply{Status: fault.Of(err).SIPStatus()}, later
	var soon *trunkgroup.TooSoonError
	switch {
	case errors.As(err, &soon):
		r.Status, after = 480, int((soon.After+time.Second-1)/time.Second)
	case r.Status != 503:
		return r
	}
	r.Headers = []message.Header{{Name: "Retry-After", Value: strconv.Itoa(after)}}
	return r
}
