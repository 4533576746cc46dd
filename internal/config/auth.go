package config

import (
	"errors"
	"net/netip"
	"net/url"
	"time"
)

// Auth is who may use the API.
type Auth struct {
	// JWTSecret signs and checks HS256 tokens; made and kept in data_dir when empty.
	JWTSecret string `koanf:"jwt_secret" yaml:"jwt_secret"`
	// JWTKey has the public keys of tokens, in PEM or as a JWK Set.
	JWTKey string `koanf:"jwt_key_file" yaml:"jwt_key_file"`
	// JWKSURL is where an identity provider publishes its keys, which are fetched again
	// every JWKSRefresh.
	JWKSURL     string        `koanf:"jwks_url" yaml:"jwks_url"`
	JWKSRefresh time.Duration `koanf:"jwks_refresh" yaml:"jwks_refresh"`
	Issuer      string        `koanf:"issuer" yaml:"issuer"`
	Audience    string        `koanf:"audience" yaml:"audience"`
	// Services prove themselves by certificates of API.ClientCA; they can be set in a file alone.
	Services []Service `koanf:"services" yaml:"services"`
}

// Service is a program that shows a certificate with URI or DNS among its alternative names, or
// CN as its subject's common name: one of them. Scopes are what it may do; none for all that the
// role service may.
type Service struct {
	Name   string   `koanf:"name" yaml:"name"`
	URI    string   `koanf:"uri" yaml:"uri"`
	DNS    string   `koanf:"dns" yaml:"dns"`
	CN     string   `koanf:"cn" yaml:"cn"`
	Scopes []string `koanf:"scopes" yaml:"scopes"`
}

// What API.ClientAuth may be.
const (
	Optional = "optional"
	Required = "required"
)

// validateClients looks at what goes together; the files are looked at where they are read.
func (a API) validateClients(check func(string, error), services int) {
	check("api.client_auth", oneOf(a.ClientAuth, Optional, Required))
	if a.ClientCA == "" {
		wants := errors.New("wants an api.client_ca beside it")
		if a.ClientCRL != "" {
			check("api.client_crl", wants)
		}
		if a.ClientAuth == Required {
			check("api.client_auth", wants)
		}
		if services > 0 {
			check("auth.services", wants)
		}
	} else if !a.TLS {
		check("api.client_ca", errors.New("wants api.tls: true beside it: certificates are shown over TLS alone"))
	}
}

func (a Auth) validate(check func(string, error)) {
	if n := len(a.JWTSecret); n > 0 && !IsReference(a.JWTSecret) {
		check("auth.jwt_secret", atLeast(n, 16))
	}
	check("auth.jwks_url", checkJWKS(a.JWKSURL))
	check("auth.jwks_refresh", between(a.JWKSRefresh, 10*time.Second, 24*time.Hour))
}

// checkJWKS wants https: whoever could change the keys on their way would be anybody. It does not
// repeat what is wrong, which may have a secret in it.
func checkJWKS(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return errors.New("want https://HOST[:PORT]/PATH")
	case u.User != nil || u.Fragment != "":
		return errors.New("a user, a password or a fragment has no place in it")
	case u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	}
	return errors.New("want https, or http to a loopback address")
}

func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}
