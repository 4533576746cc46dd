package dialplan_test

import (
	"errors"
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/dialplantest"
)

// TestHangupCause gives Hangup causes by number and by name. A real Asterisk 22 knows
// the names of its list only; "busy", "failure" and names that begin with AST_CAUSE_
// are ours, and it takes numbers beyond Q.850 as they are.
func TestHangupCause(t *testing.T) {
	x := dialplantest.Executor(t, dialplantest.Plan(t, "[a]\nexten => s,1,NoOp\n", false))
	for args, want := range map[string]int{
		"": 0, " ": 0, "0": 16, "17": 17, " 21 ": 21, "17x": 17, "127": 127, "128": 16, "300": 16, "-1": 16, "nonsense": 16,
		"USER_BUSY": 17, "user_busy": 17, "NO_ANSWER": 19, "CALL_REJECTED": 21, "NORMAL_CIRCUIT_CONGESTION": 34, "INTERWORKING": 127,
		"busy": 17, "FAILURE": 38, "AST_CAUSE_USER_BUSY": 17, "ast_cause_unallocated": 1,
	} {
		ch := &dialplantest.Channel{}
		if err := x.NewCall(ch).Exec(t.Context(), "Hangup", args); !errors.Is(err, dialplan.ErrHangup) || ch.HangupCause() != want {
			t.Errorf("Hangup(%s): cause %d, want %d (%v)", args, ch.HangupCause(), want, err)
		}
	}
}
