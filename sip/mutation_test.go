package sip_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
	"github.com/skygenesisenterprise/skybridge/sip/siptest/torture"
)

// mutations is how many spoilt messages TestMutations sends over each of UDP and TCP.
const mutations = 10000

// TestMutations sends 20,000 messages with parts changed, half over UDP and half over TCP,
// to a server that takes calls: some stand alone, some belong to a call that is up. It
// answers after each lot, nothing panics, and when all is over there is nothing left of
// it: no call, no transaction, no memory.
func TestMutations(t *testing.T) {
	all, from := torture.Texts(t, tortureDir), torture.Seed(t)
	cfg := siptest.Repeating(siptest.T1/4, "udp", "tcp") // calls that nobody acknowledges end soon
	cfg.Transport.Limits.ConnectionsPerIP = 10000
	s := siptest.Server(t, cfg, lenient{quick{t}})
	for _, spoiler := range []func(*testing.T, *sip.Server, *rand.Rand, []string, int){overUDP, overTCP} {
		r := rand.New(rand.NewPCG(from, 1))
		spoiler(t, s, r, all, mutations/2)
		early := settled(t, s)
		spoiler(t, s, r, all, mutations/2)
		if late := settled(t, s); late > early+early/5+1<<20 {
			t.Errorf("%d bytes live after half of it, %d after all", early, late)
		}
	}
	if n := s.Stats().Panics; n != 0 {
		t.Errorf("%d panics", n)
	}
}

// lenient refuses calls that cannot be accepted.
type lenient struct{ quick }

func (l lenient) OnInvite(i *sip.IncomingInvite) {
	if _, err := i.Accept(sdp(answer), nobody{}); err != nil {
		_ = i.Reject(sip.Reply{Status: 400}) // the caller may have gone
	}
}

// hangUp ends a call, whatever number the last request was made to have.
func hangUp(call *siptest.Call) {
	call.Seq = 1<<31 - 2
	call.Send("BYE", "") // which may be over
	call.Peer.Skip("SIP/2.0")
}

// lot is how many are sent before the server has to answer.
const lot = 50

// within is a request of a call that is up, and another that may begin one.
func within(r *rand.Rand, call *siptest.Call) string {
	switch r.IntN(8) {
	case 0:
		return call.Request("INVITE", offer)
	case 1:
		return call.Request("UPDATE", offer)
	case 2:
		return call.Request("INFO", "Signal=1\r\nDuration=100\r\n", "Content-Type: application/dtmf-relay")
	case 3:
		return call.Request("BYE", "")
	case 4:
		return call.Again("CANCEL", "")
	case 5:
		return call.Again("ACK", "")
	case 6:
		return call.Request("REFER", "", "Refer-To: <sip:other@127.0.0.1>")
	default:
		return call.Request("MESSAGE", "hello", "Content-Type: text/plain")
	}
}

func overUDP(t *testing.T, s *sip.Server, r *rand.Rand, all []string, n int) {
	p := siptest.UDP(t, s.Addr("udp"))
	for range n / lot {
		call := p.NewCall("sip:x@" + s.Addr("udp").String())
		call.Answered(offer)
		for range lot {
			if r.IntN(2) == 0 {
				p.Send(torture.Spoil(r, all[r.IntN(len(all))]))
			} else {
				p.Send(torture.Spoil(r, within(r, call)))
			}
		}
		p.Ping()
		hangUp(call)
		drop(p)
	}
}

// overTCP has some connections for each lot: what is spoilt may have no end, and takes what
// follows with it.
func overTCP(t *testing.T, s *sip.Server, r *rand.Rand, all []string, n int) {
	at := s.Addr("tcp").String()
	for range n / lot {
		p := siptest.TCP(t, s.Addr("tcp"))
		call := p.NewCall("sip:x@" + at + ";transport=tcp")
		call.Answered(offer)
		for range 5 {
			c, err := net.Dial("tcp", at)
			if err != nil {
				t.Fatal(err)
			}
			for range lot / 5 {
				text := all[r.IntN(len(all))]
				if r.IntN(2) == 0 {
					text = within(r, call)
				}
				if _, err := io.WriteString(c, torture.Spoil(r, text)); err != nil {
					break // the server has had enough
				}
			}
			if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
				t.Fatal(err)
			}
		}
		p.Ping()
		hangUp(call)
		p.Close()
	}
}

// drop takes what has come and nobody asked for.
func drop(p *siptest.Peer) {
	for {
		select {
		case <-p.Arrived():
		default:
			return
		}
	}
}

// settled waits until nothing is left of what was sent, and gives how many bytes live.
func settled(t *testing.T, s *sip.Server) uint64 {
	t.Helper()
	timer := time.NewTimer(siptest.Patience)
	defer timer.Stop()
	tick := time.NewTicker(siptest.T1)
	defer tick.Stop()
	for {
		st := s.Stats()
		if st.Dialogs == 0 && st.ServerTransactions == 0 && st.ClientTransactions == 0 && st.Connections == 0 {
			break
		}
		select {
		case <-tick.C:
		case <-timer.C:
			t.Fatalf("left after a long while: %+v", st)
		}
	}
	runtime.GC()
	runtime.GC() // what has a finalizer goes with the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
