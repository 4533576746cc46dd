package config

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
)

// TURN is the STUN and TURN service for browsers behind narrow networks.
type TURN struct {
	// Listen is the port of UDP and TCP, TLSListen that of TLS.
	Listen    string `koanf:"listen" yaml:"listen"`
	TLSListen string `koanf:"tls_listen" yaml:"tls_listen"`
	// Host is what browsers are told instead of addresses: the name in the certificate.
	Host  string `koanf:"host" yaml:"host"`
	Realm string `koanf:"realm" yaml:"realm"`
	// Secret makes credentials, as with other servers that share it; made and kept in
	// data_dir when empty.
	Secret             string        `koanf:"secret" yaml:"secret"`
	CredentialLifetime time.Duration `koanf:"credential_lifetime" yaml:"credential_lifetime"`
	RelayPorts         string        `koanf:"relay_ports" yaml:"relay_ports"`
	// AllowPeers are networks that relays lead to besides the Internet.
	AllowPeers []string `koanf:"allow_peers" yaml:"allow_peers"`
	// Allocations at one time: of a user, of a source address, in all.
	PerUser        int `koanf:"per_user" yaml:"per_user"`
	PerAddress     int `koanf:"per_address" yaml:"per_address"`
	MaxAllocations int `koanf:"max_allocations" yaml:"max_allocations"`
	// UserBitrate is what a user's relays carry, in bits per second; 0 is any.
	UserBitrate int `koanf:"user_bitrate" yaml:"user_bitrate"`
	// TCP and TLS connections at one time: of a source address, in all.
	MaxConnections        int `koanf:"max_connections" yaml:"max_connections"`
	ConnectionsPerAddress int `koanf:"connections_per_address" yaml:"connections_per_address"`
	// StrangerRate is how many packets a second are answered of a source address without
	// an allocation.
	StrangerRate int `koanf:"stranger_rate" yaml:"stranger_rate"`
}

func defaultTURN() TURN {
	return TURN{
		Listen: ":3478", TLSListen: ":5349", Realm: "skybridge", CredentialLifetime: 12 * time.Hour, RelayPorts: "49152-65535",
		PerUser: 50, PerAddress: 500, MaxAllocations: 5000, UserBitrate: 20_000_000,
		MaxConnections: 5000, ConnectionsPerAddress: 500, StrangerRate: 100,
	}
}

func (t TURN) validate(check func(string, error)) {
	_, _, err := t.Range()
	check("turn.relay_ports", err)
	_, err = t.Peers()
	check("turn.allow_peers", err)
	if n := len(t.Secret); n > 0 && !IsReference(t.Secret) {
		check("turn.secret", atLeast(n, 16))
	}
	check("turn.realm", between(len(t.Realm), 1, 127)) // RFC 8489 §14.9
	if net.ParseIP(t.Host) == nil && (strings.ContainsAny(t.Host, ":/?#[]@ ") || len(t.Host) > 253) {
		check("turn.host", fmt.Errorf("%q is neither a name nor an address", t.Host))
	}
	check("turn.credential_lifetime", between(t.CredentialLifetime, time.Minute, 30*24*time.Hour))
	for key, n := range map[string]int{
		"per_user": t.PerUser, "per_address": t.PerAddress, "max_allocations": t.MaxAllocations,
		"max_connections": t.MaxConnections, "connections_per_address": t.ConnectionsPerAddress, "stranger_rate": t.StrangerRate,
	} {
		check("turn."+key, atLeast(n, 1))
	}
	check("turn.user_bitrate", atLeast(t.UserBitrate, 0))
}

// Peers are AllowPeers as networks; an address is one of its own.
func (t TURN) Peers() ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range t.AllowPeers {
		n, err := netip.ParsePrefix(text)
		if a, wrong := netip.ParseAddr(text); wrong == nil {
			n, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil || n != n.Masked() || n.Addr().Is4In6() {
			return nil, fmt.Errorf("%q is no network: want ADDRESS/BITS", text)
		}
		out = append(out, n)
	}
	return out, nil
}

// Range is the first and the last port of relays.
func (t TURN) Range() (first, last int, err error) {
	first, last, err = RTP{Ports: t.RelayPorts}.Range()
	if err == nil && first == 0 {
		err = fmt.Errorf("%q is no range within 1024-65535", t.RelayPorts)
	}
	return first, last, err
}
