package peers

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"

	"github.com/skygenesisenterprise/skybridge/bench/client"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// Layout is who talks with whom. Legs are counted from 0.
type Layout struct {
	Legs int
	// Room is how many are in a room: leg i is in room i/Room. 0 is calls of two, leg 2k
	// the caller of leg 2k+1.
	Room int
	// Codecs are those of legs with even and odd numbers.
	Codecs [2]client.Codec
	// Levels tells that parties with Opus tell the level of what they send, as browsers do.
	// Keys, where not nil, has a key for each leg: they speak SRTP.
	Levels bool
	Keys   []srtp.Master
	// Port is where a leg receives, on Host.
	Port func(leg int) uint16
}

// Codec is a leg's.
func (l *Layout) Codec(leg int) client.Codec { return l.Codecs[leg%2] }

// end is a leg's own end.
func (l *Layout) end(leg int) client.Media {
	m := client.Media{Address: netip.AddrPortFrom(Host, l.Port(leg)), PayloadType: l.Codec(leg).PayloadType}
	if l.Levels && l.Codec(leg).Name == client.Opus.Name {
		m.LevelID = levelID
	}
	if l.Keys != nil {
		m.Key = l.Keys[leg]
	}
	return m
}

// levelID is the number that we offer.
const levelID = 1

// Host is the address that everything here is on.
var Host = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// ErrUnavailable is in the error of a contender that cannot be had on this machine.
var ErrUnavailable = errors.New("not to be had here")

// Contender is something to be measured.
type Contender interface {
	// Name is what it is called in tables.
	Name() string
	// Start starts it and waits until it takes calls.
	Start(ctx context.Context, at Place) (Instance, error)
}

// Place is where a contender runs.
type Place struct {
	Core int    // of the processor; below 0 for any
	Dir  string // an empty folder
	Log  *slog.Logger
	// Ordinary gives nobody real-time priority that does not take it by itself.
	Ordinary bool
	// Phones is who else talks with it, where anybody does.
	Phones Phones
}

// Phones are accounts that may register with a contender that speaks SIP, by traffic.User
// and traffic.Password.
type Phones struct {
	Accounts int
	// Port is where they are reached, and called; 0 for where calls are set up.
	Port uint16
}

// Numbers that phones call.
const (
	// Answered is answered by the server, which then waits.
	Answered = "81000"
	// Through is the server's call to who answers at Phones' port.
	Through = "110000"
)

// Listens is an Instance that speaks SIP, and where.
type Listens interface{ Listens() netip.AddrPort }

// Instance is a running contender.
type Instance interface {
	// PID is the process that is measured, with all that comes of it.
	PID() int
	// Connect sets everything of a layout up and gives the server's end of each leg.
	Connect(ctx context.Context, l Layout) ([]client.Media, error)
	// Close ends the contender and all its calls.
	Close() error
}

// Silent is an Instance whose sound means nothing.
type Silent interface{ Silent() }

// Console is an Instance that answers commands.
type Console interface {
	Ask(ctx context.Context, command string) (string, error)
}
