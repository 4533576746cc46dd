package stacks

import (
	"path"
	"strings"
)

// The places that time is told by.
const (
	Sending   = "kernel sending"
	Receiving = "kernel receiving"
	Sleeping  = "waking and sleeping"
	Runtime   = "Go runtime"
	Opus      = "libopus"
	SRTP      = "SRTP"
	Ours      = "ours"
	Other     = "other"
)

// Places are all of them, in the order they are told in.
func Places() []string {
	return []string{Sending, Receiving, Sleeping, Runtime, Opus, SRTP, Ours, Other}
}

// place says what a stack, the innermost function first, is counted as. Sending and
// receiving are all that the kernel does within them, the delivery to the other socket
// included; sleeping is the worker's, while threads of the runtime that sleep and wake are
// the runtime's.
func place(stack []Frame) string {
	if len(stack) == 0 {
		return Other
	}
	inside := 0 // how many functions are the kernel's
	for inside < len(stack) && stack[inside].kernel() {
		inside++
	}
	kernel, user := stack[:inside], stack[inside:]
	if inside == 0 {
		for len(user) > 0 && isCall(user[0]) { // on its way into the kernel, or out of it
			user = user[1:]
		}
		if len(user) == len(stack) {
			return ofUser(user)
		}
	}
	switch at := ofKernel(kernel); {
	case at == Sending || at == Receiving:
		return at
	case runs(user):
		return Runtime
	case at != "":
		return at
	case inside > 0 && !has(kernel[inside-1], "entry_SYSCALL"):
		return Other // an interrupt, or a page that was not there
	}
	return meant(user)
}

// isCall tells whether a function is nothing but the system call.
func isCall(f Frame) bool {
	return strings.HasSuffix(f.Function, "Syscall6") || strings.HasPrefix(f.Function, "syscall.") ||
		strings.HasPrefix(f.Function, "runtime/internal/syscall.")
}

// ofKernel is what the kernel's part of a stack is for; "" if that is not to be seen.
func ofKernel(kernel []Frame) string {
	for _, f := range kernel {
		switch {
		case has(f, "sendmsg", "sendmmsg", "sendto", "io_send"):
			return Sending
		case has(f, "recvmsg", "recvmmsg", "recvfrom", "io_recv", "io_poll_task"):
			return Receiving
		}
	}
	for _, f := range kernel {
		if has(f, "nanosleep", "futex", "schedule", "ep_poll", "epoll_wait", "ppoll", "pselect") {
			return Sleeping
		}
	}
	return ""
}

// meant is what a system call is for, by who makes it.
func meant(user []Frame) string {
	for _, f := range user {
		name := strings.ToLower(f.Function[strings.LastIndexByte(f.Function, '.')+1:])
		switch {
		case strings.Contains(name, "send") || strings.Contains(name, "flush"):
			return Sending
		case strings.Contains(name, "recv") || strings.Contains(name, "collect") || strings.Contains(name, "drain"):
			return Receiving
		case strings.Contains(name, "sleep"):
			return Sleeping
		}
	}
	return Other
}

// ofUser is what time outside of the kernel is spent on.
func ofUser(user []Frame) string {
	for _, f := range user {
		library := path.Base(f.Object)
		switch {
		// Nobody else calls libm; neither of them keeps the frames of who called.
		case strings.HasPrefix(library, "libopus") || strings.HasPrefix(library, "libm.") || strings.HasPrefix(f.Function, "opus_"):
			return Opus
		case strings.HasPrefix(f.Function, module+"media/srtp"):
			return SRTP
		}
	}
	if first := user[0].Function; runs(user) || ofRuntime(first) {
		return Runtime
	}
	for _, f := range user {
		if strings.HasPrefix(f.Function, module) {
			return Ours
		}
	}
	return Other
}

// runs tells whether the runtime works of its own accord: its monitor, its scheduler, its
// collector.
func runs(user []Frame) bool {
	for _, f := range user {
		switch f.Function {
		case "runtime.sysmon", "runtime.mcall", "runtime.schedule", "runtime.findRunnable", "runtime.gcBgMarkWorker", "runtime.bgsweep", "runtime.bgscavenge",
			"runtime.gcStart", "runtime.mstart1", "runtime.park_m", "runtime.mallocgc", "runtime.sigtramp", "runtime.sigtrampgo":
			return true
		}
	}
	return false
}

// ofRuntime tells whether a function is the runtime's and not something that the compiler
// has it do for the code around, as copying.
func ofRuntime(function string) bool {
	name, ok := strings.CutPrefix(function, "runtime.")
	for _, copies := range []string{"mem", "duff", "cmp", "typedmem", "slicecopy", "panicIndex"} {
		if strings.HasPrefix(name, copies) {
			return false
		}
	}
	return ok
}

func has(f Frame, parts ...string) bool {
	for _, part := range parts {
		if strings.Contains(f.Function, part) {
			return true
		}
	}
	return false
}
