package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

const statsHeader = `
                                             ...........Receive......... .........Transmit..........
 BridgeId ChannelId ........ UpTime.. Codec.   Count    Lost Pct  Jitter   Count    Lost Pct  Jitter RTT....
 ===========================================================================================================

`

const statsRow = " %8.8s %-18.18s %-8.8s %-6.6s %s %s %3d %7.3f %s %s %3d %7.3f %7.3f"

// patience is how long one channel may keep the others waiting.
const patience = 200 * time.Millisecond

// counters are the audio counters of a channel.
type counters struct {
	signaling.ChannelSnapshot
	audio mixer.PortStats
}

// counters reads those of the channels that have audio.
func (c *Console) counters(list []signaling.ChannelSnapshot) []counters {
	var out []counters
	for _, s := range list {
		ch, err := c.Engine.Channel(string(s.ID))
		if err != nil {
			continue // it has ended meanwhile
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		audio, err := ch.Audio(ctx)
		cancel()
		if err == nil && audio.SSRC != 0 {
			out = append(out, counters{s, audio})
		}
	}
	return out
}

func pjsipChannelStats(c *Console, w io.Writer, _ []string) error {
	return showStats(c, w, c.counters(c.phones()))
}

func rtpStats(c *Console, w io.Writer, _ []string) error {
	return showStats(c, w, c.counters(c.Engine.Channels()))
}

func showStats(c *Console, w io.Writer, list []counters) error {
	p := printer{w: w}
	if len(list) > 0 {
		p.text(statsHeader)
	}
	for _, s := range list {
		_, name, _ := strings.Cut(s.Name, "/")
		a := s.audio
		p.line(statsRow, string(s.Bridge), name, clock(c.Now().Sub(s.Created)), s.Codec,
			count(a.PacketsIn), count(uint64(max(0, a.Lost))), percent(int64(a.PacketsIn), a.Lost), a.Jitter.Seconds(), //nolint:gosec // no call has so many packets
			count(a.PacketsOut), count(uint64(max(0, a.Peer.Lost))), percent(int64(a.PacketsOut)-a.Peer.Lost, a.Peer.Lost), //nolint:gosec // as above
			a.Peer.Jitter.Seconds(), a.Peer.RoundTrip.Seconds())
	}
	p.found(len(list))
	return p.err
}

// count is a number in six columns and its unit's: thousands where it is large.
func count(n uint64) string {
	if n > 100000 {
		return fmt.Sprintf("%6dK", n/1000)
	}
	return fmt.Sprintf("%6d ", n)
}

// percent is how much of what was sent has been lost.
func percent(came, lost int64) int {
	lost = max(0, lost)
	if sent := came + lost; sent > 0 {
		return int(100 * lost / sent)
	}
	return 0
}

const (
	statsEvery = 5 * time.Second
	debugEvery = time.Second
)

// watch logs the counters of every channel while that is asked for.
type watch struct {
	mu   sync.Mutex
	stop context.CancelFunc
	done chan struct{}
}

// setStats makes the command that begins and ends the log of counters.
func setStats(what string, every time.Duration) func(*Console, io.Writer, []string) error {
	return func(c *Console, w io.Writer, args []string) error {
		p := printer{w: w}
		switch on := strings.ToLower(strings.Join(args, " ")); on {
		case "on":
			c.watch.set(c, every)
			p.line("%s Enabled", what)
			p.line("The log has the counters of every channel each %s.", inWords(every))
		case "off":
			c.watch.set(c, 0)
			p.line("%s Disabled", what)
		default:
			p.line("Usage: %s {on|off}", map[time.Duration]string{statsEvery: "rtcp set stats", debugEvery: "rtp set debug"}[every])
		}
		return p.err
	}
}

// set begins to log every so often, or ends with 0.
func (t *watch) set(c *Console, every time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stop != nil {
		t.stop()
		<-t.done
		t.stop = nil
	}
	if every == 0 {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	t.stop, t.done = stop, make(chan struct{})
	go t.run(ctx, c, every, t.done) // owned by t, ended by set
}

func (*watch) run(ctx context.Context, c *Console, every time.Duration, done chan struct{}) {
	defer guard.Recover(c.Log, "log of audio counters")
	defer close(done)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			for _, s := range c.counters(c.Engine.Channels()) {
				c.Log.Info("audio", "channel", s.Name, "codec", s.Codec, "in", s.audio.PacketsIn, "lost", s.audio.Lost,
					"late", s.audio.Late, "not_authentic", s.audio.AuthFailed, "replayed", s.audio.Replayed, "jitter", s.audio.Jitter, "delay", s.audio.Delay, "out", s.audio.PacketsOut,
					"round_trip", s.audio.Peer.RoundTrip, "remote_lost", s.audio.Peer.Lost, "remote_jitter", s.audio.Peer.Jitter)
			}
		case <-ctx.Done():
			return
		}
	}
}

// Close ends what the commands have begun.
func (c *Console) Close() { c.watch.set(c, 0) }
