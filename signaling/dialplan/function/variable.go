package function

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

func readGlobal(c *dialplan.Call, args string) (string, error) {
	v, _ := c.Globals().Get(args)
	return v, nil
}

func writeGlobal(c *dialplan.Call, args, value string) error {
	c.Globals().Set(args, value)
	return nil
}

// readLocal and writeLocal are LOCAL(name), a variable that lasts until Return.
func readLocal(c *dialplan.Call, args string) (string, error) {
	v, _ := c.Local(args)
	return v, nil
}

func writeLocal(c *dialplan.Call, args, value string) error { return c.SetLocal(args, value) }

func readSet(c *dialplan.Call, args string) (string, error) {
	name, value, ok := strings.Cut(args, "=")
	if !ok {
		return "", bad("SET", args, "SET(name=value)")
	}
	value = strings.TrimSpace(value)
	return value, c.SetVar(strings.TrimSpace(name), value)
}

// writeArray is Set(ARRAY(a,b)=x,y). Names without a value become empty, values without
// a name are dropped.
func writeArray(c *dialplan.Call, args, value string) error {
	names := argument.Split(args, 0)
	values := argument.Split(value, 0)
	for i, name := range names {
		if err := c.SetVar(name, argument.At(values, i)); err != nil {
			return err
		}
	}
	return nil
}
