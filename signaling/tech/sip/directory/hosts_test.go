package directory

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// zone is a made-up part of DNS.
type zone map[string][]string

func (z zone) Addrs(_ context.Context, host string) (out []netip.Addr, err error) {
	for _, a := range z[host] {
		out = append(out, netip.MustParseAddr(a))
	}
	if len(out) == 0 {
		err = errors.New("no such host")
	}
	return out, err
}

func (z zone) Served(ctx context.Context, domain string) (out []netip.Addr, err error) {
	targets := z["_sip._udp."+domain]
	if len(targets) == 0 {
		return z.Addrs(ctx, domain)
	}
	for _, target := range targets {
		more, err := z.Addrs(ctx, target)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

func TestHostNames(t *testing.T) {
	dns := zone{
		"pbx.example": {"192.0.2.1", "2001:db8::1"}, "_sip._udp.pbx.example": {"a.example", "b.example"},
		"a.example": {"192.0.2.10"}, "b.example": {"192.0.2.11"}, "_sip._udp.broken.example": {"gone.example"}, "broken.example": {"192.0.2.9"},
	}
	d := &Directory{Endpoints: []Endpoint{
		{Name: "plain", Hosts: []string{"pbx.example"}},
		{Name: "service", Hosts: []string{"pbx.example"}, SRV: true},
		{Name: "no service", Hosts: []string{"a.example"}, SRV: true},
		{Name: "some", Hosts: []string{"nowhere.example", "b.example"}},
		{Name: "broken", Hosts: []string{"broken.example"}, SRV: true},
	}}
	var unknown []string
	found := d.Resolve(t.Context(), time.Now(), dns, nil, func(e *Endpoint, host string, _ error) { unknown = append(unknown, e.Name+" "+host) })
	for name, want := range map[string]string{
		"plain": "[192.0.2.1 2001:db8::1]", "service": "[192.0.2.10 192.0.2.11]", "no service": "[192.0.2.10]", "some": "[192.0.2.11]", "broken": "[]",
	} {
		if got := fmt.Sprint(found[name]); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if want := []string{"some nowhere.example", "broken broken.example"}; !slices.Equal(unknown, want) {
		t.Errorf("unknown: %v", unknown)
	}
	if err := d.Index(found); err != nil {
		t.Fatal(err)
	}
	if name, _, _ := d.identifier.identify(asking{source: netip.MustParseAddr("192.0.2.1")}); name != "plain" {
		t.Errorf("192.0.2.1 is %q", name)
	}
}
