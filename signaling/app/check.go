package app

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/settings"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/lint"
)

// ArgumentChecks judge what a plan asks of this package's applications.
func ArgumentChecks(s *settings.Settings) lint.Checks {
	return lint.Checks{
		"dial":        judgeDial,
		"audiosocket": judgeAudioSocket,
		"chanspy":     judgeChanSpy,
		"mixmonitor":  judgeMixMonitor,
		"record":      judgeRecord,
		"confbridge":  func(args string) []asterisk.Warning { return judgeConfBridge(&s.ConfBridge, args) },
	}
}

// judgeConfBridge warns of profiles that are not in confbridge.conf.
func judgeConfBridge(c *settings.ConfBridge, args string) (found []asterisk.Warning) {
	parts := argument.SplitRaw(args, 4)
	at := func(i int) string { return strings.TrimSpace(argument.At(parts, i)) }
	warn := func(kind, name string) {
		found = append(found, asterisk.Warning{
			Text: "ConfBridge: there is no " + kind + " profile \"" + name + "\" in confbridge.conf", Here: "nobody is let in",
		})
	}
	if _, known := c.Bridge(at(1)); !known && !strings.Contains(at(1), "$") {
		warn("bridge", at(1))
	}
	if _, known := c.User(at(2)); !known && !strings.Contains(at(2), "$") {
		warn("user", at(2))
	}
	return found
}
