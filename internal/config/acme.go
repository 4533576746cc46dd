package config

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// ACME is where the certificate of every TLS listener comes from, where Domains are set.
type ACME struct {
	Domains   []string `koanf:"domains" yaml:"domains"`
	Email     string   `koanf:"email" yaml:"email"`
	Directory string   `koanf:"directory" yaml:"directory"`
	// CAFile vouches for Directory instead of the system's authorities.
	CAFile string `koanf:"ca_file" yaml:"ca_file"`
	// HTTPListen is where proof is given over HTTP, besides that over TLS at the API's listener.
	HTTPListen string `koanf:"http_listen" yaml:"http_listen"`
}

// On reports whether certificates come by ACME.
func (a ACME) On() bool { return len(a.Domains) > 0 }

const maxDomains = 20

func (c Config) validateACME(check func(string, error)) {
	a := c.TLS.ACME
	check("tls.acme.http_listen", checkListen(a.HTTPListen))
	if !a.On() {
		return
	}
	if len(a.Domains) > maxDomains {
		check("tls.acme.domains", fmt.Errorf("%d, at most %d", len(a.Domains), maxDomains))
	}
	for _, name := range a.Domains {
		check("tls.acme.domains", checkDomain(name))
	}
	if u, err := url.Parse(a.Directory); err != nil || u.Hostname() == "" || u.User != nil || u.Scheme != "https" {
		check("tls.acme.directory", errors.New("want https://HOST[:PORT]/PATH"))
	}
	if a.Email != "" && (!strings.Contains(a.Email, "@") || strings.ContainsAny(a.Email, " ,\r\n<>")) {
		check("tls.acme.email", errors.New("want NAME@HOST"))
	}
	if c.TLS.CertFile != "" {
		check("tls.cert_file", errors.New("there is a tls.acme.domains too: one or the other"))
	}
	if (!c.API.TLS || c.API.Listen == Off) && a.HTTPListen == Off {
		check("tls.acme.domains", errors.New("the authority asks for proof: want api.tls: true, or a tls.acme.http_listen"))
	}
}

// checkDomain wants a name that proof can be given for at a listener.
func checkDomain(name string) error {
	labels := strings.Split(name, ".")
	for i, label := range labels {
		odd := strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-")
		last := i == len(labels)-1
		if label == "" || len(label) > 63 || odd || last && strings.Trim(label, "0123456789") == "" {
			return fmt.Errorf("%q is no name of a host, in small letters, without a wildcard", name)
		}
	}
	if len(name) > 253 {
		return fmt.Errorf("a name of %d characters, at most 253", len(name))
	}
	return nil
}
