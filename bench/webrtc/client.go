package webrtc

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/transport/v4/packetio"
	"golang.org/x/sys/unix"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// Client is a browser on the wire. Its methods are for one goroutine.
type Client struct {
	cfg         Config
	id, version uint64
	ufrag, pwd  string
	sections    []Section
	video       map[string]uint8 // extensions of its sections of video
	audioSSRC   uint32
	videoSSRC   uint32

	conn  *net.UDPConn
	local netip.AddrPort

	theirs, ice *description // the latest, and the first, whose ICE it is
	controlling bool
	active      bool
	hello       *packetio.Buffer // what is for DTLS
	live        context.Context  //nolint:containedctx // of the client's goroutines, which quiet ends
	cancel      context.CancelFunc
	ended       sync.WaitGroup

	mu     sync.Mutex
	remote netip.AddrPort // where the other side answers from

	taken   bool          // the socket is a load's
	reached chan struct{} // closed once a check is answered
	ready   chan error    // the outcome of the handshake
	dtls    *dtls.Conn
	keys    srtp.Masters
	opener  atomic.Pointer[srtp.Receiver] // for the Ear
}

// Config is where a client is and what it can.
type Config struct {
	Address netip.Addr
	Log     *slog.Logger
	// Ear is told what comes, where it has a Media.
	Ear Ear
	// Feedback has the client number and report packets of video for all of a transport
	// (transport-cc), as browsers do besides REMB.
	Feedback bool
}

// NewClient opens a client's socket. The sections are those of its offers.
func NewClient(cfg Config, sections ...Section) (*Client, error) {
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(cfg.Address, 0)))
	if err != nil {
		return nil, fmt.Errorf("webrtc: %w", err)
	}
	local, ok := conn.LocalAddr().(*net.UDPAddr)
	if !ok {
		return nil, errors.Join(errors.New("webrtc: a socket without an address"), conn.Close())
	}
	live, cancel := context.WithCancel(context.Background())
	c := &Client{
		live: live, cancel: cancel,
		cfg: cfg, id: mathrand.Uint64() >> 2, ufrag: token(4), pwd: token(16), sections: sections, video: make(map[string]uint8),
		audioSSRC: mathrand.Uint32(), videoSSRC: mathrand.Uint32(), conn: conn, local: local.AddrPort(), hello: packetio.NewBuffer(),
		reached: make(chan struct{}), ready: make(chan error, 1),
	}
	if cfg.Feedback {
		c.video[transport] = wideID
	}
	return c, nil
}

// token is so many bytes at random, as text.
func token(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // it never fails
	return hex.EncodeToString(b)
}

// SSRC is that of what the client sends of a kind.
func (c *Client) SSRC(kind string) uint32 {
	if kind == Audio {
		return c.audioSSRC
	}
	return c.videoSSRC
}

// Films tells whether the client's offers have video that it sends.
func (c *Client) Films() bool {
	return slices.ContainsFunc(c.sections, func(s Section) bool { return s.Kind == Video && s.Direction != RecvOnly })
}

// Accept takes the answer to the client's offer, the first of which has it connect.
func (c *Client) Accept(answer string) error {
	d, err := read(answer)
	if err != nil {
		return err
	}
	first := c.theirs == nil
	c.theirs = d
	if first {
		c.controlling, c.active = true, d.setup != "active"
		c.begin()
	}
	return nil
}

// Answer is that to an offer of the other side's, the first of which has the client connect.
func (c *Client) Answer(offer string) (string, error) {
	d, err := read(offer)
	if err != nil {
		return "", err
	}
	first := c.theirs == nil
	if first {
		c.active = d.setup != "active"
		c.controlling = d.lite
	}
	setup := "passive"
	if c.active {
		setup = "active"
	}
	answer, err := c.answer(d, setup)
	if err != nil {
		return "", err
	}
	if c.theirs = d; first {
		c.begin()
	}
	return answer, nil
}

// codec is the payload type that the other side has for what we send of a kind, and the id of an
// extension in it; ok is false if it takes none.
func (c *Client) codec(kind, extension string) (payloadType, id uint8, ok bool) {
	name := map[string]string{Audio: "opus", Video: "vp8"}[kind]
	for i := range c.theirs.sections {
		s := &c.theirs.sections[i]
		if t, there := s.typeOf(name); there && !s.refused && s.kind == kind && (s.direction == SendRecv || s.direction == RecvOnly) {
			return t, s.extensions[extension], true
		}
	}
	return 0, 0, false
}

// begin has the client's goroutines find the other side and make keys with it.
func (c *Client) begin() {
	c.ice = c.theirs
	if len(c.theirs.candidates) > 0 {
		c.remote = c.theirs.candidates[0]
	}
	c.ended.Go(func() { // owned by c
		defer guard.Recover(c.cfg.Log, "a client's socket")
		c.read()
	})
	c.ended.Go(func() { // owned by c
		defer guard.Recover(c.cfg.Log, "a client's handshake")
		c.ready <- c.handshake()
	})
}

// Connected waits until there are keys.
func (c *Client) Connected(ctx context.Context) error {
	select {
	case err := <-c.ready:
		c.ready <- err
		return err
	case <-ctx.Done():
		return fmt.Errorf("webrtc: no connection: %w", ctx.Err())
	}
}

// peer is where the other side is; not valid as long as that is not known.
func (c *Client) peer() netip.AddrPort {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.remote
}

// read answers checks and hands on what is for DTLS, until the socket is closed or its deadline is
// over. Media go to the client's Ear.
func (c *Client) read() {
	buf := make([]byte, 2048)
	confirmed := false
	for {
		n, from, err := c.conn.ReadFromUDPAddrPort(buf)
		switch {
		case errors.Is(err, unix.ECONNREFUSED):
			continue
		case err != nil:
			_ = c.hello.Close() // it is only memory
			return
		case n == 0:
		case buf[0] < 4:
			if answer := c.respond(buf[:n], from); answer != nil {
				c.mu.Lock()
				if !confirmed {
					c.remote = from
				}
				c.mu.Unlock()
				_, _ = c.conn.WriteToUDPAddrPort(answer, from) // it is asked again
			} else if !confirmed && c.confirms(buf[:n]) {
				confirmed = true
				c.mu.Lock()
				c.remote = from
				c.mu.Unlock()
				close(c.reached)
			}
		case buf[0] >= 20 && buf[0] < 64:
			_, _ = c.hello.Write(buf[:n]) // what it has no room for comes again
		case buf[0] >= 128 && buf[0] < 192:
			c.hear(buf[:n])
		}
	}
}

// checking is how often a check is made until one is answered.
const checking = 20 * time.Millisecond

// reach makes checks until one is answered.
func (c *Client) reach(ctx context.Context) error {
	tick := time.NewTicker(checking)
	defer tick.Stop()
	for {
		if to := c.peer(); to.IsValid() {
			check, err := c.check()
			if err != nil {
				return err
			}
			_, _ = c.conn.WriteToUDPAddrPort(check, to) // another one follows
		}
		select {
		case <-c.reached:
			return nil
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("webrtc: nobody answers at %v: %w", c.peer(), ctx.Err())
		}
	}
}

// quiet ends the client's goroutines and leaves its socket as it is.
func (c *Client) quiet() error {
	err := c.conn.SetReadDeadline(time.Unix(1, 0))
	c.cancel()
	c.ended.Wait()
	if c.dtls != nil {
		err = errors.Join(err, c.dtls.Close())
		c.dtls = nil
	}
	return err
}

// Close ends the client without a word.
func (c *Client) Close() error {
	if c.taken {
		return nil
	}
	return errors.Join(c.quiet(), c.conn.Close())
}

// socket is the client's socket for who reads it from now on, and where it sends; the client's own
// goroutines have ended then.
func (c *Client) socket() (fd int, to netip.AddrPort, err error) {
	if err := c.quiet(); err != nil {
		return -1, to, err
	}
	raw, err := c.conn.SyscallConn()
	if err != nil {
		return -1, to, err
	}
	fd, to = -1, c.peer()
	var failed error
	err = raw.Control(func(own uintptr) { fd, failed = unix.FcntlInt(own, unix.F_DUPFD_CLOEXEC, 0) })
	if err := errors.Join(err, failed); err != nil {
		return -1, to, err
	}
	// Whoever sends here would else wake the runtime's poller with each packet, in their own time.
	c.taken = true
	if err := c.conn.Close(); err != nil {
		return -1, to, errors.Join(err, unix.Close(fd))
	}
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBytes),
		unix.Connect(fd, &unix.SockaddrInet4{Addr: to.Addr().As4(), Port: int(to.Port())}))
	if err != nil {
		return -1, to, errors.Join(fmt.Errorf("webrtc: %w", err), unix.Close(fd))
	}
	return fd, to, nil
}
