package function

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

// readHash is HASH(name,key); without a key it is the values of all, with commas
// between.
func readHash(c *dialplan.Call, args string) (string, error) {
	parts := argument.Split(args, 2)
	if len(parts) != 1 {
		return c.Hash(argument.At(parts, 0), argument.At(parts, 1)), nil
	}
	var values []string
	for _, key := range strings.Split(c.HashKeys(args), ",") {
		values = append(values, c.Hash(args, key))
	}
	return strings.Join(values, ","), nil
}

func writeHash(c *dialplan.Call, args, value string) error {
	parts := argument.Split(args, 2)
	if len(parts) < 2 {
		return bad("HASH", args, "HASH(name,key)")
	}
	return c.SetHash(parts[0], parts[1], value)
}

func readHashKeys(c *dialplan.Call, args string) (string, error) { return c.HashKeys(args), nil }
