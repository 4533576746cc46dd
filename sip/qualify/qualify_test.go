package qualify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.DiscardHandler)

// sender answers probes in virtual time.
type sender func(context.Context, sip.Outbound) (*message.Response, error)

func (s sender) Request(ctx context.Context, o sip.Outbound) (*message.Response, error) {
	return s(ctx, o)
}

// silent is a contact that never answers.
func silent(ctx context.Context, _ sip.Outbound) (*message.Response, error) {
	<-ctx.Done()
	return nil, fault.New(fault.Timeout, "no answer")
}

func target(report func(Result)) Target {
	return Target{
		Outbound: func() (sip.Outbound, error) { return sip.Outbound{}, nil },
		Every:    time.Minute, Timeout: 3 * time.Second, First: time.Second, Report: report,
	}
}

func newQualifier(t *testing.T, cfg Config, s sender) *Qualifier {
	t.Helper()
	q, err := New(cfg, s, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func TestSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQualifier(t, Default(), silent)
		defer q.Stop()
		began := time.Now()
		var times []time.Duration
		var mu sync.Mutex
		q.Watch("a", target(func(r Result) {
			mu.Lock()
			defer mu.Unlock()
			times = append(times, time.Since(began))
			if r.Status != Unavail || fault.Of(r.Err) != fault.Timeout || r.RTT != 0 {
				t.Errorf("got %+v", r)
			}
		}))
		time.Sleep(10*time.Minute + time.Second)
		mu.Lock()
		defer mu.Unlock()
		if len(times) < 9 || len(times) > 11 {
			t.Fatalf("probed at %v", times)
		}
		if times[0] < 3*time.Second || times[0] > 4*time.Second {
			t.Errorf("first report at %v", times[0])
		}
		jittered := false
		for i := 1; i < len(times); i++ {
			d := times[i] - times[i-1]
			jittered = jittered || d != time.Minute
			if d < 50*time.Second || d > 70*time.Second {
				t.Errorf("%v between reports", d)
			}
		}
		if !jittered {
			t.Error("no jitter")
		}
	})
}

// TestWatchAgain changes a target: it is not probed sooner for it, nor twice.
func TestWatchAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var under, most atomic.Int32
		q := newQualifier(t, Default(), func(ctx context.Context, o sip.Outbound) (*message.Response, error) {
			most.Store(max(most.Load(), under.Add(1)))
			defer under.Add(-1)
			return silent(ctx, o)
		})
		defer q.Stop()
		var old, now atomic.Int32
		q.Watch("a", target(func(Result) { old.Add(1) }))
		time.Sleep(2 * time.Second) // under way
		changed := target(func(Result) { now.Add(1) })
		changed.Every = 30 * time.Second
		q.Watch("a", changed)
		time.Sleep(20 * time.Second)
		for range 5 {
			q.Watch("a", changed)
		}
		time.Sleep(3 * time.Second)
		if old.Load() != 0 || now.Load() != 1 || most.Load() != 1 {
			t.Errorf("old reported %d, new %d, %d at once", old.Load(), now.Load(), most.Load())
		}
		time.Sleep(30 * time.Second)
		if now.Load() != 2 {
			t.Errorf("reported %d times", now.Load())
		}
	})
}

func TestForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent, reported atomic.Int32
		q := newQualifier(t, Default(), func(ctx context.Context, o sip.Outbound) (*message.Response, error) {
			sent.Add(1)
			return silent(ctx, o)
		})
		defer q.Stop()
		q.Watch("before", target(func(Result) { reported.Add(1) }))
		q.Forget("before")
		q.Watch("during", target(func(Result) { reported.Add(1) }))
		time.Sleep(2 * time.Second)
		q.Forget("during")
		q.Forget("never")
		time.Sleep(time.Hour)
		if sent.Load() != 1 || reported.Load() != 0 || q.Watched() != 0 {
			t.Errorf("sent %d, reported %d, watched %d", sent.Load(), reported.Load(), q.Watched())
		}
	})
}

func TestConcurrencyIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var under, most atomic.Int32
		cfg := Default()
		cfg.Concurrent = 5
		q := newQualifier(t, cfg, func(ctx context.Context, o sip.Outbound) (*message.Response, error) {
			most.Store(max(most.Load(), under.Add(1)))
			defer under.Add(-1)
			return silent(ctx, o)
		})
		defer q.Stop()
		var reported atomic.Int32
		for i := range 100 {
			q.Watch(fmt.Sprint(i), target(func(Result) { reported.Add(1) }))
		}
		time.Sleep(62 * time.Second) // 20 rounds of 3 s
		if most.Load() != 5 || reported.Load() < 100 {
			t.Errorf("%d at once, %d reported", most.Load(), reported.Load())
		}
	})
}

func TestStopEndsProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQualifier(t, Default(), silent)
		q.Watch("a", target(func(Result) { t.Error("reported after Stop") }))
		time.Sleep(2 * time.Second)
		began := time.Now()
		q.Stop()
		if d := time.Since(began); d != 0 {
			t.Errorf("Stop took %v", d)
		}
	})
}

func TestConfigValidate(t *testing.T) {
	for _, cfg := range []Config{{}, {Concurrent: 1, Jitter: -1}, {Concurrent: 1, Jitter: 1}} {
		if _, err := New(cfg, sender(silent), quiet); err == nil {
			t.Errorf("%+v is accepted", cfg)
		}
	}
}

// phone answers OPTIONS with a status.
type phone int

func (p phone) OnInvite(*sip.IncomingInvite) {}

func (p phone) OnRequest(r *sip.IncomingRequest) {
	status := int(p)
	if r.Request().Method() != "OPTIONS" {
		status = 500
	}
	_ = r.Respond(sip.Reply{Status: status}) // the prober tells
}

func serve(t *testing.T, h sip.Handler) *sip.Server {
	t.Helper()
	cfg := sip.Default()
	cfg.Transport.Listeners = []transport.Listener{{Network: "udp", Address: "127.0.0.1:0"}}
	s, err := sip.NewServer(cfg, h, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestOverLoopback probes servers of our own, and a socket that says nothing.
func TestOverLoopback(t *testing.T) {
	us := serve(t, phone(200))
	mute, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = mute.Close() }()
	gone := errors.New("gone")
	for _, tt := range []struct {
		name    string
		addr    netip.AddrPort
		only2xx bool
		err     error
		want    Status
	}{
		{"200", serve(t, phone(200)).Addr("udp"), false, nil, Avail},
		{"404", serve(t, phone(404)).Addr("udp"), false, nil, Avail},
		{"404 with only 2xx", serve(t, phone(404)).Addr("udp"), true, nil, Unavail},
		{"200 with only 2xx", serve(t, phone(200)).Addr("udp"), true, nil, Avail},
		{"silence", mute.LocalAddr().(*net.UDPAddr).AddrPort(), false, nil, Unavail},
		{"no way", netip.AddrPort{}, false, gone, Unavail},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q, err := New(Default(), us, quiet)
			if err != nil {
				t.Fatal(err)
			}
			defer q.Stop()
			results := make(chan Result, 1)
			q.Watch("x", Target{
				Outbound: func() (sip.Outbound, error) {
					u := message.URI{Scheme: "sip", User: "1001", Host: "127.0.0.1", Port: int(tt.addr.Port())}
					return sip.Outbound{Target: u, From: message.Address{URI: u}}, tt.err
				},
				Every: time.Hour, Timeout: time.Second, Only2xx: tt.only2xx, Report: func(r Result) { results <- r },
			})
			r := <-results
			if r.Status != tt.want || (r.Err == nil) != (tt.want == Avail) || (r.RTT > 0) != (tt.want == Avail) || r.At.IsZero() {
				t.Errorf("got %+v", r)
			}
			if tt.err != nil && !errors.Is(r.Err, tt.err) {
				t.Errorf("error %v", r.Err)
			}
		})
	}
}

// A probe that panics, wherever it does, is followed by the next one.
func TestPanicsCostOneProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := Default()
		cfg.Concurrent = 1
		probes, reports := 0, 0
		q := newQualifier(t, cfg, func(context.Context, sip.Outbound) (*message.Response, error) {
			if probes++; probes == 1 {
				panic("in the probe")
			}
			return message.NewResponse(&message.Parsed{}, message.Source{}), nil
		})
		defer q.Stop()
		q.Watch("a", target(func(Result) {
			if reports++; reports == 1 {
				panic("in the report")
			}
		}))
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if probes < 8 || reports != probes-1 {
			t.Errorf("%d probes, %d reports", probes, reports)
		}
	})
}
