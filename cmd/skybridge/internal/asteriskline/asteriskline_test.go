package asteriskline_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/cmd/skybridge/internal/asteriskline"
)

func TestAsterisksCommandLine(t *testing.T) {
	for _, tc := range []struct {
		line string
		want string // ours, its words separated by |; then the beginning of each note
	}{
		{"-rx|core show channels", "rx|--asterisk-dir|/etc/asterisk|--|core show channels"},
		{"-rxcore show uptime", "rx|--asterisk-dir|/etc/asterisk|--|core show uptime"},
		{"-r|-x|sip show peers", "rx|--asterisk-dir|/etc/asterisk|--|sip show peers"},
		{"-x|reload", "rx|--asterisk-dir|/etc/asterisk|--|reload"},
		{"-rvvvx|bridge show all", "rx|--asterisk-dir|/etc/asterisk|--|bridge show all"},
		{"-nrx|--odd", "rx|--asterisk-dir|/etc/asterisk|--|--odd"},
		{"-r", "rx|--asterisk-dir|/etc/asterisk"},
		{"-rvvv", "rx|--asterisk-dir|/etc/asterisk"},
		{"-R", "rx|--asterisk-dir|/etc/asterisk"},
		{"-rs|/run/a.ctl", "rx|--asterisk-dir|/etc/asterisk|--socket|/run/a.ctl"},
		{"-s|/run/a.ctl|-rx|reload", "rx|--asterisk-dir|/etc/asterisk|--socket|/run/a.ctl|--|reload"},
		{"-V", "version"},
		{"-fV", "version"},
		{"-h", "help"},
		{"", "serve|--asterisk-dir|/etc/asterisk; it stays in the foreground"},
		{"-f", "serve|--asterisk-dir|/etc/asterisk"},
		{"-f|-C|/srv/pbx/asterisk.conf", "serve|--asterisk-dir|/srv/pbx"},
		{"-C/srv/pbx/asterisk.conf", "serve|--asterisk-dir|/srv/pbx; it stays in the foreground"},
		{"-fC|asterisk.conf", "serve|--asterisk-dir|."},
		{"-vvvvgc|-U|asterisk|-G|voice", "serve|--asterisk-dir|/etc/asterisk|--user|asterisk|--group|voice"},
		{"-gfp|-Uasterisk", "serve|--asterisk-dir|/etc/asterisk|--user|asterisk"},
		{"-f|-e|512|-L|2.5|-M|100|-q|-m|-n|-d|-p|-F|-B|-W|-X|-T|-i|-I|-t", "serve|--asterisk-dir|/etc/asterisk; without effect: -e -L -M"},
		{"-C|/srv/pbx/asterisk.conf|-rx|reload", "rx|--asterisk-dir|/srv/pbx|--|reload"},

		{"-C", "-C wants a value"},
		{"-rx", "-x wants a value"},
		{"-z", "unknown option -z"},
		{"-fz", "unknown option -z"},
		{"reload", "unexpected argument"},
		{"-", "unexpected argument"},
	} {
		var args []string
		if tc.line != "" {
			args = strings.Split(tc.line, "|")
		}
		got, notes, err := asteriskline.Translate(args)
		if err != nil {
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%q: error %q, want %q", tc.line, err, tc.want)
			}
			continue
		}
		want := strings.Split(tc.want, "; ")
		if joined := strings.Join(got, "|"); joined != want[0] {
			t.Errorf("%q: %q, want %q", tc.line, joined, want[0])
		}
		if !slices.EqualFunc(notes, want[1:], strings.HasPrefix) {
			t.Errorf("%q: notes %q, want %q", tc.line, notes, want[1:])
		}
	}
}

func TestWhoseCommandLineItIs(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []string
		want bool
	}{
		{"asterisk", nil, true},
		{"rasterisk", nil, true},
		{"asterisk", []string{"serve"}, true},
		{"skybridge", []string{"-rx", "reload"}, true},
		{"skybridge", []string{"-rvvv"}, true},
		{"skybridge", []string{"-C", "x"}, true},
		{"skybridge", []string{"-V"}, true},
		{"skybridge", []string{"-f"}, true},
		{"skybridge", []string{"-vvvr"}, true},
		{"skybridge", nil, false},
		{"skybridge", []string{"serve"}, false},
		{"skybridge", []string{"serve", "-f"}, false},
		{"skybridge", []string{"-h"}, false},
		{"skybridge", []string{"--help"}, false},
		{"skybridge", []string{"--config", "x", "serve"}, false},
		{"skybridge", []string{"-"}, false},
	} {
		if got := asteriskline.Is(tc.name, tc.args); got != tc.want {
			t.Errorf("%s %q: %v", tc.name, tc.args, got)
		}
	}
}
