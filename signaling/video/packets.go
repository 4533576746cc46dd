package video

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// Packet takes an RTP packet of video that came from the member, decrypted, in the media section
// of a mid, empty where that is not known. Nothing of it is kept, and nobody is waited for: it is
// forwarded by the room's own goroutine.
func (m *Member) Packet(mid string, packet []byte, arrival time.Time) {
	m.of.queue.put(m, mid, false, packet, arrival)
}

// Control takes an RTCP packet of the member's, decrypted, likewise.
func (m *Member) Control(packet []byte, arrival time.Time) {
	m.of.queue.put(m, "", true, packet, arrival)
}

// forward passes on what has come.
func (f *Forwarding) forward() {
	list := f.queue.take()
	defer f.queue.busy.Store(false)
	for i := range list {
		w := &list[i]
		if w.control {
			w.from.said(w.bytes[:w.size], w.at)
		} else {
			w.from.shown(w.mid, w.bytes[:w.size], w.at)
		}
		w.from = nil
	}
}

// shown forwards a packet of video.
func (m *Member) shown(mid string, packet []byte, arrival time.Time) {
	var h rtp.Header
	if rtp.Parse(packet, &h) != nil {
		return // it says nothing of whose it is
	}
	f := m.of
	f.mu.Lock()
	defer f.mu.Unlock()
	if m.here() {
		m.party.Packet(time.Since(f.start), f.at(arrival), mid, &h)
	}
}

// said takes RTCP.
func (m *Member) said(packet []byte, arrival time.Time) {
	f := m.of
	f.mu.Lock()
	defer f.mu.Unlock()
	if !m.here() || rtp.ParseRTCP(packet, &m.report) != nil {
		return
	}
	m.party.Reported(f.at(arrival), &m.report, rtp.NTPTime(time.Now().UnixNano()))
	m.list = rtp.ParseFeedback(packet, m.list[:0])
	m.party.Requested(time.Since(f.start), m.list) // what is sent again goes now
}

// Sent takes note of a packet of audio, of so many bytes, and gives it its transport-wide
// number.
func (m *Member) Sent(bytes int) uint16 {
	m.of.mu.Lock()
	defer m.of.mu.Unlock()
	return m.party.Sent(time.Since(m.of.start), bytes)
}

// Estimate is what the member can be sent, in bit/s.
func (m *Member) Estimate() int {
	m.of.mu.Lock()
	defer m.of.mu.Unlock()
	return m.party.Estimate()
}

// at is the moment of an arrival, which may be known by the wall's clock alone.
func (f *Forwarding) at(arrival time.Time) time.Duration {
	now := time.Since(f.start)
	if arrival.IsZero() {
		return now
	}
	return now - min(max(time.Since(arrival), 0), time.Second)
}
