package overload

import (
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/internal/logtest"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// request is the n-th one of its kind.
func request(t testing.TB, method, user string, n int, lines string) *message.Request {
	t.Helper()
	text := fmt.Sprintf("%s sip:%s@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK%d\r\nMax-Forwards: 70\r\n"+
		"From: <sip:a@b>;tag=1\r\nTo: <sip:b@b>\r\nCall-ID: call%[3]d\r\nCSeq: 1 %[1]s\r\n%[4]sContent-Length: 0\r\n\r\n", method, user, n, lines)
	m, err := message.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return message.NewRequest(m, message.Source{})
}

// admitted is the part of a thousand requests that is taken.
func admitted(t testing.TB, g *Gate, method, user, lines string) float64 {
	t.Helper()
	ok := 0
	seen := make(map[int]bool)
	for n := range 1000 {
		r := request(t, method, user, n, lines)
		wait, taken := g.Admit(r)
		if again, same := g.Admit(r); same != taken || again != wait {
			t.Fatal("a repeated request is answered otherwise")
		}
		if taken {
			ok++
			continue
		}
		if wait < 5 || wait > 15 {
			t.Fatalf("to come again in %d s", wait)
		}
		seen[wait] = true
	}
	if ok < 500 && len(seen) < 8 {
		t.Errorf("Retry-After is not spread: %v", seen)
	}
	return float64(ok) / 1000
}

func near(got, want float64) bool { return got > want-0.08 && got < want+0.08 }

func TestGate(t *testing.T) {
	ours := func(r *message.Request) bool { return r.HasHeader("X-Ours") }
	g := newGate(Default(), Measure{Known: ours}, slog.New(slog.DiscardHandler))
	lines := map[string]string{
		"": "X-Ours: yes\r\n", "auth": "X-Ours: yes\r\nAuthorization: Digest username=\"x\"\r\n",
		"strange": "", "made-up": "Authorization: Digest username=\"x\"\r\n",
	}
	for _, tc := range []struct {
		pressure float64
		drain    bool
		want     map[string]float64 // by method, user and credentials
	}{
		{0, false, map[string]float64{"INVITE 600": 1, "REGISTER x": 1, "SUBSCRIBE x": 1}},
		{0.25, false, map[string]float64{"INVITE 600": 0.75, "REGISTER x": 0.5, "REGISTER x auth": 1, "INVITE 600 auth": 1, "INVITE 112": 1, "OPTIONS x": 1}},
		{0.75, false, map[string]float64{"INVITE 600": 0.25, "INVITE 600 made-up": 0.25, "INVITE 112 strange": 0.25, "REGISTER x made-up": 0, "REGISTER x": 0, "REGISTER x auth": 0.5, "MESSAGE x": 0, "INVITE 911": 1}},
		{1, false, map[string]float64{"INVITE 600 auth": 0, "REGISTER x auth": 0, "INVITE 112": 1, "OPTIONS x": 1}},
		{0, true, map[string]float64{"INVITE 600": 0, "INVITE 600 auth": 0, "INVITE 112": 0, "SUBSCRIBE x": 0, "REGISTER x": 1, "OPTIONS x": 1}},
		{1, true, map[string]float64{"REGISTER x": 0}},
	} {
		g.state.Store(&State{Pressure: tc.pressure, Portless: tc.pressure})
		g.drained.Store(tc.drain)
		for what, want := range tc.want {
			words := strings.Fields(what)
			who := ""
			if len(words) > 2 {
				who = words[2]
			}
			if got := admitted(t, g, words[0], words[1], lines[who]); !near(got, want) {
				t.Errorf("at %v, draining %v, %s: %v, want %v", tc.pressure, tc.drain, what, got, want)
			}
		}
	}
	if g.Refused() == 0 {
		t.Error("nothing is counted")
	}
	g.drained.Store(false)
	g.state.Store(&State{Pressure: 1, Short: "ports"}) // only calls need one
	for _, what := range []struct {
		method string
		want   float64
	}{{"INVITE", 0}, {"REGISTER", 1}, {"SUBSCRIBE", 1}, {"MESSAGE", 1}} {
		if got := admitted(t, g, what.method, "x", ""); got != what.want {
			t.Errorf("without ports, %s: %v, want %v", what.method, got, what.want)
		}
	}
}

// The gate follows what it is told, says so once, and is at rest again after it.
func TestMeasuring(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &logtest.Log{}
		var used atomic.Int64
		g := New(Default(), Measure{Ports: func() float64 { return float64(used.Load()) }}, slog.New(slog.NewTextHandler(log, nil)))
		defer g.Close()
		time.Sleep(interval / 2) // between its looks
		for range 25 {
			time.Sleep(interval)
			for range enough {
				g.Queued(time.Second)
				g.Queued(30 * time.Millisecond)
				g.Unread(5 * time.Millisecond)
				g.Queued(time.Minute)
			}
		}
		if s := g.State(); s.Short != "queue" || s.Pressure < 0.9 {
			t.Errorf("with a queue: %+v", s)
		}
		if admitted(t, g, "INVITE", "600", "") > 0.2 {
			t.Error("calls are taken")
		}
		// One request that waits less tells that the queue does not stand.
		for range 30 {
			time.Sleep(interval)
			for range enough {
				g.Queued(time.Second)
				g.Queued(time.Millisecond)
			}
		}
		if s := g.State(); s.Pressure != 0 {
			t.Errorf("without: %+v", s)
		}
		for range 30 { // too few to tell
			time.Sleep(interval)
			g.Queued(time.Second)
		}
		if s := g.State(); s.Pressure != 0 {
			t.Errorf("with a slow request now and then: %+v", s)
		}
		used.Store(1)
		time.Sleep(2 * slowly * interval)
		if s := g.State(); s != (State{Pressure: 1, Short: "ports"}) {
			t.Errorf("without ports: %+v", s)
		}
		used.Store(0)
		time.Sleep(time.Minute)
		if got := log.String(); strings.Count(got, "overload: ") != 2 || strings.Count(got, "overload has ended") != 2 || !strings.Contains(got, "refused=") {
			t.Errorf("the log:\n%s", got)
		}
		cfg := Default()
		cfg.Queue = 0
		g.Configure(cfg)
		for range 100 {
			g.Queued(time.Hour)
			time.Sleep(interval / 10)
		}
		if s := g.State(); s.Pressure != 0 {
			t.Errorf("a queue that is not looked at: %+v", s)
		}
	})
}

// What this process uses can be told.
func TestProcess(t *testing.T) {
	if v := Memory(); v < 0 || v > 1 {
		t.Errorf("memory %v", v)
	}
	if v := Descriptors(); v <= 0 || v > 1 {
		t.Errorf("descriptors %v", v)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	g := newGate(Default(), Measure{}, slog.New(slog.DiscardHandler))
	r := request(t, "INVITE", "600", 1, "")
	for _, pressure := range []float64{0, 0.5, 1} {
		g.state.Store(&State{Pressure: pressure})
		if n := testing.AllocsPerRun(100, func() {
			g.Admit(r)
			g.Queued(time.Millisecond)
		}); n != 0 {
			t.Errorf("at %v: %v allocations", pressure, n)
		}
	}
}

func BenchmarkAdmit(b *testing.B) {
	g := newGate(Default(), Measure{}, slog.New(slog.DiscardHandler))
	r := request(b, "INVITE", "600", 1, "")
	for name, pressure := range map[string]float64{"at rest": 0, "overloaded": 0.5} {
		b.Run(name, func(b *testing.B) {
			g.state.Store(&State{Pressure: pressure})
			b.ReportAllocs()
			for b.Loop() {
				g.Queued(time.Millisecond)
				g.Admit(r)
			}
		})
	}
}
