// Package clients reads which services prove themselves to the API by a certificate, as the
// settings say. It starts no goroutine.
package clients

import (
	"errors"
	"fmt"
	"os"

	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/auth/mutual"
	"github.com/skygenesisenterprise/skybridge/internal/config"
)

// Read gives them, nil where the settings have no authorities of theirs. Errors are *config.Error.
func Read(cfg config.Config) (*mutual.Clients, error) {
	if cfg.API.ClientCA == "" {
		return nil, nil //nolint:nilnil // none are asked for
	}
	mc := mutual.Config{Required: cfg.API.ClientAuth == config.Required}
	var err error
	if mc.Authorities, err = read(cfg.API.ClientCA); err != nil {
		return nil, wrong(cfg, "api.client_ca", cfg.API.ClientCA, err)
	}
	if cfg.API.ClientCRL != "" {
		if mc.Lists, err = read(cfg.API.ClientCRL); err != nil {
			return nil, wrong(cfg, "api.client_crl", cfg.API.ClientCRL, err)
		}
	}
	for _, s := range cfg.Auth.Services {
		if err := check(s); err != nil {
			return nil, wrong(cfg, "auth.services", s.Name, err)
		}
		mc.Services = append(mc.Services, mutual.Service{Name: s.Name, URI: s.URI, DNS: s.DNS, CommonName: s.CN, Scopes: s.Scopes})
	}
	c, err := mutual.New(mc)
	var authorities *mutual.AuthoritiesError
	var lists *mutual.ListsError
	switch {
	case errors.As(err, &authorities):
		return nil, wrong(cfg, "api.client_ca", cfg.API.ClientCA, err)
	case errors.As(err, &lists):
		return nil, wrong(cfg, "api.client_crl", cfg.API.ClientCRL, err)
	case err != nil:
		at := cfg.Origin("auth.services")
		return nil, &config.Error{File: at.File, Line: at.Line, Name: at.Name, Err: fmt.Errorf("auth.services: %w", err)}
	}
	return c, nil
}

func check(s config.Service) error {
	if err := auth.CheckUser(s.Name); err != nil {
		return err
	}
	if len(s.Scopes) > auth.MaxScopes {
		return fmt.Errorf("%d scopes, at most %d", len(s.Scopes), auth.MaxScopes)
	}
	for _, scope := range s.Scopes {
		if _, err := auth.ParseScope(scope); err != nil {
			return err
		}
	}
	return nil
}

// read gives a file, empty but there for an empty one.
func read(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, errors.Unwrap(err) // the caller names it
	}
	if info.Size() > mutual.MaxFile {
		return nil, fmt.Errorf("%d bytes, at most %d", info.Size(), mutual.MaxFile)
	}
	text, err := os.ReadFile(file) //nolint:gosec // the operator names it
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	return append([]byte{}, text...), nil
}

func wrong(cfg config.Config, key, what string, err error) error {
	at := cfg.Origin(key)
	return &config.Error{File: at.File, Line: at.Line, Name: at.Name, Err: fmt.Errorf("%s: %s: %w", key, what, err)}
}
