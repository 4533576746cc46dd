package session

import (
	"crypto/x509"
	"net/netip"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
	"github.com/skygenesisenterprise/skybridge/media/srtp/dtls"
	"github.com/skygenesisenterprise/skybridge/mixer"
)

// DTLS is how an endpoint makes keys by a handshake (DTLS-SRTP without ICE).
type DTLS struct {
	// Offered has it in calls to the endpoint, in place of keys in SDP, and Feedback a
	// profile with early feedback then.
	Offered, Feedback bool
	Setup             sdp.Setup
	// Certificate is ours; nil is one for each call. Roots are whom the endpoint's must
	// be signed by; nil is nobody.
	Certificate *dtls.Certificate
	Roots       *x509.CertPool
}

// Handshake is what a session's handshakes are made with.
type Handshake struct {
	DTLS
	Suites  []srtp.Suite
	Timeout time.Duration
	// Failed is told why there are no keys. It must not wait.
	Failed func(error)
}

// handshakes are those of one session: one for RTP, one for RTCP where that has a port of
// its own.
type handshakes struct {
	media, control *dtls.Keyer
	wait           bool
	roots          *x509.CertPool
	tell           func(error)

	// Under the session's lock.
	made   [2]made // the last, and the one before it
	seen   [2]seen // where the peer proved to be: for RTP, for RTCP
	turn   uint32  // of media
	failed error   // there are no keys, and nobody has tried again since
}

// made is what a handshake came to: control is of that on RTCP's own port, which may come
// later, or not at all. An association of RTP with RTCP on its port has one handshake;
// where RTCP has its own there are two, of which each protects what is on its port
// (RFC 5764 §4.2). So keys are kept by port, for RTCP may come to another within one
// association.
type made struct {
	number         uint32 // 0 is none
	media, control srtp.Masters
}

// seen is an address that was announced, and the one where the peer was then.
type seen struct{ said, at netip.AddrPort }

// where is where a peer is that says it is somewhere.
func (s *seen) where(said netip.AddrPort) netip.AddrPort {
	if said == s.said && s.at.IsValid() {
		return s.at
	}
	return said
}

// newHandshakes makes the handshakes of s on its sockets, and adds them to what it
// negotiates.
func (s *RTP) newHandshakes(c *Config, sc *sdp.Config, media, control *rtp.Socket) error {
	if c.Handshake == nil {
		return nil
	}
	h := &handshakes{wait: s.symmetric, roots: c.Handshake.Roots, tell: c.Handshake.Failed}
	certificate := c.Handshake.Certificate
	if certificate == nil {
		var err error
		if certificate, err = dtls.NewCertificate(); err != nil {
			return err
		}
	}
	sc.Handshaking = &sdp.Handshaking{
		Fingerprint: certificate.Fingerprint(), Setup: c.Handshake.Setup, Wait: s.symmetric, Offered: c.Handshake.Offered,
	}
	sc.Feedback = c.Handshake.Feedback
	kc := dtls.Config{
		Certificate: certificate, Suites: c.Handshake.Suites, Timeout: c.Handshake.Timeout, Log: c.Log,
		Send: media.SendTo, Done: s.mediaKeyed,
	}
	var err error
	if h.media, err = dtls.New(kc); err != nil {
		return err
	}
	kc.Send, kc.Done = control.SendTo, s.controlKeyed
	if h.control, err = dtls.New(kc); err != nil {
		return err
	}
	s.handshakes = h
	return nil
}

// keying gives the port where packets of handshakes go.
func (h *handshakes) keying(p *mixer.PortConfig) {
	if h != nil {
		p.Keying, p.KeyingRTCP = h.media, h.control
	}
}

// keys are those for a negotiation: its own, or those of its handshake. Until that is done
// the keys of the one before it stay in use; await says that there are none yet.
func (h *handshakes) keys(r *sdp.Result) (m *made, await bool) {
	switch {
	case r.Handshake == nil && r.Keys.Secure():
		return &made{media: r.Keys, control: r.Keys}, false
	case r.Handshake == nil:
		return nil, false
	}
	if m := h.done(r.Handshake.Number); m != nil {
		return m, false
	}
	if h.made[0].number != 0 {
		return &h.made[0], false
	}
	return nil, true
}

// done is what the handshake of a number came to; nil before it is.
func (h *handshakes) done(number uint32) *made {
	for i := range h.made {
		if h.made[i].number == number {
			return &h.made[i]
		}
	}
	return nil
}

// begin begins the handshakes of a negotiation, unless they are done.
func (h *handshakes) begin(r *sdp.Result, symmetric bool) {
	if h == nil || r.Handshake == nil || !r.Remote.IsValid() {
		return
	}
	p := dtls.Peer{
		Active: r.Handshake.Active, Address: h.seen[0].where(r.Remote), Symmetric: symmetric,
		Fingerprints: r.Handshake.Fingerprints, Roots: h.roots,
	}
	done := h.done(r.Handshake.Number)
	if done == nil {
		h.failed = nil
		h.turn = h.media.Begin(r.Handshake.Number, p)
	}
	p.Address = h.seen[1].where(r.RemoteRTCP)
	if (done == nil || !done.control.Secure()) && p.Address.IsValid() && !r.RTCPMux && !r.NoReports {
		h.control.Begin(r.Handshake.Number, p)
	}
}

func (h *handshakes) close() {
	if h != nil {
		h.media.Close()
		h.control.Close()
	}
}

// Sent is told that the party has been sent our last description: what it answers on the
// media's own ways may come, and it may expect that of us.
func (s *RTP) Sent() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handshakes.begin(&s.result, s.symmetric)
	s.sight.begin()
}

// reports are the keys of RTCP, which are RTP's where both are on one port; none yet, maybe.
func (m *made) reports(mux bool) srtp.Masters {
	if mux {
		return m.media
	}
	return m.control
}

// Keyless is why there are no keys for what was agreed; nil when there are, or may be still.
func (s *RTP) Keyless() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.handshakes == nil {
		return nil
	}
	return s.handshakes.failed
}

// mediaKeyed is told what the handshake on RTP's port came to.
func (s *RTP) mediaKeyed(o dtls.Outcome) {
	err := s.keyed(o, func(h *handshakes, r *sdp.Result) {
		h.made[1] = h.made[0]
		h.made[0] = made{number: o.Number, media: o.Keys}
		h.seen[0] = seen{r.Remote, o.From}
		if s.early.number == o.Number {
			h.made[0].control = s.early.control
		}
		if r.Remote == s.result.Remote {
			s.port.Learn(o.From)
		}
	}, true)
	if err != nil {
		s.handshakes.tell(err)
	}
}

// controlKeyed is told what that on RTCP's port came to. A call can do without reports,
// but not with those of another.
func (s *RTP) controlKeyed(o dtls.Outcome) {
	err := s.keyed(o, func(h *handshakes, r *sdp.Result) {
		h.seen[1] = seen{r.RemoteRTCP, o.From}
		if m := h.done(o.Number); m != nil {
			m.control = o.Keys
			return
		}
		s.early = made{number: o.Number, control: o.Keys}
	}, false)
	switch {
	case err == nil:
	case fault.Of(err) == fault.Forbidden:
		s.handshakes.tell(err)
	default:
		s.log.Info("no keys for reports, which are not sent", "err", err)
	}
}

// keyed puts keys into effect, unless they are not wanted any more. Those of what was agreed
// before the offer that is being answered are: the answer may be taken back, and until its
// own handshake is done they are in use. Without those that are needed the call is keyless.
func (s *RTP) keyed(o dtls.Outcome, keep func(*handshakes, *sdp.Result), needed bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := &s.result
	if of.Handshake == nil || of.Handshake.Number != o.Number {
		if of = &s.before.result; o.Err != nil || of.Handshake == nil || of.Handshake.Number != o.Number {
			return nil
		}
	}
	if o.Err != nil && needed && o.Turn != s.handshakes.turn {
		return nil // it has begun again meanwhile
	}
	if o.Err != nil {
		if needed || fault.Of(o.Err) == fault.Forbidden {
			s.handshakes.failed = o.Err
		}
		return o.Err
	}
	keep(s.handshakes, of)
	err := s.put(&s.result)
	if err != nil && fault.Of(err) == fault.Gone {
		return nil // the call is over
	}
	s.handshakes.failed = err
	return err
}
