// Package music is music on hold. A class plays in a room of the mixer that all who are to
// hear it listen to: it is encoded once for all who share an encoding, and goes on where it
// was for who comes back to it. Without sound files a class plays soft tones of our own.
//
// Goroutines: one per class that somebody has listened to, which gets the next file ready;
// owned by the Player, ended by Close.
package music

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk/settings"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/mixer"
)

// Default is the class of those who name none; it is always there.
const Default = "default"

// Config is what a Player is made of.
type Config struct {
	Mixer  *mixer.Engine
	Codecs media.Codecs
	Log    *slog.Logger
	// Data is the folder that folders of the classes are relative to.
	Data string
}

// Player has the classes. It is safe for several goroutines.
type Player struct {
	cfg Config

	mu      sync.Mutex
	closed  bool
	classes map[string]settings.MusicClass
	playing map[string]*class // by name
	done    sync.WaitGroup
}

// NewPlayer makes a Player with the default class alone.
func NewPlayer(cfg Config) *Player {
	return &Player{cfg: cfg, playing: make(map[string]*class)}
}

// Configure replaces the classes. Of one that has changed the new music follows the piece
// that is being played.
func (p *Player) Configure(m *settings.Music) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.classes = m.Classes
	for name, c := range p.playing {
		c.setSource(p.source(name))
	}
}

// source is what a class plays by its settings. The lock is held.
func (p *Player) source(name string) source {
	s, known := p.classes[name]
	if !known {
		return source{name: name, builtIn: true}
	}
	return source{name: name, settings: s, data: p.cfg.Data, codecs: p.cfg.Codecs}
}

// Classes are the names of the classes that there are.
func (p *Player) Classes() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	names := slices.Sorted(maps.Keys(p.classes))
	if !slices.Contains(names, Default) {
		names = slices.Insert(names, 0, Default)
	}
	return names
}

// Playing is how many classes somebody has listened to: each has a room and a goroutine.
func (p *Player) Playing() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.playing)
}

// Files are the files that a class plays, in no order; none means tones of our own. It
// fails with fault.NotFound.
func (p *Player) Files(name string) ([]string, error) {
	p.mu.Lock()
	s, known := p.source(name), name == Default
	if _, ok := p.classes[name]; ok {
		known = true
	}
	p.mu.Unlock()
	if !known {
		return nil, fault.New(fault.NotFound, "no class of music %q", name)
	}
	return s.files(), nil
}

// Room is where a class plays, the default one where the name is empty or unknown. It lasts
// until Close. It fails with fault.Gone after that, and with the errors of NewRoom.
func (p *Player) Room(name string) (*mixer.Room, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, fault.New(fault.Gone, "the music has ended")
	}
	name = cmp.Or(name, Default)
	if _, known := p.classes[name]; !known && name != Default {
		p.cfg.Log.Warn("no such class of music on hold, the default one is heard", "class", name)
		name = Default
	}
	if c := p.playing[name]; c != nil {
		return c.room, nil
	}
	c := &class{log: p.cfg.Log.With("class", name), wake: make(chan struct{}, 1), next: p.source(name)}
	var err error
	c.room, err = p.cfg.Mixer.NewRoom(mixer.RoomConfig{Name: "music " + name, Events: c.event})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	p.playing[name] = c
	p.done.Add(1)
	go func() { // owned by the player, ended by Close
		defer p.done.Done()
		defer guard.Recover(c.log, "music on hold, which ends")
		c.run(ctx)
	}()
	return c.room, nil
}

// Close ends the music; who listens hears nothing any more.
func (p *Player) Close() error {
	p.mu.Lock()
	p.closed = true
	for _, c := range p.playing {
		c.cancel()
		c.room.Close()
	}
	p.mu.Unlock()
	p.done.Wait()
	return nil
}
