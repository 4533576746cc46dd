package presence

import (
	"context"
	"log/slog"
	"sync"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// queue is how many events may wait; when more come, all of it is read anew.
const queue = 4096

// Follow has a registry know who is in calls and whose phones are registered, until stop.
func (r *Registry) Follow(e *signaling.Engine, log *slog.Logger) (stop func()) {
	sub := e.Bus().Subscribe(queue, func(e *event.Event) bool {
		switch e.Type {
		case event.ChannelCreated, event.ChannelStateChange, event.ChannelDestroyed, event.EndpointStateChange:
			return true
		default:
			return false
		}
	})
	var following sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	r.read(e)
	following.Go(func() { // owned by who asked to follow, ended by stop
		defer guard.Recover(log, "presence, which knows of no further calls")
		var lost uint64
		for {
			select {
			case ev := <-sub.Events():
				if now := sub.Lost(); now != lost {
					lost = now
					r.read(e)
				}
				r.take(&ev)
			case <-ctx.Done():
				return
			}
		}
	})
	return sync.OnceFunc(func() {
		cancel()
		following.Wait()
		sub.Close()
	})
}

// take takes an event.
func (r *Registry) take(ev *event.Event) {
	switch d := ev.Data.(type) {
	case signaling.ChannelSnapshot:
		r.called(ev.Channel, endpoint(d.Tech, d.Endpoint), d.State == signaling.Up && !d.Ended && ev.Type != event.ChannelDestroyed)
	case signaling.EndpointSnapshot:
		r.registers(d.Name, reachable(&d))
	}
}

func reachable(e *signaling.EndpointSnapshot) bool {
	for _, c := range e.Contacts {
		if c.Status != signaling.ContactUnavailable {
			return true
		}
	}
	return false
}

// read reads what there is, as after events that were lost.
func (r *Registry) read(e *signaling.Engine) {
	up := make(map[string]bool)
	for _, c := range e.Channels() {
		if c.State == signaling.Up && !c.Ended {
			up[string(c.ID)] = true
			r.called(string(c.ID), endpoint(c.Tech, c.Endpoint), true)
		}
	}
	r.mu.Lock()
	gone := make(map[string]string)
	for channel, who := range r.calls {
		if !up[channel] {
			gone[channel] = who
		}
	}
	r.mu.Unlock()
	for channel, who := range gone {
		r.called(channel, who, false)
	}
	for _, end := range e.Endpoints() {
		r.registers(end.Name, reachable(&end))
	}
}
