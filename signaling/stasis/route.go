package stasis

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// carried are the types of events that applications are told of; others are ours alone.
var carried = map[event.Type]bool{
	event.ApplicationMoveFailed: true, event.ApplicationReplaced: true, event.BridgeAttendedTransfer: true,
	event.BridgeBlindTransfer: true, event.BridgeCreated: true, event.BridgeDestroyed: true, event.BridgeMerged: true,
	event.BridgeVideoSourceChanged: true, event.CallBroadcast: true, event.CallClaimed: true, event.ChannelCallerID: true,
	event.ChannelConnectedLine: true, event.ChannelCreated: true, event.ChannelDestroyed: true, event.ChannelDialplan: true,
	event.ChannelDtmfReceived: true, event.ChannelEnteredBridge: true, event.ChannelHangupRequest: true, event.ChannelHold: true,
	event.ChannelLeftBridge: true, event.ChannelStateChange: true, event.ChannelTalkingFinished: true,
	event.ChannelTalkingStarted: true, event.ChannelToneDetected: true, event.ChannelTransfer: true, event.ChannelUnhold: true,
	event.ChannelUserevent: true, event.ChannelVarset: true, event.ContactStatusChange: true, event.DeviceStateChanged: true,
	event.Dial: true, event.EndpointStateChange: true, event.PeerStatusChange: true, event.PlaybackContinuing: true,
	event.PlaybackFinished: true, event.PlaybackStarted: true, event.RecordingFailed: true, event.RecordingFinished: true,
	event.RecordingStarted: true, event.StasisEnd: true, event.StasisStart: true, event.TextMessageReceived: true,
}

// ofBridge are the events of a channel that concern its bridge as well.
var ofBridge = map[event.Type]bool{
	event.ChannelEnteredBridge: true, event.ChannelLeftBridge: true,
	event.BridgeAttendedTransfer: true, event.BridgeBlindTransfer: true,
}

// route gives an event to the applications that follow what it is about, and changes what they
// follow where the event is about that. The bus calls it, under its lock.
func (r *Registry) route(e *event.Event) {
	if !carried[e.Type] {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.App != "" {
		r.routeTo(e)
		return
	}
	control := r.controls[signaling.ChannelID(e.Channel)]
	bridge := Topic{OfBridge, e.Bridge}
	if s, ok := e.Data.(signaling.ChannelSnapshot); ok && e.Type == event.ChannelCreated && s.Endpoint != "" {
		r.endpoints[e.Channel] = s.Tech + "/" + s.Endpoint
	}
	if e.Type == event.ChannelEnteredBridge && control != nil && !control.over {
		r.follow(control.app, bridge) // as long as the channel is there
		control.bridge = e.Bridge
	}
	var told [8]*app
	r.tell(e, told[:0])
	switch {
	case e.Type == event.ChannelLeftBridge && control != nil && control.bridge == e.Bridge:
		control.bridge = ""
		r.unfollow(control.app, bridge, false)
	case e.Type == event.ChannelDestroyed:
		delete(r.endpoints, e.Channel)
		r.end(Topic{OfChannel, e.Channel})
	case e.Type == event.BridgeDestroyed:
		r.end(bridge)
	}
}

// tell gives an event to everyone who follows it, once. The lock is held.
func (r *Registry) tell(e *event.Event, told []*app) {
	give := func(t Topic) {
		for a := range r.followers[t] {
			known := false
			for _, b := range told {
				known = known || a == b
			}
			if !known {
				told = append(told, a)
				r.give(a, e)
			}
		}
	}
	topic := func(k Kind, id string) {
		if id != "" {
			give(Topic{k, id})
			give(Topic{Kind: k})
		}
	}
	topic(OfChannel, e.Channel)
	topic(OfChannel, e.Peer)
	if of := r.endpoints[e.Channel]; of != "" { // who follows an endpoint follows its calls
		give(Topic{OfEndpoint, of})
	}
	if e.Channel == "" || ofBridge[e.Type] {
		topic(OfBridge, e.Bridge)
	}
	if e.Endpoint != "" {
		topic(OfEndpoint, e.Endpoint)
		if tech, _, ok := strings.Cut(e.Endpoint, "/"); ok {
			give(Topic{OfEndpoint, tech})
		}
	}
	topic(OfDevice, e.Device)
}

// routeTo gives an event to the application that it is for. The lock is held.
func (r *Registry) routeTo(e *event.Event) {
	a := r.apps[e.App]
	if a == nil {
		return
	}
	control := r.controls[signaling.ChannelID(e.Channel)]
	switch {
	case control == nil || control.app != a:
	case e.Type == event.StasisStart:
		r.follow(a, Topic{OfChannel, e.Channel})
		control.began = true
	case e.Type == event.StasisEnd && control.began:
		control.began = false
		r.unfollow(a, Topic{OfChannel, e.Channel}, false)
		if control.bridge != "" {
			r.unfollow(a, Topic{OfBridge, control.bridge}, false)
			control.bridge = ""
		}
	}
	r.give(a, e)
}

// give writes an event into an application's journal and wakes who reads it. The lock is held.
func (r *Registry) give(a *app, e *event.Event) {
	if !a.filter.takes(e.Type) && e.Type != event.ApplicationReplaced {
		return
	}
	if len(a.readers) == 0 && !a.journal.resumed {
		return // missed, as in Asterisk
	}
	a.journal.add(e, a.name, a.reader(e))
	for _, reader := range a.readers {
		reader.wakeUp()
	}
}
