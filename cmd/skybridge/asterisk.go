package main

import (
	"fmt"
	"path/filepath"
	"strings"
)

// asteriskStyle reports whether the command line is Asterisk's own: the binary
// was called as asterisk, or the first word is one of its flags.
func asteriskStyle(name string, args []string) bool {
	if name == "asterisk" || name == "rasterisk" {
		return true
	}
	// Our own flags are words, but for the -h of help.
	return len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' && args[0][1] != '-' && args[0] != "-h"
}

// etcAsterisk is where Asterisk looks for its files.
const etcAsterisk = "/etc/asterisk"

// fromAsterisk translates Asterisk's command line into ours:
//
//	-V                    version
//	-rx CMD, -x CMD       one console command; -s FILE names the socket
//	-r                    console commands from standard input
//	-C FILE               the directory of FILE is the configuration
//	-f -g -q -m -n -c -v  a start in the foreground; the rest is accepted
//	-h                    help
func fromAsterisk(args []string) ([]string, error) {
	dir, command, socket := etcAsterisk, "", ""
	remote, ask := false, false
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if !strings.HasPrefix(arg, "-") || len(arg) < 2 {
			return nil, fmt.Errorf("unexpected argument %q", arg)
		}
		for j := 1; j < len(arg); j++ {
			switch flag := arg[j]; flag {
			case 'V':
				return []string{"version"}, nil
			case 'h':
				return []string{"help"}, nil
			case 'C', 'x', 'U', 'G', 'e', 'L', 'M', 's':
				value := arg[j+1:]
				if value == "" {
					if i++; i == len(args) {
						return nil, fmt.Errorf("-%c wants a value", flag)
					}
					value = args[i]
				}
				switch flag {
				case 'C':
					dir = filepath.Dir(value)
				case 'x':
					command, ask = value, true
				case 's':
					socket = value
				}
				j = len(arg)
			case 'r', 'R':
				remote = true
			case 'f', 'g', 'q', 'm', 'n', 'c', 'v', 'd', 'p', 'F', 'B', 'W', 'X', 'T', 'i', 'I', 't':
			default:
				return nil, fmt.Errorf("unknown option -%c", flag)
			}
		}
	}
	if !ask && !remote {
		return []string{"serve", "--asterisk-dir", dir}, nil
	}
	out := []string{"rx"}
	if socket != "" {
		out = append(out, "--socket", socket)
	}
	if ask {
		out = append(out, "--", command)
	}
	return out, nil
}
