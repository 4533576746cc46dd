package dialplan

import (
	"errors"
	"strconv"
	"strings"
)

var errNoSubroutine = errors.New("not in a subroutine")

func readChannel(c *Call, args string) (string, error) {
	switch strings.ToLower(args) {
	case "context":
		return c.at.Context, nil
	case "exten":
		return c.at.Exten, nil
	case "priority":
		return strconv.Itoa(c.at.Priority), nil
	case "name":
		return c.ch.Name(), nil
	case "uniqueid":
		return c.ch.ID(), nil
	}
	return c.ch.Attribute(args)
}

func writeChannel(c *Call, args, value string) error { return c.ch.SetAttribute(args, value) }

func readGlobal(c *Call, args string) (string, error) {
	v, _ := c.exec.globals.Get(args)
	return v, nil
}

func writeGlobal(c *Call, args, value string) error {
	c.exec.globals.Set(args, value)
	return nil
}

func readEval(c *Call, args string) (string, error) {
	if c.nesting >= maxNesting || !c.budget.take(c.Now(), c.exec.config) {
		return "", errTooDeep
	}
	c.nesting++
	defer func() { c.nesting-- }()
	return Substitute(c, args)
}

func readIf(_ *Call, args string) (string, error) {
	condition, yes, no := splitChoice(args, true)
	if condition == "" && (args == "" || args[0] != ' ') {
		return "", bad("IF", args, "IF(condition?[true][:false])")
	}
	if Truth(condition) {
		return yes, nil
	}
	return no, nil
}

func readIfTime(c *Call, args string) (string, error) {
	when, yes, no := splitChoice(args, true)
	// Colons of the times come before the question mark, so the first cut is right.
	t, err := ParseTiming(when)
	if err != nil {
		return "", err
	}
	if t.Holds(c.Now()) {
		return yes, nil
	}
	return no, nil
}

func readSet(c *Call, args string) (string, error) {
	name, value, ok := strings.Cut(args, "=")
	if !ok {
		return "", bad("SET", args, "SET(name=value)")
	}
	return value, c.SetVar(strings.TrimSpace(name), value)
}

func readException(c *Call, args string) (string, error) {
	e := c.failure
	switch strings.ToLower(args) {
	case "reason":
		return e.reason, nil
	case "context":
		return e.at.Context, nil
	case "exten":
		return e.at.Exten, nil
	case "priority":
		if e.reason == "" {
			return "", nil
		}
		return strconv.Itoa(e.at.Priority), nil
	}
	return "", bad("EXCEPTION", args, "EXCEPTION(reason|context|exten|priority)")
}

// readDialplanExists is DIALPLAN_EXISTS(context[,exten[,priority]]).
func readDialplanExists(c *Call, args string) (string, error) {
	parts := SplitArgs(args, 3)
	switch len(parts) {
	case 0:
		return "", bad("DIALPLAN_EXISTS", args, "DIALPLAN_EXISTS(context[,exten[,priority]])")
	case 1:
		return bit(c.Plan().Context(parts[0]) != nil), nil
	}
	return bit(c.exists(parts[0], parts[1], arg(parts, 2))), nil
}

// readValidExten is VALID_EXTEN([context],exten[,priority]).
func readValidExten(c *Call, args string) (string, error) {
	parts := SplitArgs(args, 3)
	if arg(parts, 1) == "" {
		return "", bad("VALID_EXTEN", args, "VALID_EXTEN([context],exten[,priority])")
	}
	context := parts[0]
	if context == "" {
		context = c.at.Context
	}
	return bit(c.exists(context, parts[1], arg(parts, 2))), nil
}

// exists reports whether a place exists; the priority is a number, a label or "".
func (c *Call) exists(context, exten, priority string) bool {
	to := Position{context, exten, 1}
	if priority != "" {
		n, err := strconv.Atoi(priority)
		if err != nil {
			n = c.Plan().FindLabel(context, exten, priority, c.ch.CallerID().Number, c.Now())
		}
		to.Priority = n
	}
	_, ok := c.find(to)
	return ok
}

// readLocal and writeLocal are LOCAL(name), a variable that lasts until Return.
func readLocal(c *Call, args string) (string, error) {
	v, _ := c.local(args)
	return v, nil
}

func writeLocal(c *Call, args, value string) error {
	if len(c.stack) == 0 {
		return errNoSubroutine
	}
	c.stack[len(c.stack)-1].set(args, value)
	return nil
}

// A hash is kept in channel variables, one per key and one with the keys.
func hashVar(name, key string) string { return "~HASH~" + name + "~" + key + "~" }

func readHash(c *Call, args string) (string, error) {
	parts := SplitArgs(args, 2)
	if len(parts) == 1 {
		return readHashKeys(c, args)
	}
	v, _ := c.ch.Var(hashVar(arg(parts, 0), arg(parts, 1)))
	return v, nil
}

func writeHash(c *Call, args, value string) error {
	parts := SplitArgs(args, 2)
	if len(parts) < 2 {
		return bad("HASH", args, "HASH(name,key)")
	}
	name, depth := bareName(parts[0])
	prefix := "__"[:depth]
	keys, _ := c.ch.Var(hashVar(name, ""))
	if !strings.Contains(","+keys+",", ","+parts[1]+",") {
		keys = strings.TrimPrefix(keys+","+parts[1], ",")
		if len(keys) > maxExpansion {
			return errTooLong
		}
		c.ch.SetVar(prefix+hashVar(name, ""), keys)
	}
	c.ch.SetVar(prefix+hashVar(name, parts[1]), value)
	return nil
}

func readHashKeys(c *Call, args string) (string, error) {
	keys, _ := c.ch.Var(hashVar(args, ""))
	return keys, nil
}

// writeArray is Set(ARRAY(a,b)=x,y).
func writeArray(c *Call, args, value string) error {
	names := SplitArgs(args, 0)
	values := splitAt(value, ',', len(names), true)
	for i, name := range names {
		if err := c.SetVar(name, arg(values, i)); err != nil {
			return err
		}
	}
	return nil
}

// list reads the variable and delimiter that SHIFT, POP, PUSH and UNSHIFT name.
func (c *Call) list(args string) (name, sep, value string) {
	parts := SplitArgs(args, 2)
	name = arg(parts, 0)
	return name, string([]byte{delimiter(arg(parts, 1), ',')}), c.named(name)
}

func readShift(c *Call, args string) (string, error) {
	name, sep, value := c.list(args)
	first, rest, _ := strings.Cut(value, sep)
	return first, c.SetVar(name, rest)
}

func readPop(c *Call, args string) (string, error) {
	name, sep, value := c.list(args)
	at := strings.LastIndex(value, sep)
	if at < 0 {
		return value, c.SetVar(name, "")
	}
	return value[at+1:], c.SetVar(name, value[:at])
}

func writePush(c *Call, args, item string) error {
	name, sep, value := c.list(args)
	return c.setList(name, value, sep, item)
}

func writeUnshift(c *Call, args, item string) error {
	name, sep, value := c.list(args)
	return c.setList(name, item, sep, value)
}

func (c *Call) setList(name, front, sep, back string) error {
	if front == "" || back == "" {
		sep = ""
	}
	if len(front)+len(back) > maxExpansion {
		return errTooLong
	}
	return c.SetVar(name, front+sep+back)
}

// EnvFunction is ${ENV(name)}, a variable of the process's environment by get. It is
// no built-in: whoever makes the table decides what of the environment plans may see.
func EnvFunction(get func(name string) string) Function {
	return Function{
		Name: "ENV", Synopsis: "A variable of the environment",
		Read: func(_ *Call, args string) (string, error) { return get(args), nil },
	}
}
