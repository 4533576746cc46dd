package dialplan

// BuiltinFunctions are the functions that need nothing but the call itself.
func BuiltinFunctions() []Function {
	return []Function{
		{"CALLERID", "Who is calling: num, name or all", readCallerID, writeCallerID},
		{"CHANNEL", "An attribute of the channel", readChannel, writeChannel},
	}
}

func readChannel(c *Call, args string) (string, error) { return c.ch.Attribute(args) }

func writeChannel(c *Call, args, value string) error { return c.ch.SetAttribute(args, value) }
