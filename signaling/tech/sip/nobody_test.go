package sip

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/causes"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
	"github.com/skygenesisenterprise/skybridge/signaling/trunkgroup"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/resolver"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
	"github.com/skygenesisenterprise/skybridge/sip/siptest/dnstest"
)

// asking has the rig look names up at a server.
func asking(t *testing.T, server netip.AddrPort) func(*Config, *ua.Config) {
	t.Helper()
	c := resolver.Default()
	c.ResolvConf, c.HostsFile = filepath.Join(t.TempDir(), "none"), filepath.Join(t.TempDir(), "none")
	c.Servers = []netip.AddrPort{server}
	c.QuestionTimeout, c.LookupTimeout = siptest.Patience, siptest.Patience
	names, err := resolver.New(c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(names.Close)
	return func(cfg *Config, stack *ua.Config) { cfg.Hosts, stack.Resolver = names, names }
}

// full is an address that lets nobody in: its queue of connections is full, so that the
// next one is not even refused.
func full(t *testing.T) netip.AddrPort {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "full")
	t.Cleanup(func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(name.(*syscall.SockaddrInet4).Port))
	for range 16 {
		c, err := net.DialTimeout("tcp", addr.String(), 500*time.Millisecond)
		if err != nil {
			return addr
		}
		t.Cleanup(func() { _ = c.Close() }) // nobody has spoken over it
	}
	t.Fatal("the queue does not fill")
	return addr
}

// A trunk to which there is no way is left for the next one, within the group's patience
// whatever the stack and the resolver would wait, and says why.
func TestFailoverWithoutAWay(t *testing.T) {
	t.Parallel()
	const patience = 300 * time.Millisecond
	for name, tc := range map[string]struct {
		uri  func(t *testing.T) (uri string, names netip.AddrPort)
		says string
		code int
	}{
		"nobody listens": {func(t *testing.T) (string, netip.AddrPort) {
			closed := siptest.UDP(t, netip.AddrPort{})
			closed.Close()
			return sipURI(closed.Local()) + ";transport=tcp", netip.AddrPort{}
		}, "connection refused", 503},
		"nobody is let in": {func(t *testing.T) (string, netip.AddrPort) {
			return sipURI(full(t)) + ";transport=tcp", netip.AddrPort{}
		}, "connect to tcp", 408},
		"no such name": {func(t *testing.T) (string, netip.AddrPort) {
			return "sip:nowhere.test", dnstest.New(t, "test. 60 IN SOA ns.test. root.test. 1 60 60 60 60\n").Addr
		}, "nowhere.test", 503},
		"the name servers are silent": {func(t *testing.T) (string, netip.AddrPort) {
			return "sip:nowhere.test", siptest.UDP(t, netip.AddrPort{}).Local()
		}, "nowhere.test", 503},
		"it says nothing": {func(t *testing.T) (string, netip.AddrPort) {
			return sipURI(siptest.UDP(t, netip.AddrPort{}).Local()), netip.AddrPort{}
		}, "nothing from udp", 408},
	} {
		t.Run(name, func(t *testing.T) {
			uri, names := tc.uri(t)
			good := attentive(t, "b")
			conf := trunksTo(uri, sipURI(good.Addr("udp")))
			var change []func(*Config, *ua.Config)
			if names.IsValid() {
				change = append(change, asking(t, names))
			}
			r := newRig(t, conf, change...)
			d := endpoints(t, conf)
			g := trunkgroup.Group{Name: "out", Retry: trunkgroup.DefaultRetry(), Members: []trunkgroup.Member{{Trunk: "a"}, {Trunk: "b", Priority: 1}}}
			g.Retry.Patience = patience
			d.Groups = []trunkgroup.Group{g}
			if err := r.tech.Configure(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			_, told := r.dial("0123@out")
			r.answerAt(good)
			told.want(t, "answered")
			for _, e := range r.tech.Endpoints() {
				if e.Name == "a" && (!strings.Contains(e.LastError, tc.says) || e.LastStatus != tc.code || e.Failures != 1 || e.RetryAt.IsZero()) {
					t.Errorf("a says %q (%d), %d failures, retried at %v", e.LastError, e.LastStatus, e.Failures, e.RetryAt)
				}
			}
		})
	}
}

// With the usual settings the next trunk is asked before a silent one would have been
// sent its fourth copy, at 7 times T1: less than two seconds here.
func TestFailoverWithinTwoSeconds(t *testing.T) {
	t.Parallel()
	silent, good := siptest.UDP(t, netip.AddrPort{}), attentive(t, "b")
	conf := trunksTo(sipURI(silent.Local()), sipURI(good.Addr("udp")))
	r := newRig(t, conf, func(_ *Config, stack *ua.Config) { stack.T1 = 285 * time.Millisecond })
	d := endpoints(t, conf)
	d.Groups = []trunkgroup.Group{{Name: "out", Retry: trunkgroup.DefaultRetry(), Members: []trunkgroup.Member{{Trunk: "a"}, {Trunk: "b", Priority: 1}}}}
	if err := r.tech.Configure(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	_, told := r.dial("0123@out")
	r.answerAt(good)
	told.want(t, "answered")
	copies := 0
	for len(silent.Arrived()) > 0 {
		silent.Want("INVITE ")
		copies++
	}
	if copies < 1 || copies > 3 {
		t.Errorf("%d copies were sent before", copies)
	}
}

// Where no trunk is left the caller is told so: by what the last one failed at.
func TestNoTrunkIsLeft(t *testing.T) {
	closed := siptest.UDP(t, netip.AddrPort{})
	closed.Close()
	silent := siptest.UDP(t, netip.AddrPort{})
	for name, tc := range map[string]struct {
		uris   []string
		cause  signaling.Cause
		status int
	}{
		"refused":        {[]string{sipURI(closed.Local()) + ";transport=tcp", sipURI(closed.Local()) + ";transport=tcp"}, 38, 500},
		"silent":         {[]string{sipURI(silent.Local()), sipURI(silent.Local())}, 38, 500},
		"refused by all": {nil, 34, 503},
	} {
		t.Run(name, func(t *testing.T) {
			uris := tc.uris
			var phones []*siptest.Phone
			for len(uris) < 2 {
				p := siptest.NewPhone(t, "x")
				phones, uris = append(phones, p), append(uris, sipURI(p.Addr("udp")))
			}
			r := exchange(t, uris, func(d *directory.Directory) {
				if len(phones) == 0 {
					d.Groups[0].Retry.Patience = 50 * time.Millisecond
				}
			})
			_, told := r.dial("0123@out")
			for _, p := range phones {
				reject(t, p, 503)
			}
			told.want(t, fmt.Sprintf("ended %d %v", int(tc.cause), len(phones) > 0))
			if got := causes.Status(tc.cause); got != tc.status {
				t.Errorf("the caller gets %d", got)
			}
			r.nothingLeft()
		})
	}
}

// A trunk that has failed is tried last, until it answers OPTIONS again.
func TestBackWhenItAnswers(t *testing.T) {
	t.Parallel()
	a, b := attentive(t, "a"), attentive(t, "b")
	r := exchange(t, []string{sipURI(a.Addr("udp")) + "\nqualify_frequency = 1\nqualify_timeout = 60", sipURI(b.Addr("udp"))}, nil)
	options := func() {
		t.Helper()
		in := siptest.Wait(t, a.Requests)
		if err := in.Respond(ua.Reply{Status: 200}); err != nil {
			t.Fatal(err)
		}
	}
	options()
	_, told := r.dial("1@out")
	reject(t, a, 503)
	reject(t, b, 486)
	told.want(t, "ended 17 true")
	_, told = r.dial("2@out")
	reject(t, b, 486)
	told.want(t, "ended 17 true")
	quiet(t, a)
	ctx := siptest.Ctx(t)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for options(); !r.tech.table.State()[0].RetryAt.IsZero(); <-tick.C {
		select {
		case in := <-a.Requests:
			if err := in.Respond(ua.Reply{Status: 200}); err != nil {
				t.Fatal(err)
			}
		case <-ctx.Done():
			t.Fatalf("state %+v", r.tech.table.State()[0])
		default:
		}
	}
	_, told = r.dial("3@out")
	reject(t, a, 404)
	told.want(t, "ended 1 true")
}

// A trunk takes as many calls in a second as it says, both ways together.
func TestCallsPerSecond(t *testing.T) {
	r, a, b := pair(t, func(d *directory.Directory) {
		d.Endpoints[0].Policy.PerSecond = 0.001 // one, and none for a long while
		d.Endpoints[0].Match = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	_, told := r.dial("1@out")
	reject(t, a, 404)
	told.want(t, "ended 1 true")
	_, told = r.dial("2@out")
	reject(t, b, 404)
	told.want(t, "ended 1 true")
	quiet(t, a)
	if f := siptest.Wait(t, r.call(a, "600").Failed); f.Response == nil || f.Response.Status() != 503 || f.Response.Header("Retry-After") == "" {
		t.Errorf("a call too many: %+v", f)
	}
	if s := r.tech.table.State()[0]; s.Refused != 2 || s.LastStatus != 503 {
		t.Errorf("state %+v", s)
	}
}
