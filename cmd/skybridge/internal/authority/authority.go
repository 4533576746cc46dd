// Package authority is the authority that the settings name for certificates by ACME. It starts no
// goroutine but those of package acme.
package authority

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/skygenesisenterprise/skybridge/internal/certs/acme"
	"github.com/skygenesisenterprise/skybridge/internal/config"
)

// Certificates are those of tls.acme.
func Certificates(ctx context.Context, cfg config.Config, log *slog.Logger) (*acme.Certificates, error) {
	roots, err := Roots(cfg)
	if err != nil {
		return nil, err
	}
	a, ac := cfg.TLS.ACME, acme.Default()
	ac.Domains, ac.Email, ac.Directory, ac.Roots, ac.Log = a.Domains, a.Email, a.Directory, roots, log
	if ac.Folder = filepath.Join(cfg.DataDir, "acme"); a.HTTPListen != config.Off {
		ac.HTTP = a.HTTPListen
	}
	return acme.New(ctx, ac)
}

// Roots are those of tls.acme.ca_file, nil for the system's.
func Roots(cfg config.Config) (*x509.CertPool, error) {
	file := cfg.TLS.ACME.CAFile
	if file == "" {
		return nil, nil //nolint:nilnil // as crypto/tls has it
	}
	text, err := os.ReadFile(file) //nolint:gosec // the operator names it
	roots := x509.NewCertPool()
	if err == nil && !roots.AppendCertsFromPEM(text) {
		err = errors.New("no certificate in PEM")
	}
	if err != nil {
		at := cfg.Origin("tls.acme.ca_file")
		return nil, &config.Error{File: at.File, Line: at.Line, Name: at.Name, Err: fmt.Errorf("tls.acme.ca_file: %w", err)}
	}
	return roots, nil
}
