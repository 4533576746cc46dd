package phones_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
)

// A call goes on through whatever its parties change in it.
func TestCallsThatChange(t *testing.T) {
	t.Parallel()
	l := open(t, callPlan)
	l.run(t, "hold and resume of three kinds", func(t *testing.T) {
		e := listen(t)
		b := l.phone(t, "1001", peer.BaresipConfig{Codecs: []string{"PCMA"}, Tone: 503, Answer: true})
		c := l.caller(t, "hold", "1001", e)
		// The scenario talks for half a second and holds three times for 0.9 s.
		const hold = 600 * time.Millisecond // of it, at least
		e.await(t, "audio after the third hold", func() bool { return len(e.gaps(hold)) == 3 })
		resumed := len(e.packets())
		e.await(t, "half a second of it", func() bool { return len(e.packets()) > resumed+25 })
		peer.Hears(t, "the caller", e.recording(), 503)
		b.Hangup(t)
		c.Wait(t)
	})
	l.run(t, "a phone holds and resumes", func(t *testing.T) {
		a := l.phone(t, "1001", peer.BaresipConfig{Tone: 503})
		b := l.phone(t, "1002", peer.BaresipConfig{Codecs: []string{"G722"}, Tone: 877, Answer: true})
		a.Dial(t, "1002")
		a.Established(t)
		peer.Hears(t, "the called", b.Recording(), 503, 877)
		a.Hold(t)
		peer.Silent(t, "the called", b.Recording(), 503)
		a.Resume(t)
		peer.Hears(t, "the called", b.Recording(), 503, 877)
		peer.Hears(t, "the caller", a.Recording(), 877, 503)
		a.Hangup(t)
		b.Closed(t)
	})
	for _, codec := range []string{"PCMU", "PCMA"} {
		l.run(t, "the caller goes over to another codec, the called has "+codec, func(t *testing.T) {
			e := listen(t)
			b := l.phone(t, "1001", peer.BaresipConfig{Codecs: []string{codec}, Tone: 503, Answer: true})
			c := l.caller(t, "codec-change", "1001", e)
			e.await(t, "PCMU", func() bool { return e.count(0) > 5 })
			e.speak(t, 877)
			e.await(t, "a second of PCMA", func() bool { return e.count(8) > 50 })
			peer.Hears(t, "the caller", e.recording(), 503, 877)
			peer.Hears(t, "the phone", b.Recording(), 877, 503)
			e.steady(t)
			b.Hangup(t)
			c.Wait(t)
		})
	}
	l.run(t, "refreshed without a change", func(t *testing.T) {
		e := listen(t)
		b := l.phone(t, "1001", peer.BaresipConfig{Tone: 503, Answer: true})
		c := l.caller(t, "refresh", "1001", e)
		e.speak(t, 877)
		peer.Hears(t, "the caller", e.recording(), 503, 877)
		peer.Hears(t, "the phone", b.Recording(), 877, 503)
		e.steady(t)
		b.Hangup(t)
		c.Wait(t)
	})
	l = startWith(t, conf(peer.FreePort(t), callPlan), hasty)
	l.run(t, "an answer that is never acknowledged ends in BYE", func(t *testing.T) {
		b := l.phone(t, "1001", peer.BaresipConfig{Answer: true})
		c := l.caller(t, "no-ack", "1001", nil)
		c.Wait(t)
		b.Await(t, "CALL_ESTABLISHED")
		b.Closed(t)
	})
}

// A party that sends nothing any more is hung up on after its rtp_timeout.
func TestSilenceEndsACall(t *testing.T) {
	files := conf(peer.FreePort(t), callPlan)
	files["pjsip.conf"] = strings.Replace(files["pjsip.conf"], "aors = guest\n", "aors = guest\nrtp_timeout = 1\n", 1)
	l := start(t, files)
	l.run(t, "one that speaks first", func(t *testing.T) {
		e := listen(t)
		b := l.phone(t, "1001", peer.BaresipConfig{Tone: 503, Answer: true})
		c := l.caller(t, "call", "1001", e)
		t.Run("speaks", func(t *testing.T) {
			e.speak(t, 877)
			peer.Hears(t, "the phone", b.Recording(), 877, 503)
			e.await(t, "more than the timeout", func() bool { return len(e.packets()) > 100 })
		})
		c.Wait(t) // for a BYE
		b.Closed(t)
	})
}

// Requests that come twice, late or for nothing.
func TestStrayRequests(t *testing.T) {
	l := open(t, callPlan)
	conn, err := net.Dial("udp", at(l.SIP))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	request := func(method, uri, id, more string) string {
		return fmt.Sprintf("%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s;rport\r\nMax-Forwards: 70\r\n"+
			"From: <sip:me@127.0.0.1>;tag=me\r\nTo: <%[2]s>%[5]s\r\nCall-ID: %[4]s\r\nCSeq: 1 %[1]s\r\n"+
			"Contact: <sip:me@%[3]s>\r\nContent-Length: 0\r\n\r\n", method, uri, conn.LocalAddr(), id, more)
	}
	l.run(t, "BYE for a dialog that is none", func(t *testing.T) {
		peer.Exchange(t, conn, request("BYE", "sip:1001@127.0.0.1", "dead", ";tag=dead"), "Call-ID: dead", "SIP/2.0 481")
	})
	l.run(t, "OPTIONS for us and for an extension", func(t *testing.T) {
		peer.Exchange(t, conn, request("OPTIONS", "sip:127.0.0.1", "ping1", ""), "Call-ID: ping1", "SIP/2.0 200")
		peer.Exchange(t, conn, request("OPTIONS", "sip:1001@127.0.0.1", "ping2", ""), "Call-ID: ping2", "SIP/2.0 200")
		peer.Exchange(t, conn, request("OPTIONS", "sip:5550123@127.0.0.1", "ping3", ""), "Call-ID: ping3", "SIP/2.0 404")
	})
	l.run(t, "an INVITE that comes three times is one call", func(t *testing.T) {
		b := l.phone(t, "1001", peer.BaresipConfig{})
		invite := request("INVITE", "sip:1001@127.0.0.1", "thrice", "")
		for range 3 {
			if _, err := conn.Write([]byte(invite)); err != nil {
				t.Fatal(err)
			}
		}
		b.Await(t, "CALL_INCOMING")
		if out := l.RX(t, "core show calls"); !strings.HasPrefix(out, "1 active call\n") {
			t.Errorf("calls:\n%s", out)
		}
		cancel := strings.ReplaceAll(invite, "INVITE", "CANCEL")
		peer.Exchange(t, conn, cancel, "CSeq: 1 CANCEL", "SIP/2.0 200")
		b.Closed(t)
		// The 487 is repeated until it is acknowledged; without that it ends by itself.
	})
}
