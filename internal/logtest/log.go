// Package logtest keeps what a server under test says, in its log or to its outputs.
package logtest

import (
	"strings"
	"sync"
)

// Log keeps what was written to it. It is safe for several goroutines; the zero Log is
// empty.
type Log struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer and never fails.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String is what was written so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Count is how many lines contain a text.
func (l *Log) Count(text string) int {
	n := 0
	for line := range strings.Lines(l.String()) {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}
