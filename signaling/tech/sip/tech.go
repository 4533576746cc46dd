// Package sip makes channels of SIP calls and SIP calls of dialled endpoints: it
// joins the SIP user agent, the registrar and the trunks with signaling, and
// gives each call its media (plain RTP, or WebRTC for phones that want it).
//
// Goroutines: one actor per call and one per unanswered incoming call that waits
// for its cancellation, which end with the call; one per BYE of ours and one per
// question to a party on hold, which the answer, the stack's timers or its Close end.
package sip

import (
	"context"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/ownaddress"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/reach"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/referral"
	"github.com/skygenesisenterprise/skybridge/signaling/transfer"
	"github.com/skygenesisenterprise/skybridge/signaling/trunkgroup"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/auth"
	"github.com/skygenesisenterprise/skybridge/sip/gruu"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
	"github.com/skygenesisenterprise/skybridge/sip/trunk"
)

// Config is what the technology is made of.
type Config struct {
	Engine *signaling.Engine
	Mixer  *mixer.Engine
	WebRTC *rtc.API
	Ports  *rtp.Ports
	// Address finds where media is to be sent to us; nil knows nothing of an outside.
	Address *ownaddress.Finder
	Gate    *auth.Gate
	// Trust is told the networks of trunks; nil tells nobody.
	Trust func([]netip.Prefix)
	Log   *slog.Logger
	// Hosts finds the addresses of names.
	Hosts directory.Hosts
	// GRUU reads what the registrar gave phones (RFC 5627); nil for none.
	GRUU *gruu.Maker
	// ComfortNoise has parties that take it told of silence instead of sent it (RFC 3389).
	ComfortNoise bool
	// RTCPIsLife keeps a call whose RTP stops for as long as RTCP comes.
	RTCPIsLife bool
	// Encoder is how what phones hear is encoded, where they leave that open.
	Encoder media.EncoderConfig
	// HoldPing is how often a party that is silent because of a hold is asked whether
	// it is still there; 0 is never.
	HoldPing time.Duration
	// Transfers does what REFER and Replaces ask for; nil refuses them.
	Transfers *transfer.Service
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
	directory atomic.Pointer[directory.Directory]
	table     *trunkgroup.Table
	reach     reach.Finder
	presence  reach.Presence
	dialogs   referral.Desk[*leg]
}

var (
	_ signaling.Tech = (*Tech)(nil)
	_ ua.Handler     = (*Tech)(nil)
	_ ua.FlowHandler = (*Tech)(nil)
)

// New makes the technology without endpoints.
func New(cfg Config) *Tech {
	if cfg.Address == nil {
		cfg.Address = ownaddress.New(cfg.Ports)
	}
	t := &Tech{cfg: cfg, engine: cfg.Engine, log: cfg.Log}
	t.table = trunkgroup.New(t.reach.Ways)
	t.reach.Directory, t.reach.Table = t.Directory, t.table
	t.directory.Store(directory.Empty()) // it knows nobody
	return t
}

// Serve names the stack, the registrar and the trunks, before the first request.
func (t *Tech) Serve(server *ua.Server, r *registrar.Registrar, trunks *trunk.Registrations) {
	t.server, t.registrar, t.trunks = server, r, trunks
	t.reach.Registrar, t.reach.Trunks = r, trunks
	d := &t.dialogs
	d.Transfers, d.Own, d.Bindings = t.cfg.Transfers, server.Own, r.Lookup
	d.Directory, d.Prove, d.Reachable = t.Directory, t.prove, t.reachableIn
}

// Configure replaces the endpoints; calls under way keep what they began with. An
// error of kind fault.Invalid comes before anything has changed.
func (t *Tech) Configure(ctx context.Context, d *directory.Directory) error {
	if err := t.Know(ctx, d); err != nil {
		return err
	}
	return t.Join(ctx)
}

// Know is the first half of Configure, which needs no socket: at the start it comes
// before they open, so that the first request finds everybody known. It waits for
// the names of hosts, for a few seconds at most.
func (t *Tech) Know(ctx context.Context, d *directory.Directory) error {
	hosts := d.Resolve(ctx, time.Now(), t.cfg.Hosts, t.Directory(), func(e *directory.Endpoint, host string, err error) {
		t.log.Warn("requests of a host are not known by its address", "endpoint", e.Name, "host", host, "err", err)
	})
	d.Lines = t.trunks.Line
	if err := d.Index(hosts); err != nil {
		return err
	}
	if err := t.registrar.Configure(ctx, d.AORs); err != nil {
		return err
	}
	if err := t.table.Configure(d.Trunking()); err != nil { // Index has looked at it
		return err
	}
	t.directory.Store(d)
	if t.cfg.Trust != nil {
		t.cfg.Trust(d.Networks())
	}
	return nil
}

// Join is the other half: the trunks register, and who can be rung is told.
func (t *Tech) Join(ctx context.Context) error {
	d := t.Directory()
	if err := t.trunks.Configure(ctx, d.Registrations); err != nil {
		return err
	}
	t.presence.Keep(func(name string) bool { return d.Endpoint(name) != nil })
	for i := range d.Endpoints { // contacts that stand in the files, or were kept over a restart
		t.tellPresence(&d.Endpoints[i])
	}
	return nil
}

// Refresh looks names up again until stop is called.
func (t *Tech) Refresh(every time.Duration) (stop func()) {
	r := directory.Refresher{Current: &t.directory, Hosts: t.cfg.Hosts, Trust: t.cfg.Trust, Every: every, Now: time.Now, Log: t.log}
	return r.Start()
}

// Directory is the endpoints as they are now.
func (t *Tech) Directory() *directory.Directory { return t.directory.Load() }

// Name is the technology's name in dial strings.
func (t *Tech) Name() string { return "PJSIP" }

// OnFlowClosed forgets the bindings of a connection that ended.
func (t *Tech) OnFlowClosed(id message.FlowID) {
	t.registrar.FlowClosed(id)
	t.trunks.FlowClosed(id)
}
