package directory

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// during is a zone that something happens to while it is asked.
type during struct {
	zone
	do func()
}

func (d during) Addrs(ctx context.Context, host string) ([]netip.Addr, error) {
	d.do()
	return d.zone.Addrs(ctx, host)
}

// TestRefresh: what a name leads to now, or led to last; and a reload is not undone.
func TestRefresh(t *testing.T) {
	var current atomic.Pointer[Directory]
	now := time.Now()
	made := func() *Directory {
		d := &Directory{Endpoints: []Endpoint{{Name: "carrier", Hosts: []string{"a.example", "b.example"}}}}
		if err := d.Index(d.Resolve(t.Context(), now, zone{}, current.Load(), func(*Endpoint, string, error) {})); err != nil {
			t.Fatal(err)
		}
		return d
	}
	current.Store(made())
	var log bytes.Buffer
	var told [][]netip.Prefix
	r := Refresher{Current: &current, Now: func() time.Time { return now }, Log: slog.New(slog.NewTextHandler(&log, nil)), Trust: func(p []netip.Prefix) { told = append(told, p) }}
	for _, step := range []struct {
		dns            zone
		want           string
		changes, warns int // in all, so far
	}{
		{zone{}, "[]", 0, 2},
		{zone{}, "[]", 0, 2},
		{zone{"a.example": {"192.0.2.1", "192.0.2.2"}}, "[192.0.2.1/32 192.0.2.2/32]", 1, 2},
		{zone{"a.example": {"192.0.2.2", "192.0.2.1"}}, "[192.0.2.1/32 192.0.2.2/32]", 1, 2}, // turned round
		{zone{}, "[192.0.2.1/32 192.0.2.2/32]", 1, 3},
		{zone{"b.example": {"192.0.2.3"}}, "[192.0.2.2/32 192.0.2.1/32 192.0.2.3/32]", 2, 3},
		{zone{"a.example": {"192.0.2.4"}, "b.example": {"192.0.2.3"}}, "[192.0.2.4/32 192.0.2.2/32 192.0.2.1/32 192.0.2.3/32]", 3, 3},
		{zone{"a.example": {"192.0.2.4"}, "b.example": {"192.0.2.3"}}, "[192.0.2.4/32 192.0.2.3/32]", 4, 3}, // an hour each
	} {
		now = now.Add(keepUnseen / 2)
		r.Hosts = step.dns
		before := current.Load()
		r.refresh(t.Context())
		if got := fmt.Sprint(current.Load().Networks()); got != step.want {
			t.Errorf("%v: %s, want %s", step.dns, got, step.want)
		}
		if warns := strings.Count(log.String(), "leads nowhere"); len(told) != step.changes || warns != step.warns {
			t.Errorf("%v: %d changes and %d warnings, want %d and %d\n%s", step.dns, len(told), warns, step.changes, step.warns, &log)
		}
		if now := current.Load(); now != before && now.Endpoint("carrier") != before.Endpoint("carrier") {
			t.Error("the endpoint is another one")
		}
	}
	reloaded := &Directory{Endpoints: []Endpoint{{Name: "other"}}}
	if err := reloaded.Index(nil); err != nil {
		t.Fatal(err)
	}
	r.Hosts = during{zone{"a.example": {"192.0.2.9"}}, func() { current.Store(reloaded) }}
	r.refresh(t.Context())
	if current.Load() != reloaded || len(told) != 4 {
		t.Error("a reload is undone")
	}
}

// TestRefusedOnce: addresses that are refused are told of once, others again.
func TestRefusedOnce(t *testing.T) {
	var current atomic.Pointer[Directory]
	current.Store(&Directory{Endpoints: []Endpoint{{Hosts: []string{"a.example"}}}}) // without a name
	var log bytes.Buffer
	r := Refresher{Current: &current, Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil))}
	for i, step := range []struct {
		addr string
		want int
	}{{"192.0.2.1", 1}, {"192.0.2.1", 1}, {"192.0.2.1", 1}, {"192.0.2.2", 2}, {"192.0.2.2", 2}} {
		r.Hosts = zone{"a.example": {step.addr}}
		r.refresh(t.Context())
		if n := strings.Count(log.String(), "not taken"); n != step.want {
			t.Errorf("step %d: told %d times, want %d\n%s", i, n, step.want, &log)
		}
	}
}
