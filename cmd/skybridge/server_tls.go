package main

import (
	"context"
	"crypto/tls"
	"time"

	"github.com/skygenesisenterprise/skybridge/cmd/skybridge/internal/clients"
	"github.com/skygenesisenterprise/skybridge/internal/certs"
	"github.com/skygenesisenterprise/skybridge/internal/config"
)

// certificate reads the certificate, the public keys of tokens and whose certificates open the
// API, and gives what puts them into effect.
func (s *server) certificate(ctx context.Context, in *installation, cfg config.Config) (use func(), err error) {
	own := cfg.TLS
	if in.certFile != "" && cfg.AsteriskDir != "" && !cfg.IsSet("tls.cert_file") {
		own = config.TLS{CertFile: in.certFile, KeyFile: in.keyFile} // the files may name another one now
	}
	var cert tls.Certificate
	if own.CertFile == "" {
		cert, err = certs.SelfSigned(cfg.DataDir, time.Now())
	} else if cert, err = certs.Load(own.Texts()); err != nil {
		err = &config.Error{File: own.CertFile, Err: err}
	} else {
		in.tlsClient.Certificates = []tls.Certificate{cert} // for a server that asks for one
	}
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
		s.tls.Use(cert, in.tlsServer)
		s.auth.UseClients(services)
		s.tls.UseClients(services.Asking())
		s.auth.UsePublicKeys(keys)
	}, nil
}

func (s *server) loadCertificate(ctx context.Context) error {
	use, err := s.certificate(ctx, s.loaded.Load(), s.cfg)
	if err == nil {
		use()
	}
	return err
}
