package directory

import (
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/skygenesisenterprise/skybridge/sip/resolver"
	"github.com/skygenesisenterprise/skybridge/sip/siptest/dnstest"
)

// watch is a carrier's name that is looked up again as time passes.
type watch struct {
	t       *testing.T
	dns     *dnstest.Server
	clock   atomic.Int64 // since start
	start   time.Time
	current atomic.Pointer[Directory]
	names   *resolver.Resolver
	r       Refresher
}

// questions are what is asked of the carrier's name.
var questions = []string{"carrier.test.", "_sip._udp.carrier.test.", "_sip._tcp.carrier.test."}

func newWatch(t *testing.T, srv bool) *watch {
	t.Helper()
	w := &watch{t: t, dns: dnstest.New(t, ""), start: time.Now()}
	c := resolver.Default()
	c.ResolvConf, c.HostsFile = filepath.Join(t.TempDir(), "none"), filepath.Join(t.TempDir(), "none")
	c.Servers, c.Now = []netip.AddrPort{w.dns.Addr}, w.now
	c.QuestionTimeout, c.LookupTimeout = time.Minute, time.Minute
	c.FailureTTL, c.MaxFailureTTL, c.Stale = time.Second, time.Second, 0
	names, err := resolver.New(c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(names.Close)
	d := &Directory{Endpoints: []Endpoint{{Name: "carrier", Hosts: []string{"carrier.test"}, SRV: srv}}}
	if err := d.Index(nil); err != nil {
		t.Fatal(err)
	}
	w.current.Store(d)
	w.names = names
	w.r = Refresher{Current: &w.current, Hosts: names, Now: w.now, Log: slog.New(slog.DiscardHandler)}
	return w
}

func (w *watch) now() time.Time { return w.start.Add(time.Duration(w.clock.Load())) }

// says changes what the name server answers; how nil is as the zone says.
func (w *watch) says(zone string, how dnstest.Answer) {
	w.t.Helper()
	w.dns.Set("test. 10 IN SOA ns.test. root.test. 1 60 60 60 10\n" + zone)
	for _, q := range questions {
		w.dns.Answer(q, how)
	}
}

// after looks names up every half minute for so long, and wants these networks known.
func (w *watch) after(pass time.Duration, want ...string) {
	w.t.Helper()
	for end := w.clock.Load() + int64(pass); w.clock.Load() < end; {
		w.clock.Add(int64(30 * time.Second))
		w.r.refresh(w.t.Context())
		// It asks more than it waits for. An answer that came after the clock went on would
		// be as young as the clock says.
		for _, name := range []string{"carrier.test", "sbc.test"} {
			_, _ = w.names.Addrs(w.t.Context(), name) // whatever it is
		}
	}
	var got []string
	for _, n := range w.current.Load().Networks() {
		got = append(got, n.Addr().String())
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		w.t.Fatalf("after %v: %v, want %v", time.Duration(w.clock.Load()), got, want)
	}
}

// TestGoneName: what servers fail to say counts on, what they say is gone ends.
func TestGoneName(t *testing.T) {
	const there = "carrier.test. 10 IN A 192.0.2.1\n"
	failing := dnstest.Refuse(dns.RcodeServerFailure)
	for name, how := range map[string]struct {
		srv  bool
		zone string
	}{
		"no such name":               {false, ""},
		"no such name nor service":   {true, ""},
		"no address":                 {false, "carrier.test. 10 IN TXT gone\n"},
		"no address nor service":     {true, "carrier.test. 10 IN TXT gone\n"},
		"decidedly no service":       {true, there + "_sip._udp.carrier.test. 10 IN SRV 1 1 5060 .\n"},
		"a service without a target": {true, there + "_sip._udp.carrier.test. 10 IN SRV 1 1 5060 sbc.test.\n"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWatch(t, how.srv)
			w.says(there, nil)
			w.after(30*time.Second, "192.0.2.1")
			w.says("", failing)
			w.after(3*keepUnseen, "192.0.2.1")
			w.says(how.zone, nil)
			w.after(keepGone/2, "192.0.2.1")
			w.says("", failing) // says nothing, and nothing new
			w.after(keepGone, "192.0.2.1")
			w.says(there, nil) // it was a slip
			w.after(30*time.Second, "192.0.2.1")
			w.says(how.zone, nil)
			w.after(keepGone-30*time.Second, "192.0.2.1")
			w.after(30 * time.Second)
			w.says("", failing)
			w.after(30 * time.Second)
			w.says(there, nil)
			w.after(30*time.Second, "192.0.2.1")
		})
	}
}

// TestPartOfTheServersFails: a kind of record that nobody could say anything of may be the
// one that leads somewhere.
func TestPartOfTheServersFails(t *testing.T) {
	w := newWatch(t, true)
	w.says("_sip._udp.carrier.test. 10 IN SRV 1 1 5060 sbc.test.\nsbc.test. 10 IN A 192.0.2.1\n", nil)
	w.after(30*time.Second, "192.0.2.1")
	w.says("", nil)
	w.dns.Answer("_sip._udp.carrier.test.", dnstest.Refuse(dns.RcodeServerFailure))
	w.after(2*keepGone, "192.0.2.1")
	w.says("", nil)
	w.dns.Answer("carrier.test.", func(_ string, q *dns.Msg) *dns.Msg {
		if q.Question[0].Qtype == dns.TypeNAPTR {
			return new(dns.Msg).SetRcode(q, dns.RcodeServerFailure)
		}
		return w.dns.Right(q)
	})
	w.after(2*keepGone, "192.0.2.1")
	w.says("", nil)
	w.after(keepGone)
}

// TestRotation: a server that gives a part of its addresses, another one each time, is known
// by all of them; those that it does not give any more are known for keepUnseen.
func TestRotation(t *testing.T) {
	w := newWatch(t, false)
	pool := []string{"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"}
	turn := func(i int) string {
		return fmt.Sprintf("carrier.test. 10 IN A %s\ncarrier.test. 10 IN A %s\n", pool[i%4], pool[(i+1)%4])
	}
	for i := range 3 {
		w.says(turn(i), nil)
		w.after(30*time.Second, pool[:i+2]...)
	}
	for i := range 500 { // four hours
		w.says(turn(i), nil)
		w.after(30*time.Second, pool...)
	}
	w.says("carrier.test. 10 IN A 192.0.2.4\n", nil)
	w.after(keepUnseen/2, pool...)
	w.says("", dnstest.Refuse(dns.RcodeServerFailure)) // which is no answer without them
	w.after(keepUnseen, pool...)
	w.says("carrier.test. 10 IN A 192.0.2.4\n", nil)
	w.after(keepUnseen/2, "192.0.2.4")
}

// TestManyAddresses: an endless row of addresses does not grow without end.
func TestManyAddresses(t *testing.T) {
	h, now := history{}, time.Now()
	for i := range 2 * maxSightings {
		now = now.Add(time.Second)
		h = h.next(now, []netip.Addr{netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})}, nil)
	}
	addrs := h.addrs()
	if len(addrs) != maxSightings || addrs[0].String() != "10.0.1.255" || addrs[maxSightings-1].String() != "10.0.1.0" {
		t.Errorf("%d addresses: %v", len(addrs), addrs)
	}
}
