package app

import (
	"context"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// chanSpy is ChanSpy([prefix][,options]): the caller hears the conversation of the first
// channel whose name begins with the prefix, and then of the next one. Nobody hears the
// caller; with w only the party that is spied on does, with W that hears the caller, who hears
// nothing, with B everybody does; with d the digits 4, 5 and 6 choose (listen, whisper, barge).
// Options: o hears that party alone, S ends when there is none to spy on, E when that party's
// conversation ends, g(group) takes channels whose SPYGROUP has the group, u takes the prefix for
// a unique id, v(n) multiplies what the caller hears, x(digit) ends it, and * or c(digit) goes to
// the next channel.
func (s *Services) chanSpy(ctx context.Context, c *dialplan.Call, args string) error {
	parts := argument.Split(args, 2)
	prefix, o := strings.TrimSpace(argument.At(parts, 0)), parseSpyOptions(argument.At(parts, 1))
	if o.unserved != "" {
		c.Log().Warn("ChanSpy: options are not served", "options", o.unserved)
	}
	ch := channelOf(c)
	if err := ch.Answer(ctx); err != nil {
		return err
	}
	if o.volume != 0 {
		before := ch.Snapshot().GainOut
		if err := ch.SetGain(ctx, nil, new(decibels(o.volume))); err != nil {
			return err
		}
		defer func() {
			if err := ch.SetGain(context.WithoutCancel(ctx), nil, &before); err != nil && fault.Of(err) != fault.Gone {
				c.Log().Warn("ChanSpy: the volume stays", "err", err)
			}
		}()
	}
	entered := s.Engine.Bus().Subscribe(spyBacklog, func(e *event.Event) bool { return e.Type == event.ChannelEnteredBridge })
	defer entered.Close()
	var last signaling.ChannelID // that the caller has gone on from
	for ctx.Err() == nil {
		spied, bridge := s.toSpyOn(ch, prefix, &o, last)
		if spied == nil {
			if o.stop {
				return nil
			}
			select {
			case _, more := <-entered.Events():
				if !more {
					return fault.New(fault.Unavailable, "ChanSpy: the server is ending")
				}
			case d := <-ch.Digits():
				if _, what := o.key(d); what == keyExit {
					return nil
				}
			case <-ctx.Done():
			}
			continue
		}
		key, err := s.spy(ctx, ch, spied, bridge, &o)
		switch {
		case err != nil && fault.Of(err) != fault.Gone: // the conversation has ended meanwhile
			return err
		case key == keyExit, key == keyNothing && o.once:
			return nil
		}
		last = spied.ID()
	}
	return context.Cause(ctx)
}

// spyBacklog is how many conversations may begin unseen: one is enough to look again.
const spyBacklog = 16

// toSpyOn finds a channel in a conversation: the first after the last one, around again.
func (s *Services) toSpyOn(self *signaling.Channel, prefix string, o *spyOptions, last signaling.ChannelID) (*signaling.Channel, *signaling.Bridge) {
	all := s.Engine.Channels()
	from := 1 + slices.IndexFunc(all, func(snap signaling.ChannelSnapshot) bool { return snap.ID == last })
	for i := range all {
		snap := all[(from+i)%len(all)]
		if snap.ID == self.ID() || snap.Bridge == "" || snap.Ended {
			continue
		}
		bridge, err := s.Engine.Bridge(snap.Bridge)
		if err != nil || len(bridge.Snapshot().Channels) < 2 {
			continue
		}
		if spied, err := s.Engine.Channel(string(snap.ID)); err == nil && o.takes(spied, prefix) {
			return spied, bridge
		}
	}
	return nil, nil
}

// spy lets a channel take part in a conversation until that ends, or a digit ends it.
func (s *Services) spy(ctx context.Context, ch, spied *signaling.Channel, bridge *signaling.Bridge, o *spyOptions) (spyKey, error) {
	heardBy, hears := o.audiences(o.mode, spied)
	if err := bridge.AddApart(ctx, ch, heardBy, hears); err != nil {
		return keyNothing, err
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
			return keyNothing, nil
		}
		select {
		case <-mine:
		case <-theirs:
		case d := <-ch.Digits():
			mode, what := o.key(d)
			if what == keyExit || what == keyNext {
				return what, nil
			}
			if what == keyMode {
				o.mode = mode
				heardBy, hears := o.audiences(mode, spied)
				if err := bridge.SetHearing(ctx, ch, &heardBy, &hears); err != nil {
					return keyNothing, err
				}
			}
		case <-ctx.Done():
			return keyNothing, nil
		}
	}
}
