package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/metrics"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

const (
	channelRow = "%-64.64s %-32.32s %-7.7s %-30.30s"
	verboseRow = "%-80.80s %-24.24s %-24.24s %4s %-7.7s %-12.12s %-25.25s %-15.15s %8.8s %-11.11s %-11.11s %-20.20s"
)

func showChannels(c *Console, w io.Writer, args []string) error {
	form := ""
	if len(args) > 0 {
		form = strings.ToLower(args[0])
	}
	list := c.Engine.Channels()
	p := printer{w: w}
	switch form {
	case "concise":
		for _, s := range list {
			p.line("%s", concise(c, s))
		}
		return p.err
	case "count":
	case "verbose":
		p.line(verboseRow, "Channel", "Context", "Extension", "Prio", "State", "Application", "Data", "CallerID",
			"Duration", "Accountcode", "PeerAccount", "BridgeID")
		for _, s := range list {
			p.line(verboseRow, s.Name, s.Dialplan.Context, s.Dialplan.Exten, strconv.Itoa(s.Dialplan.Priority), s.State,
				orWord(s.Dialplan.App, "(None)"), orWord(s.Dialplan.Data, "(Empty)"), s.Caller.Number, clock(c.Now().Sub(s.Created)), s.AccountCode, "",
				string(s.Bridge))
		}
	case "":
		p.line(channelRow, "Channel", "Location", "State", "Application(Data)")
		for _, s := range list {
			p.line(channelRow, s.Name, location(s), s.State, application(s))
		}
	default:
		p.line("Usage: core show channels [concise|verbose|count]")
		return p.err
	}
	p.line("%d active channel%s", len(list), plural(len(list)))
	p.totals(c, list)
	return p.err
}

// totals says how many calls there are and were.
func (p *printer) totals(c *Console, list []signaling.ChannelSnapshot) {
	n, processed := metrics.CountCalls(list).All(), int(c.Engine.Processed())
	p.line("%d active call%s", n, plural(n))
	p.line("%d call%s processed", processed, plural(processed))
}

func concise(c *Console, s signaling.ChannelSnapshot) string {
	seconds := strconv.Itoa(int(c.Now().Sub(s.Created).Seconds()))
	fields := []string{
		s.Name, s.Dialplan.Context, s.Dialplan.Exten, strconv.Itoa(s.Dialplan.Priority), s.State.String(),
		orWord(s.Dialplan.App, "(None)"), s.Dialplan.Data, s.Caller.Number, s.AccountCode, "", "3", seconds, string(s.Bridge), string(s.ID),
	}
	return strings.Join(fields, "!")
}

func showCalls(c *Console, w io.Writer, args []string) error {
	p := printer{w: w}
	p.totals(c, c.Engine.Channels())
	if len(args) > 0 && strings.EqualFold(args[0], "uptime") {
		up := c.Now().Sub(c.Engine.Started())
		if len(args) > 1 && strings.EqualFold(args[1], "seconds") {
			p.line(uptimeRow, strconv.Itoa(int(up.Seconds())))
		} else {
			p.line(uptimeRow, inWords(up))
		}
	}
	return p.err
}

func showChannel(c *Console, w io.Writer, args []string) error {
	p := printer{w: w}
	if len(args) != 1 {
		p.line("Usage: core show channel <channel>")
		return p.err
	}
	ch, err := c.Engine.Channel(args[0])
	if err != nil {
		p.line("%s is not a known channel", args[0])
		return p.err
	}
	s := ch.Snapshot()
	age := c.Now().Sub(s.Created)
	p.line(" -- General --")
	for _, row := range [][2]string{
		{"Name", s.Name},
		{"Type", s.Tech},
		{"UniqueID", string(s.ID)},
		{"LinkedID", string(s.LinkedID)},
		{"Caller ID", orWord(s.Caller.Number, "(N/A)")},
		{"Caller ID Name", orWord(s.Caller.Name, "(N/A)")},
		{"Connected Line ID", orWord(s.Connected.Number, "(N/A)")},
		{"Connected Line ID Name", orWord(s.Connected.Name, "(N/A)")},
		{"Eff. Connected Line ID", orWord(s.Connected.Number, "(N/A)")},
		{"Eff. Connected Line ID Name", orWord(s.Connected.Name, "(N/A)")},
		{"Language", s.Language},
		{"State", fmt.Sprintf("%s (%d)", s.State, s.State)},
		{"NativeFormats", "(" + s.Codec + ")"},
		{"WriteFormat", s.Codec},
		{"ReadFormat", s.Codec},
		{"Elapsed Time", fmt.Sprintf("%dh%dm%ds", int(age.Hours()), int(age.Minutes())%60, int(age.Seconds())%60)},
		{"Bridge ID", orWord(string(s.Bridge), "(Not bridged)")},
	} {
		p.labelled(row[0], row[1])
	}
	p.line(" --   PBX   --")
	p.labelled("Context", s.Dialplan.Context)
	p.labelled("Extension", s.Dialplan.Exten)
	p.labelled("Priority", strconv.Itoa(s.Dialplan.Priority))
	p.labelled("Application", orWord(s.Dialplan.App, "(N/A)"))
	p.labelled("Data", orWord(s.Dialplan.Data, "(Empty)"))
	p.line("      Variables:")
	for _, v := range ch.Vars().All() {
		p.line("%s=%s", v.Name, v.Value)
	}
	if s.Codec != "" {
		p.text("\n -- Streams --\nName: audio-0\n    Type: audio\n    State: sendrecv\n    Group: -1\n")
		p.line("    Formats: (%s)", s.Codec)
		p.line("    Metadata:")
	}
	return p.err
}

// labelled prints a value behind its name; the colons stand in one column.
func (p *printer) labelled(label, value string) { p.line("%15s: %s", label, value) }

func requestHangup(c *Console, w io.Writer, args []string) error {
	p := printer{w: w}
	if len(args) != 1 {
		p.line("Usage: channel request hangup <channel>|<all>")
		return p.err
	}
	names := args
	if strings.EqualFold(args[0], "all") {
		names = nil
		for _, s := range c.Engine.Channels() {
			names = append(names, s.Name)
		}
	}
	for _, name := range names {
		ch, err := c.Engine.Channel(name)
		if err != nil {
			p.line("%s is not a known channel", name)
			continue
		}
		ch.Hangup(signaling.CauseNormal)
		p.line("Requested Hangup on channel '%s'", ch.Name())
	}
	return p.err
}

func location(s signaling.ChannelSnapshot) string {
	if s.Dialplan.Context == "" || s.Dialplan.Exten == "" {
		return "(None)"
	}
	return fmt.Sprintf("%s@%s:%d", s.Dialplan.Exten, s.Dialplan.Context, s.Dialplan.Priority)
}

func application(s signaling.ChannelSnapshot) string {
	if s.Dialplan.App == "" {
		return "(None)"
	}
	return s.Dialplan.App + "(" + s.Dialplan.Data + ")"
}

func clock(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d:%02d", int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60)
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// orWord is s, or a word where there is nothing.
func orWord(s, word string) string {
	if s == "" {
		return word
	}
	return s
}
