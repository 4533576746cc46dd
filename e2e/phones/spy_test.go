package phones_test

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
)

// A supervisor hears a call unheard, and whispers to one of its parties alone.
func TestWhisper(t *testing.T) {
	l := start(t, conf(peer.FreePort(t), "exten => _100X,1,Dial(PJSIP/${EXTEN})\nexten => 700,1,ChanSpy(PJSIP/1001,wq)\n"))
	l.run(t, "whisper", func(t *testing.T) {
		agent := l.phone(t, "1001", peer.BaresipConfig{Tone: 503})
		customer := l.phone(t, "1002", peer.BaresipConfig{Codecs: []string{"G722"}, Tone: 877, Answer: true})
		agent.Dial(t, "1002")
		agent.Established(t)
		peer.Hears(t, "the customer", customer.Recording(), 503, 877)

		supervisor := l.phone(t, "1003", peer.BaresipConfig{Tone: 1109})
		supervisor.Dial(t, "700")
		supervisor.Established(t)
		peer.Hears(t, "the supervisor", supervisor.Recording(), 877, 1109)
		peer.Hears(t, "the supervisor, too", supervisor.Recording(), 503, 1109)
		peer.Hears(t, "the agent", agent.Recording(), 1109, 503)
		peer.Hears(t, "the agent still", agent.Recording(), 877, 503)
		peer.Hears(t, "the customer still", customer.Recording(), 503, 1109)
		supervisor.Hangup(t)
		agent.Hangup(t)
		customer.Closed(t)
	})
}
