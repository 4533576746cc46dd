package dialplan

// Builtins are the applications that need nothing but the call itself. Those that
// move media or signalling are in packages above.
func Builtins() []Application {
	return []Application{
		{"ClearHash", "Forget the keys of a hash", clearHash},
		{"ContinueWhile", "Begin the next round of a While", continueWhile},
		{"EndWhile", "End of a While", endWhile},
		{"Exec", "Run the application that a text names", execApp},
		{"ExecIf", "Run one of two applications by a condition", execIf},
		{"ExitWhile", "Leave a While", exitWhile},
		{"Gosub", "Run a subroutine", gosub},
		{"GosubIf", "Run one of two subroutines by a condition", gosubIf},
		{"Goto", "Go to a priority, extension or context", gotoApp},
		{"GotoIf", "Go to one of two places by a condition", gotoIf},
		{"GotoIfTime", "Go to one of two places by the time", gotoIfTime},
		{"Hangup", "Hang up, with a cause", hangup},
		{"Log", "Write to the log", logApp},
		{"Macro", "Run a context macro-NAME", macro},
		{"MacroExit", "Leave a macro", macroExit},
		{"MSet", "Set several variables", mset},
		{"NoOp", "Do nothing; its arguments are shown", noOp},
		{"RaiseException", "Go to the e extension", raiseException},
		{"Return", "Return from a subroutine", returnApp},
		{"Set", "Set a variable or a function", set},
		{"StackPop", "Forget where to return to", stackPop},
		{"Verbose", "Write to the log", verbose},
		{"Wait", "Wait some seconds", wait},
		{"WaitExten", "Wait for an extension to be dialled", waitExten},
		{"While", "Repeat while a condition holds", while},
	}
}
