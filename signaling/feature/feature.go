// Package feature lets the parties of a conversation ask for something by keys, as
// features.conf says: to transfer the other one, blind or after asking whom it goes to, to
// hang up, and to record what is said. However the keys come, as telephone-events (RFC 4733), by SIP INFO or as tones,
// the channel tells them.
//
// Goroutines: one per conversation whose parties may do so (Listen), which ends with it, and
// with one that is asked within it at the latest; one per call that a party makes to ask,
// which is over when the party is back, or when the target has answered who was transferred.
package feature

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk/settings"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/recording"
	"github.com/skygenesisenterprise/skybridge/signaling/transfer"
)

// Config is what the service works with.
type Config struct {
	Transfers *transfer.Service
	Sounds    signaling.Sounds
	// Settings gives features.conf as it is now.
	Settings func() *settings.Features
	// Plan gives the dialplan as it is now.
	Plan func() *dialplan.Plan
	// Visit takes a channel through the plan from a place, whatever else runs on it, until
	// the plan is through or ctx ends; the channel is not hung up then.
	Visit func(ctx context.Context, c *signaling.Channel, at dialplan.Position) error
	// Home is the context of an endpoint's own calls.
	Home func(endpoint string) string
	// Record records what a channel says and hears while it talks; nil where nothing can be.
	Record func(ctx context.Context, c *signaling.Channel, name string) (*recording.Recording, error)
}

// Service is what keys ask for.
type Service struct {
	cfg     Config
	mu      sync.Mutex
	readers map[*signaling.Channel]bool // whose keys somebody reads
}

// New makes a service.
func New(cfg Config) *Service {
	return &Service{cfg: cfg, readers: make(map[*signaling.Channel]bool)}
}

// Keys are what a party may ask for.
type Keys struct {
	Transfer   bool
	HangUp     bool
	Monitor    bool
	MixMonitor bool
}

// codes are a party's, by features.conf.
func (k Keys) codes(f *settings.Features) (known []code) {
	if k.Transfer {
		known = append(known, code{f.BlindXfer, blindTransfer}, code{f.AtXfer, attendedTransfer})
	}
	if k.HangUp {
		known = append(known, code{f.Disconnect, hangUp})
	}
	if k.Monitor {
		known = append(known, code{f.AutoMon, monitor})
	}
	if k.MixMonitor {
		known = append(known, code{f.AutoMixMon, mixMonitor})
	}
	return known
}

// claim makes a channel's keys ours to read, unless somebody reads them.
func (s *Service) claim(c *signaling.Channel) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readers[c] {
		return false
	}
	s.readers[c] = true
	return true
}

// Forget drops the keys of a party that came before it talks, which ask for nothing, unless
// somebody reads them.
func (s *Service) Forget(c *signaling.Channel) {
	if s == nil || !s.claim(c) {
		return
	}
	defer s.release(c)
	for {
		select {
		case <-c.Digits():
		default:
			return
		}
	}
}

func (s *Service) release(c *signaling.Channel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.readers, c)
}

// where is the context that a party's transfers go to.
func (s *Service) where(c *signaling.Channel) string {
	now := c.Snapshot()
	home := now.Dialplan.Context
	if now.Outgoing && s.cfg.Home != nil {
		if own := s.cfg.Home(now.Endpoint); own != "" {
			home = own
		}
	}
	return transfer.Context(c, home)
}

// maxExten bounds what is dialled, in keys.
const maxExten = 80

// ask has a party dial an extension that is in the plan. ok is false when it does not.
func (s *Service) ask(ctx context.Context, c *signaling.Channel, where string, from signaling.CallerID) (exten string, ok bool) {
	f := s.cfg.Settings()
	for range max(f.TransferDialAttempts, 1) {
		exten = s.dialled(ctx, c, f, where, from)
		switch {
		case ctx.Err() != nil:
			return "", false
		case exten != "" && s.cfg.Plan().Exists(where, exten, from.Number, time.Now()):
			return exten, true
		}
		s.play(ctx, c, f.TransferRetrySound)
	}
	s.play(ctx, c, f.TransferInvalidSound)
	return "", false
}

// dialled reads an extension: until nothing longer is in the plan, the party pauses or
// presses #.
func (s *Service) dialled(ctx context.Context, c *signaling.Channel, f *settings.Features, where string, from signaling.CallerID) string {
	pause := time.NewTimer(f.TransferDigitTimeout)
	defer pause.Stop()
	var announced <-chan struct{}
	prompt := s.start(ctx, c, f.TransferAnnounceSound)
	if prompt != nil {
		announced = prompt.Done()
		pause.Stop()
	}
	var exten strings.Builder
	for exten.Len() < maxExten {
		select {
		case <-announced:
			announced = nil
			pause.Reset(f.TransferDigitTimeout)
		case key := <-c.Digits():
			if announced != nil {
				announced = nil
				if err := c.Stop(ctx, prompt); err != nil {
					return ""
				}
			}
			if key == '#' {
				return exten.String()
			}
			exten.WriteByte(key)
			if !s.cfg.Plan().MatchMore(where, exten.String(), from.Number, time.Now()) {
				return exten.String()
			}
			pause.Reset(f.TransferDigitTimeout)
		case <-pause.C:
			return exten.String()
		case <-ctx.Done():
			return ""
		}
	}
	return exten.String()
}

// start begins to play a sound; nil where there is none, which is no reason to stop.
func (s *Service) start(ctx context.Context, c *signaling.Channel, name string) *signaling.Playback {
	if name == "" || s.cfg.Sounds == nil {
		return nil
	}
	clip, err := s.cfg.Sounds.Sound(ctx, name, c.Snapshot().Language)
	if err == nil {
		var pb *signaling.Playback
		if pb, err = c.Play(ctx, clip, signaling.PlayOptions{Name: name}); err == nil {
			return pb
		}
	}
	if ctx.Err() == nil {
		c.Log().Info("sound not played", "sound", name, "err", err)
	}
	return nil
}

// play plays a sound to its end.
func (s *Service) play(ctx context.Context, c *signaling.Channel, name string) {
	if pb := s.start(ctx, c, name); pb != nil {
		select {
		case <-pb.Done():
		case <-ctx.Done():
		}
	}
}
