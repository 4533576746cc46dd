package main

import (
	"context"
	"crypto/tls"
	"net/netip"
	"time"

	"github.com/skygenesisenterprise/skybridge/cmd/skybridge/internal/authority"
	"github.com/skygenesisenterprise/skybridge/cmd/skybridge/internal/clients"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/tlsserver"
	"github.com/skygenesisenterprise/skybridge/internal/certs"
	"github.com/skygenesisenterprise/skybridge/internal/config"
)

// source is where the listeners' certificate comes from.
func (s *server) source(in *installation, cfg config.Config) (tlsserver.Source, error) {
	if s.acme != nil {
		in.tlsClient.GetClientCertificate = s.acme.Own
		return tlsserver.Source{Certificate: s.acme.Certificate, Proof: s.acme.Proof}, nil
	}
	own := cfg.TLS
	if in.certFile != "" && cfg.AsteriskDir != "" && !cfg.IsSet("tls.cert_file") {
		own = config.TLS{CertFile: in.certFile, KeyFile: in.keyFile} // the files may name another one now
	}
	if own.CertFile == "" {
		cert, err := certs.SelfSigned(cfg.DataDir, time.Now())
		return tlsserver.One(cert), err
	}
	cert, err := certs.Load(own.Texts())
	if err != nil {
		return tlsserver.Source{}, &config.Error{File: own.CertFile, Err: err}
	}
	in.tlsClient.Certificates = []tls.Certificate{cert} // for a server that asks for one
	return tlsserver.One(cert), nil
}

// certificate reads the certificate, the public keys of tokens and whose certificates open the
// API, and gives what puts them into effect.
func (s *server) certificate(ctx context.Context, in *installation, cfg config.Config) (use func(), err error) {
	source, err := s.source(in, cfg)
	if err != nil {
		return nil, err
	}
	keys, err := publicKeys(cfg.Auth.JWTKey)
	if err != nil {
		return nil, err
	}
	services, err := clients.Read(cfg)
	if err != nil {
		return nil, err
	}
	secret, err := jwtSecret(ctx, cfg, s.db)
	if err != nil {
		return nil, err
	}
	return func() {
		s.auth.UseSecret(secret)
		s.tls.Use(source, in.tlsServer)
		s.auth.UseClients(services)
		s.tls.UseClients(services.Asking())
		s.auth.UsePublicKeys(keys)
	}, nil
}

func (s *server) loadCertificate(ctx context.Context) (err error) {
	if s.cfg.TLS.ACME.On() {
		if s.acme, err = authority.Certificates(ctx, s.cfg, s.log); err != nil {
			return err
		}
		s.defers(s.acme.Close)
	}
	use, err := s.certificate(ctx, s.loaded.Load(), s.cfg)
	if err == nil {
		use()
	}
	return err
}

// startACME gets certificates, now that there are listeners for proof.
func (s *server) startACME(context.Context) error {
	switch {
	case s.acme == nil:
	case s.api != nil && s.cfg.API.TLS:
		s.acme.Start(netip.MustParseAddrPort(s.api.Addr().String()).Port())
	default:
		s.acme.Start(0)
	}
	return nil
}

// later tells which secrets and certificates of a reload do not take effect yet.
func (s *server) later(fresh config.Config) {
	if keys := s.cfg.Later(fresh); len(keys) > 0 {
		s.log.Warn("these settings change when the server is started again", "keys", keys)
	}
}
