package main

import (
	"crypto/tls"
	"time"

	"github.com/skygenesisenterprise/skybridge/cmd/skybridge/internal/clients"
	"github.com/skygenesisenterprise/skybridge/internal/certs"
	"github.com/skygenesisenterprise/skybridge/internal/config"
)

// certificate reads the certificate, the public keys of tokens and whose certificates open the
// API, and gives what puts them into effect.
func (s *server) certificate(in *installation, cfg config.Config) (use func(), err error) {
	file, key := cfg.TLS.CertFile, cfg.TLS.KeyFile
	if in.certFile != "" && cfg.AsteriskDir != "" && !cfg.IsSet("tls.cert_file") {
		file, key = in.certFile, in.keyFile // the files may name another one now
	}
	var cert tls.Certificate
	if file == "" {
		cert, err = certs.SelfSigned(cfg.DataDir, time.Now())
	} else if cert, err = certs.Load(file, key); err != nil {
		err = &config.Error{File: file, Err: err}
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
	return func() {
		s.tls.Use(cert, in.tlsServer)
		s.auth.UseClients(services)
		s.tls.UseClients(services.Asking())
		s.auth.UsePublicKeys(keys)
	}, nil
}
