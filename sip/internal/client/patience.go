package client

import (
	"context"
	"time"
)

// Patiently bounds the search for a way by a call's patience, if that has an end: who does
// not find out where to go, or is not let in, is as lost as who gets no answer.
func Patiently(ctx context.Context, patience time.Duration) (context.Context, context.CancelFunc) {
	if patience == 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, patience)
}
