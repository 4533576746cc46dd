package peers

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/auth"
)

// Served is a running Skybridge whose API and WebRTC port are open, and nothing else.
type Served struct {
	*Process
	// API is where the API is.
	API netip.AddrPort

	tokens        *auth.Authenticator
	program, data string
}

// Serve starts it, and waits until it is ready. Its limits of requests are counted, and never
// reached.
func (s Skybridge) Serve(ctx context.Context, at Place) (_ *Served, err error) {
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	secret := rand.Text()
	tokens, err := auth.New(auth.Config{Secret: []byte(secret)}, nil)
	if err != nil {
		return nil, err
	}
	x := &Served{
		API: netip.AddrPortFrom(Host, uint16(port)), tokens: tokens, program: s.Program, data: filepath.Join(at.Dir, "data"),
	}
	settings := []string{"log.level=warn", "api.listen=" + x.API.String(), "webrtc.listen=" + Host.String() + ":0", "auth.jwt_secret=" + secret}
	for _, key := range []string{"sip.listen", "sip.tls_listen", "ari.listen", "ari.tls_listen", "turn.listen", "turn.tls_listen"} {
		settings = append(settings, key+"=off")
	}
	for _, of := range []string{"user", "address"} {
		settings = append(settings, "api.rate_limit."+of+".per_minute=60000000", "api.rate_limit."+of+".burst=1000000")
	}
	args := []string{"serve", "--data-dir", x.data}
	for _, set := range settings {
		args = append(args, "--set", set)
	}
	cmd := exec.Command(s.Program, append(args, s.Args...)...) //nolint:noctx // Close ends it
	cmd.Env = append(cmd.Environ(), s.Env...)
	if x.Process, err = Launch(s.Name(), at.Core, cmd); err != nil {
		return nil, err
	}
	if err := x.until(ctx, x.ready); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", s.Name(), err), x.Close())
	}
	return x, nil
}

func (s *Served) ready(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.API.String()+"/readyz", nil)
	if err != nil {
		return err
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	if err := resp.Body.Close(); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return nil
}

// Token is one of a user's, for an hour.
func (s *Served) Token(user string, roles ...auth.Role) (string, error) {
	return s.tokens.Issue(auth.Principal{User: user, Roles: roles}, time.Hour)
}

// Ask implements Console.
func (s *Served) Ask(ctx context.Context, command string) (string, error) {
	return ask(ctx, s.program, s.data, command)
}
