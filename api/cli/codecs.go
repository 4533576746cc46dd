package cli

import "io"

// showCodecs lists every codec. One that is not transcoded goes between two parties who
// both speak it, and nowhere else: no prompt, no room, no recording.
func showCodecs(c *Console, w io.Writer, _ []string) error {
	p := printer{w: w}
	p.line("%-10s %-10s %7s  %s", "Name", "RTP", "Clock", "Here")
	for _, codec := range c.Codecs {
		here := "transcoded"
		if !codec.Transcodable() {
			here = "passed through"
		}
		p.line("%-10s %-10s %7d  %s", codec.ConfName, codec.Name, codec.ClockRate, here)
	}
	return p.err
}
