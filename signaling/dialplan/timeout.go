package dialplan

import "time"

// AbsoluteTimeout is how long the call may still take; bounded is false when it may
// take as long as it likes.
func (c *Call) AbsoluteTimeout() (left time.Duration, bounded bool) {
	if c.deadline.IsZero() {
		return 0, false
	}
	return max(c.deadline.Sub(c.Now()), 0), true
}

// SetAbsoluteTimeout ends the call, or sends it to T, when d has passed; 0 is never.
func (c *Call) SetAbsoluteTimeout(d time.Duration) {
	c.deadline = time.Time{}
	if d > 0 {
		c.deadline = c.Now().Add(d)
	}
}

// DigitTimeout is how long a caller may take between digits.
func (c *Call) DigitTimeout() time.Duration { return c.digit }

// SetDigitTimeout changes it for this call.
func (c *Call) SetDigitTimeout(d time.Duration) { c.digit = d }

// ResponseTimeout is how long a caller may take to begin to dial an extension.
func (c *Call) ResponseTimeout() time.Duration { return c.response }

// SetResponseTimeout changes it for this call.
func (c *Call) SetResponseTimeout(d time.Duration) { c.response = d }
