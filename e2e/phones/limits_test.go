package phones_test

import (
	"errors"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
)

// A call that nobody takes, and one that nobody ends, are over when the settings say so.
func TestCallsThatDoNotEnd(t *testing.T) {
	t.Parallel()
	l := startWith(t, conf(peer.FreePort(t), "exten => 600,1,Echo()\n"), map[string]string{
		"calls.ring_timeout": "2s", "calls.max_duration": "1m",
	})
	long := l.phone(t, "1003", peer.BaresipConfig{Tone: 503})
	long.Dial(t, "600")
	long.Established(t)
	rung := l.phone(t, "1002", peer.BaresipConfig{})
	token := l.Token(t, "ana")
	path := "/api/v1/voip/calls"
	var call struct {
		ID, Status string
		Cause      int
		SIP        int `json:"sip_status"`
	}
	if status := l.Do(t, token, "POST", path, map[string]any{"participants": []string{"PJSIP/1002"}, "call_type": "audio"}, &call); status != 201 {
		t.Fatal(status)
	}
	rung.Await(t, "CALL_INCOMING")
	rung.Closed(t)
	peer.Eventually(t, "the call that nobody took is over", func() error {
		if status := l.Do(t, token, "GET", path+"/"+call.ID, nil, &call); status != 200 || call.Status != "ended" {
			return errors.New(call.Status)
		}
		return nil
	})
	if call.Cause != 19 || call.SIP != 480 {
		t.Errorf("it ended with cause %d, SIP status %d", call.Cause, call.SIP)
	}
	long.Closed(t)
}
