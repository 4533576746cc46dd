package signaling

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/mixer"
)

// Music on hold is a room of the mixer that a port listens to in place of its
// conversation: in a pair while the other party holds it, in a conference while nobody
// else is there, and outside of both when somebody asks for it.

// StartMusic lets the party hear music on hold, of a class or, where that is empty, of the
// channel's own. In a bridge it waits until the channel leaves that. Without music it does
// nothing.
func (c *Channel) StartMusic(ctx context.Context, class string) error {
	return c.doAlive(ctx, func() error {
		if class != "" {
			c.state.MusicClass = class
			c.publish()
		}
		c.music, c.echoing = true, false
		c.hearMusic()
		return nil
	})
}

// StopMusic ends what StartMusic began.
func (c *Channel) StopMusic(ctx context.Context) error {
	return c.doAlive(ctx, func() error {
		if !c.music {
			return nil
		}
		c.music = false
		if p := c.port(); p != nil && c.bridge == nil {
			p.Idle()
		}
		return nil
	})
}

// SetMusicClass says which music the party hears from its next hold on.
func (c *Channel) SetMusicClass(class string) { c.set("", func() { c.state.MusicClass = class }) }

// hearMusic puts the channel where the music is, if that is wanted. Actor only.
func (c *Channel) hearMusic() {
	if p := c.leg.Port(); c.music && c.bridge == nil && p != nil && !c.state.Ended {
		c.engine.joinMusic(c, p, c.state.MusicClass, c.state.MutedIn)
	}
}

// joinMusic reports whether a port hears a class of music from now on. What its party says is
// muted, or not, as it was.
func (e *Engine) joinMusic(c *Channel, p *mixer.Port, class string, muted bool) bool {
	if e.music == nil {
		return false
	}
	room, err := e.music.Room(class)
	if err == nil {
		err = p.Join(room, mixer.JoinOptions{ListenOnly: true, Muted: muted})
	}
	if err != nil && fault.Of(err) != fault.Gone {
		c.log.Warn("no music on hold", "class", class, "err", err)
	}
	return err == nil
}

// SetMusicWhenAlone says whether a member hears music while nobody else is in the bridge,
// and of which class. It does nothing for a channel that is not in it.
func (b *Bridge) SetMusicWhenAlone(ctx context.Context, c *Channel, on bool, class string) error {
	return c.doAlive(ctx, func() error {
		b.mu.Lock()
		defer b.mu.Unlock()
		i := b.in.Find(c)
		if i < 0 {
			return nil
		}
		b.in.All[i].AloneMusic, b.in.All[i].AloneClass = on, class
		return b.in.Arrange()
	})
}

// hold takes note that a member has put the others on hold, or has come back to them.
// Called by the channel's actor.
func (b *Bridge) hold(c *Channel, on bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.in.Hold(c, on); err != nil {
		b.engine.log.Error("bridge could not be rearranged", "bridge", string(b.id), "err", err)
	}
}
