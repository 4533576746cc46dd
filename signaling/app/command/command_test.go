package command_test

import (
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling/app/command"
)

// What a caller says of itself is never a command.
func TestCommandsHaveValuesNotText(t *testing.T) {
	values := map[string]string{
		"${CALLERID(name)}":      "x;echo gotcha;$(echo gotcha)`echo gotcha`${HOME}",
		"${MIXMONITOR_FILENAME}": "/rec/a b.wav",
		"${CALLERID(num)}":       "'\"|&",
	}
	line, env := command.LateVariables(`printf '[%s]' "^{CALLERID(name)}" "^{MIXMONITOR_FILENAME}" ^{CALLERID(num)}`,
		func(s string) string { return values[s] })
	out, err := command.Run(t.Context(), line, env)
	want := "[" + values["${CALLERID(name)}"] + "][/rec/a b.wav]['\"|&]"
	if err != nil || out != want {
		t.Errorf("%q, %v; want %q", out, err, want)
	}
}

func TestCommandsEnd(t *testing.T) {
	if out, err := command.Run(t.Context(), "echo no >&2; exit 3", nil); err == nil || out != "no\n" {
		t.Errorf("%q, %v", out, err)
	}
	if _, err := command.Run(t.Context(), "sleep 5 & true", nil); err != nil {
		t.Errorf("what goes on in the background: %v", err)
	}
	if out, err := command.Run(t.Context(), "head -c 100000 /dev/zero | tr '\\0' x", nil); err != nil || out != strings.Repeat("x", 400) {
		t.Errorf("%d bytes, %v", len(out), err)
	}
}
