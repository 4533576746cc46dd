package app

import (
	"strings"
	"testing"
)

// What a caller says of itself is never a command.
func TestCommandsHaveValuesNotText(t *testing.T) {
	values := map[string]string{
		"${CALLERID(name)}":      "x;echo gotcha;$(echo gotcha)`echo gotcha`${HOME}",
		"${MIXMONITOR_FILENAME}": "/rec/a b.wav",
		"${CALLERID(num)}":       "'\"|&",
	}
	command, env := lateVariables(`printf '[%s]' "^{CALLERID(name)}" "^{MIXMONITOR_FILENAME}" ^{CALLERID(num)}`,
		func(s string) string { return values[s] })
	out, err := shell(t.Context(), command, env)
	want := "[" + values["${CALLERID(name)}"] + "][/rec/a b.wav]['\"|&]"
	if err != nil || out != want {
		t.Errorf("%q, %v; want %q", out, err, want)
	}
}

func TestWhatCallersSayIsWarnedOf(t *testing.T) {
	for args, want := range map[string]string{
		"a.wav,,mail ^{CALLERID(name)}":                       "",
		"a.wav,,mail ${CALLERID(name)}":                       "${CALLERID(name)}",
		"a.wav,,mail ${FILTER(0-9,${CALLERID(num)})}":         "",
		"${CALLERID(num)}.wav":                                "${CALLERID(num)}",
		" ${CALLERID(num)}.wav,b":                             "${CALLERID(num)}",
		"in/${CALLERID(num)}.wav":                             "",
		"${FILTER(0-9,${CALLERID(num)})}.wav":                 "",
		"${STRFTIME(${EPOCH},,%Y)}-${CALLERID(num)}.wav,,x y": "",
	} {
		found := judgeMixMonitor(args)
		if want == "" && len(found) > 0 || want != "" && (len(found) != 1 || !strings.Contains(found[0].Text, want)) {
			t.Errorf("%s: %v, want %q", args, found, want)
		}
	}
}

func TestCommandsEnd(t *testing.T) {
	if out, err := shell(t.Context(), "echo no >&2; exit 3", nil); err == nil || out != "no\n" {
		t.Errorf("%q, %v", out, err)
	}
	if _, err := shell(t.Context(), "sleep 5 & true", nil); err != nil {
		t.Errorf("what goes on in the background: %v", err)
	}
	if out, err := shell(t.Context(), "head -c 100000 /dev/zero | tr '\\0' x", nil); err != nil || out != strings.Repeat("x", maxOutput) {
		t.Errorf("%d bytes, %v", len(out), err)
	}
}
