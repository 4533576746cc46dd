// Package event carries what happens to channels and bridges to whoever asked:
// immutable values with a sequence number, through bounded queues whose loss is
// counted and said.
//
// It starts no goroutine.
package event

import (
	"sync"
	"sync/atomic"
	"time"
)

// Type names what happened. The names are ARI's where ARI has one.
type Type string

// The event types.
const (
	ChannelCreated       Type = "ChannelCreated"
	ChannelStateChange   Type = "ChannelStateChange"
	ChannelDialplan      Type = "ChannelDialplan"
	ChannelDestroyed     Type = "ChannelDestroyed"
	ChannelHangupRequest Type = "ChannelHangupRequest"
	ChannelDtmfReceived  Type = "ChannelDtmfReceived"
	ChannelHold          Type = "ChannelHold"
	ChannelUnhold        Type = "ChannelUnhold"
	ChannelEnteredBridge Type = "ChannelEnteredBridge"
	ChannelLeftBridge    Type = "ChannelLeftBridge"
	ChannelMute          Type = "ChannelMute"
	BridgeCreated        Type = "BridgeCreated"
	BridgeDestroyed      Type = "BridgeDestroyed"
	BridgeLevels         Type = "BridgeLevels"        // at most five a second of a bridge
	BridgeActiveSpeaker  Type = "BridgeActiveSpeaker" // likewise
	Dial                 Type = "Dial"
	PlaybackStarted      Type = "PlaybackStarted"
	PlaybackFinished     Type = "PlaybackFinished"
	EndpointStateChange  Type = "EndpointStateChange"
	RecordingStarted     Type = "RecordingStarted"
	RecordingFinished    Type = "RecordingFinished"
	RecordingFailed      Type = "RecordingFailed"

	// What happens in a conference; the data is conference.Event.
	RoomJoined  Type = "RoomJoined"
	RoomWaiting Type = "RoomWaiting" // somebody waits for a moderator
	RoomLeft    Type = "RoomLeft"
	RoomRole    Type = "RoomRole"    // somebody may do more, or less
	RoomAway    Type = "RoomAway"    // somebody's browser is away, or back
	RoomChanged Type = "RoomChanged" // its settings
	RoomEnded   Type = "RoomEnded"

	// Of applications (package stasis).
	StasisStart           Type = "StasisStart"
	StasisEnd             Type = "StasisEnd"
	ApplicationReplaced   Type = "ApplicationReplaced"
	ApplicationMoveFailed Type = "ApplicationMoveFailed"
	CallBroadcast         Type = "CallBroadcast"
	CallClaimed           Type = "CallClaimed"

	BridgeMerged             Type = "BridgeMerged"
	BridgeVideoSourceChanged Type = "BridgeVideoSourceChanged"
	ChannelCallerID          Type = "ChannelCallerId"
	ChannelConnectedLine     Type = "ChannelConnectedLine"
	ChannelToneDetected      Type = "ChannelToneDetected"
	ChannelTransfer          Type = "ChannelTransfer"
	ChannelUserevent         Type = "ChannelUserevent"
	ChannelVarset            Type = "ChannelVarset"
	ContactStatusChange      Type = "ContactStatusChange"
	DeviceStateChanged       Type = "DeviceStateChanged"
	PeerStatusChange         Type = "PeerStatusChange"
	PlaybackContinuing       Type = "PlaybackContinuing"
	TextMessageReceived      Type = "TextMessageReceived"

	BridgeBlindTransfer    Type = "BridgeBlindTransfer"
	BridgeAttendedTransfer Type = "BridgeAttendedTransfer"
	ChannelTalkingStarted  Type = "ChannelTalkingStarted"
	ChannelTalkingFinished Type = "ChannelTalkingFinished"
)

// Event is one thing that happened. It is never changed after it was published;
// Channel and Bridge are snapshots of the moment.
type Event struct {
	// Seq grows by one with every event of the process, from 1 on.
	Seq  uint64
	Time time.Time
	Type Type
	// Channel and Bridge are ids; empty where the event has none. Peer is a second channel's, as
	// of who is dialled.
	Channel string
	Bridge  string
	Peer    string
	// Endpoint is one, "PJSIP/1001", Device a device, "Stasis:lamp", that it is about.
	Endpoint string
	Device   string
	// App is the application that the event is for alone; empty is for whoever follows what it
	// is about.
	App string
	// Data is the event's own immutable value, a snapshot or a small struct.
	Data any
}

// Bus numbers events and hands them to its subscribers.
type Bus struct {
	mu   sync.Mutex // orders Seq with delivery
	seq  uint64
	subs map[*Subscription]struct{}
	sink []func(*Event)
	now  func() time.Time

	history history
}

// NewBus makes a bus. now is the clock that stamps events.
func NewBus(now func() time.Time) *Bus {
	return &Bus{subs: make(map[*Subscription]struct{}), now: now, history: history{
		samples: make(map[string]Event), waiting: make(map[*waiter]struct{}),
	}}
}

// Publish numbers and stamps e and offers it to every subscriber. It never
// waits: a subscriber whose queue is full loses the event and counts it.
func (b *Bus) Publish(e Event) {
	for _, w := range b.publish(e) {
		close(w.came)
	}
}

// publish gives those who have waited for such an event, to be woken without the lock.
func (b *Bus) publish(e Event) []*waiter {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seq++
	e.Seq = b.seq
	e.Time = b.now()
	b.history.add(e)
	for _, f := range b.sink {
		f(&e)
	}
	for s := range b.subs {
		if s.filter != nil && !s.filter(&e) {
			continue
		}
		select {
		case s.queue <- e:
		default:
			s.lost.Add(1)
		}
	}
	return b.history.takers(&e)
}

// Attach has f called with every event from now on, in order, before Publish returns. It runs under
// the bus's lock: it must be quick, must not wait and must not publish. The event is not changed
// afterwards, and may be kept. Attach is called before the first event.
func (b *Bus) Attach(f func(*Event)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sink = append(b.sink, f)
}

// Seq is the number of the newest event.
func (b *Bus) Seq() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.seq
}

// Subscription is one subscriber's bounded queue.
type Subscription struct {
	bus    *Bus
	queue  chan Event
	filter func(*Event) bool
	lost   atomic.Uint64
	once   sync.Once
}

// Subscribe opens a queue of size events. filter, which may be nil, chooses
// what enters it; it runs under the bus's lock and must be quick.
func (b *Bus) Subscribe(size int, filter func(*Event) bool) *Subscription {
	s := &Subscription{bus: b, queue: make(chan Event, size), filter: filter}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.subs[s] = struct{}{}
	return s
}

// Events is the queue. It is closed by Close.
func (s *Subscription) Events() <-chan Event { return s.queue }

// Lost is the number of events that found the queue full.
func (s *Subscription) Lost() uint64 { return s.lost.Load() }

// Close ends the subscription and closes its queue.
func (s *Subscription) Close() {
	s.once.Do(func() {
		s.bus.mu.Lock()
		defer s.bus.mu.Unlock()
		delete(s.bus.subs, s)
		close(s.queue)
	})
}
