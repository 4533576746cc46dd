package transfer_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/tone"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/app"
	"github.com/skygenesisenterprise/skybridge/signaling/app/sendaway"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/function"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
	"github.com/skygenesisenterprise/skybridge/signaling/sound"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
	"github.com/skygenesisenterprise/skybridge/signaling/transfer"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/auth"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/refer"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
	"github.com/skygenesisenterprise/skybridge/sip/trunk"
)

// plan is where everybody calls: phones by their names, and what else there is to be
// transferred to.
const plan = `
[phones]
exten => _[1-4],1,Dial(PJSIP/${EXTEN},,g)
 same => n,Note(${CALLERID(num)} dialled ${EXTEN}: ${DIALSTATUS} ${BLINDTRANSFER} ${ATTENDEDTRANSFER})
 same => n,Hangup()
exten => 5,1,Answer()
 same => n,Dial(PJSIP/9)
exten => 6,1,Answer()
 same => n,Note(${CALLERID(num)} at 6: ${BLINDTRANSFER} ${SIPREFERREDBYHDR} ${SIPREFERTOHDR} ${SIPTRANSFER})
 same => n,Playback(custom/long)
exten => 7,1,ConfBridge(7)
exten => external_replaces,1,Note(outside: ${SIPREPLACESHDR})
 same => n,Hangup()
exten => _3X,1,Answer()
 same => n,Transfer(${CUT(to,|,$[${EXTEN:1} + 1])})
 same => n,Note(${TRANSFERSTATUS} ${TRANSFERSTATUSPROTOCOL})
 same => n,Hangup()
exten => 40,1,Transfer(SIP/3)
exten => h,1,Note(${CALLERID(num)} h${TRANSFERSTATUS})
[elsewhere]
exten => 8,1,Note(elsewhere)
 same => n,Hangup()
[trunk]
exten => 4,1,Dial(PJSIP/4)
`

// destinations are what 30 to 33 ask their callers to call.
const destinations = "3|PJSIP/sip:new@192.0.2.9|PJSIP/nobody at all|IAX2/3|"

// rig is SIP on real sockets with the plan behind it.
type rig struct {
	*signaltest.House
	t      *testing.T
	server *ua.Server
	notes  chan string
	events *event.Subscription
	phones map[string]*siptest.Phone
	media  *net.UDPConn
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newRig makes a rig with phones 1 to 4; more is their pjsip.conf's.
func newRig(t *testing.T, more string) *rig {
	t.Helper()
	codecs := media.Codecs{g711.MuLaw(), g711.ALaw()}
	mix := signaltest.NewMixer(t, codecs...)
	r := &rig{t: t, House: signaltest.New(t, mix), notes: make(chan string, 64), phones: make(map[string]*siptest.Phone)}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the log:\n%s", r.Log)
		}
	})
	r.events = r.Engine.Bus().Subscribe(1024, func(e *event.Event) bool {
		return e.Type == event.BridgeBlindTransfer || e.Type == event.BridgeAttendedTransfer
	})
	t.Cleanup(r.events.Close)
	log := slog.New(slog.NewTextHandler(r.Log, nil))
	exec := r.executor(log, codecs)
	exists := func(context, exten string, c signaling.CallerID) bool {
		return exec.Plan().Exists(context, exten, c.Number, time.Now())
	}
	run := func(ctx context.Context, c *signaling.Channel, at dialplan.Position) error {
		return app.Run(ctx, exec, c, at)
	}
	dc := digest.Default()
	dc.Realm, dc.Secret = "asterisk", []byte("a secret of thirty-two characters")
	authenticator, err := digest.NewAuthenticator(dc)
	ok(t, err)
	pc := rtp.DefaultPortsConfig()
	pc.Addresses = []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	ports, err := rtp.NewPorts(pc)
	ok(t, err)
	tech := sip.New(sip.Config{
		Engine: r.Engine, Mixer: mix, Ports: ports, Gate: auth.NewGate(authenticator, log), Log: log, Exists: exists,
		Run: func(ctx context.Context, c *signaling.Channel, context, exten string) error {
			return run(ctx, c, dialplan.Position{Context: context, Exten: exten, Priority: 1})
		},
		Transfers: transfer.New(transfer.Config{Engine: r.Engine, Exists: exists, Run: run, Log: log}),
	})
	r.Engine.AddTech(tech, "SIP")
	r.serve(tech, log, more)
	return r
}

// executor runs the plan.
func (r *rig) executor(log *slog.Logger, codecs media.Codecs) *dialplan.Executor {
	t := r.t
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "en", "custom", "long.wav")
	ok(t, os.MkdirAll(filepath.Dir(file), 0o700))
	ok(t, tone.WriteWAV(file, tone.Sine(500, 8000, 10, 8000), 8000))
	services := &app.Services{Engine: r.Engine, Rooms: conference.NewRegistry(r.Engine), Sounds: sound.NewLibrary(codecs, dir)}
	apps, err := dialplan.NewApps(dialplan.Builtins(), app.Applications(services), sendaway.Applications(), []dialplan.Application{{
		Name: "Note", Run: func(_ context.Context, _ *dialplan.Call, args string) error { r.notes <- args; return nil },
	}})
	ok(t, err)
	funcs, err := dialplan.NewFunctions(function.All(), app.Functions(services))
	ok(t, err)
	loaded, err := dialplan.LoadFile(asterisk.Loader{FS: fstest.MapFS{"extensions.conf": {Data: []byte(plan)}}}, "extensions.conf", false)
	ok(t, err)
	exec, err := dialplan.NewExecutor(dialplan.Options{
		Config: dialplan.DefaultConfig(), Plan: func() *dialplan.Plan { return loaded }, Apps: apps, Functions: funcs,
		Globals: dialplan.NewGlobals([]dialplan.Variable{{Name: "to", Value: destinations}}), Log: log,
	})
	ok(t, err)
	return exec
}

// serve opens the stack and makes the phones known.
func (r *rig) serve(tech *sip.Tech, log *slog.Logger, more string) {
	t := r.t
	t.Helper()
	cfg := ua.Default()
	cfg.Transport.Listeners = siptest.Config("udp").Transport.Listeners
	var err error
	r.server, err = ua.NewServer(cfg, tech, log)
	ok(t, err)
	sc := store.Default()
	sc.Path = store.Memory
	db, err := store.Open(t.Context(), sc, log)
	ok(t, err)
	rc := registrar.Default()
	rc.Own, rc.OnEvent = r.server.Own, tech.OnBinding
	reg, err := registrar.New(rc, r.server, db.Bindings, log)
	ok(t, err)
	trunks := trunk.NewRegistrations(r.server, log, nil)
	tech.Serve(r.server, reg, trunks)
	ok(t, r.server.Start(t.Context()))
	ok(t, reg.Start(t.Context()))
	t.Cleanup(func() {
		r.Engine.HangupAll(signaling.CauseNormal)
		ctx, cancel := context.WithTimeout(context.Background(), siptest.Patience)
		defer cancel()
		ok(t, r.Engine.Drain(ctx))
		ok(t, trunks.Stop(ctx))
		reg.Stop()
		if err := r.server.Close(ctx); err != nil {
			t.Logf("close: %v", err)
		}
		ok(t, db.Close())
	})
	r.media, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	ok(t, err)
	t.Cleanup(func() { ok(t, r.media.Close()) })
	var conf strings.Builder
	for _, name := range []string{"1", "2", "3", "4"} {
		p := siptest.NewPhone(t, name)
		r.phones[name] = p
		auth := "" // who is called answers no challenge, so only one has a password
		if name == "3" {
			auth = "\nauth=3\n[3]\ntype=auth\nusername=3\npassword=secret"
		}
		fmt.Fprintf(&conf, "[%s]\ntype=endpoint\ndirect_media=no\ncontext=phones\ndisallow=all\nallow=ulaw\naors=%[1]s\ncallerid=<%[1]s>%[3]s\n[%[1]s]\ntype=aor\ncontact=%[2]s\n", name, p.URI("udp"), auth)
	}
	conf.WriteString(more)
	set, err := endpoint.Load(asterisk.Loader{FS: fstest.MapFS{"pjsip.conf": {Data: []byte(conf.String())}}})
	ok(t, err)
	d, _ := directory.New(set, directory.Options{Codecs: media.Codecs{g711.MuLaw()}, RTPTimeout: time.Minute})
	ok(t, tech.Configure(t.Context(), d))
}

func (r *rig) uri(exten string) message.URI {
	a := r.server.Addr("udp")
	return message.URI{Scheme: "sip", User: exten, Host: a.Addr().String(), Port: int(a.Port())}
}

func (r *rig) description() ua.Content {
	port := r.media.LocalAddr().(*net.UDPAddr).Port
	return ua.Content{Type: "application/sdp", Body: fmt.Appendf(nil,
		"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n", port)}
}

// invite has a phone call an extension.
func (r *rig) invite(from, exten string, hs ...message.Header) *siptest.Leg {
	r.t.Helper()
	p := r.phones[from]
	o := p.Outbound(r.uri(exten))
	c := r.description()
	o.ContentType, o.Body, o.Headers = c.Type, c.Body, hs
	if from == "3" {
		o.Credentials = []ua.Credential{{Realm: "asterisk", Username: from, Password: "secret"}}
	}
	return p.Call(siptest.Ctx(r.t), o)
}

// rings waits for a phone's next call.
func (r *rig) rings(name string) *ua.IncomingInvite {
	r.t.Helper()
	in := siptest.Wait(r.t, r.phones[name].Invites)
	ok(r.t, in.Progress(ua.Reply{}))
	return in
}

// answer has a phone take a call.
func (r *rig) answer(in *ua.IncomingInvite) *siptest.Leg {
	r.t.Helper()
	l := siptest.NewLeg(r.t)
	c := r.description()
	d, err := in.Accept(ua.Reply{ContentType: c.Type, Body: c.Body}, l)
	ok(r.t, err)
	l.Dialog = d
	return l
}

// call has one phone talk to another: both sides of it.
func (r *rig) call(from, to string) (caller, callee *siptest.Leg) {
	r.t.Helper()
	caller = r.invite(from, to)
	callee = r.answer(r.rings(to))
	caller.Answered()
	siptest.Wait(r.t, callee.Acks)
	r.together(from, to)
	return caller, callee
}

// together waits until exactly these endpoints are in one bridge.
func (r *rig) together(names ...string) {
	r.t.Helper()
	slices.Sort(names)
	r.Eventually(fmt.Sprintf("%v in one bridge", names), func() bool {
		in := make(map[signaling.BridgeID][]string)
		for _, c := range r.Engine.Channels() {
			if c.Bridge != "" {
				in[c.Bridge] = append(in[c.Bridge], c.Endpoint)
			}
		}
		for _, got := range in {
			slices.Sort(got)
			if slices.Equal(got, names) {
				return true
			}
		}
		return false
	})
}

// refer has a leg's phone ask for a transfer, and gives the status.
func (r *rig) refer(l *siptest.Leg, to string, hs ...message.Header) int {
	r.t.Helper()
	hs = append([]message.Header{{Name: "Refer-To", Value: to}}, hs...)
	resp, err := l.Dialog.Request(siptest.Ctx(r.t), "REFER", ua.Content{}, hs...)
	if resp == nil {
		r.t.Fatalf("REFER: %v", err)
	}
	return resp.Status()
}

// notified answers the next NOTIFY and gives its status.
func (r *rig) notified(l *siptest.Leg) (status int, state string) {
	r.t.Helper()
	in := siptest.Wait(r.t, l.Requests)
	req := in.Request()
	if req.Method() != "NOTIFY" || !refer.IsFragment(req.ContentType()) || !strings.HasPrefix(req.Header("Event"), "refer") {
		r.t.Fatalf("%s of %q %q", req.Method(), req.ContentType(), req.Header("Event"))
	}
	status, err := refer.Status(req.Body())
	ok(r.t, err)
	ok(r.t, in.Respond(ua.Reply{}))
	return status, req.Header("Subscription-State")
}

// progress checks the statuses of the next NOTIFYs.
func (r *rig) progress(l *siptest.Leg, want ...int) {
	r.t.Helper()
	for _, w := range want {
		got, state := r.notified(l)
		if got != w || strings.HasPrefix(state, "terminated") != (w >= 200) {
			r.t.Fatalf("NOTIFY of %d, %s; want %d of %v", got, state, w, want)
		}
	}
}

// ended waits for our BYE.
func (r *rig) ended(legs ...*siptest.Leg) {
	r.t.Helper()
	for _, l := range legs {
		if e := siptest.Wait(r.t, l.Ended); e.Cause != ua.EndRemote {
			r.t.Errorf("ended by %v", e.Cause)
		}
	}
}

func (r *rig) note(want ...string) {
	r.t.Helper()
	for _, w := range want {
		if got := siptest.Wait(r.t, r.notes); got != w {
			r.t.Errorf("note %q, want %q", got, w)
		}
	}
}

// replaces is the Refer-To that names a call of the phone's own.
func (r *rig) replaces(l *siptest.Leg) string {
	id := l.Dialog.ID()
	return refer.Target(r.uri("1"), &refer.Replaces{CallID: id.CallID, ToTag: id.RemoteTag, FromTag: id.LocalTag})
}

// to is a plain Refer-To.
func (r *rig) to(exten string) string { return refer.Target(r.uri(exten), nil) }

func bye(t *testing.T, l *siptest.Leg) {
	t.Helper()
	ok(t, l.Dialog.Bye(siptest.Ctx(t)))
}
