package app

import (
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

// spyOptions are the options of ChanSpy that act here.
type spyOptions struct {
	mode     spyMode
	modes    bool    // d: 4, 5 and 6 choose the mode
	only     bool    // o
	once     bool    // E
	stop     bool    // S
	byID     bool    // u
	exit     byte    // x; 0 for none
	next     byte    // c, and * in any case
	group    string  // g
	volume   float64 // v; 0 for what it is
	unserved string
}

// spyMode is who hears who spies, and whom that hears.
type spyMode byte

const (
	spyListens  spyMode = iota
	spyWhispers         // w, 5
	spyBarges           // B, 6
	spyTalks            // W: it is heard, and hears nothing
)

// parseSpyOptions reads letters, each with an argument in parentheses or none. q, s, b and l are
// how it is here in any case.
func parseSpyOptions(text string) (o spyOptions) {
	for text != "" {
		letter := text[0]
		arg, rest := optionArgument(text[1:])
		text = rest
		switch letter {
		case 'w':
			o.mode = spyWhispers
		case 'W':
			o.mode = spyTalks
		case 'B':
			o.mode = spyBarges
		case 'd':
			o.modes = true
		case 'o':
			o.only = true
		case 'E':
			o.once = true
		case 'S':
			o.stop = true
		case 'u':
			o.byID = true
		case 'x':
			o.exit = first(arg)
		case 'c':
			o.next = first(arg)
		case 'g':
			o.group = arg
		case 'v':
			n, _ := argument.Int(arg)
			o.volume = float64(min(max(n, -4), 4))
		case 'q', 's', 'b', 'l', ' ':
		default:
			o.unserved += string(letter)
		}
	}
	return o
}

func first(arg string) byte {
	if arg == "" {
		return 0
	}
	return arg[0]
}

// judgeChanSpy warns of options that are not served.
func judgeChanSpy(args string) (found []asterisk.Warning) {
	options := argument.At(argument.SplitRaw(args, 2), 1)
	if i := strings.IndexByte(options, '$'); i >= 0 {
		options = options[:i]
	}
	for _, letter := range parseSpyOptions(options).unserved {
		here := "it is left aside"
		switch letter {
		case 'n':
			here = "no name is said"
		case 'r':
			here = "nothing is recorded; MixMonitor before ChanSpy records what is heard"
		case 'X':
			here = "no digit leads to another extension; x(DIGIT) lets the plan go on"
		case 'e':
			here = "any channel may be spied on"
		}
		found = append(found, asterisk.Warning{Text: "ChanSpy: option " + string(letter) + " is not served by this version", Here: here})
	}
	return found
}

// key is what a digit of who spies does.
func (o *spyOptions) key(d byte) (mode spyMode, what spyKey) {
	switch {
	case o.exit != 0 && d == o.exit:
		return 0, keyExit
	case d == '*' || o.next != 0 && d == o.next:
		return 0, keyNext
	case o.modes && d >= '4' && d <= '6':
		return [...]spyMode{spyListens, spyWhispers, spyBarges}[d-'4'], keyMode
	}
	return 0, keyNothing
}

type spyKey byte

const (
	keyNothing spyKey = iota
	keyExit
	keyNext
	keyMode
)

// audiences are who hears who spies, and whom that hears.
func (o *spyOptions) audiences(mode spyMode, spied *signaling.Channel) (heardBy, hears signaling.Audience) {
	heardBy, hears = signaling.Only(), signaling.Everyone()
	switch mode {
	case spyWhispers, spyTalks:
		heardBy = signaling.Only(spied)
	case spyBarges:
		heardBy = signaling.Everyone()
	case spyListens:
	}
	switch {
	case mode == spyTalks:
		hears = signaling.Only()
	case o.only:
		hears = signaling.Only(spied)
	}
	return heardBy, hears
}

// takes reports whether a channel is one to spy on.
func (o *spyOptions) takes(c *signaling.Channel, prefix string) bool {
	if o.byID && prefix != "" && string(c.ID()) != prefix || !o.byID && !strings.HasPrefix(c.Name(), prefix) {
		return false
	}
	if o.group == "" {
		return true
	}
	groups, _ := c.Vars().Get("SPYGROUP")
	return slices.Contains(strings.Split(groups, ":"), o.group)
}
