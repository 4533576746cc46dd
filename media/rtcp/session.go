// Package rtcp is one side of an RTCP session between two parties: when reports are sent
// and what stands in them (RFC 3550 §6), the extended reports of RFC 3611 (receiver
// reference time, DLRR, VoIP metrics), and what the other side's reports tell. It does no
// I/O, has no clock and starts no goroutine.
package rtcp

import (
	"crypto/rand"
	"encoding/base64"
	"slices"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/reception"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// Config is what a session is made with.
type Config struct {
	// Interval is the least time between reports, in the mean.
	Interval time.Duration
	// Bandwidth is that of the session, in bits per second; a twentieth of it is for
	// RTCP.
	Bandwidth int
}

// Default is 5 s, and the bandwidth of G.711.
func Default() Config { return Config{Interval: DefaultInterval, Bandwidth: 64000} }

// Validate reports the first setting that cannot work.
func (c Config) Validate() error {
	switch {
	case c.Interval < MinInterval || c.Interval > MaxInterval:
		return fault.New(fault.Invalid, "rtcp: an interval of %v is not within %v to %v", c.Interval, MinInterval, MaxInterval)
	case c.Bandwidth < 1000:
		return fault.New(fault.Invalid, "rtcp: %d bit/s leave nothing for reports", c.Bandwidth)
	}
	return nil
}

// Local is our side of the session, counted since its beginning.
type Local struct {
	SSRC    uint32
	Packets uint64 // sent
	Octets  uint64 // of payload, sent
	// RTPTime is the timestamp at the moment At, in unix nanoseconds, by a clock of
	// SendClock Hz.
	RTPTime   uint32
	At        int64
	SendClock int
	// Received is what came; Receiving is false before the first packet.
	Received  reception.Counts
	Receiving bool
}

// Extra is what a report has beyond the counters (RFC 3611).
type Extra struct {
	// RoundTrip asks the peer to answer, so that one who only receives learns the time
	// there and back.
	RoundTrip bool
	// Metrics, where not nil, is how the stream is received.
	Metrics *rtp.VoIPMetrics
}

// Feedback is what a packet of the peer's tells.
type Feedback struct {
	At time.Time
	// RoundTrip is the time there and back; 0 where the packet does not tell.
	RoundTrip time.Duration
	// Reported says that the packet is about our stream: the share of our packets lost
	// since the report before (0 to 1), in total, and their jitter.
	Reported bool
	Fraction float64
	Lost     int64
	Jitter   time.Duration
	// Metrics are the peer's about our stream, where Measured.
	Metrics  rtp.VoIPMetrics
	Measured bool
	// Bye says that the peer's stream ends.
	Bye bool
}

// Session is used by one goroutine at a time.
type Session struct {
	schedule schedule
	cname    []byte
	spoken   bool // a report was sent
	peer     bool // a packet of the peer's came
	left     bool // and its farewell

	interval reception.Interval
	packets  [2]uint64 // sent, as of the last two reports

	sent, asked             stamps // sender reports and reference times of ours
	senderReport, reference heard  // of the peer's

	*Scratch
}

// Scratch is the memory that sessions of one goroutine, or under one lock, share while
// they read and write packets.
type Scratch struct{ out, in rtp.Report }

// stamps are the middles of the last NTP times of a kind that were sent.
type stamps struct {
	at   [4]uint32
	next int
}

func (s *stamps) add(middle uint32) {
	s.at[s.next%len(s.at)] = middle
	s.next++
}

// has reports whether what a peer refers to is ours: else its delay means nothing.
func (s *stamps) has(middle uint32) bool { return middle != 0 && slices.Contains(s.at[:], middle) }

// heard is an NTP time of the peer's and when it came.
type heard struct {
	ssrc, middle uint32
	at           int64 // unix nanoseconds
}

// since is what a report says of it at a time: 1/65536 s.
func (h *heard) since(now int64) uint32 {
	passed := max(now-h.at, 0)
	return uint32(passed/int64(time.Second)<<16 + passed%int64(time.Second)<<16/int64(time.Second)) //nolint:gosec // wraps as the field does
}

// NewSession begins a session. Its CNAME is a new one, so that no two calls can be told
// to be of one party (RFC 7022 §4.2).
func NewSession(cfg Config, scratch *Scratch, now time.Time) *Session {
	var id [12]byte
	_, _ = rand.Read(id[:]) // never fails
	s := &Session{Scratch: scratch, cname: []byte(base64.RawURLEncoding.EncodeToString(id[:]))}
	s.schedule.start(cfg.Interval, share*float64(cfg.Bandwidth)/8, now)
	return s
}

// Next is when to call Due.
func (s *Session) Next() time.Time { return s.schedule.next }

// Due reports whether a report is to be sent now; it takes that for granted. Next is
// another time afterwards.
func (s *Session) Due(now time.Time, l Local) bool {
	s.schedule.weSent = l.Packets > s.packets[1]
	s.schedule.members, s.schedule.senders = 1, 0
	if (s.peer || l.Receiving) && !s.left {
		s.schedule.members++
	}
	if s.schedule.weSent {
		s.schedule.senders++
	}
	if l.Receiving && !s.left {
		s.schedule.senders++
	}
	return s.schedule.expire(now)
}

// Append adds the report of now to dst: a sender's, if anything was sent since the report
// before the last (§6.4), else a receiver's.
func (s *Session) Append(dst []byte, now time.Time, l Local, extra Extra) []byte {
	r := s.report(now, l)
	ntp := rtp.NTPTime(now.UnixNano())
	if extra.RoundTrip && r.Sender == nil {
		r.ReferenceTime = ntp
		s.asked.add(uint32(ntp >> 16)) //nolint:gosec // the middle
	}
	if s.reference.ssrc != 0 {
		r.Delays = append(r.Delays, rtp.DelayBlock{
			SSRC: s.reference.ssrc, LastRR: s.reference.middle, DelaySinceLastRR: s.reference.since(now.UnixNano()),
		})
	}
	if extra.Metrics != nil {
		r.Metrics = append(r.Metrics, *extra.Metrics)
	}
	return s.finish(dst, r)
}

// AppendBye adds the farewell: none, if nothing was ever sent (§6.3.7).
func (s *Session) AppendBye(dst []byte, now time.Time, l Local) []byte {
	if !s.spoken && l.Packets == 0 {
		return dst
	}
	r := s.report(now, l)
	r.Bye = true
	return s.finish(dst, r)
}

// AppendRequest adds a request between two reports: a minimal compound packet
// (RFC 4585 §3.1).
func (s *Session) AppendRequest(dst []byte, l Local, f *rtp.Feedback) []byte {
	r := &s.out
	*r = rtp.Report{SSRC: l.SSRC, CNAME: s.cname, Blocks: r.Blocks[:0], Delays: r.Delays[:0], Metrics: r.Metrics[:0]}
	return f.Append(s.finish(dst, r))
}

// report fills s.out with what every packet has.
func (s *Session) report(now time.Time, l Local) *rtp.Report {
	r := &s.out
	*r = rtp.Report{SSRC: l.SSRC, CNAME: s.cname, Blocks: r.Blocks[:0], Delays: r.Delays[:0], Metrics: r.Metrics[:0]}
	wall := now.UnixNano()
	if l.Packets > s.packets[1] {
		ntp := rtp.NTPTime(wall)
		r.Sender = &rtp.SenderInfo{
			NTP: ntp, RTPTime: l.RTPTime + units(wall-l.At, l.SendClock),
			Packets: uint32(l.Packets), Octets: uint32(l.Octets), //nolint:gosec // wrap as the fields do
		}
		s.sent.add(uint32(ntp >> 16)) //nolint:gosec // the middle
	}
	if l.Receiving {
		b := s.interval.Block(l.Received)
		if s.senderReport.ssrc == b.SSRC && s.senderReport.middle != 0 {
			b.LastSR, b.DelaySinceLastSR = s.senderReport.middle, s.senderReport.since(wall)
		}
		r.Blocks = append(r.Blocks, b)
	}
	s.packets[1], s.packets[0] = s.packets[0], l.Packets
	return r
}

func (s *Session) finish(dst []byte, r *rtp.Report) []byte {
	before := len(dst)
	dst = r.Append(dst)
	s.schedule.count(len(dst) - before)
	s.spoken = true
	return dst
}

// units is a time in units of a clock.
func units(ns int64, hz int) uint32 {
	rate := int64(hz)
	return uint32(ns/1e9*rate + ns%1e9*rate/1e9) //nolint:gosec // wraps as timestamps do
}

var errOwn = fault.New(fault.Invalid, "rtcp: a packet of our own came back")

// Take reads a packet of the peer's that came at a time. The error, of kind
// fault.Invalid, says that it is damaged, or our own.
func (s *Session) Take(packet []byte, arrival, now time.Time, l Local) (f Feedback, err error) {
	r := &s.in
	if err := rtp.ParseRTCP(packet, r); err != nil {
		return f, err
	}
	if r.SSRC == l.SSRC {
		return f, errOwn
	}
	s.schedule.count(len(packet))
	s.peer, s.left = true, r.Bye
	if r.Sender != nil {
		s.senderReport = heard{r.SSRC, uint32(r.Sender.NTP >> 16), arrival.UnixNano()} //nolint:gosec // the middle
	}
	if r.ReferenceTime != 0 {
		s.reference = heard{r.SSRC, uint32(r.ReferenceTime >> 16), arrival.UnixNano()} //nolint:gosec // the middle
	}
	f = s.feedback(arrival, l)
	if r.Bye {
		s.reference = heard{}
		s.schedule.leave(now)
	}
	return f, nil
}

// feedback is what s.in says of our stream.
func (s *Session) feedback(arrival time.Time, l Local) Feedback {
	r, ntp := &s.in, rtp.NTPTime(arrival.UnixNano())
	f := Feedback{At: arrival, Bye: r.Bye}
	for i := range r.Delays {
		if d := &r.Delays[i]; d.SSRC == l.SSRC && s.asked.has(d.LastRR) {
			f.RoundTrip, _ = d.RoundTrip(ntp)
		}
	}
	for i := range r.Blocks {
		b := &r.Blocks[i]
		if b.SSRC != l.SSRC {
			continue
		}
		f.Reported, f.Fraction, f.Lost = true, float64(b.FractionLost)/256, int64(b.Lost)
		if l.SendClock > 0 {
			f.Jitter = time.Duration(b.Jitter) * time.Second / time.Duration(l.SendClock)
		}
		if s.sent.has(b.LastSR) {
			f.RoundTrip, _ = b.RoundTrip(ntp)
		}
	}
	for i := range r.Metrics {
		if r.Metrics[i].SSRC == l.SSRC {
			f.Metrics, f.Measured = r.Metrics[i], true
		}
	}
	return f
}
