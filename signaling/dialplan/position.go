package dialplan

import "fmt"

// Position is a place in the plan.
type Position struct {
	Context  string
	Exten    string
	Priority int
}

// String is "exten@context:priority", as in channel lists.
func (p Position) String() string {
	return fmt.Sprintf("%s@%s:%d", p.Exten, p.Context, p.Priority)
}

// The extensions that the executor looks for by itself.
const (
	StartExten           = "s"
	InvalidExten         = "i"
	TimeoutExten         = "t"
	AbsoluteTimeoutExten = "T"
	HangupExten          = "h"
	ExceptionExten       = "e"
)

// DefaultContext is where a call goes that was sent to a place without a plan.
const DefaultContext = "default"
