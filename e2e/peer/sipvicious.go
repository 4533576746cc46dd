package peer

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Attack runs a program that attacks SIP (svmap, svwar, svcrack of SIPVicious, sipsak),
// and gives what it says on both outputs, when it has ended or at most for so long:
// one that tries for ever is stopped then.
func Attack(t testing.TB, most time.Duration, program string, args ...string) string {
	t.Helper()
	path := need(t, program)
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = scratch(t, program) // they keep their sessions at home
	cmd.Env = append(cmd.Environ(), "HOME="+cmd.Dir)
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	text := string(out)
	t.Logf("%s %s: %v\n%s", program, strings.Join(args, " "), err, text)
	return text
}
