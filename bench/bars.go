package bench

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/skygenesisenterprise/skybridge/bench/measure"
	"github.com/skygenesisenterprise/skybridge/bench/table"
)

// compared is the bar that one figure, divided by another, does not exceed limit.
func compared(workload, what string, value, by, limit float64, skipped string) table.Bar {
	b := table.Bar{Workload: workload, What: what, Limit: limit}
	if value == 0 || by == 0 {
		b.Missing = cmp.Or(skipped, "there is no figure")
		return b
	}
	b.Value = value / by
	return b
}

// costBars hold what a leg costs Skybridge against what it costs others.
func (c *Comparison) costBars() (bars []table.Bar) {
	against := func(trial, name, what, who string, limit float64) {
		if !c.wants(trial) {
			return
		}
		why := cmp.Or(c.skipped[who], c.skipped[trial+"/"+who])
		b := compared(name, what, c.cpu(trial, theSkybridge), c.cpu(trial, who), limit, why)
		b.Invalid = c.misheard(trial, theSkybridge, who)
		b.Part = trial
		b.Least, b.LeastOf = c.least(trial, who)
		bars = append(bars, b)
	}
	const (
		room, rooms, relay  = "G.711, one room, 3 talk", "G.711, rooms of 10, all talk", "G.711 calls, relayed"
		listeners, speakers = "Opus, one room, 3 talk", "Opus, rooms of 10, all talk"
	)
	against(inOneRoom, room, "≤ 2.0 × the floor", theFloor, 2)
	against(inOneRoom, room, "≤ 1/10 of Asterisk's", theAsterisk, 1./10)
	against(inRooms, rooms, "≤ 2.2 × the floor", theFloor, 2.2)
	against(inRooms, rooms, "≤ 1/9 of Asterisk's", theAsterisk, 1./9)
	against(opusRoom, listeners, "≤ 2.2 × the floor", theFloor, 2.2)
	against(opusRoom, listeners, "≤ 1/40 of Janus's", theJanus, 1./40)
	against(opusRooms, speakers, "≤ 1/3 of Janus's", theJanus, 1./3)
	against(inBrowsers, browsersName, "≤ 1/10 of Janus's", theJanus, 1./10)
	against(opusRooms, speakers, "≤ 1.18 × libopus alone", theCodecs, 1.18)
	for _, t := range []struct {
		trial, name string
		asterisk    float64
		what        string
	}{{opusToPCMU, "Opus ↔ G.711 calls", 1. / 2, "≤ 1/2 of Asterisk's"}, {g722ToPCMU, "G.722 ↔ G.711 calls", 1. / 4, "≤ 1/4 of Asterisk's"}} {
		if !c.wants(t.trial) {
			continue
		}
		least := 0.0
		if codecs, relay := c.cpu(t.trial, theCodecs), c.cpu(t.trial, theRelay); codecs > 0 && relay > 0 {
			least = codecs + relay
		}
		b := compared(t.name, "≤ 1.18 × the codecs plus the relay", c.cpu(t.trial, theSkybridge), least, 1.18, "")
		b.Part, b.Invalid = t.trial, c.misheard(t.trial, theSkybridge, theRelay)
		bars = append(bars, b)
		against(t.trial, t.name, t.what, theAsterisk, t.asterisk)
		against(t.trial, t.name, "below rtpengine's", theRTPEngine, 1)
	}
	against(relayed, relay, "≤ 2.0 × the floor", theFloor, 2)
	against(relayed, relay, "≤ 1/2 of rtpengine's", theRTPEngine, 1./2)
	against(relayed, relay, "≤ 1/6 of Asterisk's", theAsterisk, 1./6)
	return bars
}

// least is what the least that any server can cost is of what a peer costs: the packets
// alone, one system call each, or the codecs alone where they were measured instead.
func (c *Comparison) least(trial, peer string) (part float64, of string) {
	if peer == theFloor || peer == theCodecs {
		return 0, ""
	}
	cost := c.cpu(trial, peer)
	for _, alone := range []struct{ who, name string }{{theFloor, "the floor alone is"}, {theCodecs, "the codecs alone are"}} {
		if least := c.cpu(trial, alone.who); least > 0 && cost > 0 {
			return least / cost, alone.name
		}
	}
	return 0, ""
}

// misheard says why figures of a trial count for nothing: somebody did not hear what they
// should, so work was left out, or done that is not the workload; "" if they do count.
func (c *Comparison) misheard(trial string, who ...string) string {
	for _, name := range who {
		wrong := 0
		for _, s := range c.results[trial+"/"+name] {
			wrong += len(s.Wrong)
		}
		if wrong > 0 {
			return fmt.Sprintf("%s had %d times the wrong tones", name, wrong)
		}
	}
	return ""
}

// rows are all samples' medians.
func (c *Comparison) rows(r *table.Report, all []trial) {
	for _, t := range all {
		for _, who := range t.who {
			key := t.name + "/" + who
			runs := c.results[key]
			if len(runs) == 0 {
				continue
			}
			row := table.Row{Workload: t.w.Name, Server: who, Legs: runs[0].Legs, Runs: len(runs), Found: c.found[key] > 0, Carries: c.found[key]}
			var share, gap, memory []float64
			wrong, disturbed := 0, ""
			for _, s := range runs {
				row.Step, disturbed = max(row.Step, s.Step), cmp.Or(disturbed, s.Disturbed())
				share, gap, memory = append(share, s.Share), append(gap, float64(s.Gap)), append(memory, float64(s.Memory))
				wrong += len(s.Wrong)
			}
			us := c.cpu(t.name, who)
			row.CPU = time.Duration(us * float64(time.Microsecond))
			row.Share, row.Gap, row.Memory = measure.Median(share), time.Duration(measure.Median(gap)), int64(measure.Median(memory))
			if !row.Found && us > 0 && who != theCodecs {
				row.Carries = int(Budget * 20000 / us)
			}
			row.Note = note(row, t.w.Legs, wrong, disturbed, c.bounded[key])
			r.Rows = append(r.Rows, row)
		}
	}
	for who, why := range c.skipped {
		r.Skipped = append(r.Skipped, who+": "+firstLine(why))
	}
}

func note(row table.Row, legs, wrong int, disturbed string, bounded bool) string {
	var notes []string
	if row.Legs != legs {
		notes = append(notes, fmt.Sprintf("of %d it could not do", legs))
	}
	if row.Legs != legs && row.Server == theJanus {
		notes = notes[:0]
	}
	if wrong > 0 {
		notes = append(notes, fmt.Sprintf("%d times the wrong tones", wrong))
	}
	if disturbed != "" {
		notes = append(notes, disturbed)
	}
	if bounded {
		notes = append(notes, "with more the client was late")
	}
	return strings.Join(notes, "; ")
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// how says how the figures came about.
func (c *Comparison) how() []string {
	cores := "server and client share the one core of this machine"
	if c.Runner.Core >= 0 {
		cores = fmt.Sprintf("servers run on core %d and nothing of the client does", c.Runner.Core)
	}
	return []string{
		fmt.Sprintf("Medians of %d runs of %v in turn, each with a server started anew; %s. **× floor** is beside a program that",
			c.rounds(), c.plan().Measure, cores),
		"receives and sends as many packets on as many sockets with the same tick and does nothing with them. **A core carries** the",
		"largest number of parties with 99 % received and 99 of 100 gaps under 100 ms; in parentheses it is reckoned from what one costs,",
		"at 85 % of the core. Who could not do the number of parties was measured with half of it. Skybridge hears the loudest three of a",
		"room, the others all who talk. A run whose client was more than 2 ms late, or whose core was stolen for more than 2 %, was taken",
		"again, and is told of where that did not help. Where **the floor alone**, or the codecs alone, is more than a bar allows, no program",
		"that makes a system call for each packet, or uses those codecs, can meet it on this machine.",
	}
}

// machine names the machine.
func machine() string {
	model := "unknown processor"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	release := "Linux"
	var uname unix.Utsname
	if unix.Uname(&uname) == nil {
		release += " " + unix.ByteSliceToString(uname.Release[:])
	}
	if text, err := os.ReadFile(filepath.Join("/etc", "debian_version")); err == nil {
		release += ", Debian " + strings.TrimSpace(string(text))
	}
	return fmt.Sprintf("%d cores of %s, %s, %s", runtime.NumCPU(), model, release, runtime.Version())
}
