package function

import (
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

// readHash is HASH(name,key), and without a key HASHKEYS(name).
func readHash(c *dialplan.Call, args string) (string, error) {
	parts := argument.Split(args, 2)
	if len(parts) == 1 {
		return c.HashKeys(args), nil
	}
	return c.Hash(argument.At(parts, 0), argument.At(parts, 1)), nil
}

func writeHash(c *dialplan.Call, args, value string) error {
	parts := argument.Split(args, 2)
	if len(parts) < 2 {
		return bad("HASH", args, "HASH(name,key)")
	}
	return c.SetHash(parts[0], parts[1], value)
}

func readHashKeys(c *dialplan.Call, args string) (string, error) { return c.HashKeys(args), nil }
