package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// asteriskStyle reports whether the command line is Asterisk's own: the binary
// was called as asterisk, or the first word is one of its flags.
func asteriskStyle(name string, args []string) bool {
	if name == "asterisk" || name == "rasterisk" {
		return true
	}
	if len(args) == 0 || !strings.HasPrefix(args[0], "-") || strings.HasPrefix(args[0], "--") {
		return false
	}
	return slices.Contains([]string{"-C", "-V", "-f", "-x"}, args[0]) || strings.HasPrefix(args[0], "-r")
}

// fromAsterisk translates Asterisk's command line into ours:
//
//	-V                    version
//	-rx CMD, -x CMD       one console command
//	-C FILE               the directory of FILE is the configuration
//	-f -g -q -m -n -c -v  a start in the foreground; the rest is accepted
func fromAsterisk(args []string) ([]string, error) {
	dir, command := "", ""
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
			case 'C', 'x', 'U', 'G', 'e', 'L', 'M', 's':
				value := arg[j+1:]
				if value == "" {
					if i++; i == len(args) {
						return nil, fmt.Errorf("-%c wants a value", flag)
					}
					value = args[i]
				}
				if flag == 'C' {
					dir = filepath.Dir(value)
				}
				if flag == 'x' {
					command, ask = value, true
				}
				j = len(arg)
			case 'r', 'R':
				remote = true
			case 'f', 'g', 'q', 'm', 'n', 'c', 'v', 'd', 'p', 'F', 'B', 'W', 'T', 'i', 'I', 't':
			default:
				return nil, fmt.Errorf("unknown option -%c", flag)
			}
		}
	}
	var out []string
	switch {
	case ask:
		out = []string{"rx", command}
	case remote:
		out = []string{"rx"}
	default:
		out = []string{"serve"}
		if dir == "" {
			dir = "/etc/asterisk"
		}
	}
	if dir != "" {
		if _, err := os.Stat(dir); err != nil { //nolint:gosec // the operator names it
			return nil, fmt.Errorf("configuration directory: %w", err)
		}
		out = append(out, "--asterisk-dir", dir)
	}
	return out, nil
}
