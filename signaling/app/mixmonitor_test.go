package app

import (
	"strings"
	"testing"
)

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
