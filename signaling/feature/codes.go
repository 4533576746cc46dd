package feature

import "strings"

// action is what keys ask for.
type action uint8

const (
	nothing action = iota
	blindTransfer
	attendedTransfer
	hangUp
	abort    // the consultation, back to who waits
	complete // the transfer
	threeWay // everybody together
	swap     // from the one to the other
	monitor  // to begin or to end a recording
	mixMonitor
)

// code is keys that ask for something.
type code struct {
	keys string
	asks action
}

// codes finds codes among the keys that a party presses.
type codes struct {
	known []code
	got   string // what may become one
}

// press takes a key. What it asks for is known at once, unless a longer code begins so: then
// waiting says that more may come, and Over ends it.
func (c *codes) press(key byte) (asks action, waiting bool) {
	c.got += string(key)
	for c.got != "" {
		exact, longer := c.look()
		switch {
		case longer:
			return nothing, true
		case exact != nothing:
			c.got = ""
			return exact, false
		}
		c.got = c.got[1:] // the first key was none of a code
	}
	return nothing, false
}

// over is what the keys so far ask for when no more come.
func (c *codes) over() action {
	exact, _ := c.look()
	c.got = ""
	return exact
}

func (c *codes) look() (exact action, longer bool) {
	for _, k := range c.known {
		switch {
		case k.keys == "" || !strings.HasPrefix(k.keys, c.got):
		case k.keys == c.got:
			exact = k.asks
		default:
			longer = true
		}
	}
	return exact, longer
}
