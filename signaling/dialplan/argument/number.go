package argument

import (
	"strconv"
	"strings"
	"time"
)

// Limits of numbers: larger ones are taken as the limit, longer times refused.
const (
	MaxInt     = 1 << 30
	maxSeconds = 1 << 30
)

// Int reads the number that text begins with, as C's %d does. It is between -MaxInt
// and MaxInt; ok is false when there is none.
func Int(text string) (n int, ok bool) {
	text = strings.TrimLeft(text, " \t")
	end := 0
	if end < len(text) && (text[end] == '-' || text[end] == '+') {
		end++
	}
	for end < len(text) && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(text[:end])
	if err != nil {
		return 0, false
	}
	return max(-MaxInt, min(n, MaxInt)), true
}

// Seconds reads a number of seconds, with a fraction, as applications take it.
func Seconds(text string) (time.Duration, bool) {
	s, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(s >= 0 && s < maxSeconds) {
		return 0, false
	}
	return time.Duration(s * float64(time.Second)), true
}

// Truth is how GotoIf, ExecIf, While and IF() take a condition: nothing is false, a
// text that begins with a number is true unless that is zero, any other is true.
func Truth(condition string) bool {
	condition = strings.TrimSpace(condition)
	if condition == "" {
		return false
	}
	if c := condition[0]; c >= '0' && c <= '9' || c == '-' || c == '+' {
		n, ok := Int(condition)
		return !ok || n != 0
	}
	return true
}
