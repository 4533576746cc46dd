// Package external makes channels of outside RTP addresses, as ARI's external media over UDP
// and Asterisk's UnicastRTP do: a socket of ours, a fixed remote, one codec both ways, and no
// signalling. What the channel hears goes there, what comes from there it says: in a bridge or
// a room it is one party of the others.
//
// Only packets from the remote are taken (strictly, RFC 3550 carries no proof), and only of the
// codec; everything else is counted and dropped. RTCP goes to the port above the remote's and
// is taken from there (RFC 3550 §11), on the port above ours.
//
// Goroutines: one per channel while it ends.
package external

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/ownaddress"
)

// Tech stands before the slash in the channels' names, as in Asterisk.
const Tech = "UnicastRTP"

// The variables that tell where a channel receives.
const (
	LocalAddress = "UNICASTRTP_LOCAL_ADDRESS"
	LocalPort    = "UNICASTRTP_LOCAL_PORT"
)

// Config is what external media is made with.
type Config struct {
	Engine *signaling.Engine
	Ports  *rtp.Ports
	Codecs media.Codecs
	Log    *slog.Logger
	// Address finds where media is to be sent to us.
	Address *ownaddress.Finder
	// Resolve bounds how long the look-up of a host's name may take; 0 is 2 s.
	Resolve time.Duration
}

// defaultResolve is Asterisk's patience with servers of external media.
const defaultResolve = 2 * time.Second

// Media is one channel's.
type Media struct {
	// Host is host:port of the other side.
	Host string
	// Format is the codec by Asterisk's name: ulaw, alaw, g722, slin, slin16 or opus. Payload
	// types are Asterisk's: 0, 8, 9, 11, 118, 107, and 101 for digits.
	Format string
	// Timeout is how long nothing may come before the channel ends; 0 is for ever, as for one
	// that only listens.
	Timeout time.Duration
	// Variables are the channel's.
	Variables []dialplan.Variable
	LinkedID  signaling.ChannelID // the call it belongs to; empty for one of its own
}

// payloadTypes are Asterisk's for codecs that have no static one (its rtp_engine).
var payloadTypes = map[string]uint8{"slin": 11, "slin16": 118, "opus": 107}

const eventType = 101 // of telephone-event

// format finds a codec. The error is of kind fault.Invalid.
func (cfg *Config) format(name string) (media.Format, error) {
	codec := cfg.Codecs.ByConfName(name)
	if codec == nil || !codec.Transcodable() {
		return media.Format{}, fault.New(fault.Invalid, "external media cannot be of format %q", name)
	}
	f := media.Format{Codec: codec, PayloadType: codec.PayloadType}
	if codec.PayloadType == media.DynamicPT {
		pt, known := payloadTypes[codec.ConfName]
		if !known {
			return media.Format{}, fault.New(fault.Invalid, "external media of format %q has no payload type", name)
		}
		f.PayloadType = pt
	}
	return f, nil
}

// resolve finds the address that a host:port names. The error is of kind fault.Invalid or
// fault.Unreachable, or that of ctx.
func (cfg *Config) resolve(ctx context.Context, host string) (netip.AddrPort, error) {
	name, service, err := net.SplitHostPort(host)
	if err != nil || name == "" {
		return netip.AddrPort{}, fault.New(fault.Invalid, "%q is no host:port", host)
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil || port == 0 {
		return netip.AddrPort{}, fault.New(fault.Invalid, "%q is no host:port", host)
	}
	addr, err := netip.ParseAddr(name)
	if err != nil {
		if addr, err = cfg.lookUp(ctx, name); err != nil {
			return netip.AddrPort{}, err
		}
	}
	if addr = addr.Unmap(); addr.IsUnspecified() || addr.IsMulticast() {
		return netip.AddrPort{}, fault.New(fault.Invalid, "%v is nobody's address", addr)
	}
	return netip.AddrPortFrom(addr, uint16(port)), nil
}

func (cfg *Config) lookUp(ctx context.Context, name string) (netip.Addr, error) {
	patience := cfg.Resolve
	if patience == 0 {
		patience = defaultResolve
	}
	limit, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(limit, "ip", name)
	switch {
	case ctx.Err() != nil:
		return netip.Addr{}, context.Cause(ctx)
	case err != nil:
		return netip.Addr{}, fault.New(fault.Unreachable, "external media: %w", err)
	}
	for _, a := range found { // our sockets are IPv4's first
		if a.Unmap().Is4() {
			return a, nil
		}
	}
	return found[0], nil
}

// Open makes a channel of an outside address, which is up at once. The channel's owner joins it
// to others, and hangs it up. The error is of kind fault.Invalid, fault.Unreachable (a name that
// is nobody's) or fault.Unavailable (no port left, too many channels).
func Open(ctx context.Context, cfg *Config, m Media) (*signaling.Channel, error) {
	f, err := cfg.format(m.Format)
	if err != nil {
		return nil, err
	}
	if m.Timeout < 0 {
		return nil, fault.New(fault.Invalid, "a timeout of %v", m.Timeout)
	}
	remote, err := cfg.resolve(ctx, m.Host)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	l, local, err := newLeg(cfg, m, f, remote)
	if err != nil {
		return nil, err
	}
	vars := append([]dialplan.Variable{
		{Name: LocalAddress, Value: local.Addr().String()}, {Name: LocalPort, Value: strconv.Itoa(int(local.Port()))},
	}, m.Variables...)
	c, err := cfg.Engine.Incoming(signaling.Incoming{
		Leg: l, Tech: Tech, Resource: remote.String(), Variables: vars, LinkedID: m.LinkedID,
	})
	if err != nil {
		l.Hangup(signaling.CauseOf(err)) // it was never started: it only lets go
		return nil, err
	}
	if err := c.Answer(ctx); err != nil {
		c.Hangup(signaling.CauseOf(err))
		return nil, err
	}
	return c, nil
}

// newLeg opens the socket.
func newLeg(cfg *Config, m Media, f media.Format, remote netip.AddrPort) (*leg, netip.AddrPort, error) {
	at, err := cfg.Address.For(remote.Addr(), ownaddress.Fixed{})
	if err != nil {
		return nil, netip.AddrPort{}, err
	}
	socket, control, err := cfg.Ports.OpenPairOn(at.Local)
	if err != nil {
		return nil, netip.AddrPort{}, err
	}
	local := netip.AddrPortFrom(at.Told, socket.LocalAddr().Port())
	l := &leg{cfg: cfg, info: signaling.LegInfo{Endpoint: remote.String(), Format: f, Remote: remote.String()}}
	port, err := cfg.Engine.Mixer().NewPort(mixer.PortConfig{
		Name: Tech + "/" + remote.String(), Transport: socket, RTCP: control, Events: l.portEvent, MediaTimeout: m.Timeout,
	})
	if err != nil {
		if cerr := errors.Join(socket.Close(), control.Close()); cerr != nil {
			err = fault.New(fault.Of(err), "%w (and closing the sockets: %v)", err, cerr)
		}
		return nil, netip.AddrPort{}, err
	}
	l.port = port
	digits := media.Events{PayloadType: eventType, ClockRate: f.Codec.ClockRate}
	err = port.SetMedia(mixer.Media{Send: f, Receive: []media.Format{f}, SendEvents: digits, ReceiveEvents: []media.Events{digits}})
	if err != nil {
		port.Close()
		return nil, netip.AddrPort{}, err
	}
	port.SetRemote(remote, false)
	if remote.Port() < math.MaxUint16 { // else there is no port above
		port.SetReports(mixer.ReportPeer{Media: remote, Remote: netip.AddrPortFrom(remote.Addr(), remote.Port()+1)})
	}
	return l, local, nil
}
