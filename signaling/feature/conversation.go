package feature

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/recording"
	"github.com/skygenesisenterprise/skybridge/signaling/transfer"
)

// Conversation is two parties whose keys are listened to. nil is one without keys.
type Conversation struct {
	service *Service
	caller  *party
	callee  *party
	cancel  context.CancelFunc
	away    atomic.Bool
	touched map[action]*recording.Recording // by keys, under way or over
	changed chan struct{}
}

// party is one of the two.
type party struct {
	channel *signaling.Channel
	keys    Keys
	codes   codes
	more    <-chan time.Time // when no more keys of a code will come
	reads   bool             // its keys are ours to read
}

// Listen listens to the keys of two who talk, until Close. It gives nil when neither may ask
// for anything.
func (s *Service) Listen(caller, callee *signaling.Channel, callers, callees Keys) *Conversation {
	if s == nil || callers == (Keys{}) && callees == (Keys{}) {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &Conversation{
		service: s, cancel: cancel, changed: make(chan struct{}, 1), touched: make(map[action]*recording.Recording),
		caller: &party{channel: caller, keys: callers}, callee: &party{channel: callee, keys: callees},
	}
	for _, p := range []*party{c.caller, c.callee} {
		p.reads = p.keys != Keys{} && s.claim(p.channel)
	}
	go func() { // owned by the conversation, ended by Close or with what is under way then
		defer guard.Recover(caller.Log(), "the keys of a conversation", func() { c.done(nil) })
		defer c.forget()
		c.run(ctx)
	}()
	return c
}

func (c *Conversation) forget() {
	for _, p := range []*party{c.caller, c.callee} {
		if p.reads {
			c.service.release(p.channel)
		}
	}
}

// Close ends the listening. A party that asks somebody else goes on with that.
func (c *Conversation) Close() {
	if c != nil {
		c.cancel()
	}
}

// Away reports whether one of the two is away to transfer the other, so that the conversation
// is not over though they do not talk.
func (c *Conversation) Away() bool { return c != nil && c.away.Load() }

// Changed is told when Away has changed; nil, which never is, for no conversation.
func (c *Conversation) Changed() <-chan struct{} {
	if c == nil {
		return nil
	}
	return c.changed
}

// digits are a party's keys, none where they are not ours.
func (p *party) digits() <-chan byte {
	if !p.reads {
		return nil
	}
	return p.channel.Digits()
}

func (c *Conversation) run(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case key := <-c.caller.digits():
			c.pressed(ctx, c.caller, key)
		case key := <-c.callee.digits():
			c.pressed(ctx, c.callee, key)
		case <-c.caller.more:
			c.caller.more = nil
			c.act(ctx, c.caller, c.caller.codes.over())
		case <-c.callee.more:
			c.callee.more = nil
			c.act(ctx, c.callee, c.callee.codes.over())
		case <-ctx.Done():
		}
	}
}

// pressed takes a party's key.
func (c *Conversation) pressed(ctx context.Context, p *party, key byte) {
	f := c.service.cfg.Settings()
	p.codes.known = p.keys.codes(f)
	asks, waiting := p.codes.press(key)
	p.more = nil
	if waiting {
		p.more = time.After(f.FeatureDigitTimeout)
	}
	c.act(ctx, p, asks)
}

func (c *Conversation) act(ctx context.Context, p *party, asks action) {
	switch asks {
	case hangUp:
		p.channel.Log().Info("conversation ended by keys")
		c.callee.channel.Hangup(signaling.CauseNormal)
	case blindTransfer, attendedTransfer:
		c.transfer(ctx, p, asks)
	case monitor, mixMonitor:
		c.touch(ctx, p, asks)
	default:
	}
}

// absence is one party that is away while the other waits.
type absence struct {
	bridge *signaling.Bridge
	waits  *signaling.Channel
}

// transfer is a transfer by keys, from the code to its end.
func (c *Conversation) transfer(conversation context.Context, p *party, how action) {
	ctx, cancel := context.WithCancel(p.channel.Live())
	defer cancel()
	a, err := c.leave(ctx, p)
	if err != nil {
		p.channel.Log().Info("no transfer by keys", "err", err)
		return
	}
	asking, stop := context.WithCancel(ctx)
	defer stop()
	heed := context.AfterFunc(conversation, stop)
	defer heed()
	where := c.service.where(p.channel)
	exten, ok := c.service.ask(asking, p.channel, where, a.waits.Snapshot().Caller)
	if !ok {
		c.back(ctx, p, a)
		return
	}
	if how == attendedTransfer {
		c.consult(ctx, p, a, where, exten)
		return
	}
	err = c.service.cfg.Transfers.Blind(ctx, transfer.Blind{
		Transferer: p.channel, Transferee: a.waits, Bridge: a.bridge, Context: where, Exten: exten, Onward: onward(p.channel),
	})
	if err != nil { // it has logged that
		c.failed(ctx, p, a)
		return
	}
	c.done(a)
}

// leave takes a party out of the conversation; the other one hears music.
func (c *Conversation) leave(ctx context.Context, p *party) (*absence, error) {
	waits, bridge, err := c.service.cfg.Transfers.Peer(p.channel)
	if err != nil {
		return nil, err
	}
	c.away.Store(true)
	bridge.Stay(true)
	if err := bridge.Remove(ctx, p.channel); err != nil {
		c.done(&absence{bridge: bridge})
		return nil, err
	}
	return &absence{bridge: bridge, waits: waits}, nil
}

// failed tells the party that nothing came of its transfer, and brings it back.
func (c *Conversation) failed(ctx context.Context, p *party, a *absence) {
	c.service.play(ctx, p.channel, c.service.cfg.Settings().XferFailSound)
	c.back(ctx, p, a)
}

// back brings the party back to who waits, if both are there still.
func (c *Conversation) back(ctx context.Context, p *party, a *absence) {
	if !a.waits.Ended() && a.waits.Snapshot().Bridge == a.bridge.ID() {
		if err := a.bridge.Add(ctx, p.channel); err != nil && ctx.Err() == nil {
			p.channel.Log().Warn("party not brought back to its conversation", "err", err)
		}
	}
	c.done(a)
}

// done ends an absence: a conversation that nobody has come back to is over.
func (c *Conversation) done(a *absence) {
	if a != nil {
		a.bridge.Stay(false)
	}
	c.away.Store(false)
	select {
	case c.changed <- struct{}{}:
	default:
	}
}
