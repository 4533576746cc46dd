package guard

import (
	"log/slog"
	"runtime"
	"strings"
	"testing"
)

func TestRecover(t *testing.T) {
	for _, ca := range []struct {
		name   string
		do     func()
		undone string // which of the three undos ran; the second one panics
		logged int
	}{
		{"all well", func() {}, "", 0},
		{"panic", func() { panic("broken") }, "123", 2},
		{"panic of nothing", func() { panic(nil) }, "123", 2}, //nolint:govet // that is the case
		{"an end that is no panic", runtime.Goexit, "", 0},
	} {
		t.Run(ca.name, func(t *testing.T) {
			var text, undone strings.Builder
			log := slog.New(slog.NewTextHandler(&text, nil))
			undo := func(name string) func() {
				return func() {
					undone.WriteString(name)
					if name == "2" {
						panic("broken too")
					}
				}
			}
			over := make(chan struct{})
			go func() {
				defer close(over)
				defer Recover(log, "a test", undo("1"), undo("2"), undo("3"))
				ca.do()
			}()
			<-over
			if undone.String() != ca.undone {
				t.Errorf("undone: %q, want %q", undone.String(), ca.undone)
			}
			if n := strings.Count(text.String(), `msg="panic in a test"`); n != ca.logged {
				t.Errorf("%d lines, want %d:\n%s", n, ca.logged, text.String())
			}
			if ca.logged > 0 && !strings.Contains(text.String(), "guard_test.go") {
				t.Errorf("no stack:\n%s", text.String())
			}
		})
	}
}

func TestDo(t *testing.T) {
	var text strings.Builder
	log := slog.New(slog.NewTextHandler(&text, nil))
	if !Do(log, "a test", func() {}) || text.Len() != 0 {
		t.Errorf("logged %q", text.String())
	}
	if Do(log, "a test", func() { panic("broken") }) || !strings.Contains(text.String(), "broken") {
		t.Errorf("logged %q", text.String())
	}
}
