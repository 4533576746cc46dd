package function

import (
	"math"
	"math/rand/v2"
	"strconv"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

// readRand is RAND([min[,max]]), both included.
func readRand(_ *dialplan.Call, args string) (string, error) {
	parts := argument.Split(args, 2)
	lo, _ := argument.Int(argument.At(parts, 0))
	hi, ok := argument.Int(argument.At(parts, 1))
	if !ok {
		hi = math.MaxInt32
	}
	if lo > hi {
		lo, hi = hi, lo
	}
	return strconv.Itoa(lo + rand.IntN(hi-lo+1)), nil
}
