// Package sip makes channels of SIP calls and SIP calls of dialled endpoints: it
// joins the SIP user agent, the registrar and the trunks with signaling, and
// gives each call its media (plain RTP, or WebRTC for phones that want it).
//
// Goroutines: one actor per call and one per unanswered incoming call that waits
// for its cancellation, which end with the call; one per BYE of ours and one per
// question to a party on hold, which the answer, the stack's timers or its Close end.
package sip

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/auth"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/qualify"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
	"github.com/skygenesisenterprise/skybridge/sip/trunk"
)

// Config is what the technology is made of.
type Config struct {
	Engine *signaling.Engine
	Mixer  *mixer.Engine
	WebRTC *rtc.API
	Ports  *rtp.Ports
	Gate   *auth.Gate
	Log    *slog.Logger
	// External is the address that parties outside LocalNetworks must see in SDP;
	// zero for none.
	External      netip.Addr
	LocalNetworks []netip.Prefix
	// ComfortNoise has parties that take it told of silence instead of sent it (RFC 3389).
	ComfortNoise bool
	// RTCPIsLife keeps a call whose RTP stops for as long as RTCP comes.
	RTCPIsLife bool
	// Encoder is how what phones hear is encoded, where they leave that open.
	Encoder media.EncoderConfig
	// HoldPing is how often a party that is silent because of a hold is asked whether
	// it is still there; 0 takes DefaultHoldPing.
	HoldPing time.Duration
	// Exists reports whether an extension can be dialled; Run takes a new
	// channel through the dialplan.
	Exists func(context, exten string, caller signaling.CallerID) bool
	Run    func(ctx context.Context, c *signaling.Channel, context, exten string) error
}

// Tech is the SIP technology. Serve gives it its stack; it then is the stack's
// handler.
type Tech struct {
	cfg       Config
	engine    *signaling.Engine
	log       *slog.Logger
	server    *ua.Server
	registrar *registrar.Registrar
	trunks    *trunk.Registrations
	directory atomic.Pointer[Directory]
	presence  presence
}

var (
	_ signaling.Tech = (*Tech)(nil)
	_ ua.Handler     = (*Tech)(nil)
	_ ua.FlowHandler = (*Tech)(nil)
)

// New makes the technology without endpoints.
func New(cfg Config) *Tech {
	cfg.HoldPing = cmp.Or(cfg.HoldPing, DefaultHoldPing)
	t := &Tech{cfg: cfg, engine: cfg.Engine, log: cfg.Log, presence: presence{online: make(map[string]bool)}}
	t.directory.Store(&Directory{identifier: &identifier{}}) // it knows nobody
	return t
}

// Serve names the stack, the registrar and the trunks, before the first request.
func (t *Tech) Serve(server *ua.Server, r *registrar.Registrar, trunks *trunk.Registrations) {
	t.server, t.registrar, t.trunks = server, r, trunks
}

// Configure replaces the endpoints; calls under way keep what they began with. An
// error of kind fault.Invalid comes before anything has changed.
func (t *Tech) Configure(ctx context.Context, d *Directory) error {
	if err := t.Know(ctx, d); err != nil {
		return err
	}
	return t.Join(ctx)
}

// Know is the first half of Configure, which needs no socket: at the start it comes
// before they open, so that the first request finds everybody known. It waits for
// the names of hosts, for a few seconds at most.
func (t *Tech) Know(ctx context.Context, d *Directory) error {
	hosts := d.resolve(ctx, net.DefaultResolver, func(e *Endpoint, host string, err error) {
		t.log.Warn("requests of a host are not known by its address", "endpoint", e.Name, "host", host, "err", err)
	})
	if err := d.index(hosts); err != nil {
		return err
	}
	if err := t.registrar.Configure(ctx, d.AORs); err != nil {
		return err
	}
	t.directory.Store(d)
	return nil
}

// Join is the other half: the trunks register, and who can be rung is told.
func (t *Tech) Join(ctx context.Context) error {
	d := t.Directory()
	if err := t.trunks.Configure(ctx, d.Registrations); err != nil {
		return err
	}
	t.presence.forget(d)
	for i := range d.Endpoints { // contacts that stand in the files, or were kept over a restart
		t.tellPresence(&d.Endpoints[i])
	}
	return nil
}

// Directory is the endpoints as they are now.
func (t *Tech) Directory() *Directory { return t.directory.Load() }

// Name is the technology's name in dial strings.
func (t *Tech) Name() string { return "PJSIP" }

// OnFlowClosed forgets the bindings of a connection that ended.
func (t *Tech) OnFlowClosed(id message.FlowID) { t.registrar.FlowClosed(id) }

// target is a dial string's resource in its parts: an endpoint, and the number
// to dial at it when it is a trunk.
func (t *Tech) target(resource string) (*Endpoint, string, error) {
	d := t.Directory()
	if e := d.Endpoint(resource); e != nil {
		return e, "", nil
	}
	number, name, ok := strings.Cut(resource, "@") // PJSIP/number@endpoint
	if !ok {
		name, number, ok = strings.Cut(resource, "/") // SIP/endpoint/number
	}
	if ok {
		if e := d.Endpoint(name); e != nil && number != "" && !strings.ContainsAny(number, "@/") {
			return e, number, nil
		}
	}
	return nil, "", fault.New(fault.NotFound, "no endpoint %q", resource)
}

// contact is the address to ring: of those that are not known to be away and come
// first by q the one that registered last, since a phone that starts again leaves
// its old address behind.
func (t *Tech) contact(e *Endpoint) (registrar.Binding, error) {
	var best, away *registrar.Binding
	for _, aor := range e.AORs {
		for _, b := range t.registrar.Lookup(aor) {
			switch {
			case b.Status == qualify.Unavail:
				away = &b
			case best == nil || b.Q > best.Q || b.Q == best.Q && b.Updated.After(best.Updated):
				best = &b
			}
		}
	}
	switch {
	case best != nil:
		return *best, nil
	case away != nil:
		return registrar.Binding{}, fault.New(fault.Unreachable, "%s does not answer at %s", e.Name, away.Target)
	}
	return registrar.Binding{}, fault.New(fault.Unreachable, "%s is not registered", e.Name)
}
