package feature

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk/settings"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/transfer"
)

// handTimeout bounds a transfer itself, which waits for channels only.
const handTimeout = 5 * time.Second

// inquiry is a party that asks somebody else, while the other one waits.
type inquiry struct {
	c        *Conversation
	p        *party
	a        *absence
	settings *settings.Features
	codes    codes
	handed   atomic.Bool // the party has given its place away, or shares it
	aborted  bool
	left     atomic.Pointer[absence] // whom the party asks, while it is back with who waits
	moves    sync.Mutex              // held while the party goes back or forth
	over     bool                    // the party has hung up and goes nowhere; moves is held
}

// consult has the party call an extension, in its own name and through the plan. It is the
// party's to hang up, or to press keys, for a transfer.
func (c *Conversation) consult(ctx context.Context, p *party, a *absence, where, exten string) {
	f := c.service.cfg.Settings()
	q := &inquiry{c: c, p: p, a: a, settings: f, codes: codes{known: []code{
		{f.AtxferAbort, abort}, {f.AtxferComplete, complete}, {f.AtxferThreeway, threeWay}, {f.AtxferSwap, swap},
	}}}
	before := p.channel.Snapshot()
	if err := p.channel.BeforeEnd(ctx, q.hungUp); err != nil {
		c.back(ctx, p, a)
		return
	}
	visit, end := context.WithCancel(ctx)
	defer end()
	over := make(chan struct{})
	go func() { // owned by the inquiry, ended by end or when the call that it makes is over
		defer close(over)
		defer guard.Recover(p.channel.Log(), "a call to ask whom a transfer goes to", func() { p.channel.Hangup(signaling.CauseTemporary) })
		if err := c.service.cfg.Visit(visit, p.channel, dialplan.Position{Context: where, Exten: exten, Priority: 1}); err != nil && visit.Err() == nil {
			p.channel.Log().Info("call before a transfer over", "exten", exten, "err", err)
		}
	}()
	q.wait(ctx, over)
	q.forsake()
	if ctx.Err() != nil || p.channel.Ended() { // handed over, or both calls are given up
		c.done(a)
		<-over
		return
	}
	end()
	<-over
	if err := p.channel.BeforeEnd(ctx, nil); err != nil {
		c.done(a)
		return
	}
	p.channel.SetPosition(before.Dialplan)
	p.channel.SetConnected(before.Connected)
	switch {
	case q.handed.Load(): // all three have talked, and the others may still
		c.done(a)
	case q.aborted:
		c.back(ctx, p, a)
	default:
		c.failed(ctx, p, a)
	}
}

// talks reports whether the party is with somebody who has answered.
func (q *inquiry) talks() bool {
	b, err := q.c.service.cfg.Transfers.Bridge(q.p.channel)
	if err != nil {
		return false
	}
	if other := b.Peer(q.p.channel); other != nil {
		return other.Snapshot().State == signaling.Up
	}
	return b.Snapshot().Technology == "softmix" // alone in a pair, the other one is about to come
}

// wait waits until the inquiry is over, one way or another.
func (q *inquiry) wait(ctx context.Context, over <-chan struct{}) {
	noAnswer := time.NewTimer(q.settings.AtxferNoAnswerTimeout)
	defer noAnswer.Stop()
	var more <-chan time.Time
	for {
		now, changed := q.p.channel.Watch()
		var keys <-chan byte // in the plan they are for the plan
		if now.Bridge != "" {
			keys = q.p.channel.Digits()
		}
		asked, waits, gone := q.watch()
		if gone {
			q.swapBack(ctx)
			continue
		}
		asks := nothing
		select {
		case <-changed:
			continue
		case <-asked:
			continue
		case <-waits:
			continue
		case key := <-keys:
			var waiting bool
			more = nil
			if asks, waiting = q.codes.press(key); waiting {
				more = time.After(q.settings.FeatureDigitTimeout)
			}
		case <-more:
			more = nil
			asks = q.codes.over()
		case <-noAnswer.C:
			if !q.talks() {
				return
			}
		case <-over:
			return
		case <-ctx.Done():
			return
		}
		if q.act(ctx, asks) {
			return
		}
	}
}

// act does what keys ask for, and reports whether the inquiry is over with that.
func (q *inquiry) act(ctx context.Context, asks action) bool {
	if asks == abort || asks == complete || asks == threeWay {
		q.swapBack(ctx)
	}
	switch asks {
	case swap:
		q.swap(ctx)
		return false
	case abort:
		q.aborted = !q.handed.Load()
		return q.aborted
	case complete:
		return q.hand(ctx) == nil
	case threeWay:
		return q.join(ctx)
	default:
		return false
	}
}

// hungUp is the party's end: who waits takes its place.
func (q *inquiry) hungUp() {
	ctx, cancel := context.WithTimeout(context.Background(), handTimeout)
	defer cancel()
	q.moves.Lock() // a way that the party is on ends first, so that swapBack knows of it
	q.over = true
	q.moves.Unlock()
	q.swapBack(ctx)
	if q.settings.AtxferDropCall && !q.talks() {
		return
	}
	_ = q.hand(ctx) // which logs it; both calls end with the party's
}

// hand gives the party's place to who waits, once.
func (q *inquiry) hand(ctx context.Context) error {
	if q.handed.Swap(true) {
		return nil
	}
	err := q.c.service.cfg.Transfers.Consulted(ctx, transfer.Consulted{Transferer: q.p.channel, Transferee: q.a.waits, Bridge: q.a.bridge})
	if err != nil {
		q.handed.Store(false)
		return err
	}
	select { // its end, which Consulted has asked for
	case <-q.p.channel.Live().Done():
	case <-ctx.Done():
	}
	return nil
}

// join brings who waits to the two; whoever hangs up leaves the others to themselves. It
// reports whether the inquiry is over, as nobody waits any more.
func (q *inquiry) join(ctx context.Context) (over bool) {
	bridge, err := q.c.service.cfg.Transfers.Bridge(q.p.channel)
	if err != nil || !q.talks() || q.handed.Swap(true) {
		return false
	}
	if err := bridge.Add(ctx, q.a.waits); err != nil {
		q.handed.Store(false)
		q.p.channel.Log().Info("party that waits not joined", "err", err)
		return q.a.waits.Ended()
	}
	q.a.waits.LetGo()
	return false
}
