package sip

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"testing/fstest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/auth"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
	"github.com/skygenesisenterprise/skybridge/sip/resolver"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
	"github.com/skygenesisenterprise/skybridge/sip/trunk"
)

func codecs() media.Codecs { return media.Codecs{g722.Codec(), g711.MuLaw(), g711.ALaw()} }

// rig is the technology on a real stack, with a real registrar and mixer. Incoming
// legs that the test asks for come on legs instead of becoming channels.
type rig struct {
	t      *testing.T
	tech   *Tech
	server *ua.Server
	house  *signaltest.House
	ports  *rtp.Ports
	media  *net.UDPConn // where phones say that they listen
	// calls are the channels of calls that came in, which the test answers.
	calls chan *signaling.Channel
}

// newRig starts the technology with the endpoints of a pjsip.conf.
func newRig(t *testing.T, pjsip string, change ...func(*Config, *ua.Config)) *rig {
	t.Helper()
	mix := signaltest.NewMixer(t, codecs()...)
	r := &rig{t: t, house: signaltest.New(t, mix), calls: make(chan *signaling.Channel, 16)}
	var err error
	pc := rtp.DefaultPortsConfig()
	pc.Addresses = []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback()}
	if r.ports, err = rtp.NewPorts(pc); err != nil {
		t.Fatal(err)
	}
	r.media = r.socket()
	log := slog.New(slog.NewTextHandler(r.house.Log, nil))
	dc := digest.Default()
	dc.Realm, dc.Secret = "asterisk", []byte("a secret of thirty-two characters")
	authenticator, err := digest.NewAuthenticator(dc)
	if err != nil {
		t.Fatal(err)
	}
	names, err := resolver.New(resolver.Default(), log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(names.Close)
	cfg := Config{
		Hosts:  names,
		Engine: r.house.Engine, Mixer: mix, WebRTC: api(t, log), Ports: r.ports, Gate: auth.NewGate(authenticator, log), Log: log,
		Exists: func(context, exten string, _ signaling.CallerID) bool { return context == "internal" && exten != "404" },
		Run: func(_ context.Context, c *signaling.Channel, _, _ string) error {
			r.calls <- c
			return nil
		},
	}
	stack := ua.Default() // its T1 is 500 ms: what waits for a transaction's end is late
	stack.Understood = []string{"timer"}
	for _, f := range change {
		f(&cfg, &stack)
	}
	r.tech = New(cfg)
	r.serve(stack, log, pjsip)
	return r
}

// socket is where a phone says that it listens.
func (r *rig) socket() *net.UDPConn {
	r.t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	return c
}

func api(t *testing.T, log *slog.Logger) *rtc.API {
	t.Helper()
	cfg := rtc.Default()
	cfg.Listen, cfg.Loopback = "127.0.0.1:0", true
	a, err := rtc.New(cfg, codecs(), log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// serve opens the stack, its registrar and its trunks.
func (r *rig) serve(cfg ua.Config, log *slog.Logger, pjsip string) {
	t := r.t
	t.Helper()
	if cfg.Transport.Listeners == nil {
		cfg.Transport.Listeners = siptest.Config("udp", "tcp").Transport.Listeners
	}
	var err error
	if r.server, err = ua.NewServer(cfg, r.tech, log); err != nil {
		t.Fatal(err)
	}
	sc := store.Default()
	sc.Path = store.Memory
	db, err := store.Open(t.Context(), sc, log)
	if err != nil {
		t.Fatal(err)
	}
	rc := registrar.Default()
	rc.Own, rc.OnEvent = r.server.Own, r.tech.OnBinding
	reg, err := registrar.New(rc, r.server, db.Bindings, log)
	if err != nil {
		t.Fatal(err)
	}
	trunks := trunk.NewRegistrations(r.server, log, nil)
	r.tech.Serve(r.server, reg, trunks)
	if err := r.server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := reg.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.house.Engine.HangupAll(signaling.CauseNormal)
		ctx, cancel := context.WithTimeout(context.Background(), siptest.Patience)
		defer cancel()
		if err := r.house.Engine.Drain(ctx); err != nil {
			t.Error(err)
		}
		if err := trunks.Stop(ctx); err != nil {
			t.Error(err)
		}
		reg.Stop()
		if err := r.server.Close(ctx); err != nil {
			t.Logf("close: %v", err) // a phone that is gone answers no BYE
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		r.portsClosed()
	})
	if err := r.tech.Configure(t.Context(), endpoints(t, pjsip)); err != nil {
		t.Fatal(err)
	}
}

// portsClosed waits until no call has a media port: the mixer closes them.
func (r *rig) portsClosed() {
	r.t.Helper()
	end := time.NewTimer(siptest.Patience)
	defer end.Stop()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for r.ports.InUse() > 0 {
		select {
		case <-tick.C:
		case <-end.C:
			r.t.Errorf("%d media ports are in use", r.ports.InUse())
			return
		}
	}
}

// endpoints are those of a pjsip.conf.
func endpoints(t *testing.T, pjsip string) *directory.Directory {
	t.Helper()
	return endpointsOf(t, "pjsip.conf", pjsip)
}

// endpointsOf is that of a file.
func endpointsOf(t *testing.T, file, text string) *directory.Directory {
	t.Helper()
	set, err := endpoint.Load(asterisk.Loader{FS: fstest.MapFS{file: {Data: []byte(text)}}})
	if err != nil {
		t.Fatal(err)
	}
	d, _ := directory.New(set, directory.Options{
		Codecs: codecs(), RTPTimeout: time.Minute, Realm: "asterisk", Algorithms: digest.Default().Algorithms,
	})
	return d
}

// offer describes the rig's media socket in a codec.
func (r *rig) offer(pt int, codec, direction string) ua.Content {
	body := fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP %d\r\na=rtpmap:%[2]d %s/8000\r\na=%s\r\n",
		r.media.LocalAddr().(*net.UDPAddr).Port, pt, codec, direction)
	return ua.Content{Type: sdpType, Body: []byte(body)}
}

// to is an extension of the server.
func (r *rig) to(exten string) message.URI {
	a := r.server.Addr("udp")
	return message.URI{Scheme: "sip", User: exten, Host: a.Addr().String(), Port: int(a.Port())}
}

// phone starts a phone.
func (r *rig) phone(user string) *siptest.Phone {
	r.t.Helper()
	return siptest.NewPhoneWith(r.t, user, siptest.Repeating(200*time.Millisecond, "udp")) // after glare it tries again
}

// call has a phone call an extension with an offer in PCMU.
func (r *rig) call(p *siptest.Phone, exten string, change ...func(*ua.Outbound)) *siptest.Leg {
	r.t.Helper()
	o := p.Outbound(r.to(exten))
	c := r.offer(0, "PCMU", "sendrecv")
	o.ContentType, o.Body = c.Type, c.Body
	for _, f := range change {
		f(&o)
	}
	return p.Call(siptest.Ctx(r.t), o)
}

// answered is a call that stands: the phone's side and ours.
func (r *rig) answered(p *siptest.Phone, exten string) (*siptest.Leg, *signaling.Channel) {
	r.t.Helper()
	leg := r.call(p, exten)
	c := siptest.Wait(r.t, r.calls)
	if err := c.Answer(siptest.Ctx(r.t)); err != nil {
		r.t.Fatal(err)
	}
	leg.Answered()
	return leg, c
}

// report takes what a leg tells its channel.
type report chan string

var _ signaling.LegEvents = report(nil)

func (r report) LegRinging()                        { r <- "ringing" }
func (r report) LegProgress()                       { r <- "progress" }
func (r report) LegAnswered()                       { r <- "answered" }
func (r report) LegMedia()                          { r <- "media" }
func (r report) LegHeld(on bool)                    { r <- fmt.Sprintf("held %v", on) }
func (r report) LegConnected(id signaling.CallerID) { r <- "connected " + id.String() }
func (r report) LegDigit(d byte, length time.Duration) {
	r <- fmt.Sprintf("digit %c %v", d, length)
}
func (r report) LegPort(mixer.Event) {}
func (r report) LegEnded(cause signaling.Cause, peer bool) {
	r <- fmt.Sprintf("ended %d %v", cause, peer)
}

// want waits for a report and passes over all before it.
func (r report) want(t *testing.T, what string) {
	t.Helper()
	var passed []string
	for {
		got := siptest.Wait(t, r)
		if got == what {
			return
		}
		passed = append(passed, got)
		if len(got) > 5 && got[:5] == "ended" {
			t.Fatalf("told %q, not %q", passed, what)
		}
	}
}

// dial makes an outgoing leg, which reports.
func (r *rig) dial(resource string) (*leg, report) {
	r.t.Helper()
	l, err := r.tech.Dial(siptest.Ctx(r.t), signaling.DialRequest{Resource: resource, Caller: signaling.CallerID{Name: "Ana", Number: "100"}})
	if err != nil {
		r.t.Fatal(err)
	}
	told := make(report, 256)
	l.Start(told)
	return l.(*leg), told
}
