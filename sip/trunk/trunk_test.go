package trunk

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// line is a stack in virtual time whose registrar answers or not.
type line struct {
	mu   sync.Mutex
	down bool
	more int // a 423 asks for so many seconds more than was asked for; below 0 it panics
	sent []sip.Outbound
	at   []time.Time
}

func (l *line) Request(ctx context.Context, o sip.Outbound) (*message.Response, error) {
	l.mu.Lock()
	l.sent, l.at = append(l.sent, o), append(l.at, time.Now())
	down, more := l.down, l.more
	l.mu.Unlock()
	switch {
	case more < 0:
		panic("in the stack")
	case more > 0:
		asked, err := strconv.Atoi(o.Headers[0].Value)
		if err != nil {
			return nil, err
		}
		return brief(asked + more)
	}
	if down {
		return nil, fault.New(fault.Timeout, "no answer")
	}
	return message.NewResponse(&message.Parsed{}, message.Source{}), nil
}

func (l *line) set(down bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = down
}

// brief is a 423.
func brief(least int) (*message.Response, error) {
	p, err := message.Parse(fmt.Appendf(nil, "SIP/2.0 423 Interval Too Brief\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"+
		"From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\nMin-Expires: %d\r\n\r\n", least))
	if err != nil {
		return nil, err
	}
	r := message.NewResponse(p, message.Source{})
	return r, r.Err()
}

// A registrar that asks for a longer expiration gets it; one that then asks for
// a still longer one is not asked again and again.
func TestEverLongerExpirations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l := newLine(t)
		l.more = 1
		c := provider(t)
		c.FatalRetryInterval = time.Hour
		configure(t, r, c)
		if s := state(t, r, Rejected); s.LastStatus != 423 || s.Failures != 1 {
			t.Errorf("state %+v", s)
		}
		if n, o := l.tries(); n != 2 || o.Headers[0].Value != "3601" {
			t.Errorf("%d tries, the last %v", n, o.Headers)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if n, _ := l.tries(); n != 2 {
			t.Errorf("%d tries an hour later", n)
		}
		stop(t, r)
	})
}

// tries is how many requests were sent since the last call, and the last of them.
func (l *line) tries() (int, sip.Outbound) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.sent)
	var last sip.Outbound
	if n > 0 {
		last = l.sent[n-1]
	}
	l.sent, l.at = nil, nil
	return n, last
}

func uri(t testing.TB, s string) message.URI {
	t.Helper()
	u, err := message.ParseURI(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func provider(t testing.TB) Config {
	c := Default("provider")
	c.Server, c.Client, c.Auth = uri(t, "sip:registrar.example"), uri(t, "sip:us@registrar.example"), "provider-auth"
	return c
}

func configure(t testing.TB, r *Registrations, cfgs ...Config) {
	t.Helper()
	if err := r.Configure(t.Context(), cfgs); err != nil {
		t.Fatal(err)
	}
}

// state is the one registration's, once all is quiet.
func state(t testing.TB, r *Registrations, want Status) State {
	t.Helper()
	synctest.Wait()
	all := r.State()
	if len(all) != 1 || all[0].Status != want {
		t.Fatalf("states %+v, want one that is %v", all, want)
	}
	return all[0]
}

func newLine(t *testing.T) (*Registrations, *line) {
	l := &line{}
	return NewRegistrations(l, slog.New(slog.DiscardHandler), nil), l
}

func stop(t testing.TB, r *Registrations) {
	t.Helper()
	if err := r.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestStaysRegistered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l := newLine(t)
		configure(t, r, provider(t))
		s := state(t, r, Registered)
		if s.Auth != "provider-auth" || time.Until(s.Expires) != time.Hour || s.Failures != 0 || s.LastError != "" {
			t.Errorf("state %+v", s)
		}
		n, o := l.tries()
		if n != 1 || o.Method != "REGISTER" || o.Target.String() != "sip:registrar.example" || o.To.URI.String() != "sip:us@registrar.example" ||
			len(o.Contacts) != 1 || o.Contacts[0].URI.User != "us" || o.Contacts[0].Params.Value("expires") != "3600" {
			t.Errorf("sent %d, %+v", n, o)
		}
		for range 100 {
			time.Sleep(30 * time.Minute)
			state(t, r, Registered)
		}
		if n, _ := l.tries(); n < 55 || n > 63 { // each 48 to 54 minutes
			t.Errorf("refreshed %d times in 50 hours", n)
		}
		stop(t, r)
		if n, o := l.tries(); n != 1 || o.Contacts[0].Params.Value("expires") != "0" {
			t.Errorf("at the end sent %d, %+v", n, o)
		}
		if len(r.State()) != 0 || r.Configure(t.Context(), nil) == nil || fault.Of(r.Retry("provider")) != fault.NotFound {
			t.Error("it is not over after Stop")
		}
	})
}

func TestOutageAndReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l := newLine(t)
		var changes []Status
		r.change = func(s State) { changes = append(changes, s.Status) }
		l.set(true)
		cfg := provider(t)
		cfg.Expiration = 10 * time.Minute
		configure(t, r, cfg)
		s := state(t, r, Unregistered)
		if s.Failures != 1 || s.LastError == "" || s.LastKind != fault.Timeout || s.LastStatus != 0 || time.Until(s.Next) > firstRetry {
			t.Errorf("state %+v", s)
		}
		time.Sleep(10 * time.Minute)
		l.mu.Lock()
		for i := 1; i < len(l.at); i++ {
			least, most := firstRetry<<(i-1)/2, firstRetry<<(i-1)
			if most >= time.Minute {
				least, most = 54*time.Second, time.Minute
			}
			if d := l.at[i].Sub(l.at[i-1]); d < least || d > most {
				t.Errorf("try %d came after %v, not %v to %v", i, d, least, most)
			}
		}
		l.mu.Unlock()
		if n, _ := l.tries(); n < 12 || n > 18 {
			t.Errorf("%d tries in 10 minutes", n)
		}
		l.set(false)
		if err := r.Retry("provider"); err != nil {
			t.Fatal(err)
		}
		state(t, r, Registered)
		// A short outage is not seen; a long one is, when what was granted ends.
		l.set(true)
		time.Sleep(9*time.Minute + 30*time.Second)
		if s := state(t, r, Registered); s.Failures == 0 || s.LastError == "" {
			t.Errorf("state %+v", s)
		}
		time.Sleep(30 * time.Second)
		if s := state(t, r, Unregistered); s.Since.IsZero() {
			t.Errorf("state %+v", s)
		}
		time.Sleep(time.Minute)
		l.set(false)
		time.Sleep(time.Minute)
		state(t, r, Registered)
		l.set(true)
		l.tries()
		if err := r.Stop(t.Context()); fault.Of(err) != fault.Timeout {
			t.Errorf("Stop: %v", err)
		}
		if n, _ := l.tries(); n != 1 {
			t.Errorf("%d tries to unregister", n)
		}
		want := []Status{Registered, Unregistered, Registered, Stopped}
		if len(changes) != len(want) {
			t.Fatalf("changes %v, want %v", changes, want)
		}
		for i := range want {
			if changes[i] != want[i] {
				t.Errorf("changes %v, want %v", changes, want)
			}
		}
	})
}

func TestMaxRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l := newLine(t)
		defer stop(t, r)
		l.set(true)
		cfg := provider(t)
		cfg.MaxRetries = 3
		configure(t, r, cfg)
		time.Sleep(24 * time.Hour)
		if n, _ := l.tries(); n != 5+4 { // 2, 4, 8, 16, 32 s, then three at full length
			t.Errorf("%d tries", n)
		}
		if s := state(t, r, Rejected); !s.Next.IsZero() {
			t.Errorf("state %+v", s)
		}
		l.set(false)
		if err := r.Retry("provider"); err != nil {
			t.Fatal(err)
		}
		state(t, r, Registered)
	})
}

func TestConfigureAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l := newLine(t)
		a, b := provider(t), provider(t)
		b.Name = "other"
		configure(t, r, a, b)
		synctest.Wait()
		l.tries()
		configure(t, r, a, b)
		synctest.Wait()
		if n, _ := l.tries(); n != 0 {
			t.Errorf("the same again sent %d", n)
		}
		b.Expiration = time.Minute
		configure(t, r, b)
		synctest.Wait()
		if n, o := l.tries(); n != 3 || o.Contacts[0].Params.Value("expires") != "60" { // two left, one came anew
			t.Errorf("sent %d, the last %+v", n, o)
		}
		for _, bad := range [][]Config{{b, b}, {Default("")}, {Default("x")}} {
			if err := r.Configure(t.Context(), bad); fault.Of(err) != fault.Invalid {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		if s := state(t, r, Registered); s.Name != "other" {
			t.Errorf("state %+v", s)
		}
		stop(t, r)
	})
}

// What is registered as our contact; the stack completes it where it has no host.
func TestContact(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Config)
		line   string
		want   message.URI
	}{
		{"own address", func(*Config) {}, "", message.URI{User: "us"}},
		{"another user", func(c *Config) { c.Contact.User = "line1" }, "", message.URI{User: "line1"}},
		{"configured", func(c *Config) { c.Contact = uri(t, "sip:x@198.51.100.1:7000") }, "", uri(t, "sip:x@198.51.100.1:7000")},
		{"configured, without a user", func(c *Config) { c.Contact = uri(t, "sip:198.51.100.1") }, "", uri(t, "sip:198.51.100.1")},
		{"with a line", func(*Config) {}, "abc", message.URI{User: "us", Params: message.Params{{Name: "line", Value: "abc"}}}},
	} {
		cfg := provider(t)
		tt.change(&cfg)
		r := newRegistration(cfg, &line{}, slog.New(slog.DiscardHandler), nil)
		r.line = tt.line
		if got := r.contact(); !got.Identical(tt.want) {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
		r.cancel()
	}
}

func TestBackoff(t *testing.T) {
	timeout := fault.New(fault.Timeout, "no answer")
	for _, tt := range []struct {
		name     string
		status   int
		err      error
		change   func(*Config)
		fails    int
		least    time.Duration
		most     time.Duration
		rejected bool
	}{
		{"no answer", 0, timeout, nil, 0, time.Second, 2 * time.Second, false},
		{"no answer again", 0, timeout, nil, 3, 8 * time.Second, 16 * time.Second, false},
		{"no answer for long", 0, timeout, nil, 1000, 54 * time.Second, time.Minute, false},
		{"cannot be sent", 0, fault.New(fault.Invalid, "bad"), nil, 0, 0, 0, true},
		{"server error", 503, timeout, nil, 10, 54 * time.Second, time.Minute, false},
		{"time-out", 408, timeout, nil, 0, time.Second, 2 * time.Second, false},
		{"wrong password", 401, timeout, nil, 0, 0, 0, true},
		{"wrong password at a proxy", 407, timeout, func(c *Config) { c.AuthRejectionPermanent = false }, 10, 54 * time.Second, time.Minute, true},
		{"forbidden", 403, timeout, nil, 0, 0, 0, true},
		{"forbidden for now", 403, timeout, func(c *Config) { c.ForbiddenRetryInterval = time.Hour }, 0, time.Hour, time.Hour, true},
		{"fatal", 404, timeout, nil, 0, 0, 0, true},
		{"fatal for now", 606, timeout, func(c *Config) { c.FatalRetryInterval = time.Hour }, 0, time.Hour, time.Hour, true},
		{"brief", 423, timeout, nil, 0, 0, 0, true},
	} {
		cfg := provider(t)
		if tt.change != nil {
			tt.change(&cfg)
		}
		r := &registration{cfg: cfg}
		wait, rejected := r.backoff(tt.status, tt.fails, tt.err)
		if wait < tt.least || wait > tt.most || rejected != tt.rejected {
			t.Errorf("%s: waits %v (%v to %v), rejected %v", tt.name, wait, tt.least, tt.most, rejected)
		}
	}
}

// A try that panics is a failure like others; so is one whose handler does.
func TestPanicsCostOneTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &line{more: -1}
		r := NewRegistrations(l, slog.New(slog.DiscardHandler), func(State) { panic("in the handler") })
		configure(t, r, provider(t))
		if s := state(t, r, Unregistered); s.Failures != 1 || s.Next.IsZero() {
			t.Errorf("state %+v", s)
		}
		l.mu.Lock()
		l.more = 0
		l.mu.Unlock()
		time.Sleep(firstRetry)
		state(t, r, Registered)
		stop(t, r)
	})
}
