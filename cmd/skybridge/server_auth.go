package main

import (
	"context"
	"os"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/limit"
	"github.com/skygenesisenterprise/skybridge/cmd/skybridge/internal/guards"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/auth/jwks"
	"github.com/skygenesisenterprise/skybridge/internal/config"
)

// startAuth makes what checks tokens and keys. An identity provider that does not answer keeps
// nothing from starting: see ready.
func (s *server) startAuth(ctx context.Context) (err error) {
	bounds, err := guards.API(s.cfg.API)
	if err != nil {
		return err
	}
	s.limits = limit.New(bounds, time.Now)
	var provider auth.Provider // nil for none, as a nil *jwks.Remote would not be
	if s.cfg.Auth.JWKSURL != "" {
		jc := jwks.Default()
		jc.URL, jc.Refresh, jc.Log = s.cfg.Auth.JWKSURL, s.cfg.Auth.JWKSRefresh, s.log
		remote, err := jwks.Follow(jc)
		if err != nil {
			return err
		}
		s.defers(remote.Close)
		provider = remote
	}
	s.auth, err = newAuthenticator(ctx, s.cfg, s.db, provider, s.log)
	return err
}

// publicKeys reads the keys of a file; none without one.
func publicKeys(file string) ([]jwks.Key, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file) //nolint:gosec // the operator names it
	if err != nil {
		return nil, &config.Error{File: file, Err: err}
	}
	keys, err := jwks.ParseFile(text)
	if err != nil {
		return nil, &config.Error{File: file, Err: err}
	}
	return keys, nil
}
