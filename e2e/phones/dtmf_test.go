package phones_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
)

// The tone of 601 comes when a key has ended its echo.
const dtmfPlan = callPlan + `
exten => 601,1,Echo()
 same => n,Playtones(1000)
 same => n,Wait(60)
`

// pressed collects the keys that a phone is told of until its call ends; enough is
// called when there are as many as wanted.
func pressed(t *testing.T, b *peer.BaresipPeer, want string, enough func()) {
	t.Helper()
	keys := ""
	for {
		e := b.Await(t, "CALL_DTMF_START", "CALL_CLOSED")
		if e.Type == "CALL_CLOSED" {
			break
		}
		if keys += e.Param; len(keys) == len(want) {
			enough()
		}
	}
	if keys != want {
		t.Errorf("keys %q, want %q", keys, want)
	}
}

// A key is understood in each way that phones send it, and once.
func TestKeys(t *testing.T) {
	t.Parallel()
	l := open(t, dtmfPlan)
	for _, codec := range []string{"PCMU", "opus"} {
		l.run(t, "as a telephone-event beside "+codec, func(t *testing.T) {
			b := l.phone(t, "1001", peer.BaresipConfig{Codecs: []string{codec}, Tone: 503})
			b.Dial(t, "601")
			peer.Hears(t, "the phone", b.Recording(), 503)
			b.Digits(t, "5")
			b.Digits(t, "#")
			peer.Hears(t, "the phone", b.Recording(), 1000)
			peer.Silent(t, "the phone", b.Recording(), 503)
			b.Hangup(t)
		})
	}
	for name, body := range map[string][2]string{
		"dtmf-relay": {"application/dtmf-relay", "Signal=#\n      Duration=160"},
		"dtmf":       {"application/dtmf", "#"},
	} {
		l.run(t, "by INFO as "+name, func(t *testing.T) {
			e := listen(t)
			c := l.caller(t, "info", "601", e, "MEDIATYPE", body[0], "BODY", body[1])
			peer.Hears(t, "the caller", e.recording(), 1000)
			l.RX(t, "channel request hangup all")
			c.Wait(t)
		})
	}
	l.run(t, "by INFO to a phone that takes telephone-events", func(t *testing.T) {
		b := l.phone(t, "1001", peer.BaresipConfig{Answer: true})
		c := l.caller(t, "info", "1001", nil, "MEDIATYPE", "application/dtmf-relay", "BODY", "Signal=5\n      Duration=160")
		pressed(t, b, "5", func() { b.Hangup(t) })
		c.Wait(t)
	})
	for _, codecs := range [][2]string{{"PCMU", "PCMU"}, {"PCMU", "opus"}, {"opus", "PCMA"}} {
		l.run(t, "from a phone with "+codecs[0]+" to one with "+codecs[1], func(t *testing.T) {
			a := l.phone(t, "1001", peer.BaresipConfig{Codecs: codecs[:1], Tone: 503})
			b := l.phone(t, "1002", peer.BaresipConfig{Codecs: codecs[1:], Tone: 877, Answer: true})
			a.Dial(t, "1002")
			a.Established(t)
			peer.Hears(t, "the called", b.Recording(), 503)
			for _, key := range "19*#0" {
				a.Digits(t, string(key))
			}
			pressed(t, b, "19*#0", func() { a.Hangup(t) })
		})
	}
}

const pressInPage = `new Promise((done) => {
	const sender = session.connection.getSenders().find((s) => s.track && s.track.kind === "audio").dtmf;
	sender.ontonechange = (e) => e.tone === "" && done("pressed");
	sender.insertDTMF("%s", 160, 80);
})`

// The keys of a browser that is a SIP phone reach another phone.
func TestKeysOfABrowser(t *testing.T) {
	jssip := peer.JsSIP(t)
	l := open(t, dtmfPlan)
	l.run(t, "JsSIP", func(t *testing.T) {
		b := l.phone(t, "1001", peer.BaresipConfig{Answer: true, Tone: 503})
		web := l.page(t, jssip)
		web.Call(t, "1001")
		peer.Hears(t, "the page", web.Recording(), 503, 877)
		peer.Eval[string](t, web.Browser, fmt.Sprintf(pressInPage, "2580"))
		pressed(t, b, "2580", func() { web.Hangup(t) })
		web.Leave(t)
	})
}

// The keys of a browser that calls through the API reach a phone, and so do those
// that the API is told to press.
func TestKeysThroughTheAPI(t *testing.T) {
	t.Parallel() // it ends by waiting for the API's idle workers
	l := open(t, dtmfPlan)
	l.run(t, "REST", func(t *testing.T) {
		b := l.phone(t, "1001", peer.BaresipConfig{Codecs: []string{"G722"}, Answer: true, Tone: 503})
		token := l.Token(t, "alice", "--role", "admin")
		web := peer.RESTPage(t, l.URL("/"), token, peer.ChromiumConfig{Tone: 877})
		call := web.Dial(t, "PJSIP/1001")
		peer.Hears(t, "the phone", b.Recording(), 877, 503)
		peer.Eval[string](t, web.Browser, `phone.digit("7")`)
		if e := b.Await(t, "CALL_DTMF_START"); e.Param != "7" {
			t.Errorf("key %q", e.Param)
		}
		status := l.Do(t, token, http.MethodPost, "/api/v1/voip/calls/"+call+"/dtmf", map[string]string{"digits": "13w#"}, nil)
		if status != http.StatusNoContent {
			t.Errorf("dtmf: status %d", status)
		}
		pressed(t, b, "13#", func() { web.Hangup(t) })
	})
}
