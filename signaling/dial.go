package signaling

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// DialStatus is how a dial attempt ended, in the words of DIALSTATUS.
type DialStatus string

// The outcomes of a dial attempt.
const (
	DialAnswer      DialStatus = "ANSWER"
	DialBusy        DialStatus = "BUSY"
	DialNoAnswer    DialStatus = "NOANSWER"
	DialCongestion  DialStatus = "CONGESTION"
	DialUnavailable DialStatus = "CHANUNAVAIL"
	DialCancel      DialStatus = "CANCEL"
)

// DialPlan is one attempt: everybody in Targets rings, the first who answers wins.
type DialPlan struct {
	Targets []Target
	Timeout time.Duration // 0 means as long as ctx lives
	Caller  CallerID
	// From is the calling channel, or nil for a call that the server makes.
	From *Channel
	// Prefer is the codec that would spare transcoding, or nil.
	Prefer *media.Codec
	// Notify, where set, is told of every change of a called channel, in order,
	// on Dial's goroutine.
	Notify func(c *Channel, s ChannelSnapshot)
}

// DialResult is how an attempt ended.
type DialResult struct {
	Status DialStatus
	// Channel is who answered, nil when nobody did.
	Channel *Channel
	// Cause is the most telling cause of those who did not answer.
	Cause Cause
	// Err is why nothing could be rung at all.
	Err error
	// Rang is how long the phones rang.
	Rang time.Duration
}

// DialEvent is the data of a Dial event.
type DialEvent struct {
	Caller ChannelID // empty for a call that the server makes
	Peer   ChannelSnapshot
	Target string
	Status string // "" at the start
}

type change struct {
	channel  *Channel
	snapshot ChannelSnapshot
}

// Dial rings the targets and waits for the first answer, the time-out, or ctx.
// The losers are hung up before it returns; the winner is up and in no bridge
// unless Notify put it in one.
func (e *Engine) Dial(ctx context.Context, plan DialPlan) DialResult {
	begin := e.now()
	watch, stop := context.WithCancel(ctx)
	var watchers sync.WaitGroup
	changes := make(chan change, 4*len(plan.Targets)+1)
	defer watchers.Wait()
	defer stop()

	ringing := make(map[*Channel]Target)
	result := DialResult{Status: DialUnavailable, Cause: CauseUnknown}
	for _, target := range plan.Targets {
		c, err := e.dialOne(ctx, target, plan)
		if err != nil {
			e.log.Info("endpoint not dialled", "endpoint", target.String(), "err", err)
			result.worse(statusOf(err), CauseOf(err), err)
			continue
		}
		ringing[c] = target
		watchers.Add(1)
		go func() { // owned by Dial, ended by stop
			defer watchers.Done()
			follow(watch, c, changes)
		}()
	}

	var timeout <-chan time.Time
	if plan.Timeout > 0 {
		t := time.NewTimer(plan.Timeout)
		defer t.Stop()
		timeout = t.C
	}
	for len(ringing) > 0 {
		select {
		case ch := <-changes:
			target, ok := ringing[ch.channel]
			if !ok {
				continue
			}
			if plan.Notify != nil {
				plan.Notify(ch.channel, ch.snapshot)
			}
			switch {
			case ch.snapshot.Ended:
				delete(ringing, ch.channel)
				status := statusOfCause(ch.snapshot.Cause)
				result.worse(status, ch.snapshot.Cause, nil)
				e.publishDial(plan, target, ch.snapshot, string(status))
			case ch.snapshot.State == Up:
				delete(ringing, ch.channel)
				cancelAll(ringing, CauseAnsweredElse)
				e.publishDial(plan, target, ch.snapshot, string(DialAnswer))
				return DialResult{Status: DialAnswer, Channel: ch.channel, Cause: CauseNormal, Rang: e.now().Sub(begin)}
			case ch.snapshot.State == Ringing:
				e.publishDial(plan, target, ch.snapshot, "RINGING")
			}
		case <-timeout:
			cancelAll(ringing, CauseNoAnswer)
			return DialResult{Status: DialNoAnswer, Cause: CauseNoAnswer, Rang: e.now().Sub(begin)}
		case <-ctx.Done():
			cancelAll(ringing, CauseNormal)
			return DialResult{Status: DialCancel, Cause: CauseNormal, Rang: e.now().Sub(begin)}
		}
	}
	result.Rang = e.now().Sub(begin)
	return result
}

func (e *Engine) dialOne(ctx context.Context, target Target, plan DialPlan) (*Channel, error) {
	out := Outgoing{Target: target, Request: DialRequest{Caller: plan.Caller, Prefer: plan.Prefer}}
	if plan.From != nil {
		out.LinkedID = plan.From.Snapshot().LinkedID
		out.Request.Variables = plan.From.vars.Inherited()
	}
	c, err := e.Outgoing(ctx, out)
	if err != nil {
		return nil, err
	}
	e.publishDial(plan, target, c.Snapshot(), "")
	return c, nil
}

func (e *Engine) publishDial(plan DialPlan, target Target, peer ChannelSnapshot, status string) {
	d := DialEvent{Peer: peer, Target: target.String(), Status: status}
	if plan.From != nil {
		d.Caller = plan.From.id
	}
	e.bus.Publish(event.Event{Type: event.Dial, Channel: string(peer.ID), Data: d})
}

// follow tells changes of a called channel's state until it is up or over.
func follow(ctx context.Context, c *Channel, changes chan<- change) {
	var last ChannelSnapshot
	for {
		s, err := c.Until(ctx, func(s ChannelSnapshot) bool {
			return s.State != last.State || s.Ended != last.Ended || s.Media != last.Media
		})
		if err != nil {
			return
		}
		last = s
		select {
		case changes <- change{c, s}:
		case <-ctx.Done():
			return
		}
		if s.Ended || s.State == Up {
			return
		}
	}
}

func cancelAll(ringing map[*Channel]Target, cause Cause) {
	for c := range ringing {
		c.Hangup(cause)
	}
}

// worse keeps the outcome that tells the caller most: busy before no answer
// before congestion before unavailable.
func (r *DialResult) worse(s DialStatus, c Cause, err error) {
	rank := map[DialStatus]int{DialBusy: 4, DialNoAnswer: 3, DialCongestion: 2, DialUnavailable: 1}
	if r.Cause == CauseUnknown || rank[s] > rank[r.Status] {
		r.Status, r.Cause, r.Err = s, c, err
	}
}

func statusOf(err error) DialStatus {
	switch fault.Of(err) {
	case fault.NotFound, fault.Unreachable, fault.Invalid:
		return DialUnavailable
	case fault.Busy, fault.Full:
		return DialBusy
	default:
		if errors.Is(err, context.Canceled) {
			return DialCancel
		}
		return DialCongestion
	}
}

// statusOfCause is Asterisk's own table (app_dial).
func statusOfCause(c Cause) DialStatus {
	switch c {
	case CauseBusy:
		return DialBusy
	case CauseNoUserResponse, CauseNoAnswer, CauseRejected, CauseNormal:
		return DialNoAnswer
	case CauseUnallocated, CauseAbsent, CauseInvalidNumber, CauseRequestedAbsent:
		return DialUnavailable
	default:
		return DialCongestion
	}
}
