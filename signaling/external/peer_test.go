package external_test

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/e2e/tone"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/external"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// peer is a program that external media is for: it says a tone and keeps what it hears.
type peer struct {
	t     *testing.T
	codec *media.Codec
	pt    uint8
	conn  *net.UDPConn
	to    netip.AddrPort // where the channel receives
	stop  context.CancelFunc
	done  sync.WaitGroup

	mu      sync.Mutex
	pcm     []int16
	types   []uint8 // payload types that came
	more    chan struct{}
	strange []byte // sent beside each packet
}

// listen is a socket for RTP. The port above, where RTCP goes, is nobody else's.
func listen(t *testing.T) *net.UDPConn {
	t.Helper()
	conn, _ := listenPair(t)
	return conn
}

// listenPair is a socket for RTP, which the caller closes, and one for RTCP.
func listenPair(t *testing.T) (conn, control *net.UDPConn) {
	t.Helper()
	for range 64 {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		ok(t, err)
		at := conn.LocalAddr().(*net.UDPAddr)
		control, err := net.ListenUDP("udp4", &net.UDPAddr{IP: at.IP, Port: (at.Port + 1) % (1 << 16)})
		if err == nil && at.Port < 1<<16-1 {
			t.Cleanup(func() { ok(t, control.Close()) })
			return conn, control
		}
		if err == nil {
			ok(t, control.Close())
		}
		ok(t, conn.Close())
	}
	t.Fatal("no two ports are free")
	return nil, nil
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// receives is where a channel receives.
func receives(t *testing.T, c *signaling.Channel) netip.AddrPort {
	t.Helper()
	host, _ := c.Vars().Get(external.LocalAddress)
	port, _ := c.Vars().Get(external.LocalPort)
	addr, err := netip.ParseAddr(host)
	ok(t, err)
	n, err := strconv.ParseUint(port, 10, 16)
	ok(t, err)
	return netip.AddrPortFrom(addr, uint16(n))
}

// speak begins to say a tone to a channel and to listen to it.
func speak(t *testing.T, conn *net.UDPConn, c *signaling.Channel, codec *media.Codec, pt uint8, hz float64) *peer {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	p := &peer{t: t, codec: codec, pt: pt, conn: conn, to: receives(t, c), stop: cancel, more: make(chan struct{})}
	p.done.Add(2)
	go p.say(ctx, hz) // owned by p, ended by close
	go p.listen()     // owned by p, ended by close
	t.Cleanup(p.close)
	return p
}

func (p *peer) close() {
	p.stop()
	_ = p.conn.Close() // some tests have closed it
	p.done.Wait()
}

func (p *peer) say(ctx context.Context, hz float64) {
	defer p.done.Done()
	enc, err := p.codec.NewEncoder(media.EncoderConfig{})
	if err != nil {
		p.t.Error(err)
		return
	}
	defer enc.Close()
	second := tone.Sine(hz, p.codec.SampleRate, 1, 8000)
	n := p.codec.FrameSamples()
	h := rtp.Header{PayloadType: p.pt, SSRC: 7}
	tick := time.NewTicker(media.FrameDuration)
	defer tick.Stop()
	began := time.Now()
	for i := 0; ; i++ {
		for i >= int(time.Since(began)/media.FrameDuration) {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
		packet := make([]byte, rtp.HeaderBytes+p.codec.MaxFrameBytes)
		k, err := enc.Encode(packet[rtp.HeaderBytes:], second[i%50*n:][:n])
		if err != nil {
			p.t.Error(err)
			return
		}
		h.Put(packet)
		h.SequenceNumber++
		h.Timestamp += uint32(p.codec.ClockRate / 50)
		p.mu.Lock()
		strange := p.strange
		p.mu.Unlock()
		for range min(len(strange), 50) {
			_, _ = p.conn.WriteToUDPAddrPort(strange, p.to) // nobody may be there any more
		}
		_, _ = p.conn.WriteToUDPAddrPort(packet[:rtp.HeaderBytes+k], p.to)
	}
}

func (p *peer) listen() {
	defer p.done.Done()
	dec, err := p.codec.NewDecoder()
	if err != nil {
		p.t.Error(err)
		return
	}
	defer dec.Close()
	buf, pcm := make([]byte, 2000), make([]int16, 6000)
	for {
		n, err := p.conn.Read(buf)
		if err != nil {
			return // closed
		}
		var h rtp.Header
		if err := rtp.Parse(buf[:n], &h); err != nil {
			p.t.Errorf("what comes is no RTP: %v", err)
			return
		}
		p.mu.Lock()
		if !slices.Contains(p.types, h.PayloadType) {
			p.types = append(p.types, h.PayloadType)
		}
		if h.PayloadType == p.pt {
			k, err := dec.Decode(pcm, h.Payload)
			if err != nil {
				p.t.Errorf("payload: %v", err)
			}
			p.pcm = append(p.pcm, pcm[:k]...)
		}
		close(p.more)
		p.more = make(chan struct{})
		p.mu.Unlock()
	}
}

// hears waits for half a second of what the peer hears from now on.
func (p *peer) hears() []int16 {
	p.t.Helper()
	limit := time.After(time.Minute)
	p.mu.Lock()
	defer p.mu.Unlock()
	for from := len(p.pcm); ; {
		if need := from + p.codec.SampleRate/2; len(p.pcm) >= need {
			return slices.Clone(p.pcm[from:need])
		}
		more := p.more
		p.mu.Unlock()
		select {
		case <-more:
		case <-limit:
			p.mu.Lock()
			p.t.Fatal("the peer is sent nothing")
			return nil
		}
		p.mu.Lock()
	}
}

// has waits for a tone in what somebody hears, half a second at a time, and none of another.
func has(t *testing.T, who string, rate int, hz, not float64, hears func() []int16) {
	t.Helper()
	var is, other float64
	for range 20 { // on a busy machine frames come late
		pcm := hears()
		is, other = tone.Lasting(pcm, rate, hz), tone.Lasting(pcm, rate, not)
		if is > -25 && other < -40 {
			return
		}
	}
	t.Errorf("%s hears %v Hz at %.1f dBFS and %v Hz at %.1f", who, hz, is, not, other)
}
