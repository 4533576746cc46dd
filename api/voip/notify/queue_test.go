package notify_test

import (
	"log/slog"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/api/voip/notify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Who makes changes never waits; the last one of each thing is told.
func TestTheLastChangeIsTold(t *testing.T) {
	var things [3]atomic.Int64
	var told [3]int64
	var calls int
	begin := make(chan struct{})
	q := notify.New(slog.New(slog.DiscardHandler), func(i int) {
		<-begin
		calls++
		told[i] = things[i].Load()
		if i == 1 {
			panic("costs this one alone")
		}
	})
	for n := range int64(1000) {
		for i := range things {
			things[i].Store(n + 1)
			q.Touch(i)
		}
	}
	close(begin)
	q.Close()
	if told != [3]int64{1000, 1000, 1000} || calls > 10 {
		t.Errorf("told %v in %d calls", told, calls)
	}
	q.Touch(0)
	q.Close()
}
