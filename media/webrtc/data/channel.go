package data

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"unicode/utf8"

	"github.com/pion/datachannel"
	"github.com/pion/sctp"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/internal/pionlog"
)

// Channel is one that the peer has opened. Its methods may be called from any goroutine.
type Channel struct {
	Label, Protocol string
	// Reliable tells that every message arrives as long as the association lives.
	Reliable bool

	peer   *peer
	stream *sctp.Stream

	mu     sync.Mutex
	closed bool
	sent   uint64   // bytes
	open   []parcel // that are under way, oldest first
}

// parcel is a message whose sender wants to know.
type parcel struct {
	end  uint64 // how much has arrived when it has
	done func(arrived bool)
}

// serve has a stream until it ends: as a channel, or as what it is not.
func (p *peer) serve(stream *sctp.Stream) {
	defer func() {
		p.mu.Lock()
		p.streams--
		p.mu.Unlock()
	}()
	c, handler, err := p.open(stream)
	if err != nil {
		p.cfg.Log.Debug("data channel refused", "err", err)
		p.mu.Lock()
		p.refused++
		p.mu.Unlock()
		p.drain(stream)
		return
	}
	err = p.receive(stream, handler, make([]byte, p.cfg.MessageBytes))
	p.leave(c)
	handler.Closed()
	if !errors.Is(err, io.EOF) {
		p.cfg.Log.Debug("data channel closed", "label", c.Label, "err", err)
	}
	p.drain(stream)
}

// open takes the peer's word for what a channel is to be, and asks whose it is.
func (p *peer) open(stream *sctp.Stream) (*Channel, Handler, error) {
	cfg := datachannel.Config{LoggerFactory: pionlog.Factory{Log: p.cfg.Log}}
	if _, err := datachannel.Server(stream, &cfg); err != nil {
		return nil, Handler{}, fmt.Errorf("data: opening a channel: %w", err)
	}
	c := &Channel{Label: cfg.Label, Protocol: cfg.Protocol, peer: p, stream: stream}
	c.Reliable = cfg.ChannelType == datachannel.ChannelTypeReliable || cfg.ChannelType == datachannel.ChannelTypeReliableUnordered
	if most := p.cfg.NameBytes; len(c.Label) > most || len(c.Protocol) > most || !utf8.ValidString(c.Label) || !utf8.ValidString(c.Protocol) {
		return nil, Handler{}, fault.New(fault.Invalid, "data: a label of %d bytes and a protocol of %d, at most %d of UTF-8", len(c.Label), len(c.Protocol), most)
	}
	p.mu.Lock()
	n := len(p.channels)
	if n < p.cfg.Channels {
		p.channels[stream.StreamIdentifier()] = c
	}
	p.mu.Unlock()
	if n >= p.cfg.Channels {
		return nil, Handler{}, fault.New(fault.TooMany, "data: %d channels at one time, the limit", n)
	}
	stream.OnBufferedAmountLow(p.arrives) // by pion's reader, which waits for nobody
	handler, ok := p.cfg.Open(c)
	if !ok {
		p.leave(c)
		return nil, Handler{}, fault.New(fault.NotFound, "data: nobody has a channel %q", c.Label)
	}
	return c, handler, nil
}

// receive gives a channel's messages to its handler until the channel ends, or breaks a limit.
func (p *peer) receive(stream *sctp.Stream, handler Handler, buf []byte) error {
	for {
		n, kind, err := stream.ReadSCTP(buf)
		if err != nil {
			return err
		}
		p.pace.wait(p.live)
		if p.live.Err() != nil {
			return io.EOF
		}
		switch kind {
		case sctp.PayloadTypeWebRTCString:
			handler.Receive(p.live, buf[:n], true)
		case sctp.PayloadTypeWebRTCBinary:
			handler.Receive(p.live, buf[:n], false)
		case sctp.PayloadTypeWebRTCStringEmpty, sctp.PayloadTypeWebRTCBinaryEmpty: // RFC 8831 §6.6
			handler.Receive(p.live, nil, kind == sctp.PayloadTypeWebRTCStringEmpty)
		default: // DCEP's ACK of what we never opened, and what RFC 8831 §6.6 has given up
		}
	}
}

// drain closes our side of a stream and drops what else comes by it. Until the peer has closed its
// own, which it may never do, the stream counts, and costs little.
func (p *peer) drain(stream *sctp.Stream) {
	_ = stream.Close() // or the association has ended
	little := make([]byte, drainedBytes)
	buf := little
	for {
		n, _, err := stream.ReadSCTP(buf)
		switch {
		case errors.Is(err, io.ErrShortBuffer): // it stays until somebody has room for it: ReceivedBytes at most
			buf = make([]byte, n)
		case err != nil:
			return
		default:
			buf = little
		}
		p.pace.wait(p.live)
	}
}

// drainedBytes is what most messages have that nobody wants.
const drainedBytes = 1 << 10

// leave ends a channel, whose senders learn what has arrived.
func (p *peer) leave(c *Channel) {
	c.settle()
	p.mu.Lock()
	delete(p.channels, c.stream.StreamIdentifier())
	p.mu.Unlock()
	c.mu.Lock()
	c.closed = true
	lost := c.open
	c.open = nil
	c.mu.Unlock()
	for _, m := range lost {
		m.done(false)
	}
}

// Send sends a message of text. It does not wait: where more is under way than may be it fails with
// fault.TooMany, with fault.TooLarge for a message that is too long, and with fault.Gone where the
// channel has ended. Unless it fails, done, which may be nil, is told once whether the peer has it:
// from a goroutine of the peer's, which it must not keep waiting.
func (c *Channel) Send(text []byte, done func(arrived bool)) error {
	p := c.peer
	if len(text) > p.cfg.MessageBytes {
		return fault.New(fault.TooLarge, "data: a message of %d bytes, at most %d", len(text), p.cfg.MessageBytes)
	}
	p.sending.Lock()
	defer p.sending.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errGone
	}
	if n := p.assoc.BufferedAmount(); n+len(text) > p.cfg.QueuedBytes {
		return fault.New(fault.TooMany, "data: %d bytes are under way to the peer, which takes them too slowly", n)
	}
	kind, message := sctp.PayloadTypeWebRTCString, text
	if len(text) == 0 {
		kind, message = sctp.PayloadTypeWebRTCStringEmpty, []byte{0}
	}
	if _, err := c.stream.WriteSCTP(message, kind); err != nil {
		return fault.New(fault.Gone, "data: %w", err)
	}
	c.sent += uint64(len(message))
	if len(c.open) > 0 { // pion tells only when nothing is under way any more, which may never be
		p.arrives()
	}
	if done != nil {
		c.open = append(c.open, parcel{c.sent, done})
	}
	return nil
}

// Close ends the channel from our side: nothing more is sent by it, and the peer is asked to close its
// own. Until it has, what it sends is still received.
func (c *Channel) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	_ = c.stream.Close() // or the association has ended
}

var errGone = fault.New(fault.Gone, "data: the channel has ended")

// settle tells the senders of what has arrived.
func (c *Channel) settle() {
	c.mu.Lock()
	arrived := c.sent - min(c.sent, c.stream.BufferedAmount())
	n := 0
	for n < len(c.open) && c.open[n].end <= arrived {
		n++
	}
	told := c.open[:n:n]
	c.open = c.open[n:]
	c.mu.Unlock()
	for _, m := range told {
		m.done(true)
	}
}
