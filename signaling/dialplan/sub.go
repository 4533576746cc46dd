package dialplan

import (
	"context"
	"errors"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// errSubReturned ends the loop of a Sub.
var errSubReturned = errors.New("the subroutine has returned")

// Sub runs a subroutine until its Return and gives GOSUB_RETVAL, on the goroutine
// of the caller: what Dial's U and b options and AGI's gosub need. The call stays
// where it was. A subroutine that ends without Return gives an empty value; one that
// hangs up gives ErrHangup; a place that does not exist, fault.NotFound. Until the
// call has run, it is somewhere without a name.
func (c *Call) Sub(ctx context.Context, to Position, args []string) (string, error) {
	if _, ok := c.find(to); !ok {
		return "", fault.New(fault.NotFound, "there is no %s", to)
	}
	saved, line, depth := c.at, c.line, len(c.stack)
	next, jumped := c.next, c.jumped
	if err := c.push(frame{sub: true, back: c.at}, to, args); err != nil {
		return "", err
	}
	c.ch.SetVar("GOSUB_RETVAL", "")
	c.advance()
	out, returned := c.loop(ctx)
	c.at, c.line, c.stack = saved, line, c.stack[:min(depth, len(c.stack))]
	c.next, c.jumped = next, jumped
	switch {
	case returned, out.End == EndFellThrough:
		v, _ := c.ch.Var("GOSUB_RETVAL")
		return v, nil
	case out.End == EndHangup:
		return "", ErrHangup
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case out.Err != nil:
		return "", out.Err
	}
	return "", ErrHangup
}
