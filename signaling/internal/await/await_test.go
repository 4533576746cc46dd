package await_test

import (
	"log/slog"
	"testing"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/signaling/internal/await"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Each of a list is told once: of the state that is there, of the one that comes, or of
// the last; a panic costs itself.
func TestList(t *testing.T) {
	for _, tc := range []struct {
		name   string
		want   int
		states []int // the first is there already, the last is final
		fails  int
		cond   func(int) bool
	}{
		{name: "at once", states: []int{1, 2}, cond: func(s int) bool { return s == 1 }},
		{name: "later", states: []int{1, 2, 3}, cond: func(s int) bool { return s == 2 }},
		{name: "never", states: []int{1, 2, 3}, cond: func(int) bool { return false }},
		{name: "broken", states: []int{1, 2, 3}, cond: func(int) bool { panic("broken") }, fails: 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var list await.List[int]
			done, failed := make(chan struct{}), make(chan struct{}, 2)
			list.Add(await.Waiter[int]{
				What: "a test", Cond: tc.cond, Log: slog.New(slog.DiscardHandler),
				Then: func() { close(done) }, Failed: func() { failed <- struct{}{} },
			}, func() (int, bool) { return tc.states[0], false })
			for i, s := range tc.states[1:] {
				list.Tell(s, i == len(tc.states)-2)
			}
			<-done
			if len(failed) != tc.fails {
				t.Errorf("failed %d times, want %d", len(failed), tc.fails)
			}
		})
	}
}
