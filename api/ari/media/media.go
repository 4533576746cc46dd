// Package media is ARI's operations of what is played and recorded. Those of sounds
// are here.
//
// It starts no goroutine.
package media

import (
	"github.com/skygenesisenterprise/skybridge/api/ari/rest"
	"github.com/skygenesisenterprise/skybridge/signaling/sound"
)

// Media answers the operations. It is safe for several goroutines.
type Media struct {
	sounds *sound.Library
}

// New makes the operations on a library of sounds.
func New(sounds *sound.Library) *Media { return &Media{sounds: sounds} }

// Operations are the handlers, by resource and nickname.
func (m *Media) Operations() map[string]rest.Handler {
	return map[string]rest.Handler{
		"sounds.list": m.listSounds,
		"sounds.get":  m.getSound,
	}
}
