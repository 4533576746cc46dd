// Package app has the dialplan applications that touch a channel, one file each,
// and the adapter that lets the dialplan's executor drive a channel. Applications
// that only change variables or the place in the plan are package dialplan's.
//
// Goroutines: none of its own; a channel's program runs on the channel's (see
// signaling.Channel.Run).
package app

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk/settings"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/extension"
	"github.com/skygenesisenterprise/skybridge/signaling/feature"
	"github.com/skygenesisenterprise/skybridge/signaling/recording"
	"github.com/skygenesisenterprise/skybridge/signaling/ringgroup"
	"github.com/skygenesisenterprise/skybridge/signaling/stasis"
	"github.com/skygenesisenterprise/skybridge/signaling/talk"
)

// Services are what the applications work with.
type Services struct {
	Engine *signaling.Engine
	Rooms  *conference.Registry
	Stasis *stasis.Registry
	Sounds signaling.Sounds
	// Recordings has the recordings under way.
	Recordings *recording.Registry
	// Talk has the channels that are listened to.
	Talk *talk.Registry
	// Groups are the ring groups; nil for none.
	Groups *ringgroup.Registry
	// Extensions are what phones have switched on; nil for nothing.
	Extensions *extension.Registry
	// Features is what parties may ask for by keys; nil for nothing.
	Features *feature.Service
	// ConfBridge gives confbridge.conf as it is now; nil means the defaults.
	ConfBridge func() *settings.ConfBridge
}

// Applications is this package's share of the table of applications.
func Applications(s *Services) []dialplan.Application {
	list := []dialplan.Application{
		{Name: "Answer", Synopsis: "Answer a channel if ringing.", Run: s.answer},
		{Name: "Ringing", Synopsis: "Indicate ringing tone.", Run: s.ringing},
		{Name: "Progress", Synopsis: "Indicate progress.", Run: s.progress},
		{Name: "Busy", Synopsis: "Indicate the busy condition.", Run: s.busy},
		{Name: "Congestion", Synopsis: "Indicate the congestion condition.", Run: s.congestion},
		{Name: "Dial", Synopsis: "Attempt to connect to another device or endpoint.", Run: s.dial},
		{Name: "RingGroup", Synopsis: "Ring the members of a ring group.", Run: s.ringGroup},
		{Name: "ConfBridge", Synopsis: "Conference bridge application.", Run: s.confBridge},
		{Name: "ChanSpy", Synopsis: "Listen to a channel, and optionally whisper into it.", Run: s.chanSpy},
		{Name: "MusicOnHold", Synopsis: "Play Music On Hold indefinitely.", Run: s.musicOnHold},
		{Name: "StartMusicOnHold", Synopsis: "Play Music On Hold.", Run: s.startMusicOnHold},
		{Name: "StopMusicOnHold", Synopsis: "Stop playing Music On Hold.", Run: s.stopMusicOnHold},
		{Name: "SetMusicOnHold", Synopsis: "Set default Music On Hold class.", Run: s.setMusicOnHold},
		{Name: "Echo", Synopsis: "Echo media back to the calling party.", Run: s.echo},
		{Name: "Playback", Synopsis: "Play a file.", Run: s.playback},
		{Name: "Playtones", Synopsis: "Play a tone list.", Run: s.playtones},
		{Name: "StopPlaytones", Synopsis: "Stop playing a tone list.", Run: s.stopPlaytones},
		{Name: "MixMonitor", Synopsis: "Record a call and mix the audio during the recording.", Run: s.mixMonitor},
		{Name: "StopMixMonitor", Synopsis: "Stop recording a call through MixMonitor.", Run: s.stopMixMonitor},
		{Name: "Record", Synopsis: "Record to a file.", Run: s.record},
		{Name: "SendDTMF", Synopsis: "Send DTMF digits.", Run: s.sendDTMF},
		{Name: "AudioSocket", Synopsis: "Transmit and receive audio between channel and TCP socket.", Run: s.audioSocket},
		{Name: "Stasis", Synopsis: "Hand the channel to an ARI application.", Run: s.stasis},
	}
	for i := range list {
		list[i].Run = whileUp(list[i].Run)
	}
	return list
}

// Functions is this package's share of the table of functions: those that touch the
// channel's media.
func Functions(s *Services) []dialplan.Function {
	return []dialplan.Function{
		{Name: "TALK_DETECT", Synopsis: "Whether events tell when the party talks: set or remove", Write: s.writeTalkDetect},
		{Name: "VOLUME", Synopsis: "How loud the channel is: TX what its party hears, RX what it says", Write: writeVolume},
	}
}

// whileUp refuses an application once the channel is gone, in the h extension:
// there is nobody to play to or to connect.
func whileUp(run dialplan.App) dialplan.App {
	return func(ctx context.Context, c *dialplan.Call, args string) error {
		if c.HungUp() {
			return fault.New(fault.Gone, "the channel has hung up")
		}
		return run(ctx, c, args)
	}
}

// Run takes a channel through the dialplan from a position. It returns at once;
// the channel hangs up when the plan is through.
func Run(ctx context.Context, exec *dialplan.Executor, c *signaling.Channel, at dialplan.Position) error {
	call := exec.NewCall(&program{Channel: c})
	return c.Run(ctx, func() { (&journey{channel: c, call: call}).follow(at) })
}

// ChannelOf is the channel that a call runs on, where it runs on one of ours.
func ChannelOf(c *dialplan.Call) (*signaling.Channel, bool) {
	p, ok := c.Channel().(*program)
	if !ok {
		return nil, false
	}
	return p.Channel, true
}

// channelOf is ChannelOf for what runs nowhere else.
func channelOf(c *dialplan.Call) *signaling.Channel { return c.Channel().(*program).Channel }
