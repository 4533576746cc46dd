package cli

import (
	"io"
	"strings"
	"time"
)

const (
	srtpHeader = `
 BridgeId ChannelId ........ UpTime.. Codec. Secure    Taken Not authentic  Came twice
 =====================================================================================

`
	srtpRow = " %8.8s %-18.18s %-8.8s %-6.6s %-6s %8d %13d %11d"
)

// rtpSRTP prints which channels' audio is encrypted, and what came that the party cannot
// have sent.
func rtpSRTP(c *Console, w io.Writer, _ []string) error {
	list := c.counters(c.Engine.Channels())
	p := printer{w: w}
	if len(list) > 0 {
		p.text(srtpHeader)
	}
	for i := range list {
		p.srtp(&list[i], c.Now())
	}
	p.found(len(list))
	return p.err
}

// srtp prints a channel's row.
func (p *printer) srtp(s *counters, now time.Time) {
	_, name, _ := strings.Cut(s.Name, "/")
	secure := "no"
	if s.Secure {
		secure = "yes"
	}
	p.line(srtpRow, string(s.Bridge), name, clock(now.Sub(s.Created)), s.Codec, secure,
		s.audio.PacketsIn, s.audio.AuthFailed, s.audio.Replayed)
}
