// Package tlsclient is how TLS connections that we open are made, as transports of pjsip.conf say.
// No goroutine.
package tlsclient

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
)

// Config is how TLS connections that we open are made. As in Asterisk, a
// transport's verify_server decides whether the other side must prove its name, and
// without it nothing but eavesdropping is kept out: whoever sits on the way can be
// the other side, and hear what a digest of the password is. One transport that
// verifies makes all connections verified, against the authorities of all.
func Config(transports []endpoint.Transport) (*tls.Config, []asterisk.Warning) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true} //nolint:gosec // verify_server = no is Asterisk's default
	var warnings []asterisk.Warning
	for _, t := range transports {
		if t.Protocol != "tls" || !t.VerifyServer {
			continue
		}
		c.InsecureSkipVerify = false
		if t.CAFile == "" && t.CAPath == "" {
			continue // the system's authorities
		}
		if c.RootCAs == nil {
			c.RootCAs = x509.NewCertPool()
		}
		if err := AddAuthorities(c.RootCAs, t.CAFile, t.CAPath); err != nil {
			warnings = append(warnings, asterisk.Warning{
				File: t.File, Line: t.Line, Text: fmt.Sprintf("transport %s: certificate authorities: %v", t.Name, err),
				Asterisk: "does not start the transport", Here: "servers whose authority is missing are refused", Fix: "put the files there",
			})
		}
	}
	return c, warnings
}

// AddAuthorities adds the certificates of a file and of a folder's files; either may
// be empty.
func AddAuthorities(pool *x509.CertPool, file, folder string) error {
	var errs []error
	var files []string
	if file != "" {
		files = append(files, file)
	}
	if folder != "" {
		entries, err := os.ReadDir(folder)
		errs = append(errs, err)
		for _, e := range entries {
			if !e.IsDir() {
				files = append(files, filepath.Join(folder, e.Name()))
			}
		}
	}
	found := false
	for _, f := range files {
		text, err := os.ReadFile(f)
		errs = append(errs, err)
		found = pool.AppendCertsFromPEM(text) || found // a folder may hold other files too
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if !found {
		return errors.New("no certificate in them")
	}
	return nil
}
