package function

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

func readChannel(c *dialplan.Call, args string) (string, error) {
	switch strings.ToLower(args) {
	case "context":
		return c.Position().Context, nil
	case "exten":
		return c.Position().Exten, nil
	case "name":
		return c.Channel().Name(), nil
	case "uniqueid":
		return c.Channel().ID(), nil
	}
	return c.Channel().Attribute(args)
}

func writeChannel(c *dialplan.Call, args, value string) error {
	return c.Channel().SetAttribute(args, value)
}
