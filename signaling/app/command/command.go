// Package command runs commands of the operator's, such as follow a recording, with what callers
// have said in them kept from the shell.
//
// It starts no goroutine.
package command

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"syscall"
	"time"
)

// longest bounds a command.
const longest = 10 * time.Minute

// escapedVariable is a variable that is left for the command.
var escapedVariable = regexp.MustCompile(`\^\{([^}]*)\}`)

// LateVariables makes variables of the shell of those that were left for the command, so
// that the shell never reads their values, which callers may have chosen, as commands.
func LateVariables(command string, substitute func(string) string) (string, []string) {
	var env []string
	command = escapedVariable.ReplaceAllStringFunc(command, func(late string) string {
		name := fmt.Sprintf("LATE_%d", len(env)+1)
		env = append(env, name+"="+substitute("$"+late[1:]))
		return "${" + name + "}"
	})
	return command, env
}

// maxOutput is how much of what a command says is kept for the log, in bytes.
const maxOutput = 400

// Run runs a command of the operator's, and ends it with all that it started when it
// takes too long, or ctx ends.
func Run(ctx context.Context, command string, env []string) (output string, err error) {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	var out beginning
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", command) //nolint:gosec // the operator's own
	cmd.Env = append(cmd.Environ(), env...)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second // what goes on in the background may keep the output open
	if err = cmd.Run(); errors.Is(err, exec.ErrWaitDelay) {
		err = nil // it does, and the command itself has ended well
	}
	return string(out), err
}

// beginning keeps the first maxOutput bytes that are written to it.
type beginning []byte

func (b *beginning) Write(p []byte) (int, error) {
	*b = append(*b, p[:min(len(p), maxOutput-len(*b))]...)
	return len(p), nil
}
