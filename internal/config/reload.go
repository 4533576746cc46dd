package config

import (
	"maps"
	"reflect"
	"slices"
)

// reloaded are the keys that a reload follows, besides those that what guards SIP reads itself.
var reloaded = []string{
	"sip.trunks", "sip.trunk_groups", "sip.phone_calls.per_minute", "sip.phone_calls.endpoints", "sip.emergency",
	"api.client_ca", "api.client_crl", "api.client_auth", "auth.services", "auth.jwt_secret",
}

// Reloaded is the configuration with what a reload follows of another reading of it.
func (c Config) Reloaded(of Config) Config {
	c.SIP.Trunks, c.SIP.TrunkGroups = of.SIP.Trunks, of.SIP.TrunkGroups
	c.SIP.PhoneCalls, c.SIP.Emergency = of.SIP.PhoneCalls, of.SIP.Emergency
	c.API.ClientCA, c.API.ClientCRL, c.API.ClientAuth = of.API.ClientCA, of.API.ClientCRL, of.API.ClientAuth
	c.Auth.Services, c.Auth.JWTSecret = of.Auth.Services, of.Auth.JWTSecret
	if IsReference(of.TLS.CertFile) {
		c.TLS.cert = of.TLS.cert
	}
	if IsReference(of.TLS.KeyFile) {
		c.TLS.key = of.TLS.key
	}
	if c.origins = maps.Clone(c.origins); c.origins == nil {
		c.origins = make(map[string]Origin)
	}
	for _, key := range reloaded {
		delete(c.origins, key)
		if o, set := of.origins[key]; set {
			c.origins[key] = o
		}
	}
	return c
}

// Later are the keys of secrets and certificates that another reading has otherwise and that count
// from the next start alone.
func (c Config) Later(of Config) []string {
	var out []string
	for key, other := range map[string]bool{
		"turn.secret": c.TURN.Secret != of.TURN.Secret, "database.url": c.Database.URL != of.Database.URL,
		"tls.acme": !reflect.DeepEqual(c.TLS.ACME, of.TLS.ACME),
	} {
		if other {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out
}
