package webrtc

import (
	"errors"
	"net"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// Ear is told what a client is sent that no Load has taken over, opened and one packet at a
// time. It keeps nothing of a packet. What does not open is dropped.
type Ear struct {
	Media   func(packet []byte)
	Reports func(packet []byte)
}

// hears opens what comes from the end of the handshake on.
func (c *Client) hears() error {
	if c.cfg.Ear.Media == nil {
		return nil
	}
	r, err := srtp.NewReceiver(c.keys.Receive, srtp.State{}, srtp.Whole)
	c.opener.Store(r)
	return err
}

// hear hands on a packet of media.
func (c *Client) hear(packet []byte) {
	r := c.opener.Load()
	switch {
	case r == nil || len(packet) < rtp.HeaderBytes:
	case !rtp.IsRTCP(packet):
		if plain, err := r.Unprotect(packet); err == nil {
			c.cfg.Ear.Media(plain)
		}
	case c.cfg.Ear.Reports != nil:
		if plain, err := r.UnprotectRTCP(packet); err == nil {
			c.cfg.Ear.Reports(plain)
		}
	}
}

// Mouth seals and sends what a client says, and its reports. It is for one goroutine, and ends
// with the client.
type Mouth struct {
	client *Client
	sealer *srtp.Sender
	buf    []byte
}

// Mouth is that of a connected client, which has one, or is taken over by a Load.
func (c *Client) Mouth() (*Mouth, error) {
	s, err := srtp.NewSender(c.keys.Send, srtp.State{}, srtp.Whole)
	return &Mouth{client: c, sealer: s, buf: make([]byte, 2048)}, err
}

// errLong is a packet that no network takes whole.
var errLong = errors.New("webrtc: a packet that is too long")

// Say sends a packet of RTP.
func (m *Mouth) Say(packet []byte) error { return m.send(packet, m.sealer.Protect) }

// Report sends RTCP.
func (m *Mouth) Report(packet []byte) error { return m.send(packet, m.sealer.ProtectRTCP) }

func (m *Mouth) send(packet []byte, seal func(dst, packet []byte) ([]byte, error)) error {
	if len(packet)+srtp.Overhead > len(m.buf) {
		return errLong
	}
	sealed, err := seal(m.buf, packet)
	if err != nil {
		return err
	}
	_, err = m.client.conn.WriteToUDPAddrPort(sealed, m.client.peer())
	if errors.Is(err, net.ErrClosed) {
		return nil // who has gone says nothing more
	}
	return err
}
