package info

import (
	"strings"
	"testing"
	"time"
)

var infoDigits = []struct {
	contentType, body string
	digit             byte
	length            time.Duration
}{
	{"application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", '5', 160 * time.Millisecond},
	{"application/dtmf-relay", "Signal= 5\r\nDuration= 160", '5', 160 * time.Millisecond}, // as Cisco's have it
	{"application/dtmf-relay", "signal=*\nduration=80\n", '*', 80 * time.Millisecond},
	{"application/dtmf-relay", "Duration=100\r\nSignal=#\r\n", '#', 100 * time.Millisecond},
	{"application/dtmf-relay", "Signal=10\r\n", '*', usual},
	{"application/dtmf-relay", "Signal=11\r\n", '#', usual},
	{"application/dtmf-relay", "Signal=d\r\n", 'D', usual},
	{"APPLICATION/DTMF-Relay", "Signal=0", '0', usual},
	{"application/dtmf-relay", "Signal=1\r\nDuration=0\r\n", '1', usual},
	{"application/dtmf-relay", "Signal=1\r\nDuration=-5\r\n", '1', usual},
	{"application/dtmf-relay", "Signal=1\r\nDuration=long\r\n", '1', usual},
	{"application/dtmf-relay", "Signal=1\r\nDuration=99999999\r\n", '1', longest},
	{"application/dtmf-relay", "Signal=1\r\nDuration=9223372036854775807\r\n", '1', longest},
	{"application/dtmf", "7", '7', usual},
	{"application/dtmf", " #\r\n", '#', usual},
	{"application/dtmf", "a", 'A', usual},
	{"application/dtmf", "11", '#', usual},

	{"application/dtmf", "", 0, 0},
	{"application/dtmf", "12", 0, 0},
	{"application/dtmf", "e", 0, 0},
	{"application/dtmf", "\x00", 0, 0},
	{"application/dtmf", "５", 0, 0}, // a digit in Unicode, none on a phone
	{"application/dtmf", strings.Repeat(" ", largest) + "1", 0, 0},
	{"application/dtmf-relay", "5", 0, 0},
	{"application/dtmf-relay", "Signal", 0, 0},
	{"application/dtmf-relay", "Signal=\r\nDuration=100", 0, 0},
	{"application/dtmf-relay", "Signal=16\r\n", 0, 0}, // a flash
	{"text/plain", "5", 0, 0},
	{"", "5", 0, 0},
}

func TestDigit(t *testing.T) {
	for _, tc := range infoDigits {
		digit, length, ok := Digit(tc.contentType, []byte(tc.body))
		if ok != (tc.digit != 0) || ok && (digit != tc.digit || length != tc.length) {
			t.Errorf("%s %q: digit %q for %v, %v; want %q for %v", tc.contentType, tc.body, digit, length, ok, tc.digit, tc.length)
		}
	}
}

func FuzzDigit(f *testing.F) {
	for _, tc := range infoDigits {
		f.Add(tc.contentType, tc.body)
	}
	f.Fuzz(func(t *testing.T, contentType, body string) {
		digit, length, ok := Digit(contentType, []byte(body))
		switch {
		case !ok && (digit != 0 || length != 0):
			t.Errorf("no digit, but %q for %v", digit, length)
		case ok && (!strings.ContainsRune("0123456789*#ABCD", rune(digit)) || length <= 0 || length > longest):
			t.Errorf("digit %q for %v", digit, length)
		}
	})
}
