package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/config"
)

// The guide has every exit code, every command and every listener's setting.
func TestTheGuideIsWhole(t *testing.T) {
	text, err := os.ReadFile("../../docs/guide/README.md")
	must(t, err)
	guide := string(text)
	for _, code := range []int{0, exitFailure, exitUsage, exitPortInUse, exitBadSettings} {
		if !strings.Contains(guide, fmt.Sprintf("\n| %d | ", code)) {
			t.Errorf("exit code %d has no row", code)
		}
	}
	for _, c := range rootCommand(os.Stdout, os.Stderr, false).Commands() {
		if !strings.Contains(guide, "`"+c.Name()) {
			t.Errorf("command %s is not in the guide", c.Name())
		}
	}
	for _, l := range config.Default().Listeners() {
		if !strings.Contains(guide, "`"+l.Key+"`") {
			t.Errorf("setting %s is not in the guide", l.Key)
		}
	}
}
