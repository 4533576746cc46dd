package dialplan

import (
	"errors"
	"strconv"
)

var errNoSuchFunction = errors.New("no such function")

// mapEnv is an Env of fixed variables with a few functions.
type mapEnv map[string]string

func (m mapEnv) Var(name string) (string, bool) { v, ok := m[name]; return v, ok }

func (m mapEnv) ReadFunction(name, args string) (string, error) {
	switch name {
	case "LEN":
		return strconv.Itoa(len(args)), nil
	case "ARGS":
		return args, nil
	}
	return "", errNoSuchFunction
}
