package stasis

import (
	"context"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// Broadcast is the data of CallBroadcast: a call that waits for the first application to claim it.
type Broadcast struct {
	Channel        signaling.ChannelSnapshot
	Caller, Called string
}

// Claimed is the data of CallClaimed.
type Claimed struct {
	Channel signaling.ChannelSnapshot
	Winner  string
}

// broadcast is a call that is offered. The registry's lock guards it.
type broadcast struct {
	winner  string
	claimed chan struct{}
}

// The errors of Claim.
var (
	ErrNotOffered = fault.New(fault.NotFound, "the channel is not offered to applications")
	ErrClaimed    = fault.New(fault.Conflict, "another application has claimed the channel")
)

// Offer shows a channel to the applications that somebody listens for and that take, which may be
// nil for all, chooses. It waits for the first to claim it, and gives that one's name. It fails with
// fault.NotFound when there is nobody to offer it to, fault.NoAnswer when none has claimed it in time,
// and the cause of ctx.
func (r *Registry) Offer(ctx context.Context, c *signaling.Channel, wait time.Duration, take func(app string) bool) (string, error) {
	r.mu.Lock()
	if r.broadcasts[c.ID()] != nil {
		r.mu.Unlock()
		return "", fault.New(fault.Conflict, "channel %s is offered already", c.Name())
	}
	b := &broadcast{claimed: make(chan struct{})}
	r.broadcasts[c.ID()] = b
	r.mu.Unlock()
	var told []string
	for _, name := range r.Apps() {
		if take == nil || take(name) {
			told = append(told, name)
		}
	}
	s := c.Snapshot()
	for _, name := range told {
		r.publish(name, event.CallBroadcast, c, Broadcast{s, s.Caller.Number, s.Dialplan.Exten})
	}
	winner, err := r.awaitClaim(ctx, c, b, wait, len(told))
	if err != nil {
		return "", err
	}
	for _, name := range told {
		if name != winner {
			r.publish(name, event.CallClaimed, c, Claimed{c.Snapshot(), winner})
		}
	}
	return winner, nil
}

func (r *Registry) awaitClaim(ctx context.Context, c *signaling.Channel, b *broadcast, wait time.Duration, told int) (string, error) {
	late := time.NewTimer(wait)
	defer late.Stop()
	var err error
	if told == 0 {
		err = fault.New(fault.NotFound, "no application listens")
	} else {
		select {
		case <-b.claimed:
		case <-late.C:
			err = fault.New(fault.NoAnswer, "no application has claimed channel %s", c.Name())
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.broadcasts, c.ID())
	if b.winner != "" { // also in the last moment: it was told that it has won
		return b.winner, nil
	}
	return "", err
}

// Claim takes an offered channel for an application. The error is ErrNotOffered or ErrClaimed.
func (r *Registry) Claim(id signaling.ChannelID, app string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.broadcasts[id]
	switch {
	case b == nil:
		return ErrNotOffered
	case b.winner != "":
		return ErrClaimed
	}
	b.winner = app
	close(b.claimed)
	return nil
}
