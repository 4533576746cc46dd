package phones_test

import (
	"bufio"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/tone"
	wire "github.com/skygenesisenterprise/skybridge/media/audiosocket"
)

// socketCall is what an AudioSocket server has seen of one call.
type socketCall struct {
	first wire.Kind
	id    string
	heard float64 // dBFS, of the caller's tone
	frame int     // bytes of a message of audio
	err   error
}

// serveAudioSocket takes one call as servers do: it reads the id, listens and says a tone, a
// message for each that comes, until it is enough, and hangs up.
func serveAudioSocket(l net.Listener, caller, own float64, enough <-chan struct{}) (c socketCall) {
	conn, err := l.Accept()
	if err != nil {
		return socketCall{err: err}
	}
	defer func() { _ = conn.Close() }() // it has said all
	if c.err = conn.SetDeadline(time.Now().Add(time.Minute)); c.err != nil {
		return c
	}
	from := wire.NewReader(bufio.NewReader(conn))
	m, err := from.Next()
	if c.err = err; err != nil {
		return c
	}
	c.first, c.id = m.Kind, fmt.Sprintf("%x", m.Payload)
	second := tone.Sine(own, 8000, 1, 8000) // of a tone that fits into one
	say := second
	var pcm []int16
	for over := false; !over || len(pcm) < 3*8000; {
		select {
		case <-enough:
			over = true
		default:
		}
		if m, c.err = from.Next(); c.err != nil {
			return c
		}
		if m.Kind != wire.Audio {
			continue
		}
		c.frame = len(m.Payload)
		pcm = wire.PCM(pcm, m.Payload)
		if len(say) == 0 {
			say = second
		}
		n := min(len(m.Payload)/2, len(say))
		if _, c.err = conn.Write(wire.Message{Kind: wire.Audio, Payload: wire.AppendPCM(nil, say[:n])}.Append(nil)); c.err != nil {
			return c
		}
		say = say[n:]
	}
	c.heard = tone.Lasting(pcm[len(pcm)-8000:], 8000, caller)
	_, c.err = conn.Write(wire.Message{Kind: wire.Hangup}.Append(nil))
	return c
}

// One server program is fed by an Asterisk and by us, hears the caller of both and is heard, and
// its hangup lets both plans go on.
func TestAudioSocketAsAsteriskDoes(t *testing.T) {
	const id = "40325ec2-5efd-4bd3-805f-53576e581d13"
	address := at(peer.FreePort(t))
	plan := fmt.Sprintf("exten => 690,1,Answer()\n same => n,AudioSocket(%s,%s)\n same => n,Playtones(1109)\n same => n,Wait(60)\n", id, address)
	asterisk := peer.Asterisk(t, peer.AsteriskConfig{Extensions: plan})
	l := open(t, plan)
	for _, who := range []struct {
		name string
		sip  int
	}{{"Asterisk", asterisk.SIP}, {"here", l.SIP}} {
		l.run(t, who.name, func(t *testing.T) {
			phone := peer.Baresip(t, peer.BaresipConfig{User: "guest", Server: at(who.sip), Tone: 503})
			seen, enough := make(chan socketCall, 1), make(chan struct{})
			server, err := net.Listen("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = server.Close() })                           // an Accept that waits ends with it
			go func() { seen <- serveAudioSocket(server, 503, 877, enough) }() // ends with its call, or the server
			phone.Dial(t, "690")
			phone.Established(t)
			peer.Hears(t, "the caller", phone.Recording(), 877, 503)
			close(enough)
			var c socketCall
			select {
			case c = <-seen:
			case <-time.After(time.Minute):
				t.Fatal("the server has seen no end")
			}
			if c.err != nil || c.first != wire.ID || c.id != "40325ec25efd4bd3805f53576e581d13" || c.frame != 320 || c.heard < -25 {
				t.Errorf("the server has seen %+v", c)
			}
			peer.Hears(t, "the caller, of the plan that goes on", phone.Recording(), 1109)
			phone.Hangup(t)
		})
	}
}
