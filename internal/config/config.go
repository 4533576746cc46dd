// Package config reads the server's settings: flags over environment over file
// over defaults. Each component has its struct with its own Validate; an unknown
// key is an error that names file and line.
//
// Keys are lower case with dots (sip.listen). The environment spells them
// SKYBRIDGE_SIP__LISTEN: upper case, a double underscore for the dot.
package config

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Off closes a listener, or does without a part.
const Off = "off"

// Auto lets the server find what a part needs.
const Auto = "auto"

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
	SNMP        SNMP      `koanf:"snmp" yaml:"snmp"`
	TURN        TURN      `koanf:"turn" yaml:"turn"`
	Auth        Auth      `koanf:"auth" yaml:"auth"`
	Database    Database  `koanf:"database" yaml:"database"`
	Vault       Vault     `koanf:"vault" yaml:"vault"`
	Media       Media     `koanf:"media" yaml:"media"`
	Log         Log       `koanf:"log" yaml:"log"`
	Shutdown    Shutdown  `koanf:"shutdown" yaml:"shutdown"`
	TLS         TLS       `koanf:"tls" yaml:"tls"`
	Calls       CallLimit `koanf:"calls" yaml:"calls"`
	Messages    Messages  `koanf:"messages" yaml:"messages"`
	// RingGroups can be set in a file alone.
	RingGroups []RingGroup `koanf:"ring_groups" yaml:"ring_groups"`

	// origins are the places of the keys that somebody has set.
	origins map[string]Origin
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
	// Trunks and TrunkGroups can be set in a file alone.
	Trunks      []Trunk      `koanf:"trunks" yaml:"trunks"`
	TrunkGroups []TrunkGroup `koanf:"trunk_groups" yaml:"trunk_groups"`
	// DNS are the name servers that hosts of SIP are looked up at, addresses with or
	// without a port; none takes the system's.
	DNS []string `koanf:"dns" yaml:"dns"`
	// Exempt are the networks that Rate and Ban do not apply to.
	Exempt []string `koanf:"exempt" yaml:"exempt"`
	Rate   SIPRate  `koanf:"rate" yaml:"rate"`
	Ban    SIPBan   `koanf:"ban" yaml:"ban"`
	// Overload is when new work is refused; calls to Emergency numbers never are.
	Overload  SIPOverload `koanf:"overload" yaml:"overload"`
	Emergency []string    `koanf:"emergency" yaml:"emergency"`
	// PhoneCalls bounds the calls that phones begin, but for those to Emergency numbers.
	PhoneCalls SIPPhoneCalls `koanf:"phone_calls" yaml:"phone_calls"`
	// UDPMax is the largest request in bytes that goes over UDP where TCP can be had; 0
	// has all do so.
	UDPMax int `koanf:"udp_max" yaml:"udp_max"`
	// KeepAlive is how often an empty line goes over TCP and TLS connections,
	// NATKeepAlive how often to phones that registered over UDP from behind a
	// translator of addresses; 0 is never.
	KeepAlive    time.Duration `koanf:"keep_alive" yaml:"keep_alive"`
	NATKeepAlive time.Duration `koanf:"nat_keep_alive" yaml:"nat_keep_alive"`
	// HoldPing is how often a party on hold is asked whether it is there; 0 is never.
	HoldPing time.Duration `koanf:"hold_ping" yaml:"hold_ping"`
}

// NameServers are DNS with their ports.
func (s SIP) NameServers() ([]netip.AddrPort, error) {
	out := make([]netip.AddrPort, 0, len(s.DNS))
	for _, text := range s.DNS {
		if a, err := netip.ParseAddr(text); err == nil {
			out = append(out, netip.AddrPortFrom(a, 53))
			continue
		}
		a, err := netip.ParseAddrPort(text)
		if err != nil || a.Port() == 0 {
			return nil, fmt.Errorf("%q is no address, with or without a port", text)
		}
		out = append(out, a)
	}
	return out, nil
}

// RTP is the media of SIP phones.
type RTP struct {
	Ports   string        `koanf:"ports" yaml:"ports"`
	Address string        `koanf:"address" yaml:"address"`
	Timeout time.Duration `koanf:"timeout" yaml:"timeout"`
	// TimeoutByRTCP keeps a call whose audio stops for as long as RTCP comes.
	TimeoutByRTCP bool `koanf:"timeout_by_rtcp" yaml:"timeout_by_rtcp"`
	// Keepalive is how long nothing may be sent before a packet of comfort noise is; 0
	// is for ever.
	Keepalive time.Duration `koanf:"keepalive" yaml:"keepalive"`
	// ReportInterval is how often reports of RTCP are sent, in the mean.
	ReportInterval time.Duration `koanf:"report_interval" yaml:"report_interval"`
}

// WebRTC is the media of browsers.
type WebRTC struct {
	Listen string `koanf:"listen" yaml:"listen"`
	Opus   Opus   `koanf:"opus" yaml:"opus"`
}

// Opus is how one class of legs is sent Opus, where they leave that open.
type Opus struct {
	// Bitrate is in bits per second, Complexity 1 (least work) to 10.
	Bitrate    int `koanf:"bitrate" yaml:"bitrate"`
	Complexity int `koanf:"complexity" yaml:"complexity"`
	// Profile is "speech", or "low_delay" for 4 ms of look-ahead less at the cost of
	// speech at low bit rates.
	Profile string `koanf:"profile" yaml:"profile"`
}

// The profiles of Opus.
const (
	OpusSpeech   = "speech"
	OpusLowDelay = "low_delay"
)

// ARI is the port of ARI and of SIP over WebSocket.
type ARI struct {
	Listen    string `koanf:"listen" yaml:"listen"`
	TLSListen string `koanf:"tls_listen" yaml:"tls_listen"`
}

// Database is where users, registrations, call records and the like are kept.
type Database struct {
	// URL is of a PostgreSQL database, "postgres://user:password@host/name"; empty keeps
	// them in a file in data_dir.
	URL string `koanf:"url" yaml:"url"`
}

// Validate tells what is wrong, without the URL's password.
func (d Database) Validate() error {
	if d.URL != "" && !IsReference(d.URL) && !strings.HasPrefix(d.URL, "postgres://") && !strings.HasPrefix(d.URL, "postgresql://") {
		return errors.New("must begin with postgres://, or be empty for a file in data_dir")
	}
	return nil
}

// Media is the mixer.
type Media struct {
	Workers int  `koanf:"workers" yaml:"workers"`
	FIFO    bool `koanf:"fifo" yaml:"fifo"`
	// IO is how sockets are received from and sent to: "auto", "uring" or "epoll".
	IO string `koanf:"io" yaml:"io"`
	// ComfortNoise negotiates RFC 3389 with phones, and sends it to those that take it
	// while there is nothing to hear.
	ComfortNoise bool `koanf:"comfort_noise" yaml:"comfort_noise"`
	// G729 is the libbcg729 that G.729 is transcoded with: "auto" takes the system's,
	// a path another, "off" none.
	G729 string `koanf:"g729" yaml:"g729"`
	// Opus is for phones; browsers have their own.
	Opus Opus `koanf:"opus" yaml:"opus"`
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
	ACME     ACME   `koanf:"acme" yaml:"acme"`
	// cert and key are what CertFile and KeyFile refer to, where that is in Vault.
	cert, key string
}

// CallLimit bounds calls.
type CallLimit struct {
	MaxChannels int           `koanf:"max_channels" yaml:"max_channels"`
	RingTimeout time.Duration `koanf:"ring_timeout" yaml:"ring_timeout"`
	PerUser     int           `koanf:"per_user" yaml:"per_user"`
	MaxDuration time.Duration `koanf:"max_duration" yaml:"max_duration"` // 0: for ever
	RTPTimeout  time.Duration `koanf:"rtp_timeout" yaml:"rtp_timeout"`   // of browsers; 0: for ever
	Reconnect   time.Duration `koanf:"reconnect" yaml:"reconnect"`       // of browsers that are away; 0: none
}

// Messages is how long those between users are kept.
type Messages struct {
	Keep time.Duration `koanf:"keep" yaml:"keep"` // 0: for ever
}

// RingGroup is one number that rings several phones.
type RingGroup struct {
	Number  string   `koanf:"number" yaml:"number"`
	Name    string   `koanf:"name" yaml:"name"`
	Members []string `koanf:"members" yaml:"members"`
	// Strategy is all, sequence or random.
	Strategy string        `koanf:"strategy" yaml:"strategy"`
	RingTime time.Duration `koanf:"ring_time" yaml:"ring_time"`
	Total    time.Duration `koanf:"total" yaml:"total"`
	SkipBusy bool          `koanf:"skip_busy" yaml:"skip_busy"`
	Fallback string        `koanf:"fallback" yaml:"fallback"`
	Prefix   string        `koanf:"prefix" yaml:"prefix"`
}

// Default is the server as it starts without a file.
func Default() Config {
	opus := Opus{Bitrate: 32000, Complexity: 5, Profile: OpusSpeech}
	return Config{
		DataDir: "./data",
		SIP: SIP{
			Listen: ":5060", TLSListen: ":5061", UserAgent: "Skybridge", T1: 500 * time.Millisecond, Realm: "asterisk",
			Exempt:     []string{"127.0.0.0/8", "::1/128"},
			Overload:   SIPOverload{Queue: 20 * time.Millisecond, Late: 50 * time.Millisecond, Used: 90},
			Emergency:  []string{"112", "911"},
			Rate:       SIPRate{PerSecond: 100, Burst: 2000, Known: 10},
			Ban:        SIPBan{Failures: 20, Scans: 100, Window: 5 * time.Minute, First: 5 * time.Minute, Most: 24 * time.Hour, Scan: time.Minute},
			Algorithms: []string{"MD5"}, UDPMax: 1300,
			KeepAlive: 90 * time.Second, NATKeepAlive: 25 * time.Second, HoldPing: 30 * time.Second,
		},
		RTP:    RTP{Ports: "10000-20000", Timeout: 30 * time.Second, Keepalive: 15 * time.Second, ReportInterval: 5 * time.Second},
		WebRTC: WebRTC{Listen: ":7882", Opus: opus},
		API:    defaultAPI(),
		ARI:    ARI{Listen: ":8088", TLSListen: ":8089"},
		AMI:    Listener{Listen: Off},
		SNMP:   SNMP{Listen: Off, Community: "public"}, // as all managers ask first; it tells counts alone
		TURN:   defaultTURN(),
		Auth:   Auth{JWKSRefresh: 15 * time.Minute},
		Vault:  Vault{AppRolePath: "approle"},
		TLS:    TLS{ACME: ACME{Directory: "https://acme-v02.api.letsencrypt.org/directory", HTTPListen: Off}},
		Media:  Media{FIFO: true, IO: "auto", G729: Off, Opus: opus},
		Log:    Log{Level: "info", Format: "text"},
		Shutdown: Shutdown{
			Drain: 30 * time.Second,
		},
		Calls:    CallLimit{MaxChannels: 20000, RingTimeout: 30 * time.Second, PerUser: 20, MaxDuration: 12 * time.Hour, RTPTimeout: 30 * time.Second, Reconnect: 30 * time.Second},
		Messages: Messages{Keep: 90 * 24 * time.Hour},
	}
}
