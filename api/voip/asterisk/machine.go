package asterisk

import (
	"net"
	"os/user"
	"runtime/debug"
	"strings"
	"syscall"
	"time"
)

// machine is what stays as it is while the server runs.
type machine struct {
	os, kernel, hardware, built string
	runs                        SetID
}

// readMachine asks the system and the program itself; what they do not say stays empty.
func readMachine() machine {
	var m machine
	var u syscall.Utsname
	if syscall.Uname(&u) == nil {
		m.os, m.kernel, m.hardware = text(u.Sysname[:]), text(u.Release[:]), text(u.Machine[:])
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if t, err := time.Parse(time.RFC3339, s.Value); s.Key == "vcs.time" && err == nil {
				m.built = t.UTC().Format("2006-01-02 15:04:05 UTC")
			}
		}
	}
	if me, err := user.Current(); err == nil {
		m.runs.User = me.Username
		if g, err := user.LookupGroupId(me.Gid); err == nil {
			m.runs.Group = g.Name
		}
	}
	return m
}

// text is a text of the system's, which ends with a zero.
func text[T int8 | uint8](b []T) string {
	var out strings.Builder
	for _, c := range b {
		if c == 0 {
			break
		}
		out.WriteByte(byte(c)) //nolint:gosec // as the system has it
	}
	return out.String()
}

// openFiles is how many files the server may have open; 0 when the system does not say.
func openFiles() uint64 {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	return limit.Cur
}

// EntityID is what Asterisk calls a machine by where asterisk.conf does not say: the address of its
// first network card; empty where there is none.
func EntityID() string {
	cards, err := net.Interfaces()
	if err != nil {
		return ""
	}
	for _, c := range cards {
		if len(c.HardwareAddr) == 6 && c.Flags&net.FlagLoopback == 0 {
			return c.HardwareAddr.String()
		}
	}
	return ""
}
