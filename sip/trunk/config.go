package trunk

import (
	"slices"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Config is an outbound registration: the options of pjsip.conf's
// type=registration.
type Config struct {
	Name string
	// Server is the registrar's URI, Client the AOR that is registered there.
	Server, Client message.URI
	// Others are registrars that stand in for Server, in their order, when it does not
	// answer or fails.
	Others []message.URI
	// Line has the contact hold a word by which the registrar's calls are known to be
	// Endpoint's (pjsip.conf's line; Registrations.Line).
	Line bool
	// Contact is where the registrar is to send calls; without a host it is our own
	// address as the registrar is to see it, found anew for each REGISTER.
	Contact message.URI
	// Proxy is where to send the REGISTER, if not to Server.
	Proxy message.URI
	// Transport overrides the URI's: "udp", "tcp" or "tls".
	Transport string
	// Listener is the name of the listener of ours that requests leave by; "" for any.
	Listener string
	// Credentials answer the registrar's challenges, and nobody else's.
	Credentials []sip.Credential
	// Auth and Endpoint are names that State shows.
	Auth, Endpoint string
	// Expiration is asked for; the registrar may grant less.
	Expiration time.Duration
	// RetryInterval is the longest wait between tries; the first ones come sooner.
	RetryInterval time.Duration
	// ForbiddenRetryInterval and FatalRetryInterval are the waits after a 403, and
	// after another answer that is not passing; 0 gives up.
	ForbiddenRetryInterval, FatalRetryInterval time.Duration
	// MaxRetries gives up after that many tries at RetryInterval; 0 never does.
	MaxRetries int
	// AuthRejectionPermanent gives up when the credentials are refused.
	AuthRejectionPermanent bool
	// Timeout bounds one try.
	Timeout time.Duration
}

// Default is a configuration with Asterisk's defaults, but for MaxRetries (10
// there): a trunk comes back after any outage.
func Default(name string) Config {
	return Config{
		Name:                   name,
		Expiration:             time.Hour,
		RetryInterval:          time.Minute,
		AuthRejectionPermanent: true,
		Timeout:                32 * time.Second,
	}
}

const (
	maxOthers = 8
	// oneOfSeveral bounds a try where another server stands in.
	oneOfSeveral = 8 * time.Second
)

// Validate tells what is wrong with the configuration.
func (c *Config) Validate() error {
	switch {
	case c.Name == "":
		return fault.New(fault.Invalid, "trunk: registration without a name")
	case c.Server.Scheme != "sip" && c.Server.Scheme != "sips" || c.Client.Scheme != "sip" && c.Client.Scheme != "sips":
		return fault.New(fault.Invalid, "trunk: registration %s: server %q or client %q is no SIP URI", c.Name, c.Server, c.Client)
	case len(c.Others) > maxOthers || slices.ContainsFunc(c.Others, func(u message.URI) bool { return u.Scheme != "sip" && u.Scheme != "sips" }):
		return fault.New(fault.Invalid, "trunk: registration %s: other servers are SIP URIs, at most %d", c.Name, maxOthers)
	case c.Expiration < time.Second || c.RetryInterval < time.Second || c.Timeout <= 0:
		return fault.New(fault.Invalid, "trunk: registration %s: expiration %v, retry interval %v or timeout %v is too short",
			c.Name, c.Expiration, c.RetryInterval, c.Timeout)
	case c.ForbiddenRetryInterval < 0 || c.FatalRetryInterval < 0 || c.MaxRetries < 0:
		return fault.New(fault.Invalid, "trunk: registration %s: retry settings are negative", c.Name)
	}
	switch c.Transport {
	case "", "udp", "tcp", "tls":
		return nil
	}
	return fault.New(fault.Invalid, "trunk: registration %s: transport %q is not udp, tcp or tls", c.Name, c.Transport)
}
