package config_test

import (
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/config"
)

func TestJWKS(t *testing.T) {
	for url, ok := range map[string]bool{
		"": true, "https://id.example.com/keys": true, "http://127.0.0.1:8000/keys": true, "http://[::1]/keys": true, "http://localhost/k": true,
		"http://id.example.com/keys": false, "http://localhost.example.com/": false, "http://127.0.0.1.example.com/": false, "ftp://127.0.0.1/": false,
		"https://": false, "https://:443/keys": false, "keys.json": false, "https://u:hidden@id.example.com/": false, "https://a/#hidden": false, "https://a\x00hidden": false,
	} {
		_, err := config.Load("", nil, []config.Flag{{Key: "auth.jwks_url", Value: url, Name: "--set"}})
		if (err == nil) != ok {
			t.Errorf("%q: %v", url, err)
		}
		if err != nil && (strings.Contains(err.Error(), "hidden") || !strings.Contains(err.Error(), "auth.jwks_url")) {
			t.Errorf("%q: %v", url, err)
		}
	}
	for refresh, ok := range map[string]bool{"10s": true, "24h": true, "0s": false, "1s": false, "25h": false} {
		if _, err := config.Load("", nil, []config.Flag{{Key: "auth.jwks_refresh", Value: refresh, Name: "--set"}}); (err == nil) != ok {
			t.Errorf("%q: %v", refresh, err)
		}
	}
}
