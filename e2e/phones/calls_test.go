package phones_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
)

const callPlan = `
exten => _100X,1,Dial(PJSIP/${EXTEN},30)
 same => n,Hangup()
exten => 700,1,Dial(PJSIP/guest,30)
 same => n,Hangup()
; A status for each DIALSTATUS.
exten => 701,1,Dial(PJSIP/guest,1)
 same => n,Goto(dialled-${DIALSTATUS},1)
exten => 702,1,Dial(PJSIP/1006,5)
 same => n,Goto(dialled-${DIALSTATUS},1)
exten => 703,1,Dial(PJSIP/nobody,5)
 same => n,Goto(dialled-${DIALSTATUS},1)
exten => dialled-BUSY,1,Hangup(22)
exten => dialled-NOANSWER,1,Hangup(28)
exten => dialled-CHANUNAVAIL,1,Hangup(29)
exten => dialled-CONGESTION,1,Hangup(38)
`

// Two phones talk, whatever codec each of them has, and either of them may end it.
func TestTwoPhonesTalk(t *testing.T) {
	l := open(t, callPlan)
	for i, codecs := range [][2]string{
		{"PCMU", "PCMU"}, {"PCMU", "PCMA"}, {"PCMA", "PCMU"}, {"PCMU", "G722"}, {"PCMU", "opus"}, {"G722", "opus"}, {"opus", "opus"},
	} {
		l.run(t, codecs[0]+" and "+codecs[1], func(t *testing.T) {
			a := l.phone(t, "1001", peer.BaresipConfig{Codecs: codecs[:1], Tone: 503})
			b := l.phone(t, "1002", peer.BaresipConfig{Codecs: codecs[1:], Tone: 877})
			a.Dial(t, "1002")
			b.Await(t, "CALL_INCOMING")
			a.Await(t, "CALL_RINGING")
			b.Accept(t)
			a.Established(t)
			peer.Hears(t, "the caller", a.Recording(), 877, 503)
			peer.Hears(t, "the called", b.Recording(), 503, 877)
			if i%2 == 0 {
				a.Hangup(t)
				b.Closed(t)
			} else {
				b.Hangup(t)
				a.Closed(t)
			}
		})
	}
}

// What two phones of one codec say passes as it is: µ-law's second zero, which no
// encoder makes, comes through.
func TestTheSameCodecIsRelayed(t *testing.T) {
	l := open(t, callPlan)
	pattern := make([]byte, 160)
	for i := range pattern {
		pattern[i] = byte(i)
	}
	file := filepath.Join(t.TempDir(), "pattern.ulaw")
	if err := os.WriteFile(file, bytes.Repeat(pattern, 500), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		name, payload, rtpmap string
		relayed               bool
	}{{"PCMU to PCMU", "0", "PCMU/8000", true}, {"PCMU to PCMA", "8", "PCMA/8000", false}} {
		l.run(t, want.name, func(t *testing.T) {
			e := listen(t)
			phone := l.callee(t, "play", nil, "FILE", file)
			caller := l.caller(t, "call", "700", e, "RTP/AVP 0 101", "RTP/AVP "+want.payload, "rtpmap:0 PCMU/8000", "rtpmap:"+want.payload+" "+want.rtpmap)
			e.await(t, "a second of audio", func() bool { return len(e.packets()) > 50 })
			last := e.packets()[50].payload
			if same := bytes.Equal(last, pattern); same != want.relayed {
				t.Errorf("relayed: %v\n% x", same, last)
			}
			l.RX(t, "channel request hangup all")
			caller.Wait(t)
			phone.Wait(t)
		})
	}
}

// A call that does not come about ends as the caller and the dialplan must know it.
func TestCallsThatAreNotAnswered(t *testing.T) {
	t.Parallel()
	l := open(t, callPlan)
	l.run(t, "the caller gives up and the phone stops ringing", func(t *testing.T) {
		b := l.phone(t, "1002", peer.BaresipConfig{})
		c := l.caller(t, "cancel", "1002", nil)
		b.Await(t, "CALL_INCOMING")
		b.Closed(t)
		c.Wait(t)
	})
	l.run(t, "a phone gives up and the other stops ringing", func(t *testing.T) {
		a := l.phone(t, "1001", peer.BaresipConfig{})
		b := l.callee(t, "ring", nil)
		a.Dial(t, "700")
		a.Await(t, "CALL_RINGING")
		a.Hangup(t)
		b.Wait(t)
	})
	l.run(t, "a phone declines", func(t *testing.T) {
		b := l.phone(t, "1002", peer.BaresipConfig{})
		c := l.caller(t, "refused", "1002", nil, "STATUS", "486") // what baresip says when told to hang up
		b.Await(t, "CALL_INCOMING")
		b.Hangup(t)
		c.Wait(t)
	})
	for status, want := range map[int]struct{ plain, plan int }{
		486: {486, 410}, // BUSY
		480: {480, 484}, // NOANSWER
		503: {503, 500}, // CONGESTION
		404: {404, 501}, // CHANUNAVAIL
		603: {403, 501}, // as Asterisk has it
	} {
		l.run(t, fmt.Sprintf("the phone answers %d", status), func(t *testing.T) {
			b := l.callee(t, "reject", nil, "STATUS", fmt.Sprint(status))
			l.refused(t, "700", want.plain)
			b.Wait(t)
		})
		l.run(t, fmt.Sprintf("the dialplan sees %d", status), func(t *testing.T) {
			b := l.callee(t, "reject", nil, "STATUS", fmt.Sprint(status))
			l.refused(t, "701", want.plan)
			b.Wait(t)
		})
	}
	l.run(t, "nobody answers", func(t *testing.T) {
		b := l.callee(t, "ring", nil)
		l.refused(t, "701", 484)
		b.Wait(t)
	})
	l.run(t, "nobody is registered", func(t *testing.T) {
		l.refused(t, "1005", 480)
		l.refused(t, "702", 501)
	})
	l.run(t, "there is no such endpoint", func(t *testing.T) { l.refused(t, "703", 501) })
	l.run(t, "there is no such number", func(t *testing.T) { l.refused(t, "5550123", 404) })
}

// A caller hears what the called party sends before it answers.
func TestEarlyMedia(t *testing.T) {
	l := open(t, callPlan)
	l.run(t, "heard", func(t *testing.T) {
		b := l.callee(t, "early", nil)
		a := l.phone(t, "1001", peer.BaresipConfig{Tone: 877})
		a.Dial(t, "700")
		a.Await(t, "CALL_PROGRESS")
		peer.Hears(t, "the caller", a.Recording(), 440, 877)
		a.Hangup(t)
		b.Wait(t)
	})
}

// And so does a page that called through the API.
func TestEarlyMediaThroughTheAPI(t *testing.T) {
	t.Parallel() // it ends by waiting for the API's idle workers
	l := open(t, callPlan)
	l.run(t, "heard", func(t *testing.T) {
		b := l.callee(t, "early", nil)
		web := peer.RESTPage(t, l.URL("/"), l.Token(t, "alice", "--role", "admin"), peer.ChromiumConfig{Tone: 877})
		web.Dial(t, "PJSIP/guest")
		peer.Hears(t, "the page", web.Recording(), 440, 877)
		web.Hangup(t)
		b.Wait(t)
	})
}

// A caller that makes no offer gets ours.
func TestALateOffer(t *testing.T) {
	l := open(t, callPlan)
	l.run(t, "talks", func(t *testing.T) {
		e := listen(t)
		b := l.phone(t, "1001", peer.BaresipConfig{Codecs: []string{"PCMA"}, Tone: 503, Answer: true})
		c := l.caller(t, "late-offer", "1001", e)
		e.speak(t, 877)
		peer.Hears(t, "the caller", e.recording(), 503, 877)
		peer.Hears(t, "the phone", b.Recording(), 877, 503)
		b.Hangup(t)
		c.Wait(t)
	})
}
