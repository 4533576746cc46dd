package app

import (
	"context"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// spyServed are the options of ChanSpy that act; q, s and b are how it is here in any case.
const spyServed = "wBoSEqsb"

// chanSpy is ChanSpy([prefix][,options]): the caller hears the conversation of the first
// channel whose name begins with the prefix, and then of the next one. Nobody hears the
// caller; with w only the party that is spied on does, with B everybody. Options: o hears
// that party alone, S ends when there is none to spy on, E when that party's conversation
// ends.
func (s *Services) chanSpy(ctx context.Context, c *dialplan.Call, args string) error {
	parts := argument.Split(args, 2)
	prefix, options := strings.TrimSpace(argument.At(parts, 0)), argument.At(parts, 1)
	for _, o := range options {
		if !strings.ContainsRune(spyServed, o) {
			c.Log().Warn("ChanSpy: option is not served", "option", string(o))
		}
	}
	ch := channelOf(c)
	if err := ch.Answer(ctx); err != nil {
		return err
	}
	has := func(o string) bool { return strings.Contains(options, o) }
	entered := s.Engine.Bus().Subscribe(spyBacklog, func(e *event.Event) bool { return e.Type == event.ChannelEnteredBridge })
	defer entered.Close()
	for ctx.Err() == nil {
		spied, bridge := s.toSpyOn(ch, prefix)
		if spied == nil {
			if has("S") {
				return nil
			}
			select {
			case _, more := <-entered.Events():
				if !more {
					return fault.New(fault.Unavailable, "ChanSpy: the server is ending")
				}
			case <-ctx.Done():
			}
			continue
		}
		heardBy, hears := signaling.Only(), signaling.Everyone()
		switch {
		case has("B"):
			heardBy = signaling.Everyone()
		case has("w"):
			heardBy = signaling.Only(spied)
		}
		if has("o") {
			hears = signaling.Only(spied)
		}
		err := s.spy(ctx, ch, spied, bridge, heardBy, hears)
		switch {
		case err != nil && fault.Of(err) != fault.Gone: // the conversation has ended meanwhile
			return err
		case has("E"):
			return nil
		}
	}
	return context.Cause(ctx)
}

// spyBacklog is how many conversations may begin unseen: one is enough to look again.
const spyBacklog = 16

// toSpyOn finds a channel in a conversation by the beginning of its name.
func (s *Services) toSpyOn(self *signaling.Channel, prefix string) (*signaling.Channel, *signaling.Bridge) {
	for _, snap := range s.Engine.Channels() {
		if snap.ID == self.ID() || snap.Bridge == "" || snap.Ended || !strings.HasPrefix(snap.Name, prefix) {
			continue
		}
		bridge, err := s.Engine.Bridge(snap.Bridge)
		if err != nil || len(bridge.Snapshot().Channels) < 2 {
			continue
		}
		if spied, err := s.Engine.Channel(string(snap.ID)); err == nil {
			return spied, bridge
		}
	}
	return nil, nil
}

// spy lets a channel take part in a conversation until that ends.
func (s *Services) spy(ctx context.Context, ch, spied *signaling.Channel, bridge *signaling.Bridge, heardBy, hears signaling.Audience) error {
	if err := bridge.AddApart(ctx, ch, heardBy, hears); err != nil {
		return err
	}
	defer func() {
		if err := bridge.Remove(context.WithoutCancel(ctx), ch); err != nil && fault.Of(err) != fault.Gone {
			ch.Log().Warn("spy not taken out of a conversation", "bridge", string(bridge.ID()), "err", err)
		}
	}()
	for {
		me, mine := ch.Watch()
		they, theirs := spied.Watch()
		if me.Bridge != bridge.ID() || they.Ended || they.Bridge != bridge.ID() {
			return nil
		}
		select {
		case <-mine:
		case <-theirs:
		case <-ctx.Done():
			return nil
		}
	}
}
