package sip

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/signaling"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// However the ends of a call overlap, with one another and with offers under way, nothing of
// it stays: no dialog, no media port (RFC 3261 §15).
func TestOverlappingEnds(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]func(p *scripted, l *leg) (ended string){
		"both say BYE": func(p *scripted, l *leg) string {
			l.Hangup(signaling.CauseNormal)
			ours := p.await("BYE")
			p.Call.Send("BYE", "")
			p.await("SIP/2.0 200")
			p.refuse(ours, 481)
			return "ended 16"
		},
		"their BYE crosses our offer": func(p *scripted, l *leg) string {
			l.post(func() { l.want = media.SendOnly; l.negotiate() })
			ours := p.await("INVITE")
			p.Call.Send("BYE", "")
			p.await("SIP/2.0 200")
			p.refuse(ours, 487)
			p.await("ACK")
			return "ended 16 true"
		},
		"their BYE crosses our offer, which they take": func(p *scripted, l *leg) string {
			l.post(func() { l.want = media.SendOnly; l.negotiate() })
			ours := p.await("INVITE")
			p.Call.Send("BYE", "")
			p.answer(ours, "recvonly")
			p.await("SIP/2.0 200")
			return "ended 16 true"
		},
		"our BYE crosses our own offer": func(p *scripted, l *leg) string {
			l.post(func() { l.want = media.SendOnly; l.negotiate() })
			ours := p.await("INVITE")
			l.Hangup(signaling.CauseNormal)
			p.refuse(p.await("BYE"), 200)
			p.refuse(ours, 487)
			return "ended 16 false"
		},
		"their BYE follows their offer": func(p *scripted, _ *leg) string {
			p.offers("INVITE", "sendonly")
			invite := p.Seq
			p.Call.Send("BYE", "")
			for finals := 0; finals < 2; {
				if m := p.await("SIP/2.0"); m.Status() >= 200 {
					finals++
				}
			}
			p.Seq = invite
			p.Ack("")
			return "ended 16 true"
		},
		"our BYE waits for the ACK of our 2xx": func(p *scripted, l *leg) string {
			p.offers("INVITE", "sendonly")
			p.await("SIP/2.0 200")
			l.Hangup(signaling.CauseNormal)
			p.Ack("")
			p.refuse(p.await("BYE"), 200)
			return "ended 16 false"
		},
		"their BYE instead of the ACK": func(p *scripted, _ *leg) string {
			p.offers("INVITE", "sendonly")
			p.await("SIP/2.0 200")
			p.Call.Send("BYE", "")
			p.await("SIP/2.0 200")
			return "ended 16 true"
		},
		"no ACK comes": func(p *scripted, _ *leg) string {
			p.offers("INVITE", "sendonly")
			p.await("SIP/2.0 200")
			p.refuse(p.await("BYE"), 200)
			return "ended 18"
		},
		"offers cross, then BYEs": func(p *scripted, l *leg) string {
			l.post(func() { l.want = media.SendOnly; l.negotiate() })
			ours := p.await("INVITE")
			p.offers("INVITE", "sendonly")
			p.await("SIP/2.0 491")
			p.Peer.Send(p.Again("ACK", ""))
			p.refuse(ours, 491)
			p.await("ACK")
			l.Hangup(signaling.CauseNormal)
			bye := p.await("BYE")
			p.Call.Send("BYE", "")
			p.await("SIP/2.0 200")
			p.refuse(bye, 200)
			return "ended 16"
		},
		"their offer after our BYE": func(p *scripted, l *leg) string {
			l.Hangup(signaling.CauseNormal)
			bye := p.await("BYE")
			p.offers("INVITE", "sendonly")
			p.await("SIP/2.0 481")
			p.Peer.Send(p.Again("ACK", ""))
			p.refuse(bye, 200)
			return "ended 16 false"
		},
		"BYE comes again": func(p *scripted, _ *leg) string {
			p.Peer.Send(p.Request("BYE", ""))
			p.await("SIP/2.0 200")
			p.Peer.Send(p.Again("BYE", ""))
			for m := p.Next(); m.Status() != 200; m = p.Next() {
			}
			return "ended 16 true"
		},
		"our BYE is lost": func(p *scripted, l *leg) string {
			l.Hangup(signaling.CauseNormal)
			p.await("BYE")
			p.refuse(p.Skip("BYE"), 200) // the stack says it again
			return "ended 16 false"
		},
		"nobody hears our BYE": func(p *scripted, l *leg) string {
			l.Hangup(signaling.CauseNormal)
			p.await("BYE")
			return "ended 16 false"
		},
	} {
		t.Run(name, func(t *testing.T) {
			timers := hurried
			if strings.HasPrefix(name, "no") { // 64·T1 are waited for
				timers = func(_ *Config, stack *ua.Config) { stack.T1, stack.T2 = 40*time.Millisecond, 160*time.Millisecond }
			}
			p, l, told := scriptedCallWith(t, timers)
			ended := script(p, l)
			for got := ""; !strings.HasPrefix(got, ended); {
				if got = siptest.Wait(t, told); strings.HasPrefix(got, "ended") && !strings.HasPrefix(got, ended) {
					t.Fatalf("told %q, want %q", got, ended)
				}
			}
			p.r.portsClosed()
			for p.r.server.Stats().Dialogs > 0 { // until 64·T1 have passed, where nobody answers
				runtime.Gosched()
			}
		})
	}
}
