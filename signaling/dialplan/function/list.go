package function

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/substitute"
)

// list reads the variable and delimiter that SHIFT, POP, PUSH and UNSHIFT name.
func list(c *dialplan.Call, args string) (name, sep, value string, err error) {
	parts := argument.Split(args, 2)
	name = argument.At(parts, 0)
	value, err = named(c, name)
	return name, string([]byte{delimiter(argument.At(parts, 1), ',')}), value, err
}

func readShift(c *dialplan.Call, args string) (string, error) {
	name, sep, value, err := list(c, args)
	if err != nil {
		return "", err
	}
	first, rest, _ := strings.Cut(value, sep)
	return first, c.SetVar(name, rest)
}

func readPop(c *dialplan.Call, args string) (string, error) {
	name, sep, value, err := list(c, args)
	if err != nil {
		return "", err
	}
	at := strings.LastIndex(value, sep)
	if at < 0 {
		return value, c.SetVar(name, "")
	}
	return value[at+1:], c.SetVar(name, value[:at])
}

func writePush(c *dialplan.Call, args, item string) error {
	name, sep, value, err := list(c, args)
	if err != nil {
		return err
	}
	return setList(c, name, value, sep, item)
}

func writeUnshift(c *dialplan.Call, args, item string) error {
	name, sep, value, err := list(c, args)
	if err != nil {
		return err
	}
	return setList(c, name, item, sep, value)
}

func setList(c *dialplan.Call, name, front, sep, back string) error {
	if front == "" || back == "" {
		sep = ""
	}
	if len(front)+len(back) > substitute.MaxBytes {
		return substitute.ErrTooLong
	}
	return c.SetVar(name, front+sep+back)
}
