package app

import (
	"math"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

// writeVolume is VOLUME(TX|RX[,options])=factor: 3 multiplies by three, −3 divides by it, 0
// leaves it as it is. What is louder is limited instead of clipped. The keys of option p do
// nothing.
func writeVolume(c *dialplan.Call, args, value string) error {
	parts := argument.Split(args, 2)
	factor, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || math.IsNaN(factor) {
		return fault.New(fault.Invalid, "VOLUME: %q is no number", value)
	}
	if strings.Contains(argument.At(parts, 1), "p") {
		c.Log().Warn("VOLUME: option is not served", "option", "p", "here", "keys do not change the volume")
	}
	ch := channelOf(c)
	switch db := decibels(factor); strings.ToUpper(strings.TrimSpace(argument.At(parts, 0))) {
	case "TX":
		return ch.SetGain(ch.Live(), nil, &db)
	case "RX":
		return ch.SetGain(ch.Live(), &db, nil)
	default:
		return fault.New(fault.Invalid, "VOLUME(%s): the direction is TX or RX", args)
	}
}

// decibels is the gain of Asterisk's factor, as far as the mixer goes.
func decibels(factor float64) float64 {
	if factor == 0 {
		return 0
	}
	db := 20 * math.Log10(math.Abs(factor))
	if factor < 0 {
		db = -db
	}
	return min(max(db, mixer.MinGain), mixer.MaxGain)
}
