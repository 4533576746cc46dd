package cli

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling"
)

const (
	channelRow = "%-64.64s %-32.32s %-7.7s %-30.30s\n"
	verboseRow = "%-80.80s %-24.24s %-24.24s %4s %-7.7s %-12.12s %-25.25s %-15.15s %8.8s %-11.11s %-11.11s %-20.20s\n"
)

func showChannels(c *Console, w io.Writer, args []string) error {
	form := ""
	if len(args) > 0 {
		form = args[0]
	}
	list := c.Engine.Channels()
	var err error
	print := func(format string, values ...any) { //nolint:predeclared // reads best here
		if err == nil {
			_, err = fmt.Fprintf(w, format, values...)
		}
	}
	switch form {
	case "concise":
		for _, s := range list {
			print("%s\n", concise(c, s))
		}
		return err
	case "count":
	case "verbose":
		print(verboseRow, "Channel", "Context", "Extension", "Prio", "State", "Application", "Data", "CallerID",
			"Duration", "Accountcode", "PeerAccount", "BridgeID")
		for _, s := range list {
			print(verboseRow, s.Name, s.Dialplan.Context, s.Dialplan.Exten, strconv.Itoa(s.Dialplan.Priority), s.State,
				orNone(s.Dialplan.App), s.Dialplan.Data, s.Caller.Number, clock(c.Now().Sub(s.Created)), s.AccountCode, "",
				string(s.Bridge))
		}
	default:
		print(channelRow, "Channel", "Location", "State", "Application(Data)")
		for _, s := range list {
			print(channelRow, s.Name, location(s), s.State, application(s))
		}
	}
	calls := countCalls(list)
	print("%d active channel%s\n%d active call%s\n%d call%s processed\n",
		len(list), plural(len(list)), calls, plural(calls), c.Engine.Processed(), plural(int(c.Engine.Processed())))
	return err
}

func concise(c *Console, s signaling.ChannelSnapshot) string {
	seconds := strconv.Itoa(int(c.Now().Sub(s.Created).Seconds()))
	fields := []string{
		s.Name, s.Dialplan.Context, s.Dialplan.Exten, strconv.Itoa(s.Dialplan.Priority), s.State.String(),
		orNone(s.Dialplan.App), s.Dialplan.Data, s.Caller.Number, s.AccountCode, "", "3", seconds, string(s.Bridge), string(s.ID),
	}
	out := ""
	for i, f := range fields {
		if i > 0 {
			out += "!"
		}
		out += f
	}
	return out
}

// countCalls counts what belongs together once.
func countCalls(list []signaling.ChannelSnapshot) int {
	linked := make(map[signaling.ChannelID]bool)
	for _, s := range list {
		linked[s.LinkedID] = true
	}
	return len(linked)
}

func showCalls(c *Console, w io.Writer, _ []string) error {
	n := countCalls(c.Engine.Channels())
	_, err := fmt.Fprintf(w, "%d active call%s\n%d call%s processed\n", n, plural(n),
		c.Engine.Processed(), plural(int(c.Engine.Processed())))
	return err
}

func showChannel(c *Console, w io.Writer, args []string) error {
	if len(args) != 1 {
		_, err := fmt.Fprintln(w, "Usage: core show channel <channel>")
		return err
	}
	ch, err := c.Engine.Channel(args[0])
	if err != nil {
		_, err := fmt.Fprintf(w, "%s is not a known channel\n", args[0])
		return err
	}
	s := ch.Snapshot()
	age := c.Now().Sub(s.Created)
	elapsed := fmt.Sprintf("%dh%dm%ds", int(age.Hours()), int(age.Minutes())%60, int(age.Seconds())%60)
	rows := [][2]string{
		{"Name", s.Name},
		{"Type", s.Tech},
		{"UniqueID", string(s.ID)},
		{"LinkedID", string(s.LinkedID)},
		{"Caller ID", orNA(s.Caller.Number)},
		{"Caller ID Name", orNA(s.Caller.Name)},
		{"Connected Line ID", orNA(s.Connected.Number)},
		{"Connected Line ID Name", orNA(s.Connected.Name)},
		{"Language", s.Language},
		{"State", fmt.Sprintf("%s (%d)", s.State, stateNumber(s.State))},
		{"NativeFormats", "(" + s.Codec + ")"},
		{"Elapsed Time", elapsed},
		{"Bridge ID", orNotBridged(string(s.Bridge))},
	}
	_, err = fmt.Fprintln(w, " -- General --")
	for _, r := range rows {
		if err == nil {
			_, err = fmt.Fprintf(w, "%16s: %s\n", r[0], r[1])
		}
	}
	if err == nil {
		_, err = fmt.Fprintf(w, " --   PBX   --\n%16s: %s\n%16s: %s\n%16s: %d\n%16s: %s\n%16s: %s\n      Variables:\n",
			"Context", s.Dialplan.Context, "Extension", s.Dialplan.Exten, "Priority", s.Dialplan.Priority,
			"Application", orNA(s.Dialplan.App), "Data", orEmpty(s.Dialplan.Data))
	}
	for _, v := range ch.Vars().All() {
		if err == nil {
			_, err = fmt.Fprintf(w, "%s=%s\n", v.Name, v.Value)
		}
	}
	return err
}

// stateNumber is Asterisk's number of a state.
func stateNumber(s signaling.State) int {
	return [...]int{0, 1, 2, 3, 4, 5, 6, 7}[s]
}

func requestHangup(c *Console, w io.Writer, args []string) error {
	if len(args) != 1 {
		_, err := fmt.Fprintln(w, "Usage: channel request hangup <channel>|<all>")
		return err
	}
	if args[0] == "all" {
		list := c.Engine.Channels()
		for _, s := range list {
			if ch, err := c.Engine.Channel(string(s.ID)); err == nil {
				ch.Hangup(signaling.CauseNormal)
			}
			if _, err := fmt.Fprintf(w, "Requested Hangup on channel '%s'\n", s.Name); err != nil {
				return err
			}
		}
		return nil
	}
	ch, err := c.Engine.Channel(args[0])
	if err != nil {
		_, err := fmt.Fprintf(w, "%s is not a known channel\n", args[0])
		return err
	}
	ch.Hangup(signaling.CauseNormal)
	_, err = fmt.Fprintf(w, "Requested Hangup on channel '%s'\n", ch.Name())
	return err
}

func location(s signaling.ChannelSnapshot) string {
	if s.Dialplan.Context == "" {
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

func orNone(s string) string {
	if s == "" {
		return "(None)"
	}
	return s
}

func orNA(s string) string {
	if s == "" {
		return "(N/A)"
	}
	return s
}

func orEmpty(s string) string {
	if s == "" {
		return "(Empty)"
	}
	return s
}

func orNotBridged(s string) string {
	if s == "" {
		return "(Not bridged)"
	}
	return s
}
