package function

import (
	"strconv"
	"strings"
)

func length(s string) string { return strconv.Itoa(len(s)) }

func trimLeft(s string) string { return strings.TrimLeft(s, " \t\r\n") }

func trimRight(s string) string { return strings.TrimRight(s, " \t\r\n") }

func trimBoth(s string) string { return strings.Trim(s, " \t\r\n") }

// upper and lower change ASCII letters only.
func upper(s string) string { return mapBytes(s, 'a', 'z', 'A') }

func lower(s string) string { return mapBytes(s, 'A', 'Z', 'a') }

func mapBytes(s string, from, to, base byte) string {
	b := []byte(s)
	for i, c := range b {
		if c >= from && c <= to {
			b[i] = c - from + base
		}
	}
	return string(b)
}
