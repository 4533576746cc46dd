package referral

import (
	"log/slog"
	"strconv"
	"strings"
	"sync"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
	"github.com/skygenesisenterprise/skybridge/signaling/transfer"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/refer"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
)

// Leg is a party that can transfer its call, or whose call can be taken over.
type Leg interface {
	comparable
	// Standing is what it is at the moment, from any goroutine.
	Standing() Standing
}

// Standing is what a leg is at the moment.
type Standing struct {
	Channel  *signaling.Channel
	Endpoint string
	Over     bool
	Incoming bool       // it waits for its answer
	Dialog   *ua.Dialog // nil before the answer
	Thread   *Thread
	Log      *slog.Logger
	// Post runs what is to come in order with the leg's other work, and reports whether it
	// will: one that is over takes none. Spawn runs what may wait.
	Post  func(func()) bool
	Spawn func(func())
}

// Thread is a leg's transfers: the one under way, and how many there were. Its zero value
// has none.
type Thread struct {
	mu      sync.Mutex
	now     *Progress
	count   int
	waiting bool // a REFER waits until the party talks to somebody
}

// wait takes the place of the one REFER that may wait, and reports whether it was free; waited
// leaves it.
func (t *Thread) wait() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	free := !t.waiting
	t.waiting = true
	return free
}

func (t *Thread) waited() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting = false
}

// Progress is the last transfer, nil for none.
func (t *Thread) Progress() *Progress {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now
}

// End ends what the party is told, with its dialog.
func (t *Thread) End() {
	if p := t.Progress(); p != nil {
		p.End()
	}
}

// Desk takes what parties ask for.
type Desk[L Leg] struct {
	Index[L]
	Transfers *transfer.Service // nil refuses everything
	Own       func(message.URI) bool
	Bindings  func(aor string) []registrar.Binding
	Directory func() *directory.Directory
	// Prove is the refusal of a request whose endpoint has to prove itself, or nil.
	Prove func(*message.Request, *directory.Endpoint) *ua.Reply
	// Reachable reports whether an extension is there to be dialled.
	Reachable func(context, exten string, caller signaling.CallerID) bool
}

// Inside takes a REFER in a leg's dialog.
func (d *Desk[L]) Inside(l L, in *ua.InDialogRequest) {
	s := l.Standing()
	answer := func(r ua.Reply) {
		if err := in.Respond(r); err != nil {
			s.Log.Info("reply not sent", "request", "REFER", "err", err)
		}
	}
	if s.Over { // the dialog may wait for the last word of a transfer
		answer(ua.Reply{Status: 491})
		return
	}
	e := d.Directory().Endpoint(s.Endpoint)
	if e != nil && !e.InsecureInvite {
		if refusal := d.Prove(in.Request(), e); refusal != nil {
			answer(*refusal)
			return
		}
	}
	refuse := func(status int) { answer(ua.Reply{Status: status}) }
	d.settled(s, refuse, func() {
		now := l.Standing() // which has the dialog that our answer was just making
		status := d.begin(now, in.Request(), e, func(r ua.Reply, _ *Progress) (Send, error) { return In(now.Dialog), in.Respond(r) })
		if status != 0 {
			refuse(status)
		}
	})
}

// Outside takes a REFER outside of a dialog, which names one of its sender's calls by
// Target-Dialog (RFC 4538).
func (d *Desk[L]) Outside(in *ua.IncomingRequest, e *directory.Endpoint, answer func(*ua.IncomingRequest, ua.Reply)) {
	asked, err := refer.Parse(in.Request())
	switch {
	case err != nil:
		answer(in, ua.Reply{Status: fault.Of(err).SIPStatus()})
		return
	case asked.Dialog == nil || !e.Transfers:
		answer(in, ua.Reply{Status: 603})
		return
	}
	s, known := d.standing(asked.Dialog)
	if !known || s.Over || s.Endpoint != e.Name { // whose call it is, a stranger does not learn
		answer(in, ua.Reply{Status: 481})
		return
	}
	refuse := func(status int) { answer(in, ua.Reply{Status: status}) }
	d.settled(s, refuse, func() {
		s, _ := d.standing(asked.Dialog) // which has the dialog that our answer was just making
		if s.Thread == nil {
			refuse(481)
			return
		}
		status := d.begin(s, in.Request(), e, func(r ua.Reply, p *Progress) (Send, error) { return Subscribe(in, r, p) })
		if status != 0 {
			refuse(status)
		}
	})
}

// settled runs f in order with a leg's other work, as soon as its party talks to somebody or
// there is nobody to wait for. It refuses where the leg has hung up this very moment, and where
// another REFER waits already.
func (d *Desk[L]) settled(s Standing, refuse func(status int), f func()) {
	post := func() {
		if !s.Post(f) {
			refuse(481)
		}
	}
	if s.Channel == nil || d.Transfers == nil || d.Transfers.Settled(s.Channel) {
		post()
		return
	}
	if !s.Thread.wait() {
		refuse(491)
		return
	}
	s.Spawn(func() { // ended by the bridge, by the call's end or by Settle's patience
		d.Transfers.Settle(s.Channel)
		s.Thread.waited()
		post()
	})
}

func (d *Desk[L]) standing(r *refer.Replaces) (s Standing, known bool) {
	var nobody L
	if l := d.Find(r); l != nobody {
		return l.Standing(), true
	}
	return s, false
}

// begin begins a transfer, or gives the status that refuses it.
func (d *Desk[L]) begin(s Standing, req *message.Request, e *directory.Endpoint, accept func(ua.Reply, *Progress) (Send, error)) int {
	s.Thread.mu.Lock()
	defer s.Thread.mu.Unlock()
	switch {
	case e == nil || !e.Transfers || d.Transfers == nil:
		return 603
	case s.Over || s.Dialog == nil || s.Channel == nil:
		return 481
	case s.Thread.now != nil && !s.Thread.now.Over():
		return 491
	}
	id := ""
	if s.Thread.count++; s.Thread.count > 1 {
		id = strconv.FormatUint(uint64(req.Seq()), 10)
	}
	own := s.Dialog.State().Local.URI.Host // as the party knows us
	c := Case{
		Transfers: d.Transfers, Endpoint: e, Channel: s.Channel, Log: s.Log,
		Second: func(r *refer.Replaces) *signaling.Channel {
			second, _ := d.standing(r)
			return second.Channel
		},
		Ours: func(u message.URI) bool {
			return u.Scheme == "tel" || u.Host != "" && (d.Own(u) || strings.EqualFold(u.Host, own))
		},
		Trunk:     func(u message.URI) bool { return atTrunk(d.Directory(), d.Bindings, u) },
		Reachable: d.Reachable, Accept: accept, Spawn: s.Spawn,
	}
	p, status := c.Begin(req, id)
	if p != nil {
		s.Thread.now = p
	}
	return status
}

// Replacing finds the call that an INVITE of an identified endpoint is to replace (RFC 3891
// §3), or the reply that refuses it; both are nil for an ordinary call.
func (d *Desk[L]) Replacing(req *message.Request, e *directory.Endpoint) (old *signaling.Channel, refusal *ua.Reply) {
	asked, err := refer.Requested(req)
	switch {
	case err != nil:
		return nil, &ua.Reply{Status: 400}
	case asked == nil && req.HasHeader("Join"):
		return nil, &ua.Reply{Status: 501} // RFC 3911: a call of ours is not to be listened in on like that
	case asked == nil:
		return nil, nil
	case d.Transfers == nil || !e.Proven():
		return nil, &ua.Reply{Status: 403}
	}
	switch s, known := d.standing(asked); {
	case !known:
		return nil, &ua.Reply{Status: 481}
	case s.Over || s.Channel == nil || s.Channel.Ended():
		return nil, &ua.Reply{Status: 603}
	case s.Dialog != nil && asked.EarlyOnly:
		return nil, &ua.Reply{Status: 486}
	case s.Dialog == nil && s.Incoming:
		return nil, &ua.Reply{Status: 481} // only the caller can take back what rings
	default:
		return s.Channel, nil
	}
}

// atTrunk reports whether a URI's host is where a trunk is.
func atTrunk(d *directory.Directory, lookup func(aor string) []registrar.Binding, u message.URI) bool {
	for i := range d.Endpoints {
		if !d.Endpoints[i].Trunk() {
			continue
		}
		for _, aor := range d.Endpoints[i].AORs {
			for _, b := range lookup(aor) {
				if strings.EqualFold(b.Target.Host, u.Host) && (u.Port == 0 || b.Target.Port == u.Port) {
					return true
				}
			}
		}
	}
	return false
}
