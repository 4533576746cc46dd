// Package settings is what the VoIP API's service is made of.
//
// It starts no goroutine.
package settings

import (
	"log/slog"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/chat"
	"github.com/skygenesisenterprise/skybridge/api/voip/endpoints"
	"github.com/skygenesisenterprise/skybridge/api/voip/records"
	"github.com/skygenesisenterprise/skybridge/api/ws/fanout"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/media"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/external"
	"github.com/skygenesisenterprise/skybridge/signaling/onward"
	"github.com/skygenesisenterprise/skybridge/signaling/presence"
	"github.com/skygenesisenterprise/skybridge/signaling/recording"
)

// Config is what a voip.Service is made of.
type Config struct {
	Engine *signaling.Engine
	Rooms  *conference.Registry
	WebRTC *rtc.API
	Codecs []*media.Codec // browsers'
	Store  *store.Store
	// Records takes the records of ended calls; nil is Store's.
	Records records.Putter
	Log     *slog.Logger
	Now     func() time.Time // time.Now when nil
	// AfterFunc is time.AfterFunc, which it is when nil, for the times below: f is
	// called once d has passed, unless stop is called before that.
	AfterFunc func(d time.Duration, f func()) (stop func() bool)
	// RingTimeout is how long phones ring, and how long a browser may take to
	// make its offer.
	RingTimeout time.Duration
	// OfferGrace is how long a creator with a registered phone may take to make
	// an offer before the phone rings instead.
	OfferGrace time.Duration
	// DirectIdle is how long a call of two browsers that talk without us may go on
	// without a word from either; 0 means an hour.
	DirectIdle time.Duration
	// MaxDuration is how long such a call may last, as those that pass us may; 0 is for ever.
	MaxDuration time.Duration
	// MediaTimeout is how long a browser that is neither muted nor on hold may send nothing
	// before its part ends; 0 is for ever.
	MediaTimeout time.Duration
	// Reconnect is how long a browser may be away before its part ends, its network lost or its
	// page loaded again; with 0 it ends at once.
	Reconnect time.Duration
	// PerUser bounds a user's calls at one time; 0 means no limit.
	PerUser int
	// ICEServers are what a user's browser is given; nil gives none.
	ICEServers func(user string) []records.ICEServerBody
	// Recordings makes recordings, in a folder of the API's own below its Monitor; nil makes
	// none. MaxRecording bounds one; 0 means four hours.
	Recordings   *recording.Registry
	MaxRecording time.Duration
	// External is what outside RTP addresses are joined with; nil joins none.
	External *external.Config
	// Hub is told what users are to know at once; nil tells nobody.
	Hub *fanout.Hub
	// Presence knows which users can be rung by browser; nil has it that all can be, and their
	// extensions are not.
	Presence *presence.Registry
	// Data is what carries the data channels of a browser, which is where at says, if it is inside;
	// nil has browsers do without.
	Data func(at chat.Place) *chat.Line
	// Dial says who may dial what.
	Dial endpoints.Rules
	// Onward is how phones are called that may forward; nil has none do so.
	Onward *onward.Config
}

// Whole is the same with what is left out put in.
func (cfg Config) Whole() Config {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.AfterFunc == nil {
		cfg.AfterFunc = func(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }
	}
	if cfg.Records == nil {
		cfg.Records = cfg.Store.Calls
	}
	if cfg.Hub == nil {
		cfg.Hub = fanout.NewHub()
	}
	if cfg.Onward == nil {
		cfg.Onward = &onward.Config{Engine: cfg.Engine, Log: cfg.Log}
	}
	if cfg.DirectIdle == 0 {
		cfg.DirectIdle = time.Hour
	}
	return cfg
}
