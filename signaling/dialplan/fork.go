package dialplan

// Executor runs this call, and may run others.
func (c *Call) Executor() *Executor { return c.exec }

// Resolve is the position that GotoTarget goes to, with its error.
func (c *Call) Resolve(target string) (Position, error) { return c.resolve(target) }
