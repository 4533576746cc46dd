package config

import (
	"net/netip"
)

// API is the REST API and the console.
type API struct {
	Listen string `koanf:"listen" yaml:"listen"`
	TLS    bool   `koanf:"tls" yaml:"tls"`
	// Origins are the web origins besides the server's own whose pages may use
	// the API; "*" is all.
	Origins []string `koanf:"origins" yaml:"origins"`
	// Monitoring is who is shown what monitoring asks for: who has a token, or besides who asks on
	// this machine itself.
	Monitoring string `koanf:"monitoring" yaml:"monitoring"`
	// TrustedProxies are the addresses and networks whose Forwarded and X-Forwarded-For count.
	TrustedProxies []string     `koanf:"trusted_proxies" yaml:"trusted_proxies"`
	RateLimit      APIRateLimit `koanf:"rate_limit" yaml:"rate_limit"`
	// ClientCA has the authorities of the certificates of Auth.Services, ClientCRL their lists of
	// what is revoked; ClientAuth says whether everybody has to show one.
	ClientCA   string `koanf:"client_ca" yaml:"client_ca"`
	ClientCRL  string `koanf:"client_crl" yaml:"client_crl"`
	ClientAuth string `koanf:"client_auth" yaml:"client_auth"`
}

// The values of API.Monitoring.
const (
	MonitoringToken    = "token"
	MonitoringLoopback = "loopback"
)

// APIRateLimit is how many requests are taken of a user, an API key, an address; and how many
// tokens and keys an address may show that are not accepted.
type APIRateLimit struct {
	User     APIRate `koanf:"user" yaml:"user"`
	Key      APIRate `koanf:"key" yaml:"key"`
	Address  APIRate `koanf:"address" yaml:"address"`
	Failures APIRate `koanf:"failures" yaml:"failures"`
	// Strangers are the WebSockets of an address that have not said who they are, at one time.
	Strangers int `koanf:"strangers" yaml:"strangers"`
}

// APIRate is one rate: PerMinute in the long run, 0 for no limit, and Burst at once.
type APIRate struct {
	PerMinute int `koanf:"per_minute" yaml:"per_minute"`
	Burst     int `koanf:"burst" yaml:"burst"`
}

func defaultAPI() API {
	return API{Listen: ":8080", ClientAuth: Optional, Monitoring: MonitoringToken, RateLimit: APIRateLimit{
		User: APIRate{3000, 600}, Key: APIRate{12000, 2000}, Address: APIRate{12000, 4000}, Failures: APIRate{120, 200}, Strangers: 64,
	}}
}

// Proxies are TrustedProxies as networks.
func (a API) Proxies() ([]netip.Prefix, error) { return networks(a.TrustedProxies) }

func (a API) validate(check func(string, error)) {
	check("api.origins", checkOrigins(a.Origins))
	check("api.monitoring", oneOf(a.Monitoring, MonitoringToken, MonitoringLoopback))
	_, err := a.Proxies()
	check("api.trusted_proxies", err)
	r := a.RateLimit
	for key, rate := range map[string]APIRate{"user": r.User, "key": r.Key, "address": r.Address, "failures": r.Failures} {
		check("api.rate_limit."+key+".per_minute", between(rate.PerMinute, 0, 60_000_000))
		check("api.rate_limit."+key+".burst", between(rate.Burst, 1, 1_000_000))
	}
	check("api.rate_limit.strangers", between(r.Strangers, 1, 100_000))
}
