package sip

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/internal/config"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/trunks"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
	"github.com/skygenesisenterprise/skybridge/sip/trunk"
)

// behaviours are the profiles, and the scenarios of testdata/sip/trunks by which such a
// server behaves.
var behaviours = []struct {
	profile, out, in string
	weHangUp         bool
}{
	{"asterisk", "out", "in", false},
	{"freepbx", "out-challenged", "in", false},
	{"kamailio", "out-proxied", "in-proxied", true},
	{"carrier-register", "out-challenged", "in", false},
	{"carrier-ip", "out", "in", false},
	{"carrier-late-offer", "out", "in-late", false},
}

// Every profile by itself is enough for a server that behaves so, in both directions.
func TestProfiles(t *testing.T) {
	t.Parallel()
	var tested []string
	for _, b := range behaviours {
		tested = append(tested, b.profile)
		t.Run(b.profile, func(t *testing.T) {
			port := peer.FreePort(t)
			r := newRig(t, "", func(_ *Config, stack *ua.Config) { stack.T1 = 100 * time.Millisecond })
			d := provider(t, b.profile, port)
			extra := ";x=1"
			if len(d.Registrations) > 0 {
				extra = ";line=" + r.registered(d, port)
			} else if err := r.tech.Configure(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			r.callsOut(b.out, port)
			r.callsIn(b.in, port, extra, len(d.Registrations) > 0, b.weHangUp)
			// Nobody takes the registration back: the registrar has gone.
			ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
			defer cancel()
			if err := r.tech.Configure(ctx, endpoints(t, "")); err != nil {
				t.Fatal(err)
			}
		})
	}
	slices.Sort(tested)
	if want := trunks.Profiles(); !slices.Equal(tested, want) {
		t.Errorf("tested %q of %q", tested, want)
	}
}

// A trunk's host that has no room is left alone for as long as it asks: the next one has the call, and
// the one after it.
func TestTrunkWithoutRoom(t *testing.T) {
	t.Parallel()
	first, second := peer.FreePort(t), peer.FreePort(t)
	r := newRig(t, "")
	if err := r.tech.Configure(t.Context(), provider(t, "carrier-ip", first, second)); err != nil {
		t.Fatal(err)
	}
	full := r.scenario("unavailable", peer.SippConfig{SIP: first})
	r.callsOut("out", second)
	full.Wait(t)
	silent, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: first})
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	r.callsOut("out", second)
	if err := silent.SetReadDeadline(time.Now().Add(10 * time.Millisecond)); err != nil { // what was sent is there by now
		t.Fatal(err)
	}
	if n, err := silent.Read(make([]byte, 2000)); err == nil {
		t.Errorf("the first host is asked again, by %d bytes", n)
	}
}

// provider is the directory of a trunk that its profile and little more describe.
func provider(t *testing.T, profile string, ports ...int) *directory.Directory {
	t.Helper()
	var hosts []string
	for _, port := range ports {
		hosts = append(hosts, fmt.Sprintf("%q", fmt.Sprintf("127.0.0.1:%d", port)))
	}
	return providerAt(t, profile, hosts...)
}

// providerAt is provider, at hosts that are written as in YAML.
func providerAt(t *testing.T, profile string, hosts ...string) *directory.Directory {
	t.Helper()
	file := filepath.Join(t.TempDir(), "skybridge.yaml")
	text := fmt.Sprintf(`sip:
  trunks:
    - name: provider
      profile: %s
      hosts: [%s]
      username: us
      password: secret
      context: internal
      qualify: 0s
      outbound: [{to: e164, country: "33"}]
      inbound: [{prefix: "+33", replace: "0"}]
      caller_id: {policy: fixed, number: "+33100000000"}
`, profile, strings.Join(hosts, ", "))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(file, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	set := &endpoint.Set{Global: endpoint.Global{IdentifierOrder: []string{"ip", "username", "anonymous"}}}
	plan, err := trunks.Add(set, &cfg.SIP)
	if err != nil {
		t.Fatal(err)
	}
	d, warnings := directory.New(set, directory.Options{Codecs: codecs(), RTPTimeout: time.Minute, Policies: plan.Policies, Groups: plan.Groups})
	if len(warnings) > 0 {
		t.Errorf("warned of %v", warnings)
	}
	return d
}

// scenario starts one of testdata/sip/trunks.
func (r *rig) scenario(name string, c peer.SippConfig) *peer.SippPeer {
	c.Scenario = filepath.Join("../../../testdata/sip/trunks", name+".xml")
	c.Hold = 50 * time.Millisecond
	return peer.Sipp(r.t, c)
}

var lineParam = regexp.MustCompile(`Contact: <[^>]*;line=([0-9a-f]+)`)

// registered puts a directory into effect whose trunk registers, and gives the line of
// its contact.
func (r *rig) registered(d *directory.Directory, port int) string {
	t := r.t
	t.Helper()
	registrar := r.scenario("register", peer.SippConfig{SIP: port})
	if err := r.tech.Configure(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	registrar.Wait(t)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for r.tech.trunks.State()[0].Status != trunk.Registered {
		select {
		case <-tick.C:
		case <-siptest.Ctx(t).Done():
			t.Fatalf("not registered: %+v", r.tech.trunks.State())
		}
	}
	log, err := os.ReadFile(filepath.Join(registrar.Dir, "messages.log"))
	if err != nil {
		t.Fatal(err)
	}
	found := lineParam.FindSubmatch(log)
	if found == nil {
		t.Fatalf("no line in %s", log)
	}
	return string(found[1])
}

// callsOut has the trunk called.
func (r *rig) callsOut(scenario string, port int) {
	r.t.Helper()
	server := r.scenario(scenario, peer.SippConfig{SIP: port, Service: "x"})
	l, told := r.dial("0123456789@provider")
	told.want(r.t, "answered")
	l.Hangup(signaling.CauseNormal)
	told.want(r.t, "ended 16 false")
	server.Wait(r.t)
}

// callsIn has the trunk call. A registered one calls the account, and says in To whom it
// means.
func (r *rig) callsIn(scenario string, port int, extra string, registered, weHangUp bool) {
	r.t.Helper()
	number := "+33123456789"
	if registered {
		number = "us"
	}
	caller := r.scenario(scenario, peer.SippConfig{
		SIP: port, Target: r.server.Addr("udp").String(), Service: number,
		Args: []string{"-key", "to", "+33123456789", "-key", "caller", "+33198765432", "-key", "extra", extra},
	})
	c := siptest.Wait(r.t, r.calls)
	s := c.Snapshot()
	if s.Endpoint != "provider" || s.Dialplan.Exten != "0123456789" || s.Caller.Number != "+33198765432" || s.Dialplan.Context != "internal" {
		r.t.Errorf("%s: a call of %s for %s from %s", scenario, s.Endpoint, s.Dialplan.Exten, s.Caller.Number)
	}
	if err := c.Answer(siptest.Ctx(r.t)); err != nil {
		r.t.Fatal(err)
	}
	if weHangUp {
		c.Hangup(signaling.CauseNormal)
	}
	siptest.Wait(r.t, c.Gone())
	caller.Wait(r.t)
}
