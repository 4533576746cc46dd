// Package data carries a peer's data channels: messages over SCTP within DTLS (RFC 8831), in
// channels that the peer opens (RFC 8832). SCTP is pion's; what is here bounds it, so that a peer
// that floods, or does not read, waits itself, and its media for nothing.
//
// Goroutines: Serve's caller's, which owns all others: pion's three per association, one that tells
// what has arrived, and one per channel. They end with Serve, which waits for its own.
package data

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/pion/sctp"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/internal/pionlog"
)

// Limits bound what one peer may cost.
type Limits struct {
	// MessageBytes bounds a message, either way. It is what the description announces.
	MessageBytes int
	// Channels bounds those that are there at one time, Refused how many more may be tried before
	// the peer is let go of.
	Channels, Refused int
	// QueuedBytes bounds what waits to be sent, or to be acknowledged, in all channels.
	QueuedBytes int
	// ReceivedBytes bounds what has come and was not taken yet, in all channels.
	ReceivedBytes int
	// NameBytes bounds a label, and a protocol.
	NameBytes int
	// PerSecond is how many messages are taken a second, AtOnce how many after a pause; beyond that
	// they are taken later. Opening a channel counts for one.
	PerSecond, AtOnce int
}

// Default are the limits that the server has.
func Default() Limits {
	return Limits{
		MessageBytes: 64 << 10, Channels: 16, Refused: 64, QueuedBytes: 256 << 10, ReceivedBytes: 256 << 10, NameBytes: 128,
		PerSecond: 100, AtOnce: 300,
	}
}

// fragments bounds the parts of messages that wait in one channel to be put together: those of
// ReceivedBytes in packets as small as any path has them, and not as many as there are bytes.
const fragments = 1024

// Handler is whose a channel is.
type Handler struct {
	// Receive takes a message, which it must not keep. Until it returns the next one of the channel
	// waits. The context ends with the channel's peer.
	Receive func(ctx context.Context, message []byte, text bool)
	// Closed is told that the channel has ended; nothing is received after it.
	Closed func()
}

// Config is what Serve is told.
type Config struct {
	Limits
	// Open is asked for each channel that the peer has opened; false closes it.
	Open func(*Channel) (Handler, bool)
	Log  *slog.Logger
}

// peer is the other end of an association.
type peer struct {
	cfg    Config
	assoc  *sctp.Association
	live   context.Context //nolint:containedctx // the association's life
	end    context.CancelFunc
	acked  chan struct{} // holds a token when something may have arrived
	pace   pace
	broken sync.Once

	sending sync.Mutex // one message at a time, so that QueuedBytes holds

	mu       sync.Mutex
	channels map[uint16]*Channel
	streams  int // not ended yet, also those of no channel
	refused  int
}

// Serve carries the data channels of a peer until the association ends: by the peer, by the end of
// conn, or because the peer goes beyond all limits. One Read of conn is a packet.
func Serve(conn net.Conn, cfg Config) {
	// Most peers never say a word: for those there is nothing yet that costs.
	first := make([]byte, maxPacket)
	n, err := conn.Read(first)
	if err != nil {
		return
	}
	assoc, err := sctp.ServerWithOptions(
		sctp.WithNetConn(&lasting{Conn: conn, first: first[:n]}), sctp.WithLoggerFactory(pionlog.Factory{Log: cfg.Log}),
		sctp.WithMaxReceiveBufferSize(uint32(cfg.ReceivedBytes)), sctp.WithMaxMessageSize(uint32(cfg.MessageBytes)), //nolint:gosec // limits of ours
		sctp.WithMaxReassemblyQueueEntries(fragments),
	)
	if err != nil { // the peer went, or what it said was no SCTP
		cfg.Log.Debug("no data channels", "err", err)
		return
	}
	p := &peer{
		cfg: cfg, assoc: assoc, acked: make(chan struct{}, 1), channels: make(map[uint16]*Channel),
		pace: pace{every: time.Second / time.Duration(cfg.PerSecond), most: time.Second * time.Duration(cfg.AtOnce) / time.Duration(cfg.PerSecond)},
	}
	p.live, p.end = context.WithCancel(context.Background())
	var running sync.WaitGroup
	defer running.Wait()
	defer p.end()
	running.Go(func() { // owned by Serve, ended by live
		defer guard.Recover(cfg.Log, "what tells of messages that have arrived", p.abort)
		p.settle()
	})
	for {
		stream, err := assoc.AcceptStream()
		if err != nil {
			break
		}
		if !p.admit() {
			p.abort()
			continue
		}
		running.Go(func() { // owned by Serve, ended with the association
			defer guard.Recover(cfg.Log, "a data channel, all of the peer's ended", p.abort)
			p.serve(stream)
		})
	}
	p.end()
	_ = assoc.Close() // it has ended; what it says is that its connection has
}

// admit counts a stream of the peer's, once it is its turn. It reports false for one that is
// beyond what can be a mistake.
func (p *peer) admit() bool {
	p.pace.wait(p.live)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.streams++
	return p.streams <= p.cfg.Channels+p.cfg.Refused && p.refused <= p.cfg.Refused
}

// abort ends the association. The peer is told, if it listens.
func (p *peer) abort() {
	p.broken.Do(func() {
		p.end()
		p.assoc.Abort("too much, or not understood")
	})
}

// arrives has settle look.
func (p *peer) arrives() {
	select {
	case p.acked <- struct{}{}:
	default: // it has not looked yet
	}
}

// settle tells of what has arrived until the association ends.
func (p *peer) settle() {
	for {
		select {
		case <-p.live.Done():
			return
		case <-p.acked:
		}
		p.mu.Lock()
		all := make([]*Channel, 0, len(p.channels))
		for _, c := range p.channels {
			all = append(all, c)
		}
		p.mu.Unlock()
		for _, c := range all {
			c.settle()
		}
	}
}

// maxPacket is the longest packet that a transport gives.
const maxPacket = 1600

// lasting is a connection from the first packet on, that has been read. The deadlines that pion
// sets for its own last packet it does not have: what else writes on it goes on.
type lasting struct {
	net.Conn
	first []byte
}

// Read reads a packet; one goroutine does.
func (c *lasting) Read(b []byte) (int, error) {
	if c.first != nil {
		n := copy(b, c.first)
		c.first = nil
		return n, nil
	}
	return c.Conn.Read(b)
}

// SetWriteDeadline sets none.
func (*lasting) SetWriteDeadline(time.Time) error { return nil }

// pace spreads what a peer asks for.
type pace struct {
	every, most time.Duration

	mu   sync.Mutex
	next time.Time // when all that was let through is paid for
}

// wait waits for the next one's turn, or for the end.
func (p *pace) wait(ctx context.Context) {
	p.mu.Lock()
	now := time.Now()
	if p.next.Before(now) {
		p.next = now
	}
	p.next = p.next.Add(p.every)
	late := p.next.Sub(now) - p.most
	p.mu.Unlock()
	if late <= 0 {
		return
	}
	t := time.NewTimer(late)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
