package glare

import (
	"context"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Wait waits before an offer is made again. It fails with fault.Gone when the dialog is done
// first, and with fault.Timeout when ctx is.
func Wait(ctx context.Context, done <-chan struct{}, pause time.Duration) error {
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-done:
		return fault.New(fault.Gone, "sip: dialog has ended")
	case <-ctx.Done():
		return fault.New(fault.Timeout, "sip: re-INVITE: %w", ctx.Err())
	}
}
