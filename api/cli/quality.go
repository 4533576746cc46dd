package cli

import (
	"io"
	"strings"

	"github.com/skygenesisenterprise/skybridge/media/quality"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

const (
	qualityHeader = `
                                                        ............Last second............ ....Last minute.... .....Sent......
 BridgeId ChannelId ........ UpTime.. Codec. Scale.....   Loss  Jitter   Delay    Trip  MOS   Loss  MOS Lowest.   Loss   Jitter
 ==============================================================================================================================

`
	qualityRow = " %8.8s %-18.18s %-8.8s %-6.6s %-10.10s %5.1f%% %5.0fms %5.0fms %5.0fms %4.2f %5.1f%% %4.2f %7.2f %5.1f%% %6.0fms"
)

// minute sums up the samples of a channel.
type minute struct {
	last        quality.Sample // the last that is rated
	rated       int
	loss        float64 // of all packets, 0 to 1
	mean, worst float64 // MOS
}

// sumUp reads samples. Those of an earlier codec's scale do not compare with the last
// one's and are left out.
func sumUp(samples []quality.Sample) (m minute) {
	var sent, gone float64
	for i := len(samples) - 1; i >= 0; i-- {
		s := &samples[i]
		switch {
		case !s.Rated:
			continue
		case m.rated == 0:
			m.last, m.worst = *s, s.Score.MOS
		case s.Score.Band != m.last.Score.Band:
			continue
		}
		packets := float64(s.Packets) + float64(s.Lost)
		sent, gone = sent+packets, gone+s.Loss()*packets
		m.rated++
		m.mean += s.Score.MOS
		m.worst = min(m.worst, s.Score.MOS)
	}
	if m.rated > 0 {
		m.loss, m.mean = gone/sent, m.mean/float64(m.rated)
	}
	return m
}

// rtpQuality prints how what each party sends is received.
func rtpQuality(c *Console, w io.Writer, _ []string) error {
	type row struct {
		signaling.ChannelSnapshot
		minute
	}
	var rows []row
	for _, s := range c.Engine.Channels() {
		ch, err := c.Engine.Channel(string(s.ID))
		if err != nil {
			continue // it has ended meanwhile
		}
		if m := sumUp(ch.Quality()); m.rated > 0 {
			rows = append(rows, row{s, m})
		}
	}
	p := printer{w: w}
	if len(rows) > 0 {
		p.text(qualityHeader)
	}
	for _, r := range rows {
		_, name, _ := strings.Cut(r.Name, "/")
		p.line(qualityRow, string(r.Bridge), name, clock(c.Now().Sub(r.Created)), r.Codec, r.last.Score.Band.String(),
			100*r.last.Loss(), r.last.Jitter.Seconds()*1000, r.last.Delay.Seconds()*1000,
			r.last.Remote.RoundTrip.Seconds()*1000, r.last.Score.MOS, 100*r.loss, r.mean, r.worst,
			100*r.last.Remote.Loss, r.last.Remote.Jitter.Seconds()*1000)
	}
	p.found(len(rows))
	return p.err
}
