package stacks

import (
	"bufio"
	"fmt"
	"io"
	"path"
	"strings"
)

// Fields are the arguments of perf script whose output Read reads: one line for a sample,
// one for each function of its stack, the innermost first, and an empty one. Functions that
// a compiler has put into others are left there, as looking for them takes minutes.
func Fields() []string { return []string{"-F", "comm,tid,ip,sym,dso", "--no-inline"} }

// Frame is one function of a stack.
type Frame struct {
	Function string // "udp_sendmsg", "[unknown]" where it has no name
	Object   string // the file it is in, or "[kernel.kallsyms]"
}

// kernel tells whether it is the kernel's, or a module's of it.
func (f Frame) kernel() bool { return strings.HasPrefix(f.Object, "[") && f.Object != "[vdso]" }

// name is how a function is told of: within this project by its package, of the kernel as
// such, and without a name as what it is in.
func (f Frame) name() string {
	switch {
	case f.kernel() && f.Function != unknown:
		return f.Function + " (kernel)"
	case f.Function == unknown || f.Function == "":
		return "somewhere in " + path.Base(strings.Trim(f.Object, "[]"))
	}
	return strings.TrimPrefix(f.Function, module)
}

const (
	unknown = "[unknown]"
	module  = "github.com/skygenesisenterprise/skybridge/"
)

// mostFrames bounds what is kept of one stack; perf keeps 127.
const mostFrames = 256

// Read folds what perf script prints.
func Read(r io.Reader) (*Folded, error) {
	f := newFolded()
	var stack []Frame
	sampled := false
	end := func() {
		if sampled {
			f.add(stack)
		}
		stack, sampled = stack[:0], false
	}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := lines.Text()
		switch {
		case strings.TrimSpace(line) == "":
			end()
		case line[0] != ' ' && line[0] != '\t': // whose sample it is
			end()
			sampled = true
		case !sampled:
			return nil, fmt.Errorf("stacks: %q belongs to no sample", line)
		default:
			frame, err := parseFrame(line)
			if err != nil {
				return nil, err
			}
			if len(stack) < mostFrames {
				stack = append(stack, frame)
			}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("stacks: %w", err)
	}
	end()
	return f, nil
}

// parseFrame reads an address, a function, which may have spaces and parentheses, and an
// object in parentheses.
func parseFrame(line string) (Frame, error) {
	// The file may have been replaced since it was started.
	_, rest, ok := strings.Cut(strings.Replace(strings.TrimSpace(line), " (deleted))", ")", 1), " ")
	at := strings.LastIndex(rest, " (")
	object, closed := strings.CutSuffix(rest[max(0, at):], ")")
	if !ok || at < 0 || !closed {
		return Frame{}, fmt.Errorf("stacks: %q is no frame", line)
	}
	return Frame{strings.TrimSpace(rest[:at]), strings.TrimSpace(object[2:])}, nil
}
