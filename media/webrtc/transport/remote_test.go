package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	pion "github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/selfsign"
	"github.com/pion/ice/v4"
	pionsrtp "github.com/pion/srtp/v3"
	"github.com/pion/transport/v4/packetio"
	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/media/srtp"
	"github.com/skygenesisenterprise/skybridge/media/srtp/dtls"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/internal/mux"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = time.Minute

// remote is the other end as pion has it: its ICE, its DTLS, its SRTP.
type remote struct {
	agent *ice.Agent
	cert  tls.Certificate
	conn  *ice.Conn
	dtls  *pion.Conn
	hello *packetio.Buffer // what is for dtls
	media chan []byte      // what came of RTP and RTCP, sealed

	mu       sync.Mutex
	out, in  *pionsrtp.Context
	finished sync.WaitGroup
}

// local is ours, with what it is told.
type local struct {
	*Transport
	changed chan struct{}
	media   chan []byte
	control chan []byte
}

// pair is both ends, which know each other's candidates.
type pair struct {
	t     testing.TB
	l     *local
	r     *remote
	print srtp.Fingerprint // of the remote's certificate
}

func newPair(t testing.TB, change ...func(*Config)) *pair {
	t.Helper()
	logs := quiet()
	sockets, err := mux.Listen(netip.MustParseAddrPort("127.0.0.1:0"), true, 4, logs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sockets.Close() })
	certificate, err := dtls.NewCertificate()
	if err != nil {
		t.Fatal(err)
	}
	p := &pair{t: t, r: newRemote(t)}
	p.l = &local{changed: make(chan struct{}, 1), media: make(chan []byte, 256), control: make(chan []byte, 256)}
	cfg := Config{
		Log: slog.New(slog.DiscardHandler), Logs: logs, Sockets: sockets, Certificate: certificate, Suites: dtls.Suites(),
		Networks: []ice.NetworkType{ice.NetworkTypeUDP4, ice.NetworkTypeTCP4}, Loopback: true,
		RemoteFilter:  func(net.IP) bool { return true },
		GatherTimeout: time.Second, HandshakeTimeout: patience, DisconnectedTimeout: patience, FailedTimeout: patience,
		KeepaliveInterval: time.Second,
		Candidate: func(text string) {
			if text == "" {
				return
			}
			c, err := ice.UnmarshalCandidate(text)
			if err == nil && c.NetworkType().IsUDP() {
				err = p.r.agent.AddRemoteCandidate(c)
			}
			if err != nil && !errors.Is(err, ice.ErrClosed) {
				t.Error(err)
			}
		},
		Changed: func() {
			select {
			case p.l.changed <- struct{}{}:
			default:
			}
		},
		Media:   func(packet []byte, _ time.Time) { p.l.media <- append([]byte(nil), packet...) },
		Control: func(packet []byte, _ time.Time) { p.l.control <- append([]byte(nil), packet...) },
	}
	for _, f := range change {
		f(&cfg)
	}
	if p.l.Transport, err = NewTransport(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.r.close()
		if err := p.l.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := p.r.agent.OnCandidate(func(c ice.Candidate) {
		if c != nil {
			if err := p.l.AddCandidate(c.Marshal()); err != nil && !errors.Is(err, errClosed) {
				t.Error(err)
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	p.print = srtp.FingerprintOf(srtp.SHA256, p.r.cert.Certificate[0])
	return p
}

func newRemote(t testing.TB) *remote {
	t.Helper()
	cert, err := selfsign.GenerateSelfSigned()
	if err != nil {
		t.Fatal(err)
	}
	agent, err := ice.NewAgentWithOptions(ice.WithNetworkTypes([]ice.NetworkType{ice.NetworkTypeUDP4}), ice.WithIncludeLoopback(),
		ice.WithMulticastDNSMode(ice.MulticastDNSModeDisabled), ice.WithLoggerFactory(quiet()),
		ice.WithIPFilter(func(ip net.IP) bool { return ip.IsLoopback() }))
	if err != nil {
		t.Fatal(err)
	}
	return &remote{agent: agent, cert: cert, hello: packetio.NewBuffer(), media: make(chan []byte, 256)}
}

// connect has both ends find each other and make keys, as role says who we are.
func (p *pair) connect(role Role) {
	p.t.Helper()
	p.begin(role, p.print)
	p.await(Connected)
	p.r.finished.Wait()
	if p.r.dtls == nil {
		p.t.Fatal("the remote has no keys")
	}
	p.routed(nil)
}

func (p *pair) begin(role Role, announced srtp.Fingerprint) {
	p.t.Helper()
	ufrag, pwd, err := p.r.agent.GetLocalUserCredentials()
	if err != nil {
		p.t.Fatal(err)
	}
	ourUfrag, ourPwd, err := p.l.Credentials()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.l.Gather(); err != nil {
		p.t.Fatal(err)
	}
	if err := p.l.Start(Remote{Ufrag: ufrag, Pwd: pwd, Fingerprints: srtp.Fingerprints{announced}}, role); err != nil {
		p.t.Fatal(err)
	}
	begin := p.r.agent.StartDial
	if role.Controlling {
		begin = p.r.agent.StartAccept
	}
	if p.r.conn, err = begin(ourUfrag, ourPwd); err != nil {
		p.t.Fatal(err)
	}
	if err := p.r.agent.GatherCandidates(); err != nil {
		p.t.Fatal(err)
	}
	go p.r.read() // ended by the agent's Close
	p.r.finished.Go(func() {
		if err := p.r.handshake(!role.Active); err != nil {
			p.t.Log(err)
		}
	})
}

// await waits until we are in a state.
func (p *pair) await(want State) {
	p.t.Helper()
	end := time.After(patience)
	for p.l.State() != want {
		select {
		case <-p.l.changed:
		case <-end:
			p.t.Fatalf("%v, %v; want %v", p.l.State(), p.l.Err(), want)
		}
	}
}

// routed waits until what is sent goes past the agent, along another route than a former
// one, and gives it.
func (p *pair) routed(former *route) *route {
	p.t.Helper()
	look, end := time.NewTicker(time.Millisecond), time.After(patience)
	defer look.Stop()
	for {
		if r := p.l.to.Load(); r != nil && r != former {
			return r
		}
		select {
		case <-look.C:
		case <-end:
			p.t.Fatal("what is sent goes through the agent")
		}
	}
}

func (r *remote) read() {
	buf := make([]byte, 2000)
	for {
		n, err := r.conn.Read(buf)
		switch {
		case err != nil:
			_ = r.hello.Close()
			return
		case buf[0] < 64:
			_, _ = r.hello.Write(buf[:n])
		default:
			select {
			case r.media <- append([]byte(nil), buf[:n]...):
			default:
			}
		}
	}
}

// record is the remote's end of DTLS on its conn.
type record struct{ *remote }

func (c record) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := c.hello.Read(b)
	return n, &net.UDPAddr{}, err
}
func (c record) WriteTo(b []byte, _ net.Addr) (int, error) { return c.conn.Write(b) }
func (c record) Close() error                              { return nil }
func (c record) LocalAddr() net.Addr                       { return &net.UDPAddr{} }
func (c record) SetDeadline(time.Time) error               { return nil }
func (c record) SetReadDeadline(t time.Time) error         { return c.hello.SetReadDeadline(t) }
func (c record) SetWriteDeadline(time.Time) error          { return nil }

func (r *remote) handshake(active bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := r.agent.AwaitConnect(ctx); err != nil {
		return err
	}
	common := []pion.Option{
		pion.WithCertificates(r.cert), pion.WithSRTPProtectionProfiles(pion.SRTP_AEAD_AES_128_GCM),
		pion.WithExtendedMasterSecret(pion.RequireExtendedMasterSecret), pion.WithInsecureSkipVerify(true),
		pion.WithFlightInterval(200 * time.Millisecond),
		pion.WithVerifyPeerCertificate(func([][]byte, [][]*x509.Certificate) error { return nil }),
		pion.WithLoggerFactory(quiet()),
	}
	var c *pion.Conn
	var err error
	if active {
		var o []pion.ClientOption
		for _, x := range common {
			o = append(o, x)
		}
		c, err = pion.ClientWithOptions(record{r}, &net.UDPAddr{}, o...)
	} else {
		o := []pion.ServerOption{pion.WithClientAuth(pion.RequireAnyClientCert), pion.WithInsecureSkipVerifyHello(true)}
		for _, x := range common {
			o = append(o, x)
		}
		c, err = pion.ServerWithOptions(record{r}, &net.UDPAddr{}, o...)
	}
	if err == nil {
		err = c.HandshakeContext(ctx)
	}
	if err != nil {
		return err
	}
	state, _ := c.ConnectionState()
	keys := pionsrtp.Config{Profile: pionsrtp.ProtectionProfileAeadAes128Gcm}
	if err := keys.ExtractSessionKeysFromDTLS(&state, active); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dtls = c
	if r.out, err = pionsrtp.CreateContext(keys.Keys.LocalMasterKey, keys.Keys.LocalMasterSalt, keys.Profile); err != nil {
		return err
	}
	r.in, err = pionsrtp.CreateContext(keys.Keys.RemoteMasterKey, keys.Keys.RemoteMasterSalt, keys.Profile,
		pionsrtp.SRTPReplayProtection(64), pionsrtp.SRTCPReplayProtection(64))
	return err
}

// seal protects a packet as the remote does.
func (r *remote) seal(t testing.TB, packet []byte) []byte {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var sealed []byte
	var err error
	if packet[1] >= 192 && packet[1] <= 223 {
		sealed, err = r.out.EncryptRTCP(nil, packet, nil)
	} else {
		sealed, err = r.out.EncryptRTP(nil, packet, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func (r *remote) send(t testing.TB, packet []byte) {
	t.Helper()
	if _, err := r.conn.Write(r.seal(t, packet)); err != nil {
		t.Fatal(err)
	}
}

// open waits for a packet of ours and opens it.
func (r *remote) open(t testing.TB) []byte {
	t.Helper()
	select {
	case sealed := <-r.media:
		r.mu.Lock()
		defer r.mu.Unlock()
		var plain []byte
		var err error
		if sealed[1] >= 192 && sealed[1] <= 223 {
			plain, err = r.in.DecryptRTCP(nil, sealed, nil)
		} else {
			plain, err = r.in.DecryptRTP(nil, sealed, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		return plain
	case <-time.After(patience):
		t.Fatal("nothing comes")
	}
	return nil
}

func (r *remote) close() {
	if r.dtls != nil {
		if err := r.dtls.Close(); err != nil && !errors.Is(err, io.ErrClosedPipe) {
			_ = err // the path may be gone
		}
	}
	_ = r.agent.GracefulClose()
	r.finished.Wait()
}

func await(t testing.TB, c <-chan []byte) []byte {
	t.Helper()
	select {
	case p := <-c:
		return p
	case <-time.After(patience):
		t.Fatal("nothing comes")
	}
	return nil
}
