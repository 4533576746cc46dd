package phones_test

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/tone"
)

// ear is the media port of a SIPp, which cannot listen itself: it keeps what it
// gets, and can speak G.711 back to where that comes from.
type ear struct {
	conn *net.UDPConn
	done chan struct{} // closed with the reader
	mu   sync.Mutex
	got  []packet
	more chan struct{} // closed at the next packet; nil while nobody waits
	from netip.AddrPort
}

// packet is an RTP packet (RFC 3550 §5.1).
type packet struct {
	at      time.Time
	pt      uint8
	marker  bool
	seq     uint16
	stamp   uint32
	ssrc    uint32
	payload []byte
}

func listen(t *testing.T) *ear {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	e := &ear{conn: conn, done: make(chan struct{})}
	go e.read()
	t.Cleanup(func() {
		conn.Close()
		<-e.done
	})
	return e
}

func (e *ear) port() int { return e.conn.LocalAddr().(*net.UDPAddr).Port }

func (e *ear) read() {
	defer close(e.done)
	buf := make([]byte, 2048)
	for {
		n, from, err := e.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return // closed
		}
		if n < 12 || buf[0] != 0x80 {
			continue // RTCP comes elsewhere; nothing here has extensions or padding
		}
		p := packet{
			at: time.Now(), pt: buf[1] & 0x7f, marker: buf[1]&0x80 != 0, seq: binary.BigEndian.Uint16(buf[2:]),
			stamp: binary.BigEndian.Uint32(buf[4:]), ssrc: binary.BigEndian.Uint32(buf[8:]), payload: append([]byte(nil), buf[12:n]...),
		}
		e.mu.Lock()
		e.got, e.from = append(e.got, p), from
		if e.more != nil {
			close(e.more)
			e.more = nil
		}
		e.mu.Unlock()
	}
}

// packets are those so far.
func (e *ear) packets() []packet {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.got[:len(e.got):len(e.got)]
}

// next is closed when another packet comes.
func (e *ear) next() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.more == nil {
		e.more = make(chan struct{})
	}
	return e.more
}

// recording is what was heard in G.711.
func (e *ear) recording() peer.Recording {
	return func() ([]int16, int, error) {
		var pcm []int16
		for _, p := range e.packets() {
			switch p.pt {
			case 0:
				pcm = append(pcm, tone.FromMuLaw(p.payload)...)
			case 8:
				pcm = append(pcm, tone.FromALaw(p.payload)...)
			}
		}
		if len(pcm) == 0 {
			return nil, 0, errors.New("no audio yet")
		}
		return pcm, 8000, nil
	}
}

// count is how many packets of a payload type there are.
func (e *ear) count(pt uint8) (n int) {
	for _, p := range e.packets() {
		if p.pt == pt {
			n++
		}
	}
	return n
}

// server is where the packets come from, once there is one.
func (e *ear) server(t *testing.T) netip.AddrPort {
	t.Helper()
	e.await(t, "a packet", func() bool { return len(e.packets()) > 0 })
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.from
}

// await waits for packets until ok.
func (e *ear) await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	end := time.NewTimer(time.Minute)
	defer end.Stop()
	for {
		more := e.next()
		if ok() {
			return
		}
		select {
		case <-more:
		case <-end.C:
			t.Fatalf("%s does not come; %d packets did", what, len(e.packets()))
		}
	}
}

// speak sends a tone, 20 ms a packet, in the codec of what came last, until the
// test ends.
func (e *ear) speak(t *testing.T, hz float64) {
	t.Helper()
	pcm := tone.Sine(hz, 8000, 1, 12000) // whole periods of whole frequencies
	e.stream(t, func(n int) []byte {
		all := e.packets()
		pt := all[len(all)-1].pt
		frame := pcm[n*160%8000:][:160]
		payload := tone.MuLaw(frame)
		if pt == 8 {
			payload = tone.ALaw(frame)
		} else {
			pt = 0
		}
		return rtp(pt, n, 160, payload)
	})
}

// stream sends the packets that next gives, one in 20 ms, to where audio comes from,
// until the test ends.
func (e *ear) stream(t *testing.T, next func(n int) []byte) {
	t.Helper()
	e.streamTo(t, e.server(t), next)
}

// streamTo is stream to a server that has not sent yet.
func (e *ear) streamTo(t *testing.T, to netip.AddrPort, next func(n int) []byte) {
	t.Helper()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() { // owned by the test, ended by its cleanup
		defer close(stopped)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-tick.C:
			case <-stop:
				return
			}
			if _, err := e.conn.WriteToUDPAddrPort(next(n), to); err != nil {
				return // closed
			}
		}
	}()
	t.Cleanup(func() {
		close(stop)
		<-stopped
	})
}

// rtp is the nth packet of a stream, each with that many samples.
func rtp(pt uint8, n, samples int, payload []byte) []byte {
	b := make([]byte, 12, 12+len(payload))
	b[0], b[1] = 0x80, pt
	binary.BigEndian.PutUint16(b[2:], uint16(1000+n))
	binary.BigEndian.PutUint32(b[4:], uint32(n*samples))
	binary.BigEndian.PutUint32(b[8:], 0x5b1d6e00)
	return append(b, payload...)
}

// gaps are the silences of at least that length between two packets.
func (e *ear) gaps(least time.Duration) (found []time.Duration) {
	all := e.packets()
	for i := 1; i < len(all); i++ {
		if d := all[i].at.Sub(all[i-1].at); d >= least {
			found = append(found, d)
		}
	}
	return found
}

// steady checks that what came is one stream: sequence numbers without a break or
// return, as RFC 3550 has it over every change of a session.
func (e *ear) steady(t *testing.T) {
	t.Helper()
	all := e.packets()
	for i := 1; i < len(all); i++ {
		if all[i].ssrc != all[0].ssrc {
			t.Errorf("packet %d: SSRC %08x after %08x", i, all[i].ssrc, all[0].ssrc)
			return
		}
		if all[i].seq != all[i-1].seq+1 {
			t.Errorf("packet %d: sequence number %d after %d", i, all[i].seq, all[i-1].seq)
			return
		}
	}
}
