// Package cli answers console commands (`skybridge rx`, `asterisk -rx`) in
// Asterisk's own layout, over a socket in the data folder.
//
// Goroutines: one that accepts, one per connection, and one that logs the counters of
// audio while that is asked for; all end with Close.
package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/extension"
	"github.com/skygenesisenterprise/skybridge/signaling/ringgroup"
	"github.com/skygenesisenterprise/skybridge/sip/trunk"
)

// Console is what the commands show and do.
type Console struct {
	Engine  *signaling.Engine
	Plan    func() *dialplan.Plan
	Apps    dialplan.Apps
	Version string
	Now     func() time.Time
	// Reload reads the configuration again; nil when it is in force.
	Reload func() error
	// Config is what the files say about endpoints.
	Config func() *endpoint.Set
	// Registrations are our own with other servers.
	Registrations func() []trunk.State
	// Register has one of them try now.
	Register func(name string) error
	Rooms    *conference.Registry
	Globals  *dialplan.Globals
	// Music is music on hold; nil for none.
	Music Music
	// Listeners names the applications that take channels (Stasis).
	Listeners func() []string
	// Groups are the ring groups.
	Groups *ringgroup.Registry
	// Services are what extensions have switched on.
	Services *extension.Registry
	// Log takes what is asked to be logged (rtp set stats on).
	Log *slog.Logger
	// LastReload is when it was last read.
	LastReload func() time.Time
	// Codecs are the server's.
	Codecs media.Codecs
	// Resources counts what calls hold, for `core show resources`.
	Resources func() []Resource
	// Metrics writes what monitoring reads, for `skybridge show metrics`.
	Metrics func(io.Writer) error
	// Workers are the mixer's threads.
	Workers func() []mixer.WorkerStats
	// Bans are who is banned from SIP.
	Bans Bans
	// Overload is how much of new work is refused.
	Overload Overload
	// Stop ends the server, with calls under way allowed to end or not.
	Stop func(gracefully bool)

	watch watch // what rtp set stats on has begun
}

// Resource is one thing that calls hold, and how many of it there are now.
type Resource struct {
	Name  string
	Count int
}

const maxCommand = 1024 // bytes

// Run answers one command.
func (c *Console) Run(_ context.Context, w io.Writer, line string) error {
	words := strings.Fields(line)
	if len(words) == 0 {
		return nil
	}
	best, rest := command{}, []string(nil)
	for _, cmd := range commands() {
		want := strings.Fields(cmd.words)
		if begins(words, want) && len(want) > len(strings.Fields(best.words)) {
			best, rest = cmd, words[len(want):]
		}
	}
	if best.run == nil {
		return unknown(w, words)
	}
	return best.run(c, w, rest)
}

// unknown says that there is no such command, and up to which word there are others.
func unknown(w io.Writer, words []string) error {
	known := 0
	for known < len(words)-1 && len(beginning(words[:known+1])) > 0 {
		known++
	}
	p := printer{w: w}
	p.line("No such command '%s' (type 'core show help %s' for other possible commands)",
		strings.Join(words, " "), strings.Join(words[:known+1], " "))
	return p.err
}

// beginning lists the commands that begin with some words.
func beginning(words []string) []command {
	return slices.DeleteFunc(commands(), func(cmd command) bool { return !begins(strings.Fields(cmd.words), words) })
}

// begins reports whether words begin with others, whatever their case.
func begins(words, first []string) bool {
	return len(words) >= len(first) && slices.EqualFunc(words[:len(first)], first, strings.EqualFold)
}

func showHelp(_ *Console, w io.Writer, args []string) error {
	list := beginning(args)
	if len(list) == 0 {
		return unknown(w, args)
	}
	slices.SortFunc(list, func(a, b command) int { return strings.Compare(a.words, b.words) })
	p := printer{w: w}
	for _, cmd := range list {
		p.line("%30.30s -- %s", cmd.words, cmd.help)
	}
	return p.err
}

func showVersion(c *Console, w io.Writer, _ []string) error {
	p := printer{w: w}
	p.line("Skybridge %s", c.Version)
	return p.err
}

const uptimeRow = "System uptime: %s"

func showUptime(c *Console, w io.Writer, args []string) error {
	show := inWords
	if len(args) > 0 && strings.EqualFold(args[0], "seconds") {
		show = func(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) }
	}
	p := printer{w: w}
	p.line(uptimeRow, show(c.Now().Sub(c.Engine.Started())))
	p.line("Last reload: %s", show(c.Now().Sub(c.LastReload())))
	return p.err
}

// inWords is "1 day, 2 hours, 3 seconds".
func inWords(d time.Duration) string {
	seconds := int(d.Seconds())
	var parts []string
	for _, unit := range []struct {
		name string
		size int
	}{{"year", 31536000}, {"week", 604800}, {"day", 86400}, {"hour", 3600}, {"minute", 60}, {"second", 1}} {
		n := seconds / unit.size
		seconds %= unit.size
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s%s", n, unit.name, plural(n)))
		}
	}
	if len(parts) == 0 {
		return "0 seconds"
	}
	return strings.Join(parts, ", ")
}

func showApplications(c *Console, w io.Writer, _ []string) error {
	list := c.Apps.List()
	p := printer{w: w}
	p.line("    -= Registered Applications =-")
	for _, a := range list {
		p.line("  %20s: %s", a.Name, a.Synopsis)
	}
	p.line("    -= %d Applications Registered =-", len(list))
	return p.err
}

func showResources(c *Console, w io.Writer, _ []string) error {
	p := printer{w: w}
	for _, r := range c.Resources() {
		p.line("%s: %d", r.Name, r.Count)
	}
	return p.err
}

func waitFullyBooted(_ *Console, w io.Writer, _ []string) error {
	// The socket is opened last, so whoever can ask has the answer.
	p := printer{w: w}
	p.line("Asterisk has fully booted.")
	return p.err
}

func stopGracefully(c *Console, w io.Writer, _ []string) error {
	c.Stop(true)
	p := printer{w: w}
	p.line("Waiting for inactivity to perform halt...")
	return p.err
}

func stopNow(c *Console, _ io.Writer, _ []string) error {
	c.Stop(false)
	return nil
}

// reload reads the configuration again and says, in the words of the part that was
// named, that it is in force.
func reload(done string) func(*Console, io.Writer, []string) error {
	return func(c *Console, w io.Writer, args []string) error {
		p := printer{w: w}
		switch err := c.Reload(); {
		case err != nil:
			p.line("Reload failed, the old configuration stays: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
		case len(args) > 0: // a module's name
			p.line("Module '%s' reloaded successfully.", args[0])
		default:
			p.line("%s", done)
		}
		return p.err
	}
}
