// Package asteriskline reads the command line of Asterisk, asterisk(8), which the binary takes when
// it is called as asterisk or by one of its flags.
package asteriskline

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Is reports whether the command line is Asterisk's own: the binary
// was called as asterisk, or the first word is one of its flags.
func Is(name string, args []string) bool {
	if name == "asterisk" || name == "rasterisk" {
		return true
	}
	// Our own flags are words, but for the -h of help.
	return len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' && args[0][1] != '-' && args[0] != "-h"
}

// Where Asterisk has its files, and the socket of its console, unless told otherwise.
const (
	Etc = "/etc/asterisk"
	Run = "/var/run/asterisk"
)

// line is what Asterisk's command line says.
type line struct {
	dir, command, socket string
	user, group          string
	remote, ask          bool
	foreground           bool // asked for, or implied
	idle                 string
}

// Translate puts Asterisk's command line into ours, and says what of it is
// not as in Asterisk; the error tells what cannot be read:
//
//	-V                    version
//	-rx CMD, -x CMD       one console command; -s FILE names the socket
//	-r                    console commands from standard input
//	-C FILE               the directory of FILE is the configuration
//	-U USER, -G GROUP     run as them
//	-f -c -v -d           a start in the foreground, as it always is
//	-e -L -M              limits that have no effect
//	-g -q -m -n ...       accepted
//	-h                    help
func Translate(args []string) (ours, notes []string, err error) {
	l := line{dir: Etc}
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if !strings.HasPrefix(arg, "-") || len(arg) < 2 {
			return nil, nil, fmt.Errorf("unexpected argument %q", arg)
		}
		for j := 1; j < len(arg); j++ {
			switch flag := arg[j]; flag {
			case 'V':
				return []string{"version"}, nil, nil
			case 'h':
				return []string{"help"}, nil, nil
			case 'C', 'x', 'U', 'G', 'e', 'L', 'M', 's':
				value := arg[j+1:]
				if value == "" {
					if i++; i == len(args) {
						return nil, nil, fmt.Errorf("-%c wants a value", flag)
					}
					value = args[i]
				}
				l.take(flag, value)
				j = len(arg)
			case 'r', 'R':
				l.remote = true
			case 'f', 'c', 'v', 'd':
				l.foreground = true
			case 'g', 'q', 'm', 'n', 'p', 'F', 'B', 'W', 'X', 'T', 'i', 'I', 't':
			default:
				return nil, nil, fmt.Errorf("unknown option -%c", flag)
			}
		}
	}
	if l.ask || l.remote {
		return l.rx(), nil, nil
	}
	ours, notes = l.serve()
	return ours, notes, nil
}

// take takes an option's value.
func (l *line) take(flag byte, value string) {
	switch flag {
	case 'C':
		l.dir = filepath.Dir(value)
	case 'x':
		l.command, l.ask = value, true
	case 's':
		l.socket = value
	case 'U':
		l.user = value
	case 'G':
		l.group = value
	case 'e', 'L', 'M':
		l.idle += " -" + string(flag)
	}
}

// rx is our command line of a console.
func (l *line) rx() []string {
	out := []string{"rx", "--asterisk-dir", l.dir}
	if l.socket != "" {
		out = append(out, "--socket", l.socket)
	}
	if l.ask {
		out = append(out, "--", l.command)
	}
	return out
}

// serve is our command line of a start, and what is not as in Asterisk.
func (l *line) serve() (out, notes []string) {
	out = []string{"serve", "--asterisk-dir", l.dir}
	if l.user != "" {
		out = append(out, "--user", l.user)
	}
	if l.group != "" {
		out = append(out, "--group", l.group)
	}
	if !l.foreground {
		notes = append(notes, "it stays in the foreground, as with -f: let a service manager or the shell put it in the background")
	}
	if l.idle != "" {
		notes = append(notes, "without effect:"+l.idle)
	}
	return out, notes
}
