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
}

func (a Auth) validate(check func(string, error)) {
	if n := len(a.JWTSecret); n > 0 {
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
