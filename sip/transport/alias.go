package transport

import (
	"crypto/tls"
	"crypto/x509"
	"net/netip"

	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// maxAliases bounds the addresses that lead to one connection.
const maxAliases = 4

// alias has requests to the address that a peer listens at go over the connection that
// it opened, if it says that it takes them there (RFC 5923). Only a TLS peer whose
// certificate was checked, and is for that host, is believed: another could have calls
// of its neighbour's come to it.
func (t *Layer) alias(st *stream, m *message.Parsed) {
	if st.src.Network != "tls" || st.opened != "" || m.IsResponse() {
		return
	}
	via := m.Via()
	if !via.Params.Has("alias") || st.certified(via.Host) != nil {
		return
	}
	port := uint16(via.Port) //nolint:gosec // the parser has bounded it
	if port == 0 {
		port = DefaultPort("tls")
	}
	remote := netip.AddrPortFrom(st.src.Remote.Addr(), port)
	t.mu.Lock()
	defer t.mu.Unlock()
	if old := t.byPeer[peerKey{"tls", remote, ""}]; old == st || old != nil && old.Alive() || len(st.aliases) >= maxAliases {
		return
	}
	st.aliases = append(st.aliases, remote)
	for _, key := range st.places(remote) {
		t.byPeer[key] = st
	}
}

// leadsTo reports whether requests to a destination may go over the connection that
// was found for its address: over TLS, whether the peer has proven to be its host.
// Where the peer connected from there is no other way to it.
func (st *stream) leadsTo(d Destination) bool {
	switch {
	case d.Network != "tls", st.opened == "" && st.src.Remote == d.Addr:
		return true
	case st.opened != "":
		return st.opened == d.Host
	}
	return st.certified(d.Host) == nil
}

// isAt reports whether a destination is no more than the address that the connection was opened
// to, for a name: the Contact of a server that has proven the name of its trunk is as a rule.
func (st *stream) isAt(d Destination) bool {
	a, err := netip.ParseAddr(d.Host)
	return err == nil && st.opened != "" && a.Unmap() == st.src.Remote.Addr()
}

// unproven reports whether a connection to a destination would be opened to whoever is there:
// one that is open already, to somebody who may have proven a name, is no worse than that.
func (t *Layer) unproven(d Destination) bool {
	if d.Network != "tls" || t.cfg.TLSClient == nil {
		return false
	}
	c := t.cfg.TLSClient(d)
	return c.InsecureSkipVerify && c.VerifyConnection == nil
}

// certified says why the peer's certificate is not a host's; nil if it is.
func (st *stream) certified(host string) error {
	c, ok := st.conn.(*tls.Conn)
	if !ok {
		return x509.HostnameError{Host: host}
	}
	state := c.ConnectionState()
	if len(state.VerifiedChains) == 0 {
		return x509.HostnameError{Host: host}
	}
	return state.PeerCertificates[0].VerifyHostname(host)
}
