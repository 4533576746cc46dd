package app

import (
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
	"github.com/skygenesisenterprise/skybridge/signaling/feature"
)

// dialOptions are the options of Dial that act here.
type dialOptions struct {
	goOn      bool          // g: the plan goes on when the called party hangs up
	ring      bool          // r: the caller is told of ringing at once, and hears nothing else
	ringUntil bool          // R: the same, until early media comes
	tone      string        // r(tone): what the caller hears instead of ringing
	limit     time.Duration // L(ms), S(seconds): the longest conversation; 0 is none
	both      string        // G(place): who answered goes on after the place, the caller there
	stays     bool          // i: the call is not forwarded, whatever who is called wishes
	sub       string        // U(context^arguments): what the called party goes through first
	// calleeGoesOn is F(place): the called party goes on in the plan when the caller hangs
	// up, at calleeTo, by default after this Dial.
	calleeGoesOn bool
	calleeTo     string

	// callerKeys (T, H, W, X) and calleeKeys (t, h, w, x) are what the two may ask for by keys.
	callerKeys, calleeKeys feature.Keys

	missed []missedOption
}

// missedOption is an option of Dial that is not served.
type missedOption struct {
	letter byte
	here   string // what happens in its stead
	turns  bool   // the plan would have gone another way
}

const aside = "it is left aside"

// missedOptions are those of Asterisk that are not served. C and I, which ask for
// what happens anyway, are not among them, nor is a.
var missedOptions = map[byte]missedOption{
	'A': {here: "the called party hears no announcement"},
	'b': {here: "no subroutine runs on the called channel before it rings", turns: true},
	'B': {here: "no subroutine runs on the caller's channel before it rings", turns: true},
	'c': {here: "who did not answer learns only then that somebody else did"},
	'd': {here: "a digit while it rings goes nowhere", turns: true},
	'D': {here: "no digits are sent after the answer"},
	'e': {here: "no h extension runs for the called party", turns: true},
	'E': {here: aside},
	'f': {here: "the caller's own id is shown"},
	'j': {here: aside, turns: true},
	'J': {here: aside, turns: true},
	'k': {here: "calls cannot be parked by keys"},
	'K': {here: "calls cannot be parked by keys"},
	'm': {here: "the caller hears ringing"},
	'M': {here: "no macro runs on the called channel; U does", turns: true},
	'n': {here: aside},
	'N': {here: aside},
	'o': {here: "the caller's own id is shown"},
	'O': {here: aside, turns: true},
	'p': {here: "the called party is not asked whether to take the call", turns: true},
	'P': {here: "the called party is not asked whether to take the call", turns: true},
	'Q': {here: "who did not answer gets the usual cause"},
	's': {here: "the caller's own id is shown"},
	'u': {here: "the caller's own presentation is shown"},
	'z': {here: "the time-out goes on when a call is forwarded"},
}

// parseDialOptions reads letters, each with an argument in parentheses or none.
func parseDialOptions(text string) (o dialOptions) {
	for text != "" {
		letter := text[0]
		arg, rest := optionArgument(text[1:])
		text = rest
		switch letter {
		case 'g':
			o.goOn = true
		case 'r':
			o.ring, o.tone = true, arg
		case 'R':
			o.ringUntil = true
		case 'i':
			o.stays = true
		case 'F':
			o.calleeGoesOn, o.calleeTo = true, place(arg)
		case 'G':
			o.both = place(arg)
		case 'U':
			o.sub = arg
		case 't':
			o.calleeKeys.Transfer = true
		case 'T':
			o.callerKeys.Transfer = true
		case 'h':
			o.calleeKeys.HangUp = true
		case 'H':
			o.callerKeys.HangUp = true
		case 'w':
			o.calleeKeys.Monitor = true
		case 'W':
			o.callerKeys.Monitor = true
		case 'x':
			o.calleeKeys.MixMonitor = true
		case 'X':
			o.callerKeys.MixMonitor = true
		case 'L': // L(x[:y[:z]]): y and z are warnings before the end
			ms, _, _ := strings.Cut(arg, ":")
			if n, err := strconv.ParseUint(strings.TrimSpace(ms), 10, 31); err == nil {
				o.limit = shorter(o.limit, time.Duration(n)*time.Millisecond)
			}
		case 'S':
			if d, ok := argument.Seconds(arg); ok {
				o.limit = shorter(o.limit, d)
			}
		default:
			if m, ok := missedOptions[letter]; ok {
				m.letter = letter
				o.missed = append(o.missed, m)
			}
		}
	}
	return o
}

// keys reports whether somebody's keys are listened to, for which the audio comes here.
func (o *dialOptions) keys() bool {
	return o.callerKeys != feature.Keys{} || o.calleeKeys != feature.Keys{}
}

// place is a place of the plan, as an option has it: "context^exten^priority".
func place(arg string) string { return strings.ReplaceAll(arg, "^", ",") }

// judgeDial warns of options that are not served. Those that are computed are judged
// when the call comes.
func judgeDial(args string) (found []asterisk.Warning) {
	options := argument.At(argument.SplitRaw(args, 4), 2)
	if i := strings.IndexByte(options, '$'); i >= 0 {
		options = options[:i]
	}
	for _, m := range parseDialOptions(options).missed {
		found = append(found, asterisk.Warning{Text: "Dial: option " + string(m.letter) + " is not served by this version", Here: m.here})
	}
	return found
}

// optionArgument cuts "(...)" off the front, parentheses within it counted.
func optionArgument(text string) (arg, rest string) {
	if !strings.HasPrefix(text, "(") {
		return "", text
	}
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return text[1:i], text[i+1:]
			}
		}
	}
	return text[1:], "" // never closed
}

// shorter is the shorter of two limits, of which 0 is none.
func shorter(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
