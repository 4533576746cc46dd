package phones_test

import (
	"fmt"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
)

// A phone hands its conversation to a third by REFER, as its caller and as who was called: the
// two who are left hear each other, and none of them but the transferer hears it end.
func TestTransfers(t *testing.T) {
	l := open(t, "exten => _100X,1,Dial(PJSIP/${EXTEN})\n")
	for name, byCaller := range map[string]bool{"by the caller": true, "by the called": false} {
		l.run(t, name, func(t *testing.T) {
			a := l.phone(t, "1001", peer.BaresipConfig{Tone: 503, Answer: true})
			b := l.phone(t, "1002", peer.BaresipConfig{Tone: 877, Answer: true})
			c := l.phone(t, "1003", peer.BaresipConfig{Tone: 1201, Answer: true})
			transferer, stays, tone := a, b, 877.0
			if !byCaller {
				transferer, stays, tone = b, a, 503
			}
			a.Dial(t, "1002")
			a.Established(t)
			b.Established(t)
			transferer.Transfer(t, fmt.Sprintf("sip:1003@%s", at(l.SIP)))
			c.Established(t)
			transferer.Closed(t)
			peer.Hears(t, "whom the call went to", c.Recording(), tone, 1201)
			peer.Hears(t, "who was transferred", stays.Recording(), 1201, tone)
			c.Hangup(t)
			stays.Closed(t)
		})
	}
}
