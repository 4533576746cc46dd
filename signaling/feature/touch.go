package feature

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/recording"
)

// touches are the variables of recordings that keys begin and end, as Asterisk names them.
var touches = map[action]string{monitor: "TOUCH_MONITOR", mixMonitor: "TOUCH_MIXMONITOR"}

// touch begins to record a conversation, or ends that, whichever of the two has begun it. It is
// over with the conversation of who is recorded, the party that did not ask.
func (c *Conversation) touch(ctx context.Context, p *party, how action) {
	f := c.service.cfg.Settings()
	if rec := c.touched[how]; rec != nil {
		delete(c.touched, how)
		select {
		case <-rec.Done(): // by itself: this is another one
		default:
			rec.Stop()
			p.channel.Log().Info("recording ended by keys", "recording", rec.ID())
			c.courtesy(ctx, p.channel, f.CourtesyTone)
			return
		}
	}
	rec, err := c.record(ctx, p.channel, touches[how])
	if err != nil {
		p.channel.Log().Warn("conversation not recorded by keys", "err", err)
		c.service.start(ctx, p.channel, f.RecordingFailSound)
		return
	}
	c.touched[how] = rec
	p.channel.Log().Info("recording begun by keys", "recording", rec.ID())
	c.courtesy(ctx, p.channel, f.CourtesyTone)
}

// record records whom a channel talks to, in the file that the plan names, or by time and numbers.
func (c *Conversation) record(ctx context.Context, me *signaling.Channel, variable string) (*recording.Recording, error) {
	if c.service.cfg.Record == nil {
		return nil, fault.New(fault.Unsupported, "there are no recordings")
	}
	other, _, err := c.service.cfg.Transfers.Peer(me)
	if err != nil {
		return nil, err
	}
	said := func(name string) string {
		if v, ok := me.Vars().Get(name); ok && v != "" {
			return v
		}
		v, _ := other.Vars().Get(name)
		return v
	}
	name := said(variable)
	if name == "" {
		name = me.Snapshot().Caller.Number + "-" + other.Snapshot().Caller.Number
	}
	name = fmt.Sprintf("auto-%d-%s", time.Now().Unix(), plain(name))
	format := plain(said(variable + "_FORMAT"))
	if format == "" {
		format = "wav"
	}
	// Both kinds, and other conversations whose plan names them so, may begin within one second.
	rec, err := c.service.cfg.Record(ctx, other, name+"."+format)
	for n, first := 2, name; fault.Of(err) == fault.Conflict && n <= maxAlike; n++ {
		name = fmt.Sprintf("%s-%d", first, n)
		rec, err = c.service.cfg.Record(ctx, other, name+"."+format)
	}
	if err != nil {
		return nil, err
	}
	for _, ch := range []*signaling.Channel{me, other} {
		ch.Vars().Set(variable+"_OUTPUT", name)
	}
	return rec, nil
}

// maxAlike bounds the recordings of one name that begin within one second.
const maxAlike = 10

// maxName bounds what callers may add to the name of a file.
const maxName = 100

// plain leaves of a text, which callers may have chosen, what is fit for the name of a file.
func plain(text string) string {
	text = strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == '+' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return -1
	}, text)
	return text[:min(len(text), maxName)]
}

// courtesy lets both hear that a recording begins or ends.
func (c *Conversation) courtesy(ctx context.Context, me *signaling.Channel, name string) {
	c.service.start(ctx, me, name)
	if other, _, err := c.service.cfg.Transfers.Peer(me); err == nil {
		c.service.start(ctx, other, name)
	}
}
