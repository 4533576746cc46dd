// Package snmp is an SNMP agent that only tells: by SNMPv2c (RFC 1901, RFC 3416) to who knows the
// community, by SNMPv3 (RFC 3412) to users with a password each (USM, RFC 3414, RFC 7860). What it
// tells is read from the registry that Prometheus, REST and the console read; docs/mib has its MIB.
// BER and USM's cryptography are gosnmp's.
//
// An agent has one goroutine, which Close ends.
package snmp

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
)

const (
	maxRequest = 4096 // bytes; a manager's are some hundred
	maxAnswer  = 1400 // bytes, so that none is fragmented
	leastSize  = 484  // bytes, that every manager takes (RFC 3412 §6.1)
	maxNames   = 64   // in a request
	maxRepeats = 64   // of GETBULK
	freshness  = time.Second
)

// Config is what an agent is made of.
type Config struct {
	Listen string // host:port, UDP
	// Community is that of SNMPv2c; "" refuses it.
	Community string
	Users     []User
	// Figures are read at most once a second.
	Figures func() (map[string]float64, error)
	// Folder keeps the identity of the engine (RFC 3411) and how often it has started.
	Folder string
	// Name and Description are sysName and sysDescr.
	Name, Description string
	Started           time.Time
	Now               func() time.Time
	Log               *slog.Logger
}

// Agent answers at one port.
type Agent struct {
	cfg    Config
	conn   *net.UDPConn
	engine engine
	users  map[string]*gosnmp.UsmSecurityParameters
	levels map[string]gosnmp.SnmpV3MsgFlags
	counts usmCounts
	tree   tree
	read   time.Time // when the figures were
	done   sync.WaitGroup
	quiet  gosnmp.Logger
}

// Listen opens the port and answers until Close.
func Listen(cfg Config) (*Agent, error) {
	a := &Agent{cfg: cfg, quiet: gosnmp.NewLogger(log.New(io.Discard, "", 0))}
	var err error
	if a.engine, err = loadEngine(cfg.Folder, cfg.Now()); err != nil {
		return nil, err
	}
	if err := a.know(cfg.Users); err != nil {
		return nil, err
	}
	addr, err := net.ResolveUDPAddr("udp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("snmp: %w", err)
	}
	if a.conn, err = net.ListenUDP("udp", addr); err != nil {
		return nil, fmt.Errorf("snmp: %w", err)
	}
	a.done.Add(1)
	go a.serve() // owned by a, ended by Close
	return a, nil
}

// Addr is where the agent listens.
func (a *Agent) Addr() netip.AddrPort { return a.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

// Close ends the agent.
func (a *Agent) Close() error {
	err := a.conn.Close()
	a.done.Wait()
	return err
}

func (a *Agent) serve() {
	defer guard.Recover(a.cfg.Log, "the SNMP agent")
	defer a.done.Done()
	buf := make([]byte, maxRequest)
	for {
		n, from, err := a.conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // an ICMP message for an answer before
			continue
		}
		var out []byte
		guard.Do(a.cfg.Log, "an SNMP request", func() { out, err = a.answer(buf[:n]) })
		if err != nil {
			a.cfg.Log.Debug("SNMP request not answered", "from", from, "err", err)
			continue
		}
		if len(out) == 0 { // it panicked
			continue
		}
		if _, err := a.conn.WriteToUDPAddrPort(out, from); err != nil {
			a.cfg.Log.Debug("SNMP answer not sent", "to", from, "err", err)
		}
	}
}

// answer is what is said to a request; nothing to who may not ask, or to what is none.
func (a *Agent) answer(request []byte) ([]byte, error) {
	in, err := (&gosnmp.GoSNMP{Logger: a.quiet}).SnmpDecodePacket(request)
	if in != nil && in.Version == gosnmp.Version3 {
		return a.answerUser(request, in)
	}
	switch {
	case err != nil:
		return nil, err
	case in.Version != gosnmp.Version2c:
		return nil, errors.New("SNMPv1 is not spoken")
	case a.cfg.Community == "" || subtle.ConstantTimeCompare([]byte(in.Community), []byte(a.cfg.Community)) != 1:
		return nil, errors.New("unknown community")
	}
	out := &gosnmp.SnmpPacket{Version: in.Version, Community: in.Community, Logger: a.quiet}
	return a.fill(out, in, maxAnswer)
}

// fill is the answer, of so many bytes at most, to a request of somebody who may ask.
func (a *Agent) fill(out, in *gosnmp.SnmpPacket, most int) ([]byte, error) {
	out.PDUType, out.RequestID = gosnmp.GetResponse, in.RequestID
	if len(in.Variables) > maxNames {
		out.Error = gosnmp.TooBig
		return out.MarshalMsg()
	}
	names := make([]oid, len(in.Variables))
	for i, v := range in.Variables {
		var err error
		if names[i], err = parseOID(v.Name); err != nil {
			return nil, err
		}
	}
	if err := a.refresh(); err != nil {
		a.cfg.Log.Warn("SNMP: figures not read", "err", err)
		out.Error, out.Variables = gosnmp.GenErr, in.Variables
		return out.MarshalMsg()
	}
	switch in.PDUType {
	case gosnmp.GetRequest:
		for _, name := range names {
			out.Variables = append(out.Variables, a.tree.get(name))
		}
	case gosnmp.GetNextRequest:
		for _, name := range names {
			out.Variables = append(out.Variables, a.tree.next(name))
		}
	case gosnmp.GetBulkRequest:
		return a.bulk(out, names, int(in.NonRepeaters), int(in.MaxRepetitions), most)
	case gosnmp.SetRequest:
		out.Error, out.ErrorIndex, out.Variables = gosnmp.NotWritable, 1, in.Variables
	default:
		return nil, fmt.Errorf("no answer to a PDU of type %#x", byte(in.PDUType))
	}
	text, err := out.MarshalMsg()
	if err == nil && len(text) > most {
		out.Error, out.Variables = gosnmp.TooBig, nil
		return out.MarshalMsg()
	}
	return text, err
}

// bulk answers GETBULK (RFC 3416 §4.2.3): as much of what was asked for as there is room for.
func (a *Agent) bulk(out *gosnmp.SnmpPacket, names []oid, first, rounds, most int) ([]byte, error) {
	best, err := out.MarshalMsg()
	add := func(v gosnmp.SnmpPDU) (fits bool) {
		out.Variables = append(out.Variables, v)
		var text []byte
		if text, err = out.MarshalMsg(); err == nil && len(text) <= most {
			best, fits = text, true
		}
		return fits
	}
	first = min(first, len(names))
	for _, name := range names[:first] {
		if !add(a.tree.next(name)) {
			return best, err
		}
	}
	last := names[first:]
	for range min(rounds, maxRepeats) {
		ended := true
		for i, name := range last {
			v := a.tree.next(name)
			if !add(v) {
				return best, err
			}
			if v.Type != gosnmp.EndOfMibView {
				ended = false
				if last[i], err = parseOID(v.Name); err != nil {
					return nil, err
				}
			}
		}
		if ended {
			break
		}
	}
	return best, err
}

// refresh reads the figures anew, unless they are fresh.
func (a *Agent) refresh() error {
	now := a.cfg.Now()
	if a.tree != nil && now.Sub(a.read) < freshness && !now.Before(a.read) {
		return nil
	}
	figures, err := a.cfg.Figures()
	if err != nil {
		return err
	}
	a.tree, a.read = a.plant(figures, now), now
	return nil
}
