// Package service has the dialplan functions by which phones switch forwarding and do not
// disturb on and off: FORWARD and DND. No goroutine.
package service

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/app"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/extension"
)

// writeTime bounds how long a plan waits for the disk.
const writeTime = 5 * time.Second

type functions struct{ registry *extension.Registry }

// Functions is this package's share of the table of functions. FORWARD(always), (busy),
// (no_answer) and (no_answer_after) are where calls to the phone that calls are sent on to,
// and after how many seconds; DND() is 1 or 0. A further argument names another extension.
func Functions(r *extension.Registry) []dialplan.Function {
	f := functions{r}
	return []dialplan.Function{
		{Name: "FORWARD", Synopsis: "Where calls to a phone are forwarded: always, busy, no_answer, no_answer_after", Read: f.readForward, Write: f.writeForward},
		{Name: "DND", Synopsis: "Whether a phone is not to be disturbed", Read: f.readDND, Write: f.writeDND},
	}
}

// split reads the function's arguments: what, and whose it is.
func split(c *dialplan.Call, args string, named bool) (what, whose string, err error) {
	if named {
		what, whose, _ = strings.Cut(args, ",")
	} else {
		whose = args
	}
	if whose = strings.TrimSpace(whose); whose == "" {
		ch, ok := app.ChannelOf(c)
		if !ok {
			return "", "", fault.New(fault.Unsupported, "there is no channel")
		}
		whose = ch.Snapshot().Endpoint
	}
	return strings.ToLower(strings.TrimSpace(what)), whose, nil
}

func (f functions) readForward(c *dialplan.Call, args string) (string, error) {
	what, whose, err := split(c, args, true)
	if err != nil {
		return "", err
	}
	s, err := f.registry.Get(whose)
	if err != nil {
		return "", err
	}
	switch what {
	case "always":
		return s.Always, nil
	case "busy":
		return s.Busy, nil
	case "no_answer":
		return s.NoAnswer, nil
	case "no_answer_after":
		if s.After == 0 {
			s.After = extension.DefaultAfter
		}
		return strconv.Itoa(int(s.After.Seconds())), nil
	}
	return "", fault.New(fault.NotFound, "FORWARD has no %q", what)
}

func (f functions) writeForward(c *dialplan.Call, args, value string) error {
	what, whose, err := split(c, args, true)
	if err != nil {
		return err
	}
	value = strings.TrimSpace(value)
	var set func(*extension.Services)
	switch what {
	case "always":
		set = func(s *extension.Services) { s.Always = value }
	case "busy":
		set = func(s *extension.Services) { s.Busy = value }
	case "no_answer":
		set = func(s *extension.Services) { s.NoAnswer = value }
	case "no_answer_after":
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 || n > 3600 {
			return fault.New(fault.Invalid, "FORWARD(no_answer_after): %.20q is no number of seconds", value)
		}
		set = func(s *extension.Services) { s.After = time.Duration(n) * time.Second }
	default:
		return fault.New(fault.NotFound, "FORWARD has no %q", what)
	}
	return f.change(whose, set)
}

func (f functions) readDND(c *dialplan.Call, args string) (string, error) {
	_, whose, err := split(c, args, false)
	if err != nil {
		return "", err
	}
	s, err := f.registry.Get(whose)
	if err != nil {
		return "", err
	}
	if s.DND {
		return "1", nil
	}
	return "0", nil
}

func (f functions) writeDND(c *dialplan.Call, args, value string) error {
	_, whose, err := split(c, args, false)
	if err != nil {
		return err
	}
	on := asterisk.True(strings.TrimSpace(value))
	return f.change(whose, func(s *extension.Services) { s.DND = on })
}

func (f functions) change(whose string, set func(*extension.Services)) error {
	ctx, cancel := context.WithTimeout(context.Background(), writeTime)
	defer cancel()
	return f.registry.Change(ctx, whose, func(s extension.Services) extension.Services {
		set(&s)
		return s
	})
}
