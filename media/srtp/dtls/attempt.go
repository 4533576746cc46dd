package dtls

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	pion "github.com/pion/dtls/v3"
	"github.com/pion/logging"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// flight is how long the peer may take before what we said is said again. It does not
// grow, as RFC 6347 §4.2.4.1 would have it: two people wait to hear each other, and there
// is an end to it within seconds.
const flight = 400 * time.Millisecond

// label is what the keys are exported with, and use_srtp's profiles (RFC 5764 §4.1.2,
// §4.2, RFC 7714 §14.2).
const label = "EXTRACTOR-dtls_srtp"

var profiles = map[srtp.Suite]pion.SRTPProtectionProfile{
	srtp.AESCM80: pion.SRTP_AES128_CM_HMAC_SHA1_80,
	srtp.AESCM32: pion.SRTP_AES128_CM_HMAC_SHA1_32,
	srtp.GCM128:  pion.SRTP_AEAD_AES_128_GCM,
	srtp.GCM256:  pion.SRTP_AEAD_AES_256_GCM,
}

// attempt is one handshake with one address.
type attempt struct {
	keyer  *Keyer
	active bool
	wire   *wire
	from   netip.AddrPort
	random [randomBytes]byte // of a peer that began
	since  time.Time
	conn   *pion.Conn
	live   context.Context //nolint:containedctx // the attempt's own life
	cancel context.CancelFunc
	// refused is why the peer's certificate was not taken; it is read when the
	// handshake has ended.
	refused error
}

// result is what an attempt came to.
type result struct {
	attempt *attempt
	keys    srtp.Masters
	err     error
}

// newAttempt prepares a handshake with a peer at an address.
func newAttempt(k *Keyer, p *Peer, from netip.AddrPort) (*attempt, error) {
	cfg := &k.cfg
	a := &attempt{keyer: k, active: p.Active, wire: newWire(from, wireSlots, cfg.Send), from: from, since: time.Now()}
	a.live, a.cancel = context.WithCancel(context.Background())
	common := options(cfg.Certificate, cfg.Suites, flight, p, &a.refused)
	var err error
	a.conn, err = open(a.wire, from, p.Active, common)
	if err != nil {
		a.cancel()
		return nil, fmt.Errorf("dtls: prepare a handshake: %w", err)
	}
	return a, nil
}

// options are those of both roles. refused is set to why the peer's certificate was not
// taken.
func options(c *Certificate, suites []srtp.Suite, flight time.Duration, p *Peer, refused *error) []pion.Option {
	offered := make([]pion.SRTPProtectionProfile, 0, len(suites))
	for _, s := range suites {
		offered = append(offered, profiles[s])
	}
	return []pion.Option{
		pion.WithCertificates(c.tls),
		pion.WithSRTPProtectionProfiles(offered...),
		pion.WithExtendedMasterSecret(pion.RequestExtendedMasterSecret),
		pion.WithFlightInterval(flight),
		pion.WithDisableRetransmitBackoff(true),
		pion.WithInsecureSkipVerify(true), // the fingerprint is what tells the certificate
		pion.WithVerifyPeerCertificate(func(chain [][]byte, _ [][]*x509.Certificate) error {
			*refused = verify(chain, p.Fingerprints, p.Roots)
			return *refused
		}),
		// Most of what it has to say is about packets that anybody may send.
		pion.WithLoggerFactory(&logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}),
	}
}

// open prepares pion's end of a handshake.
func open(w *wire, peer netip.AddrPort, active bool, common []pion.Option, server ...pion.ServerOption) (*pion.Conn, error) {
	if active {
		options := make([]pion.ClientOption, 0, len(common))
		for _, o := range common {
			options = append(options, o)
		}
		return pion.ClientWithOptions(w, net.UDPAddrFromAddrPort(peer), options...)
	}
	options := make([]pion.ServerOption, 0, len(common)+1+len(server))
	for _, o := range common {
		options = append(options, o)
	}
	options = append(options, pion.WithClientAuth(pion.RequireAnyClientCert))
	return pion.ServerWithOptions(w, net.UDPAddrFromAddrPort(peer), append(options, server...)...)
}

// run is the attempt's goroutine. It is owned by the Keyer and ended by close. Once there
// are keys it goes on to listen: the peer may not have had our last flight.
func (a *attempt) run() {
	defer guard.Recover(a.keyer.cfg.Log, "a DTLS handshake", a.cancel, a.hangUp)
	r := result{attempt: a, err: a.conn.HandshakeContext(a.live)}
	switch {
	case r.err == nil:
		r.keys, r.err = export(a.conn, a.active)
	case a.refused != nil:
		r.err = a.refused
	}
	select {
	case a.keyer.results <- r:
	case <-a.keyer.stop:
	}
	if r.err == nil {
		ended := context.AfterFunc(a.live, a.hangUp)
		buf := make([]byte, maxPacket)
		for { // of what comes nothing is wanted, and no error but the last ends it
			if _, err := a.conn.Read(buf); errors.Is(err, io.EOF) {
				break
			}
		}
		ended()
	}
	a.cancel()
	a.hangUp()
}

func (a *attempt) hangUp() {
	// It says goodbye, or cannot; nobody waits for it.
	_ = a.conn.Close()
}

// yields reports whether a peer at the same address may begin anew: it has not proved to be
// there, or the attempt gets no farther. Forged packets can spoil one.
func (a *attempt) yields() bool { return !a.wire.agreed.Load() || time.Since(a.since) > patience }

// close ends the attempt without a word, or with a farewell.
func (a *attempt) close(farewell bool) {
	if !farewell {
		a.wire.muted.Store(true)
	}
	a.cancel()
}

// export takes the keys of RTP out of a handshake (RFC 5764 §4.2).
func export(c *pion.Conn, active bool) (srtp.Masters, error) {
	chosen, ok := c.SelectedSRTPProtectionProfile()
	suite := srtp.None
	for s, p := range profiles {
		if ok && p == chosen {
			suite = s
		}
	}
	if suite == srtp.None {
		return srtp.Masters{}, fault.New(fault.NotAcceptable, "dtls: the peer does not know how to protect RTP as we do")
	}
	state, ok := c.ConnectionState()
	if !ok {
		return srtp.Masters{}, fault.New(fault.Internal, "dtls: no state after the handshake")
	}
	key, salt := suite.KeyBytes(), suite.SaltBytes()
	material, err := state.ExportKeyingMaterial(label, nil, 2*(key+salt))
	if err != nil {
		return srtp.Masters{}, fmt.Errorf("dtls: export the keys: %w", err)
	}
	take := func(n int) []byte {
		part := material[:n:n]
		material = material[n:]
		return part
	}
	clientKey, serverKey, clientSalt, serverSalt := take(key), take(key), take(salt), take(salt)
	client, err := srtp.MasterOf(suite, append(clientKey, clientSalt...))
	if err != nil {
		return srtp.Masters{}, err
	}
	server, err := srtp.MasterOf(suite, append(serverKey, serverSalt...))
	if active {
		return srtp.Masters{Send: client, Receive: server}, err
	}
	return srtp.Masters{Send: server, Receive: client}, err
}
