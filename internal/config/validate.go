package config

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Validate checks every component and gives all that is wrong at once, each as an
// *Error with the place where the setting was made.
func (c Config) Validate() error {
	var errs []error
	check := func(key string, err error) {
		if err != nil {
			errs = append(errs, c.Origin(key).wrong(fmt.Errorf("%s: %w", key, err)))
		}
	}
	if c.DataDir == "" {
		check("data_dir", errors.New("must not be empty"))
	}
	for _, l := range c.Listeners() {
		check(l.Key, checkListen(l.Address))
	}
	_, err := addresses(c.ExternalIP)
	check("external_ip", err)
	_, err = c.RTP.Addresses()
	check("rtp.address", err)
	_, _, err = c.RTP.Range()
	check("rtp.ports", err)
	check("rtp.timeout", atLeast(c.RTP.Timeout, 0))
	check("rtp.keepalive", atLeast(c.RTP.Keepalive, 0))
	check("rtp.report_interval", between(c.RTP.ReportInterval, 500*time.Millisecond, time.Minute))
	check("sip.t1", between(c.SIP.T1, 10*time.Millisecond, 5*time.Second))
	check("sip.algorithms", c.SIP.checkAlgorithms())
	_, err = c.SIP.NameServers()
	check("sip.dns", err)
	check("sip.keep_alive", atLeast(c.SIP.KeepAlive, 0))
	check("sip.nat_keep_alive", atLeast(c.SIP.NATKeepAlive, 0))
	check("sip.hold_ping", atLeast(c.SIP.HoldPing, 0))
	check("sip.udp_max", between(c.SIP.UDPMax, 0, 65535))
	check("sip.origins", checkOrigins(c.SIP.Origins))
	c.SIP.validateProtection(check)
	c.TURN.validate(check)
	c.API.validate(check)
	c.Auth.validate(check)
	c.API.validateClients(check, len(c.Auth.Services))
	check("database.url", c.Database.Validate())
	c.SNMP.validate(check)
	c.Vault.validate(check)
	c.validateACME(check)
	c.validateReferences(check)
	check("media.workers", between(c.Media.Workers, 0, 256))
	check("media.io", oneOf(c.Media.IO, "auto", "uring", "epoll"))
	for key, o := range map[string]Opus{"media.opus": c.Media.Opus, "webrtc.opus": c.WebRTC.Opus} {
		check(key+".bitrate", between(o.Bitrate, 6000, 510000))
		check(key+".complexity", between(o.Complexity, 1, 10))
		check(key+".profile", oneOf(o.Profile, OpusSpeech, OpusLowDelay))
	}
	check("media.g729", checkLibrary(c.Media.G729))
	check("calls.max_channels", atLeast(c.Calls.MaxChannels, 1))
	check("calls.per_user", atLeast(c.Calls.PerUser, 0))
	check("calls.max_duration", zeroOr(c.Calls.MaxDuration, time.Minute))
	check("calls.rtp_timeout", zeroOr(c.Calls.RTPTimeout, time.Second))
	check("calls.reconnect", zeroOr(c.Calls.Reconnect, time.Second))
	check("messages.keep", zeroOr(c.Messages.Keep, time.Hour))
	check("calls.ring_timeout", between(c.Calls.RingTimeout, time.Second, 10*time.Minute))
	check("shutdown.drain", atLeast(c.Shutdown.Drain, 0))
	check("log.level", oneOf(c.Log.Level, "debug", "info", "warn", "error"))
	check("log.format", oneOf(c.Log.Format, "text", "json"))
	switch {
	case c.TLS.CertFile != "" && c.TLS.KeyFile == "":
		check("tls.cert_file", errors.New("wants a tls.key_file beside it"))
	case c.TLS.CertFile == "" && c.TLS.KeyFile != "":
		check("tls.key_file", errors.New("wants a tls.cert_file beside it"))
	}
	return errors.Join(errs...)
}

// Setting is one address among the settings.
type Setting struct {
	Key     string
	Address string
}

// Listeners are the addresses of all listeners.
func (c Config) Listeners() []Setting {
	return []Setting{
		{"sip.listen", c.SIP.Listen},
		{"sip.tls_listen", c.SIP.TLSListen},
		{"webrtc.listen", c.WebRTC.Listen},
		{"api.listen", c.API.Listen},
		{"ari.listen", c.ARI.Listen},
		{"ari.tls_listen", c.ARI.TLSListen},
		{"ami.listen", c.AMI.Listen},
		{"snmp.listen", c.SNMP.Listen},
		{"turn.listen", c.TURN.Listen},
		{"turn.tls_listen", c.TURN.TLSListen},
	}
}

func between[T cmp.Ordered](v, low, high T) error {
	if v < low || v > high {
		return fmt.Errorf("%v is outside %v to %v", v, low, high)
	}
	return nil
}

// zeroOr is atLeast for what 0 turns off.
func zeroOr[T cmp.Ordered](v, low T) error {
	if v == *new(T) {
		return nil
	}
	return atLeast(v, low)
}

func atLeast[T cmp.Ordered](v, low T) error {
	if v < low {
		return fmt.Errorf("%v, at least %v", v, low)
	}
	return nil
}

func oneOf(v string, known ...string) error {
	if !slices.Contains(known, v) {
		return fmt.Errorf("%q is none of %s", v, strings.Join(known, ", "))
	}
	return nil
}

// checkOrigins wants origins as browsers write them (RFC 6454 §6.2).
func checkOrigins(list []string) error {
	for _, o := range list {
		if o == "*" {
			continue
		}
		u, err := url.Parse(o)
		if err != nil || u.Scheme == "" || u.Host == "" || o != u.Scheme+"://"+u.Host {
			return fmt.Errorf("%q is no origin: want SCHEME://HOST[:PORT] or *", o)
		}
	}
	return nil
}

func (s SIP) checkAlgorithms() error {
	if len(s.Algorithms) == 0 {
		return errors.New("at least one of MD5, SHA-256")
	}
	for i, a := range s.Algorithms {
		switch {
		case a != "MD5" && a != "SHA-256":
			return fmt.Errorf("%q is neither MD5 nor SHA-256", a)
		case slices.Contains(s.Algorithms[:i], a):
			return fmt.Errorf("%s twice", a)
		}
	}
	return nil
}

// Addresses are those that media ports are opened on: what rtp.address lists, or all of both
// families. "::" alone is all of both, as it is for listeners.
func (r RTP) Addresses() ([]netip.Addr, error) {
	list, err := addresses(r.Address)
	if len(list) == 0 || len(list) == 1 && list[0] == netip.IPv6Unspecified() {
		return []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}, err
	}
	return list, err
}

// External are the addresses of external_ip, one of each family at most; none where that is
// not set. Validate has looked at it.
func (c Config) External() []netip.Addr {
	list, err := addresses(c.ExternalIP)
	if err != nil {
		return nil
	}
	return list
}

// addresses reads one address, or one of each family with a comma between them.
func addresses(s string) (out []netip.Addr, err error) {
	if s == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(s, ",") {
		a, err := netip.ParseAddr(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		if a = a.Unmap(); slices.ContainsFunc(out, func(b netip.Addr) bool { return a.Is4() == b.Is4() }) {
			return nil, fmt.Errorf("%s is a second address of its family", a)
		}
		out = append(out, a)
	}
	return out, nil
}

// Range is the first and the last RTP port.
func (r RTP) Range() (lo, hi int, err error) {
	a, b, ok := strings.Cut(r.Ports, "-")
	if !ok {
		return 0, 0, fmt.Errorf("%q is no range: want FIRST-LAST", r.Ports)
	}
	lo, err1 := strconv.Atoi(strings.TrimSpace(a))
	hi, err2 := strconv.Atoi(strings.TrimSpace(b))
	if err1 != nil || err2 != nil || lo < 1024 && lo != 0 || hi > 65535 || hi < lo {
		return 0, 0, fmt.Errorf("%q is no range within 1024-65535", r.Ports)
	}
	return lo, hi, nil
}

// checkLibrary wants a path where a library is named: the loader would look for a bare
// name in places that nobody thinks of.
func checkLibrary(s string) error {
	if s == Off || s == Auto || filepath.IsAbs(s) {
		return nil
	}
	return fmt.Errorf("%q is neither %s, %s nor an absolute path", s, Off, Auto)
}

func checkListen(s string) error {
	if s == Off {
		return nil
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return fmt.Errorf("%q: want HOST:PORT, :PORT or %q", s, Off)
	}
	if host != "" && host != "localhost" {
		if _, err := netip.ParseAddr(host); err != nil {
			return fmt.Errorf("%q: the host must be an address", s)
		}
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("%q: port outside 0 to 65535", s)
	}
	return nil
}
