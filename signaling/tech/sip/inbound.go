package sip

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
	"github.com/skygenesisenterprise/skybridge/media/srtp/dtls"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/causes"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/instance"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/reliable"
	sess "github.com/skygenesisenterprise/skybridge/signaling/tech/sip/session"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/webrtc"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// setupTimeout bounds what happens before a call has its channel.
const setupTimeout = 10 * time.Second

// admit tells which endpoint sent a request, or the reply that refuses it. Who is
// not known gets the challenge that a known user would get.
func (t *Tech) admit(req *message.Request) (*directory.Endpoint, *ua.Reply) {
	if refusal := t.shut(req); refusal != nil {
		return nil, refusal
	}
	e, byAddress := t.Directory().Identify(req)
	if e != nil && byAddress && e.InsecureInvite && req.Method() == "INVITE" {
		return e, nil
	}
	return e, t.prove(req, e)
}

// shut is the refusal of requests from where none may come.
func (t *Tech) shut(req *message.Request) *ua.Reply {
	return forbidden(t.Directory().Shut(req))
}

func forbidden(is bool) *ua.Reply {
	if is {
		return &ua.Reply{Status: 403}
	}
	return nil
}

// prove asks for the endpoint's credentials, if it has any; only its own prove
// it. A nil endpoint is asked just the same and never believed.
func (t *Tech) prove(req *message.Request, e *directory.Endpoint) *ua.Reply {
	if e != nil && e.Believed() {
		return forbidden(e.Elsewhere(req))
	}
	_, refusal := t.cfg.Gate.Admit(req, t.Directory().Space(e, req, t.cfg.Gate.Disguise), func(username string) (digest.Credentials, bool) {
		if e != nil {
			for _, c := range e.Credentials {
				if c.Username == username {
					return c, true
				}
			}
		}
		return digest.Credentials{}, false
	})
	if e == nil {
		t.cfg.Gate.Stranger(req)
	}
	if refusal == nil {
		refusal = forbidden(e.Elsewhere(req))
	}
	return refusal
}

// OnRequest answers REGISTER, OPTIONS and REFER, and refuses the rest.
func (t *Tech) OnRequest(in *ua.IncomingRequest) {
	req := in.Request()
	switch req.Method() {
	case "REGISTER":
		t.register(in)
	case "OPTIONS":
		t.options(in)
	default:
		e, refusal := t.admit(req)
		if refusal == nil {
			if req.Method() == "REFER" {
				t.dialogs.Outside(in, e, t.respond)
				return
			}
			t.log.Info("request not supported", "method", req.Method(), "endpoint", e.Name)
			refusal = &ua.Reply{Status: 501}
		}
		t.respond(in, *refusal)
	}
}

func (t *Tech) respond(in *ua.IncomingRequest, r ua.Reply) {
	if err := in.Respond(r); err != nil {
		t.log.Info("reply not sent", "call_id", in.Request().CallID(), "status", r.Status, "err", err)
	}
}

// register takes a REGISTER: To must be an AOR of the endpoint that proved itself.
func (t *Tech) register(in *ua.IncomingRequest) {
	req := in.Request()
	refusal := t.shut(req)
	if refusal != nil {
		t.respond(in, *refusal)
		return
	}
	e := t.Directory().Registering(req)
	if refusal = t.prove(req, e); refusal != nil {
		t.respond(in, *refusal)
		return
	}
	t.registrar.Handle(context.Background(), in, e.AORs...) // it waits for its store no longer than it is told
}

// options answers a ping: 200 for us and for an extension that exists, else 404,
// as chan_pjsip does. Who would have to prove who they are learns nothing of
// extensions, nor whether they are known.
func (t *Tech) options(in *ua.IncomingRequest) {
	req := in.Request()
	reply := ua.Reply{Status: 200, Headers: []message.Header{{Name: "Accept", Value: sdpType}}}
	e, byAddress := t.Directory().Identify(req)
	believed := e != nil && (byAddress || e.Believed())
	if refusal := t.shut(req); refusal != nil {
		reply = *refusal
	} else if believed && req.URI().User != "" && !t.reachable(e, e.Asked(req), signaling.CallerID{}) {
		reply.Status = 404
	}
	t.respond(in, reply)
}

// reachable reports whether an endpoint can dial an extension. What the dialplan
// would read as more than a number or a name is none: it comes to stand in the
// arguments of applications, where a comma begins an option, an ampersand another
// destination, and what follows an @ or a slash says through whom it goes.
func (t *Tech) reachable(e *directory.Endpoint, exten string, caller signaling.CallerID) bool {
	return t.reachableIn(e.Context, exten, caller)
}

func (t *Tech) reachableIn(context, exten string, caller signaling.CallerID) bool {
	special := func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune("&,|()[]{}\"'`$\\;@/:<>?%", r) }
	return !strings.ContainsFunc(exten, special) && t.cfg.Exists(context, exten, caller)
}

// OnInvite takes a call.
func (t *Tech) OnInvite(in *ua.IncomingInvite) {
	req := in.Request()
	e, refusal := t.admit(req)
	var old *signaling.Channel
	if refusal == nil {
		refusal = untimely(req, e)
	}
	if refusal == nil {
		refusal = reliable.Refuse(req, e.Reliable)
	}
	if refusal == nil {
		old, refusal = t.dialogs.Replacing(req, e)
	}
	if refusal == nil {
		if err := t.begin(in, e, old); err != nil {
			t.log.Info("call refused", "endpoint", e.Name, "call_id", req.CallID(), "exten", req.URI().User, "err", err)
			refusal = causes.Refusal(err)
		}
	}
	if refusal == nil {
		return
	}
	if err := in.Reject(*refusal); err != nil {
		t.log.Debug("refusal not sent", "call_id", req.CallID(), "err", err)
	}
}

// begin takes a call through the dialplan, if it may come in, or has it replace another one.
func (t *Tech) begin(in *ua.IncomingInvite, e *directory.Endpoint, old *signaling.Channel) error {
	if old != nil {
		return t.replace(in, e, old)
	}
	req := in.Request()
	caller, exten, err := e.Numbers(req)
	if err != nil {
		return err
	}
	exten, vars, err := instance.Dialled(t.cfg.GRUU, t.registrar, req.URI(), exten, e.Variables)
	if err != nil {
		return err
	}
	if !t.reachable(e, exten, caller) {
		return fault.New(fault.NotFound, "no extension %q in context %q", exten, e.Context)
	}
	c, err := t.admitted(in, e, caller, exten, vars)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), setupTimeout)
	defer cancel()
	if err := t.cfg.Run(ctx, c, e.Context, exten); err != nil {
		c.Hangup(signaling.CauseOf(err)) // the channel refuses the INVITE by itself
		t.log.Info("dialplan not started", "channel", c.Name(), "err", err)
	}
	return nil
}

// admitted makes the leg and the channel of a call that may come in.
func (t *Tech) admitted(in *ua.IncomingInvite, e *directory.Endpoint, caller signaling.CallerID, exten string, vars []dialplan.Variable) (*signaling.Channel, error) {
	if len(e.Codecs) == 0 {
		return nil, fault.New(fault.NotAcceptable, "%s allows no codec that we have", e.Name)
	}
	release, err := t.table.Incoming(e.Name, exten)
	if err != nil {
		return nil, err
	}
	req := in.Request()
	ctx, cancel := context.WithTimeout(context.Background(), setupTimeout)
	defer cancel()
	in.SetRewriteContact(e.Rewrite)
	in.SetReliable(reliable.Wanted(e.Reliable))
	l := t.newLeg(e)
	l.release = release
	l.incoming, l.callID, l.maxForwards = in, req.CallID(), req.MaxForwards()
	l.heard(req.Parsed)
	kept := false
	defer func() {
		if !kept {
			l.abandon()
		}
	}()
	if err := l.take(ctx, req, e); err != nil {
		return nil, err
	}
	t.dialogs.Add(in.ID(), l)
	c, err := t.engine.Incoming(signaling.Incoming{
		Leg: l, Tech: e.ConfTech, Resource: e.Name, Caller: caller, Redirecting: e.Identity.Redirecting(req.Parsed), Context: e.Context, Exten: exten,
		AccountCode: e.AccountCode, Language: e.Language, Variables: vars,
	})
	if err != nil {
		return nil, err
	}
	kept = true // by the channel
	l.detectFax(c, e.FaxDetect)
	return c, nil
}

// take looks at the caller's offer and prepares the answer; without an offer, the
// media is made when ours is sent.
func (l *leg) take(ctx context.Context, req *message.Request, e *directory.Endpoint) error {
	offer := req.Part(sdpType)
	if len(offer) == 0 {
		l.late = true
		l.newSession = func() (session, error) {
			return l.makeSession(e, e.Keying(), req.Source().Remote.Addr(), e.CodecsFor(nil))
		}
		return nil
	}
	parsed, err := sdp.Parse(offer)
	if err != nil {
		return err
	}
	as, err := e.KeyingFor(parsed)
	if err != nil {
		return err
	}
	s, err := l.makeSession(e, as, parsed.Party(req.Source().Remote.Addr()), e.CodecsFor(nil))
	if err != nil {
		return err
	}
	l.session, l.offer = s, offer
	l.answer, err = s.Answer(ctx, offer)
	return err
}

// makeSession makes the media of a leg.
func (l *leg) makeSession(e *directory.Endpoint, as directory.Keying, party netip.Addr, codecs codecList) (session, error) {
	t := l.tech
	if as == directory.ByICE {
		s, err := webrtc.NewSession(webrtc.SessionConfig{
			Name: e.ConfTech + "/" + e.Name, Mixer: t.cfg.Mixer, API: t.cfg.WebRTC, Codecs: codecs, Log: t.log,
			Events: l.portEvent, State: l.connectionState,
		})
		if err != nil {
			return nil, err
		}
		return &sess.WebRTC{Session: s}, nil
	}
	at, err := t.cfg.Address.For(party, e.Media)
	if err != nil {
		return nil, err
	}
	c := sess.Config{
		Name: e.ConfTech + "/" + e.Name, Ports: t.cfg.Ports, Mixer: t.cfg.Mixer, Codecs: codecs, Address: at.Told, Local: at.Local,
		DTMF: e.DTMF.Events(), PreferOurs: true, Noise: t.cfg.ComfortNoise, Encoder: t.cfg.Encoder, Symmetric: e.Symmetric,
		Protection: e.Protection, Suites: e.Suites, Log: l.log,
		Timeout: e.RTPTimeout, Hold: e.HoldTimeout, Mux: e.RTCPMux, Life: t.cfg.RTCPIsLife, Keepalive: e.Keepalive, Events: l.portEvent,
		Video: e.Video, Fax: e.Fax, Direct: sess.Direct{Allowed: e.Direct.Allowed, NotByNAT: e.Direct.NotByNAT, Signals: party},
	}
	if as == directory.ByHandshake {
		c.Handshake = &sess.Handshake{DTLS: e.DTLS, Suites: e.HandshakeSuites(), Timeout: dtls.DefaultTimeout, Failed: l.noKeys}
	}
	s, err := sess.New(c)
	if err != nil {
		return nil, err
	}
	return s, nil
}
