package peers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/client"
)

// RTPEngine is Debian's rtpengine, forwarding in the process and not in the kernel. It
// knows of calls of two only.
type RTPEngine struct{}

// Name implements Contender.
func (RTPEngine) Name() string { return "rtpengine" }

// Start implements Contender.
func (RTPEngine) Start(ctx context.Context, at Place) (_ Instance, err error) {
	program, err := exec.LookPath("rtpengine")
	if err != nil {
		return nil, fmt.Errorf("rtpengine: %w: %w", ErrUnavailable, err)
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	address := netip.AddrPortFrom(Host, uint16(port))
	p, err := Launch("rtpengine", at.Core, urgent(exec.Command(program, //nolint:noctx // Close ends it
		"--foreground", "--log-stderr", "--log-level=3", "--table=-1", "--num-threads=1",
		"--interface="+Host.String(), "--listen-ng="+address.String(),
		"--port-min="+strconv.Itoa(firstRTP), "--port-max="+strconv.Itoa(lastRTP))))
	if err != nil {
		return nil, err
	}
	e := &rtpEngine{Process: p, address: address, log: at.Log}
	if err := p.until(ctx, func(ctx context.Context) error {
		_, err := e.ask(ctx, dictionary{"command": "ping"})
		return err
	}); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return e, nil
}

type rtpEngine struct {
	*Process
	address netip.AddrPort
	log     *slog.Logger
	cookies atomic.Uint64
}

// Connect implements Instance.
func (e *rtpEngine) Connect(ctx context.Context, l Layout) ([]client.Media, error) {
	if l.Room != 0 {
		return nil, fmt.Errorf("rtpengine: %w: it has no rooms", ErrUnavailable)
	}
	ends := make([]client.Media, l.Legs)
	err := inParallel(ctx, e.log, l.Legs/2, func(ctx context.Context, i int) error {
		a, b := 2*i, 2*i+1
		from, to := l.Codec(a), l.Codec(b)
		call := dictionary{"call-id": strconv.Itoa(i), "from-tag": "a", "ICE": "remove"}
		if from.Name != to.Name {
			call["codec"] = dictionary{"mask": list{from.Name}, "transcode": list{to.Name}}
		}
		var err error
		if ends[b], err = e.describe(ctx, call, "offer", from.Describe(l.end(a)), to); err != nil {
			return err
		}
		delete(call, "codec")
		call["to-tag"] = "b"
		own := l.end(b)
		own.PayloadType = ends[b].PayloadType
		ends[a], err = e.describe(ctx, call, "answer", to.Describe(own), from)
		return err
	})
	return ends, err
}

// describe gives rtpengine one party's description; it makes that for the other.
func (e *rtpEngine) describe(ctx context.Context, call dictionary, command, sdp string, other client.Codec) (client.Media, error) {
	call["command"], call["sdp"] = command, sdp
	answer, err := e.ask(ctx, call)
	if err != nil {
		return client.Media{}, err
	}
	text, ok := answer["sdp"].(string)
	if !ok {
		return client.Media{}, fmt.Errorf("rtpengine: %s: %v", command, answer)
	}
	return other.Find(text)
}

// ask says something by the ng protocol: a cookie and a dictionary in a datagram.
func (e *rtpEngine) ask(ctx context.Context, what dictionary) (dictionary, error) {
	conn, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(e.address))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	deadline := time.Now().Add(5 * time.Second)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	if err := conn.SetDeadline(deadline); err != nil {
		return nil, err
	}
	cookie := strconv.FormatUint(e.cookies.Add(1), 10)
	if _, err := conn.Write([]byte(cookie + " " + bencode(what))); err != nil {
		return nil, err
	}
	buf := make([]byte, 1<<16)
	n, err := conn.Read(buf)
	if err != nil {
		return nil, errors.Join(err, e.Ended())
	}
	text, ok := strings.CutPrefix(string(buf[:n]), cookie+" ")
	if !ok {
		return nil, fmt.Errorf("rtpengine: answer %q to something else", buf[:n])
	}
	v, _, err := readBencode(text, 0)
	if err != nil {
		return nil, err
	}
	answer, ok := v.(dictionary)
	if result := answer["result"]; !ok || result != "ok" && result != "pong" {
		return nil, fmt.Errorf("rtpengine: %v: %v", what["command"], v)
	}
	return answer, nil
}
