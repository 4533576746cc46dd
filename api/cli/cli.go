// Package cli answers console commands (`skybridge rx`, `asterisk -rx`) in
// Asterisk's own layout, over a socket in the data folder.
//
// Goroutines: one that accepts, and one per connection; all end with Close.
package cli

import (
	"context"
	"fmt"
	"io"
	"sort"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
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
	// LastReload is when it was last read.
	LastReload func() time.Time
	// Resources counts what calls hold, for `core show resources`.
	Resources func() []Resource
	// Stop ends the server, with calls under way allowed to end or not.
	Stop func(gracefully bool)
}

// Resource is one thing that calls hold, and how many of it there are now.
type Resource struct {
	Name  string
	Count int
}

// command is one console command: the words it begins with, and what it does
// with the rest.
type command struct {
	words string
	help  string
	run   func(c *Console, w io.Writer, args []string) error
}

// commands is the table; the longest match of words wins.
func commands() []command {
	return []command{
		{"core show channels", "List channels [concise|verbose|count]", showChannels},
		{"core show channel", "Show one channel", showChannel},
		{"core show calls", "Count calls", showCalls},
		{"core show version", "Show the version", showVersion},
		{"core show uptime", "Show how long the server runs", showUptime},
		{"core show applications", "List dialplan applications", showApplications},
		{"core show resources", "Count what calls hold", showResources},
		{"core show threads", "List goroutines by what they wait for", showThreads},
		{"core show help", "List commands", showHelp},
		{"core waitfullybooted", "Wait until the server takes calls", waitFullyBooted},
		{"core stop gracefully", "Stop when the last call has ended", stopGracefully},
		{"core stop now", "Stop at once", stopNow},
		{"core reload", "Read the configuration again", reload},
		{"reload", "Read the configuration again", reload},
		{"sip reload", "Read the configuration again", reload},
		{"pjsip reload", "Read the configuration again", reload},
		{"module reload", "Read the configuration again", reload},
		{"dialplan reload", "Read the configuration again", dialplanReload},
		{"dialplan show", "Show the dialplan", dialplanShow},
		{"channel request hangup", "Hang up a channel, or all", requestHangup},
		{"bridge show all", "List bridges", bridgeShowAll},
		{"bridge show", "Show one bridge", bridgeShow},
		{"pjsip show endpoints", "List endpoints", pjsipEndpoints},
		{"pjsip show endpoint", "Show one endpoint", pjsipEndpoint},
		{"pjsip show contacts", "List contacts", pjsipContacts},
		{"pjsip show registrations", "List our registrations elsewhere", pjsipRegistrations},
		{"sip show peers", "List endpoints in chan_sip's layout", sipPeers},
		{"sip show registry", "List our registrations elsewhere", sipRegistry},
	}
}

const maxCommand = 1024

// Run answers one command.
func (c *Console) Run(_ context.Context, w io.Writer, line string) error {
	line = strings.TrimSpace(line)
	if len(line) > maxCommand {
		return fmt.Errorf("command of %d characters, at most %d", len(line), maxCommand)
	}
	words := strings.Fields(line)
	best, rest := command{}, []string(nil)
	for _, cmd := range commands() {
		want := strings.Fields(cmd.words)
		if len(words) >= len(want) && len(want) > len(strings.Fields(best.words)) && equalFold(words[:len(want)], want) {
			best, rest = cmd, words[len(want):]
		}
	}
	if best.run == nil {
		_, err := fmt.Fprintf(w, "No such command '%s' (type 'core show help %s' for other possible commands)\n",
			line, strings.Join(words[:min(2, len(words))], " "))
		return err
	}
	return best.run(c, w, rest)
}

func equalFold(a, b []string) bool {
	for i := range a {
		if !strings.EqualFold(a[i], b[i]) {
			return false
		}
	}
	return true
}

func showHelp(_ *Console, w io.Writer, _ []string) error {
	list := commands()
	sort.Slice(list, func(i, j int) bool { return list[i].words < list[j].words })
	for _, cmd := range list {
		if _, err := fmt.Fprintf(w, "%30.30s -- %s\n", cmd.words, cmd.help); err != nil {
			return err
		}
	}
	return nil
}

func showVersion(c *Console, w io.Writer, _ []string) error {
	_, err := fmt.Fprintf(w, "Skybridge %s\n", c.Version)
	return err
}

func showUptime(c *Console, w io.Writer, args []string) error {
	up, reloaded := c.Now().Sub(c.Engine.Started()), c.Now().Sub(c.LastReload())
	show := inWords
	if len(args) > 0 && args[0] == "seconds" {
		show = func(d time.Duration) string { return fmt.Sprint(int(d.Seconds())) }
	}
	_, err := fmt.Fprintf(w, "System uptime: %s\nLast reload: %s\n", show(up), show(reloaded))
	return err
}

// inWords is "1 day, 2 hours, 3 seconds".
func inWords(d time.Duration) string {
	seconds := int(d.Seconds())
	var parts []string
	for _, unit := range []struct {
		name string
		size int
	}{{"week", 604800}, {"day", 86400}, {"hour", 3600}, {"minute", 60}, {"second", 1}} {
		n := seconds / unit.size
		seconds %= unit.size
		switch {
		case n == 1:
			parts = append(parts, "1 "+unit.name)
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %ss", n, unit.name))
		}
	}
	if len(parts) == 0 {
		return "0 seconds"
	}
	return strings.Join(parts, ", ")
}

func showApplications(c *Console, w io.Writer, _ []string) error {
	list := c.Apps.List()
	if _, err := fmt.Fprintln(w, "    -= Registered Applications =-"); err != nil {
		return err
	}
	for _, a := range list {
		if _, err := fmt.Fprintf(w, "  %20s: %s\n", a.Name, a.Synopsis); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "    -= %d Applications Registered =-\n", len(list))
	return err
}

func showResources(c *Console, w io.Writer, _ []string) error {
	for _, r := range c.Resources() {
		if _, err := fmt.Fprintf(w, "%s: %d\n", r.Name, r.Count); err != nil {
			return err
		}
	}
	return nil
}

func waitFullyBooted(_ *Console, w io.Writer, _ []string) error {
	// The socket is opened last, so whoever can ask has the answer.
	_, err := fmt.Fprintln(w, "Asterisk has fully booted.")
	return err
}

func stopGracefully(c *Console, w io.Writer, _ []string) error {
	c.Stop(true)
	_, err := fmt.Fprintln(w, "Waiting for inactivity to perform halt...")
	return err
}

func stopNow(c *Console, _ io.Writer, _ []string) error {
	c.Stop(false)
	return nil
}

func reload(c *Console, w io.Writer, _ []string) error {
	if err := c.Reload(); err != nil {
		_, werr := fmt.Fprintf(w, "Reload failed, the old configuration stays: %v\n", err)
		return werr
	}
	_, err := fmt.Fprintln(w, "Configuration reloaded.")
	return err
}

func dialplanReload(c *Console, w io.Writer, _ []string) error {
	if err := c.Reload(); err != nil {
		_, werr := fmt.Fprintf(w, "Reload failed, the old configuration stays: %v\n", err)
		return werr
	}
	_, err := fmt.Fprintln(w, "Dialplan reloaded.")
	return err
}
