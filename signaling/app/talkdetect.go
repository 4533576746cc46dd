package app

import (
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
	"github.com/skygenesisenterprise/skybridge/signaling/talk"
)

// writeTalkDetect is TALK_DETECT(set)=[silence in ms[,level]] and TALK_DETECT(remove)=.
func (s *Services) writeTalkDetect(c *dialplan.Call, args, value string) error {
	ch := channelOf(c)
	switch action := strings.ToLower(strings.TrimSpace(args)); action {
	case "remove":
		s.Talk.Remove(ch)
		return nil
	case "set":
		cfg := talk.Default()
		parts := argument.Split(value, 2)
		if n, ok := argument.Int(argument.At(parts, 0)); ok {
			if n <= 0 || n > int(time.Hour/time.Millisecond) {
				return fault.New(fault.Invalid, "TALK_DETECT: a silence of %d ms", n)
			}
			cfg.Silence = time.Duration(n) * time.Millisecond
		}
		if n, ok := argument.Int(argument.At(parts, 1)); ok {
			cfg.Level = n
		}
		return s.Talk.Set(ch.Live(), ch, cfg)
	default:
		return fault.New(fault.Invalid, "TALK_DETECT: %q is neither set nor remove", action)
	}
}
