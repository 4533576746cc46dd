package reception

import "github.com/skygenesisenterprise/skybridge/media/rtp"

// Counts is what is known of one source, counted since its beginning.
type Counts struct {
	SSRC     uint32
	Highest  uint32 // sequence number, extended by the cycles
	Expected uint32 // packets up to Highest
	Received uint64 // duplicates are none
	Jitter   uint32 // in units of the RTP clock
	Step     uint32 // how far timestamps go from one packet to the next
}

// Lost is RFC 3550 A.3's cumulative number.
func (c *Counts) Lost() int64 { return int64(c.Expected) - int64(c.Received) } //nolint:gosec // no stream has so many

// Interval makes report blocks of counts, each about what came since the one before.
// The zero value begins with the source.
type Interval struct {
	ssrc, expected uint32
	received       uint64
}

// Block is what a report says of a source (RFC 3550 §6.4.1, A.3), but for the sender
// reports that came of it.
func (i *Interval) Block(c Counts) rtp.ReportBlock {
	if c.SSRC != i.ssrc || c.Expected < i.expected || c.Received < i.received { // it began anew
		*i = Interval{ssrc: c.SSRC}
	}
	const most = 1<<23 - 1 // the field has 24 bits
	expected := int64(c.Expected - i.expected)
	lost := expected - int64(c.Received-i.received) //nolint:gosec // no stream has so many
	i.expected, i.received = c.Expected, c.Received
	b := rtp.ReportBlock{SSRC: c.SSRC, Highest: c.Highest, Jitter: c.Jitter}
	b.Lost = int32(min(max(c.Lost(), -most-1), most)) //nolint:gosec // bounded
	if expected > 0 && lost > 0 {
		b.FractionLost = uint8(min(lost<<8/expected, 255)) //nolint:gosec // bounded
	}
	return b
}
