package early_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/internal/early"
)

// line is what a Sender does, on a line of time.
type line struct {
	begin  time.Time
	sender *early.Sender
	first  uint32 // RSeq of the first response
	broken bool

	mu   sync.Mutex
	said []string
}

func newLine() *line {
	l := &line{begin: time.Now()}
	l.sender = early.NewSender(early.Config{
		CSeq: 7, T1: time.Second / 2, After: time.AfterFunc,
		Send: func(status int, raw []byte) error {
			if l.broken {
				return errors.New("broken")
			}
			l.say(fmt.Sprint(status, " ", string(raw)))
			return nil
		},
		Again: func(raw []byte) { l.say("again " + string(raw)) },
		Lost:  func() { l.say("lost") },
	})
	return l
}

func (l *line) say(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said = append(l.said, fmt.Sprintf("%v %s", time.Since(l.begin), what))
}

func (l *line) progress(status int, described bool) error {
	return l.sender.Progress(early.Response{Status: status, Described: described, Compose: func(rseq uint32) ([]byte, error) {
		if l.first == 0 {
			l.first = rseq
		}
		return fmt.Append(nil, rseq-l.first), nil
	}})
}

func (l *line) ack(nth uint32) bool {
	ok := l.sender.Acknowledge(early.RAck{RSeq: l.first + nth, CSeq: 7, Method: "INVITE"})
	if ok {
		l.say(fmt.Sprint("acked ", nth))
		l.sender.Proceed()
	}
	return ok
}

func (l *line) final() {
	if l.sender.Final(func() { l.say("final") }) {
		l.say("final at once")
	}
}

// TestSender tells stories in virtual time.
func TestSender(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(*testing.T, *line)
		want string
	}{
		{"never acknowledged", func(t *testing.T, l *line) {
			_ = l.progress(180, false)
			time.Sleep(time.Minute)
			if l.ack(0) != true { // RFC 3262 §3: the PRACK may still come
				t.Error("a late PRACK is refused")
			}
		}, "0s 180 0|500ms again 0|1.5s again 0|3.5s again 0|7.5s again 0|15.5s again 0|31.5s again 0|32s lost|1m0s acked 0"},
		{"one after the other", func(t *testing.T, l *line) {
			_ = l.progress(180, false)
			_ = l.progress(183, true)
			_ = l.progress(181, false)
			time.Sleep(time.Second)
			if l.ack(1) || l.ack(2) {
				t.Error("what was not sent is acknowledged")
			}
			if !l.ack(0) || l.ack(0) {
				t.Error("acknowledged once")
			}
			if !l.sender.Open() || !l.ack(1) || l.sender.Open() || !l.ack(2) {
				t.Error("not open until acknowledged")
			}
			time.Sleep(time.Minute)
		}, "0s 180 0|500ms again 0|1s acked 0|1s 183 1|1s acked 1|1s 181 2|1s acked 2"},
		{"another's PRACK", func(t *testing.T, l *line) {
			if l.sender.Acknowledge(early.RAck{RSeq: 1, CSeq: 7, Method: "INVITE"}) {
				t.Error("nothing was sent")
			}
			_ = l.progress(180, false)
			for _, a := range []early.RAck{{l.first, 8, "INVITE"}, {l.first, 7, "UPDATE"}, {l.first + 1, 7, "INVITE"}, {l.first - 1, 7, "INVITE"}} {
				if l.sender.Acknowledge(a) {
					t.Errorf("%v is taken", a)
				}
			}
			l.sender.Stop()
		}, "0s 180 0"},
		{"a 2xx overtakes what has no description", func(t *testing.T, l *line) {
			_ = l.progress(180, false)
			l.final()
			if err := l.progress(183, false); fault.Of(err) != fault.Conflict {
				t.Errorf("after the final response: %v", err)
			}
			time.Sleep(time.Minute)
			if !l.ack(0) {
				t.Error("its PRACK is refused")
			}
		}, "0s 180 0|0s final at once|1m0s acked 0"},
		{"a 2xx waits for a description", func(t *testing.T, l *line) {
			_ = l.progress(180, false)
			_ = l.progress(183, true)
			_ = l.progress(180, false)
			l.final()
			l.ack(0)
			time.Sleep(time.Second / 4)
			l.ack(1)
			time.Sleep(time.Minute)
		}, "0s 180 0|0s acked 0|0s 183 1|250ms acked 1|250ms final"},
		{"a 2xx waits for the answer to a PRACK", func(t *testing.T, l *line) {
			_ = l.progress(183, true)
			l.sender.Acknowledge(early.RAck{RSeq: l.first, CSeq: 7, Method: "INVITE"})
			l.final()
			l.say("answered")
			l.sender.Proceed()
		}, "0s 183 0|0s answered|0s final"},
		{"no 2xx after the end", func(t *testing.T, l *line) {
			_ = l.progress(183, true)
			l.final()
			l.sender.Stop()
			l.ack(0)
			time.Sleep(time.Minute)
		}, "0s 183 0|0s acked 0"},
		{"lost while a 2xx waits", func(t *testing.T, l *line) {
			_ = l.progress(183, true)
			l.final()
			time.Sleep(time.Minute)
			l.mu.Lock()
			defer l.mu.Unlock()
			l.said = slices.DeleteFunc(l.said, func(s string) bool { return strings.Contains(s, "again") })
		}, "0s 183 0|32s lost"},
		{"a flood", func(t *testing.T, l *line) {
			for range 17 {
				_ = l.progress(180, false)
			}
			if err := l.progress(180, false); fault.Of(err) != fault.TooMany {
				t.Errorf("the eighteenth: %v", err)
			}
			l.sender.Stop()
		}, "0s 180 0"},
		{"a connection that is gone", func(t *testing.T, l *line) {
			l.broken = true
			if err := l.progress(183, true); err == nil || l.sender.Open() {
				t.Errorf("error %v", err)
			}
			time.Sleep(time.Minute)
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLine()
				c.do(t, l)
				synctest.Wait()
				l.mu.Lock()
				defer l.mu.Unlock()
				if got := strings.Join(l.said, "|"); got != c.want {
					t.Errorf("got  %s\nwant %s", got, c.want)
				}
			})
		})
	}
}
