package guards

import (
	"github.com/skygenesisenterprise/skybridge/api/limit"
	"github.com/skygenesisenterprise/skybridge/internal/config"
)

// API is what the settings say of how many requests of the REST API are taken.
func API(cfg config.API) (limit.Config, error) {
	proxies, err := cfg.Proxies()
	r := cfg.RateLimit
	return limit.Config{
		User: limit.Rate(r.User), Key: limit.Rate(r.Key), Address: limit.Rate(r.Address), Failures: limit.Rate(r.Failures),
		Proxies: proxies,
	}, err
}
