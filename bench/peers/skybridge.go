package peers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/skygenesisenterprise/skybridge/bench/client"
)

// Skybridge is this server, with the files that Asterisk has.
type Skybridge struct {
	Program string
	// Args are further arguments of serve.
	Args []string
	// Env is added to its environment.
	Env []string
}

// Name implements Contender.
func (Skybridge) Name() string { return "skybridge" }

// Start implements Contender.
func (s Skybridge) Start(ctx context.Context, at Place) (Instance, error) {
	data := filepath.Join(at.Dir, "data")
	running, err := startSIP(ctx, at, "skybridge", func(etc string) (*exec.Cmd, error) {
		args := []string{"serve", "--asterisk-dir", etc, "--data-dir", data, "--set", "log.level=warn"}
		for _, key := range []string{"sip.tls_listen", "ari.listen", "ari.tls_listen", "api.listen", "webrtc.listen", "turn.listen", "turn.tls_listen"} {
			args = append(args, "--set", key+"=off")
		}
		cmd := exec.Command(s.Program, append(args, s.Args...)...) //nolint:noctx // Close ends it
		cmd.Env = append(cmd.Environ(), s.Env...)
		return cmd, nil
	})
	if err != nil {
		return nil, err
	}
	return &skybridge{running, s.Program, data}, nil
}

type skybridge struct {
	*sipServer
	program, data string
}

// Ask implements Console.
func (s *skybridge) Ask(ctx context.Context, command string) (string, error) {
	return ask(ctx, s.program, s.data, command)
}

func ask(ctx context.Context, program, data, command string) (string, error) {
	out, err := exec.CommandContext(ctx, program, "rx", command, "--data-dir", data).Output()
	if err != nil {
		return "", fmt.Errorf("skybridge: %s: %w", command, err)
	}
	return string(out), nil
}

// sipServer is a running server that has the configuration.
type sipServer struct {
	*Process
	*Calls
	at netip.AddrPort
}

// Listens implements Listens.
func (s *sipServer) Listens() netip.AddrPort { return s.at }

// Close implements Instance.
func (s *sipServer) Close() error { return errors.Join(s.Process.Close(), s.Calls.Close()) }

// startSIP writes the configuration, starts a server with it and waits until it answers.
func startSIP(ctx context.Context, at Place, name string, command func(etc string) (*exec.Cmd, error)) (_ *sipServer, err error) {
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	server := netip.AddrPortFrom(Host, uint16(port))
	calls, err := NewCalls(netip.AddrPortFrom(Host, 0), server, "load", "", at.Log)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, calls.Close())
		}
	}()
	calls.Secure = "secure"
	calls.Room = func(n int) string { return "9" + strconv.Itoa(1000+n) }
	calls.Dial = func(c client.Codec, n int) string { return prefix(c) + Number(n) }
	etc := filepath.Join(at.Dir, "etc")
	if err := writeConfig(etc, port, int(cmp.Or(at.Phones.Port, calls.agent.Local().Port())), at.Phones.Accounts); err != nil {
		return nil, err
	}
	cmd, err := command(etc)
	if err != nil {
		return nil, err
	}
	p, err := Launch(name, at.Core, cmd)
	if err != nil {
		return nil, err
	}
	if err := p.until(ctx, calls.Ready); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), p.Close())
	}
	return &sipServer{p, calls, server}, nil
}

// prefix is the dialplan's figure for calls to a party that has a codec.
func prefix(c client.Codec) string {
	switch c.Name {
	case client.G722.Name:
		return "2"
	case client.Opus.Name:
		return "3"
	default:
		return "1"
	}
}
