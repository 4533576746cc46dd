package function

import "github.com/skygenesisenterprise/skybridge/signaling/dialplan"

// Env is ${ENV(name)}, a variable of the process's environment by get. It is
// no built-in: whoever makes the table decides what of the environment plans may see.
func Env(get func(name string) string) dialplan.Function {
	return dialplan.Function{
		Name: "ENV", Synopsis: "A variable of the environment",
		Read: func(_ *dialplan.Call, args string) (string, error) { return get(args), nil },
	}
}
