package app

import (
	"context"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/record"
	"github.com/skygenesisenterprise/skybridge/signaling/app/command"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
	"github.com/skygenesisenterprise/skybridge/signaling/recording"
)

// mixMonitorOptions are the options of MixMonitor that act here.
type mixMonitorOptions struct {
	appends, bridged, stereo, remove bool
	heard, spoken                    int // v, V: doublings of the volume
	receive, transmit                string
	id                               string // variable
	begin, end                       bool   // p, P
	delay                            time.Duration

	missed string
}

// parseMixMonitorOptions reads letters, each with an argument in parentheses or none.
func parseMixMonitorOptions(text string) (o mixMonitorOptions) {
	volume := func(arg string) int {
		n, _ := argument.Int(arg)
		return min(max(n, -4), 4)
	}
	for text != "" {
		letter := text[0]
		arg, rest := optionArgument(text[1:])
		text = rest
		switch letter {
		case 'a':
			o.appends = true
		case 'b':
			o.bridged = true
		case 'd':
			o.remove = true
		case 'D':
			o.stereo = true
		case 'v':
			o.heard = volume(arg)
		case 'V':
			o.spoken = volume(arg)
		case 'W':
			o.heard, o.spoken = volume(arg), volume(arg)
		case 'r':
			o.receive = arg
		case 't':
			o.transmit = arg
		case 'i':
			o.id = arg
		case 'p':
			o.begin = true
		case 'P':
			o.end = true
		case 's':
			o.delay, _ = argument.Seconds(arg)
		case 'n', 'c', ' ': // what is written keeps time in any case; c is of m
		default:
			o.missed += string(letter)
		}
	}
	return o
}

// judgeMixMonitor warns of options that are not served.
func judgeMixMonitor(args string) (found []asterisk.Warning) {
	parts := argument.SplitRaw(args, 3)
	options := argument.At(parts, 1)
	if i := strings.IndexByte(options, '$'); i >= 0 {
		options = options[:i]
	}
	for _, letter := range parseMixMonitorOptions(options).missed {
		here := "it is left aside"
		switch letter {
		case 'B':
			here = "no beep comes while the call is recorded"
		case 'm':
			here = "no mailbox gets the recording"
		}
		found = append(found, asterisk.Warning{Text: "MixMonitor: option " + string(letter) + " is not served by this version", Here: here})
	}
	if _, _, err := recordingFile("/", strings.TrimSpace(argument.At(parts, 0)), "raw"); fault.Of(err) == fault.Unsupported &&
		!strings.Contains(parts[0], "$") {
		found = append(found, asterisk.Warning{Text: "MixMonitor: " + err.Error(), Here: "nothing is recorded"})
	}
	if said := unfiltered(argument.At(parts, 2)); said != "" {
		found = append(found, asterisk.Warning{
			Text: "MixMonitor: a caller can put commands into " + said + ", which the shell reads",
			Here: "write ^" + said[1:] + ", whose value is never a command",
		})
	}
	if said := unfiltered(argument.At(parts, 0)); said != "" && strings.HasPrefix(strings.TrimSpace(parts[0]), said) {
		found = append(found, asterisk.Warning{
			Text: "MixMonitor: a caller can choose the folder by " + said + ", with which the name begins",
			Here: "write it behind other text, or within FILTER()",
		})
	}
	return found
}

// callerSays finds what callers say of themselves.
var callerSays = regexp.MustCompile(`\$\{CALLERID\([^}]*\}`)

// unfiltered is what callers say of themselves in a text that filters nothing, or "".
func unfiltered(text string) string {
	if strings.Contains(text, "FILTER(") {
		return ""
	}
	return callerSays.FindString(text)
}

// mixMonitor is MixMonitor(file.extension[,options[,command]]): it returns at once, and
// what the channel says and hears is recorded until StopMixMonitor or its end. A name
// that is not absolute is one in the folder of recordings. What cannot be recorded
// is in the log, and the call goes on.
func (s *Services) mixMonitor(ctx context.Context, c *dialplan.Call, args string) error {
	parts := argument.Split(args, 3)
	o := parseMixMonitorOptions(argument.At(parts, 1))
	ch := channelOf(c)
	content := record.Mix
	if o.stereo {
		content = record.Stereo
	}
	tracks := []struct {
		name    string
		content record.Content
	}{{argument.At(parts, 0), content}, {o.receive, record.Said}, {o.transmit, record.Heard}}
	if tracks[0].name == "" && o.receive == "" && o.transmit == "" {
		return fault.New(fault.Invalid, "MixMonitor without a file")
	}
	if o.begin {
		s.beep(ctx, ch)
	}
	var first *recording.Recording
	for i, track := range tracks {
		if track.name = strings.TrimSpace(track.name); track.name == "" {
			continue
		}
		opts := recording.Options{
			Name: track.name, Content: track.content, Append: o.appends, SaidShift: o.spoken, HeardShift: o.heard,
			WhileBridged: o.bridged, Delay: o.delay, With: first,
		}
		var err error
		if opts.Path, opts.Format, err = recordingFile(s.Recordings.Monitor(), track.name, "raw"); err == nil {
			if i == 0 {
				c.Channel().SetVar("MIXMONITOR_FILENAME", opts.Path)
				opts.Finished = s.afterwards(c, o, opts.Path, argument.At(parts, 2))
			}
			var rec *recording.Recording
			if rec, err = s.Recordings.Start(ctx, ch, opts); first == nil {
				first = rec
			}
		}
		if err != nil {
			c.Log().Warn("not recorded", "file", track.name, "err", err)
		}
	}
	if first != nil && o.id != "" {
		c.Channel().SetVar(o.id, first.ID())
	}
	return nil
}

// afterwards is what follows a recording: the command of MixMonitor, whose variables have
// the values of now, and the removal of the file.
func (s *Services) afterwards(c *dialplan.Call, o mixMonitorOptions, path, said string) func(context.Context, recording.Result) {
	log := channelOf(c).Log()
	line, env := command.LateVariables(strings.TrimSpace(said), c.Substitute)
	return func(ctx context.Context, res recording.Result) {
		if line != "" && res.Err == nil {
			if out, err := command.Run(ctx, line, env); err != nil {
				log.Warn("the command after a recording failed", "err", err, "output", out)
			}
		}
		if o.remove {
			if err := os.Remove(path); err != nil {
				log.Warn("recording not removed", "err", err)
			}
		}
	}
}

// stopMixMonitor is StopMixMonitor([id]): it ends the newest recording of the channel, or
// the one of an id, and returns when its file is there.
func (s *Services) stopMixMonitor(ctx context.Context, c *dialplan.Call, args string) error {
	id := strings.TrimSpace(args)
	live := s.Recordings.Live(channelOf(c))
	for i := len(live) - 1; i >= 0; i-- {
		rec := live[i]
		if rec.Accompanies() || id != "" && rec.ID() != id {
			continue
		}
		rec.Stop()
		return outlast(ctx, rec)
	}
	c.Log().Info("StopMixMonitor: nothing is recorded", "id", id)
	return nil
}

// outlast waits until a recording's file is there.
func outlast(ctx context.Context, rec *recording.Recording) error {
	select {
	case <-rec.Done():
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
