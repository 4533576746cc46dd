package webrtc

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	pion "github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/selfsign"
	"github.com/pion/logging"

	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// identity is the certificate of all clients: making one each would cost more than their calls.
var identity = sync.OnceValue(newIdentity)

type certificate struct {
	tls         tls.Certificate
	fingerprint string
}

func newIdentity() *certificate {
	c, err := selfsign.GenerateSelfSigned()
	if err != nil {
		panic(err) // never: there is randomness
	}
	var parts []string
	for _, b := range sha256.Sum256(c.Certificate[0]) {
		parts = append(parts, fmt.Sprintf("%02X", b))
	}
	return &certificate{c, strings.Join(parts, ":")}
}

// patience is how long a client tries to connect.
const patience = 30 * time.Second

// handshake reaches the other side and makes keys with it.
func (c *Client) handshake() error {
	ctx, cancel := context.WithTimeout(c.live, patience)
	defer cancel()
	if err := c.reach(ctx); err != nil {
		return err
	}
	quiet := &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}
	common := []pion.Option{
		pion.WithCertificates(identity().tls),
		pion.WithSRTPProtectionProfiles(pion.SRTP_AEAD_AES_128_GCM, pion.SRTP_AES128_CM_HMAC_SHA1_80),
		pion.WithExtendedMasterSecret(pion.RequestExtendedMasterSecret),
		// The servers are this machine's own: whose they are is not asked.
		pion.WithInsecureSkipVerify(true),
		pion.WithVerifyPeerCertificate(func([][]byte, [][]*x509.Certificate) error { return nil }),
		pion.WithFlightInterval(200 * time.Millisecond), pion.WithLoggerFactory(quiet),
	}
	peer := net.UDPAddrFromAddrPort(c.peer())
	var conn *pion.Conn
	var err error
	if c.active {
		options := make([]pion.ClientOption, 0, len(common))
		for _, o := range common {
			options = append(options, o)
		}
		conn, err = pion.ClientWithOptions(records{c}, peer, options...)
	} else {
		options := []pion.ServerOption{pion.WithClientAuth(pion.RequireAnyClientCert)}
		for _, o := range common {
			options = append(options, o)
		}
		conn, err = pion.ServerWithOptions(records{c}, peer, options...)
	}
	if err == nil {
		err = conn.HandshakeContext(ctx)
	}
	c.dtls = conn // quiet closes it, as its goodbye would end the call
	if err != nil {
		return fmt.Errorf("webrtc: handshake: %w", err)
	}
	if c.keys, err = c.export(conn); err != nil {
		return err
	}
	return c.hears()
}

// export takes the keys of SRTP out of a handshake (RFC 5764 §4.2).
func (c *Client) export(conn *pion.Conn) (keys srtp.Masters, err error) {
	suite := srtp.AESCM80
	switch chosen, _ := conn.SelectedSRTPProtectionProfile(); chosen {
	case pion.SRTP_AEAD_AES_128_GCM:
		suite = srtp.GCM128
	case pion.SRTP_AES128_CM_HMAC_SHA1_80:
	default:
		return keys, fmt.Errorf("webrtc: the other side chose protection %#x", chosen)
	}
	state, ok := conn.ConnectionState()
	if !ok {
		return keys, errors.New("webrtc: no state after the handshake")
	}
	key, salt := suite.KeyBytes(), suite.SaltBytes()
	material, err := state.ExportKeyingMaterial("EXTRACTOR-dtls_srtp", nil, 2*(key+salt))
	if err != nil {
		return keys, err
	}
	master := func(i int) srtp.Master {
		own := append([]byte(nil), material[i*key:(i+1)*key]...)
		m, wrong := srtp.MasterOf(suite, append(own, material[2*key+i*salt:2*key+(i+1)*salt]...))
		err = errors.Join(err, wrong)
		return m
	}
	keys = srtp.Masters{Send: master(0), Receive: master(1)}
	if !c.active {
		keys.Send, keys.Receive = keys.Receive, keys.Send
	}
	return keys, err
}

// records is a client's socket as DTLS sees it.
type records struct{ c *Client }

func (r records) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := r.c.hello.Read(b)
	return n, net.UDPAddrFromAddrPort(r.c.peer()), err
}

func (r records) WriteTo(b []byte, _ net.Addr) (int, error) {
	select {
	case <-r.c.live.Done(): // nobody says goodbye
		return len(b), nil
	default:
	}
	return r.c.conn.WriteToUDPAddrPort(b, r.c.peer())
}

func (r records) Close() error                      { return nil }
func (r records) LocalAddr() net.Addr               { return r.c.conn.LocalAddr() }
func (r records) SetDeadline(time.Time) error       { return nil }
func (r records) SetReadDeadline(t time.Time) error { return r.c.hello.SetReadDeadline(t) }
func (r records) SetWriteDeadline(time.Time) error  { return nil }
