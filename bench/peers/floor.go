package peers

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os/exec"
	"strconv"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/client"
	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// Floor is a program that receives one packet and sends one for every leg in 20 ms, on
// the kind of sockets and with the tick that Skybridge has, and does nothing with them:
// what any server of that kind costs at the least. Program is this program, Args what
// makes it call RunFloor; the number of legs follows.
type Floor struct {
	Program string
	Args    []string
}

// Name implements Contender.
func (Floor) Name() string { return "floor" }

// Start implements Contender. The program starts with Connect, which knows how many legs
// there are.
func (f Floor) Start(_ context.Context, at Place) (Instance, error) {
	return &floor{Floor: f, at: at}, nil
}

type floor struct {
	Floor
	at Place
	*Process
}

// PID implements Instance.
func (f *floor) PID() int {
	if f.Process == nil {
		return 0
	}
	return f.Process.PID()
}

// Close implements Instance.
func (f *floor) Close() error {
	if f.Process == nil {
		return nil
	}
	return f.Process.Close() // and with it the pipes
}

// Connect implements Instance.
func (f *floor) Connect(_ context.Context, l Layout) ([]client.Media, error) {
	cmd := exec.Command(f.Program, append(f.Args[:len(f.Args):len(f.Args)], strconv.Itoa(l.Legs))...) //nolint:noctx // Close ends it
	orders, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	answers, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if f.Process, err = Launch("floor", f.at.Core, cmd); err != nil {
		return nil, err
	}
	peers := make([]uint16, l.Legs)
	for i := range peers {
		peers[i] = l.Port(i)
	}
	if err := json.NewEncoder(orders).Encode(peers); err != nil {
		return nil, fmt.Errorf("floor: %w", errors.Join(err, f.Ended()))
	}
	var ports []uint16
	if err := json.NewDecoder(answers).Decode(&ports); err != nil {
		return nil, fmt.Errorf("floor: %w", errors.Join(err, f.Ended()))
	}
	ends := make([]client.Media, len(ports))
	for i, p := range ports {
		ends[i] = client.Media{Address: netip.AddrPortFrom(Host, p), PayloadType: l.Codec(i).PayloadType}
	}
	return ends, nil
}

// floorTick is the tick of Skybridge's workers; a frame has four.
const floorTick = 5 * time.Millisecond

// RunFloor is the floor program. It reads the ports of its peers, writes its own, and
// works until in ends. The caller's thread is not to be used for anything else.
func RunFloor(legs int, in io.Reader, out io.Writer) error {
	if legs < 1 || legs > load.MaxLegs {
		return fmt.Errorf("floor: %d legs; 1 to %d can be had", legs, load.MaxLegs)
	}
	lines := bufio.NewReader(in)
	var peers []uint16
	text, err := lines.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("floor: read the peers' ports: %w", err)
	}
	if err := json.Unmarshal(text, &peers); err != nil || len(peers) != legs {
		return fmt.Errorf("floor: %d ports of peers for %d legs: %w", len(peers), legs, err)
	}
	cfg := rtp.DefaultPortsConfig()
	cfg.Addresses = []netip.Addr{Host}
	cfg.First, cfg.Last = firstRTP, lastRTP
	open, err := rtp.NewPorts(cfg)
	if err != nil {
		return err
	}
	sockets, ports := make([]*rtp.Socket, legs), make([]uint16, legs)
	for i := range sockets {
		s, err := open.Open()
		if err != nil {
			return err
		}
		if err := s.Connect(netip.AddrPortFrom(Host, peers[i])); err != nil {
			return err
		}
		sockets[i], ports[i] = s, s.LocalAddr().Port()
	}
	if err := json.NewEncoder(out).Encode(ports); err != nil {
		return err
	}
	ended := make(chan struct{})
	// owned by RunFloor: ends with in
	go func() {
		defer func() {
			_ = recover() // the end of the input is all it is for
			close(ended)
		}()
		_, _ = io.Copy(io.Discard, lines) // whatever it was, it has ended
	}()
	return work(sockets, ended)
}

// work is the tick.
func work(sockets []*rtp.Socket, ended <-chan struct{}) error {
	const phases = int(load.Frame / floorTick)
	clock, err := load.NewClock()
	if err != nil {
		return err
	}
	load.Schedule()
	batch := rtp.NewBatch(0, 0)
	packet := make([]byte, rtp.HeaderBytes+160)
	h := rtp.Header{SSRC: 1}
	start := clock.Now()
	for tick := 0; ; tick++ {
		select {
		case <-ended:
			return nil
		default:
		}
		clock.SleepUntil(start + int64(tick)*int64(floorTick))
		if tick%phases == 0 {
			h.SequenceNumber++
			h.Timestamp += 160
			h.Put(packet)
		}
		for i := tick % phases; i < len(sockets); i += phases {
			if _, err := sockets[i].Recv(batch); err != nil {
				return err
			}
			if err := sockets[i].Send(packet); err != nil {
				return err
			}
		}
	}
}

// Silent implements Silent: the same packet goes to all.
func (*floor) Silent() {}
