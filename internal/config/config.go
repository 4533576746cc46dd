// Package config reads the server's settings: flags over environment over file
// over defaults. Each component has its struct with its own Validate; an unknown
// key is an error that names file and line.
//
// Keys are lower case with dots (sip.listen). The environment spells them
// SKYBRIDGE_SIP__LISTEN: upper case, a double underscore for the dot.
package config

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Off closes a listener.
const Off = "off"

// Config is every setting of the server.
type Config struct {
	DataDir     string    `koanf:"data_dir" yaml:"data_dir"`
	AsteriskDir string    `koanf:"asterisk_dir" yaml:"asterisk_dir"`
	ExternalIP  string    `koanf:"external_ip" yaml:"external_ip"`
	Strict      bool      `koanf:"strict" yaml:"strict"`
	SIP         SIP       `koanf:"sip" yaml:"sip"`
	RTP         RTP       `koanf:"rtp" yaml:"rtp"`
	WebRTC      WebRTC    `koanf:"webrtc" yaml:"webrtc"`
	API         API       `koanf:"api" yaml:"api"`
	ARI         ARI       `koanf:"ari" yaml:"ari"`
	AMI         Listener  `koanf:"ami" yaml:"ami"`
	SNMP        Listener  `koanf:"snmp" yaml:"snmp"`
	TURN        Listener  `koanf:"turn" yaml:"turn"`
	Auth        Auth      `koanf:"auth" yaml:"auth"`
	Media       Media     `koanf:"media" yaml:"media"`
	Log         Log       `koanf:"log" yaml:"log"`
	Shutdown    Shutdown  `koanf:"shutdown" yaml:"shutdown"`
	TLS         TLS       `koanf:"tls" yaml:"tls"`
	Calls       CallLimit `koanf:"calls" yaml:"calls"`
}

// Listener is a component that only has an address; it is closed by "off".
type Listener struct {
	Listen string `koanf:"listen" yaml:"listen"`
}

// SIP is the SIP user agent.
type SIP struct {
	Listen    string        `koanf:"listen" yaml:"listen"`
	TLSListen string        `koanf:"tls_listen" yaml:"tls_listen"`
	UserAgent string        `koanf:"user_agent" yaml:"user_agent"`
	T1        time.Duration `koanf:"t1" yaml:"t1"`
	Realm     string        `koanf:"realm" yaml:"realm"`
	// Algorithms are the digests that a challenge offers, in this order: MD5,
	// SHA-256. Old phones refuse a challenge with one they do not know, even
	// beside MD5.
	Algorithms []string `koanf:"algorithms" yaml:"algorithms"`
	// Origins are the web origins that may open SIP over WebSocket besides the
	// server's own; "*" is all.
	Origins []string `koanf:"origins" yaml:"origins"`
}

// RTP is the media of SIP phones.
type RTP struct {
	Ports   string        `koanf:"ports" yaml:"ports"`
	Address string        `koanf:"address" yaml:"address"`
	Timeout time.Duration `koanf:"timeout" yaml:"timeout"`
}

// WebRTC is the media of browsers.
type WebRTC struct {
	Listen string `koanf:"listen" yaml:"listen"`
}

// API is the REST API and the console.
type API struct {
	Listen string `koanf:"listen" yaml:"listen"`
	TLS    bool   `koanf:"tls" yaml:"tls"`
	// Origins are the web origins besides the server's own whose pages may use
	// the API; "*" is all.
	Origins []string `koanf:"origins" yaml:"origins"`
}

// ARI is the port of ARI and of SIP over WebSocket.
type ARI struct {
	Listen    string `koanf:"listen" yaml:"listen"`
	TLSListen string `koanf:"tls_listen" yaml:"tls_listen"`
}

// Auth is who may use the API.
type Auth struct {
	// JWTSecret signs and checks HS256 tokens; made and kept in data_dir when empty.
	JWTSecret string `koanf:"jwt_secret" yaml:"jwt_secret"`
	JWTKey    string `koanf:"jwt_key_file" yaml:"jwt_key_file"` // public key, PEM
	Issuer    string `koanf:"issuer" yaml:"issuer"`
	Audience  string `koanf:"audience" yaml:"audience"`
}

// Media is the mixer.
type Media struct {
	Workers int  `koanf:"workers" yaml:"workers"`
	FIFO    bool `koanf:"fifo" yaml:"fifo"`
}

// Log is what the server says of itself, on standard error.
type Log struct {
	Level  string `koanf:"level" yaml:"level"`
	Format string `koanf:"format" yaml:"format"` // text or json
}

// Shutdown is how long SIGTERM lets calls go on.
type Shutdown struct {
	Drain time.Duration `koanf:"drain" yaml:"drain"`
}

// TLS is the certificate of every TLS listener; self-signed in data_dir when empty.
type TLS struct {
	CertFile string `koanf:"cert_file" yaml:"cert_file"`
	KeyFile  string `koanf:"key_file" yaml:"key_file"`
}

// CallLimit bounds calls.
type CallLimit struct {
	MaxChannels int           `koanf:"max_channels" yaml:"max_channels"`
	RingTimeout time.Duration `koanf:"ring_timeout" yaml:"ring_timeout"`
	PerUser     int           `koanf:"per_user" yaml:"per_user"`
}

// Default is the server as it starts without a file.
func Default() Config {
	return Config{
		DataDir: "./data",
		SIP: SIP{
			Listen: ":5060", TLSListen: ":5061", UserAgent: "Skybridge", T1: 500 * time.Millisecond, Realm: "asterisk",
			Algorithms: []string{"MD5"},
		},
		RTP:    RTP{Ports: "10000-20000", Timeout: 30 * time.Second},
		WebRTC: WebRTC{Listen: ":7882"},
		API:    API{Listen: ":8080"},
		ARI:    ARI{Listen: ":8088", TLSListen: ":8089"},
		AMI:    Listener{Listen: Off},
		SNMP:   Listener{Listen: Off},
		TURN:   Listener{Listen: Off},
		Media:  Media{FIFO: true},
		Log:    Log{Level: "info", Format: "text"},
		Shutdown: Shutdown{
			Drain: 30 * time.Second,
		},
		Calls: CallLimit{MaxChannels: 20000, RingTimeout: 30 * time.Second, PerUser: 20},
	}
}

// Validate checks every component and gives all that is wrong at once.
func (c Config) Validate() error {
	var errs []error
	check := func(key string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", key, err))
		}
	}
	if c.DataDir == "" {
		check("data_dir", errors.New("must not be empty"))
	}
	for _, l := range c.Listeners() {
		check(l.Key, checkListen(l.Address))
	}
	check("external_ip", checkAddress(c.ExternalIP))
	check("rtp.address", checkAddress(c.RTP.Address))
	_, _, err := c.RTP.Range()
	check("rtp.ports", err)
	check("rtp.timeout", atLeast(c.RTP.Timeout, 0))
	check("sip.t1", between(c.SIP.T1, 10*time.Millisecond, 5*time.Second))
	check("sip.algorithms", c.SIP.checkAlgorithms())
	check("sip.origins", checkOrigins(c.SIP.Origins))
	check("api.origins", checkOrigins(c.API.Origins))
	if n := len(c.Auth.JWTSecret); n > 0 {
		check("auth.jwt_secret", atLeast(n, 16))
	}
	check("media.workers", between(c.Media.Workers, 0, 256))
	check("calls.max_channels", atLeast(c.Calls.MaxChannels, 1))
	check("calls.per_user", atLeast(c.Calls.PerUser, 0))
	check("calls.ring_timeout", between(c.Calls.RingTimeout, time.Second, 10*time.Minute))
	check("shutdown.drain", atLeast(c.Shutdown.Drain, 0))
	check("log.level", oneOf(c.Log.Level, "debug", "info", "warn", "error"))
	check("log.format", oneOf(c.Log.Format, "text", "json"))
	if (c.TLS.CertFile == "") != (c.TLS.KeyFile == "") {
		check("tls", errors.New("cert_file and key_file go together"))
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
	}
}

func between[T cmp.Ordered](v, low, high T) error {
	if v < low || v > high {
		return fmt.Errorf("%v is outside %v to %v", v, low, high)
	}
	return nil
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

func checkAddress(s string) error {
	if s == "" {
		return nil
	}
	_, err := netip.ParseAddr(s)
	return err
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
