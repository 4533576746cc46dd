package dialplan

// Builtins are the applications that need nothing but the call itself. Those that
// move media or signalling are in packages above.
func Builtins() []Application {
	return []Application{
		{"NoOp", "Do nothing; its arguments are shown", noOp},
		{"Goto", "Go to a priority, extension or context", gotoApp},
		{"GotoIf", "Go to one of two places by a condition", gotoIf},
		{"Hangup", "Hang up, with a cause", hangup},
		{"Set", "Set a variable or a function", set},
	}
}
