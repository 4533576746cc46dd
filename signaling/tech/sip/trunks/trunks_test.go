package trunks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/internal/config"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
)

// load reads sip.trunks and sip.trunk_groups as a file has them.
func load(t *testing.T, yaml string) (*endpoint.Set, Plan, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "skybridge.yaml")
	if err := os.WriteFile(file, []byte("sip:\n  trunks:\n"+yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(file, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	set := &endpoint.Set{Endpoints: []endpoint.Endpoint{{Name: "1001"}}}
	plan, err := Add(set, &cfg.SIP)
	return set, plan, err
}

// A trunk's numbers end at a semicolon, whatever its profile, unless it says that they do not.
func TestTrunkIgnoresUserOptions(t *testing.T) {
	for _, profile := range Profiles() {
		for line, want := range map[string]bool{"": true, "ignore_uri_user_options: true": true, "ignore_uri_user_options: false": false} {
			_, plan, err := load(t, "    - name: carrier\n      profile: "+profile+"\n      hosts: [192.0.2.5]\n      username: us\n      password: s3cret\n      "+line+"\n")
			if err != nil {
				t.Fatal(err)
			}
			if got := plan.Policies["carrier"].BareUsers; got != want {
				t.Errorf("%s, %q: %v", profile, line, got)
			}
		}
	}
}

// A trunk is the sections that pjsip.conf would have.
func TestTrunkIsSections(t *testing.T) {
	set, plan, err := load(t, `
    - name: carrier
      profile: carrier-register
      hosts: ["sip.carrier.example", "192.0.2.5:5070"]
      transport: tcp
      username: us
      password: s3cret
      context: from-carrier
      codecs: [alaw, "!alaw", ulaw, g722]
      dtmf: info
      qualify: 20s
      session_timers: required
      rel100: peer_supported
      encryption: sdes
      max_calls: 30
      calls_per_second: 2.5
      follow_redirects: true
      redirect_hosts: [192.0.2.64/27, gw.carrier.example]
      outbound: [{to: e164, country: "33"}]
      inbound: [{prefix: "+33", replace: "0"}]
      caller_outbound: [{to: e164, country: "33"}]
      caller_id: {policy: list, number: "+33100000000", allowed: ["+331234567*"]}
  trunk_groups:
    - name: out
      members: [{trunk: carrier, priority: 1, weight: 10}, {trunk: "1001", priority: 2}]
      retry: {patience: 500ms, statuses: [503], attempts: 2, hold_off: 0s}
`)
	if err != nil {
		t.Fatal(err)
	}
	e, aor := set.Endpoint("carrier"), set.AOR("carrier")
	if e == nil || aor == nil || len(set.Registrations) != 1 || len(set.Identifies) != 1 {
		t.Fatalf("set %+v", set)
	}
	if e.Context != "from-carrier" || strings.Join(e.Codecs, " ") != "ulaw g722" || e.DTMFMode != endpoint.DTMFInfo || e.Timers != endpoint.TimersRequired ||
		e.Rel100 != endpoint.Rel100Peer || e.MediaEncryption != endpoint.EncryptionSDES || e.FromUser != "us" || e.FromDomain != "sip.carrier.example" ||
		!e.SendPAI || e.DirectMedia || len(e.Auth) != 0 || len(e.OutboundAuth) != 1 || e.OutboundAuth[0].Password != "s3cret" {
		t.Errorf("endpoint %+v", e)
	}
	if strings.Join(e.IdentifyHosts, " ") != "sip.carrier.example" || len(e.Identify) != 1 || !e.IdentifySRV {
		t.Errorf("told by %v, %v", e.Identify, e.IdentifyHosts)
	}
	if strings.Join(aor.Contacts, " ") != "sip:sip.carrier.example;transport=tcp sip:192.0.2.5:5070;transport=tcp" || aor.QualifyFrequency != 20*time.Second {
		t.Errorf("aor %+v", aor)
	}
	r := set.Registrations[0]
	if r.ServerURI != "sip:sip.carrier.example;transport=tcp" || len(r.OtherServers) != 1 || r.ClientURI != "sip:us@sip.carrier.example" ||
		!r.LineParameter || r.Endpoint != "carrier" || r.ContactUser != "us" {
		t.Errorf("registration %+v", r)
	}
	p := plan.Policies["carrier"]
	if p.MaxCalls != 30 || p.PerSecond != 2.5 || p.Profile != "carrier-register" || p.Dialled != directory.DialledAuto {
		t.Errorf("policy %+v", p)
	}
	for host, want := range map[string]bool{"192.0.2.70": true, "GW.carrier.example": true, "192.0.2.5": false, "carrier.example": false, "": false} {
		if got := p.Redirects.Allows(host); got != want || !p.Redirects.Follow {
			t.Errorf("redirects to %q: %v", host, got)
		}
	}
	for caller, want := range map[string]string{"0123456789": "+33123456789", "0999999999": "+33100000000", "1001": "+33100000000", "": "+33100000000"} {
		if got, err := p.Shown(signaling.CallerID{Number: caller}); err != nil || got.Number != want {
			t.Errorf("%q is shown as %q (%v), want %q", caller, got.Number, err, want)
		}
	}
	g := plan.Groups[0]
	if g.Name != "out" || len(g.Members) != 2 || g.Members[0].Weight != 10 || g.Retry.Patience != 500*time.Millisecond ||
		g.Retry.MaxRetryAfter == 0 || g.Retry.HoldOff != 0 || g.Retry.Attempts != 2 {
		t.Errorf("group %+v", g)
	}
}

// Each profile is whole by itself.
func TestProfiles(t *testing.T) {
	for _, name := range Profiles() {
		set, plan, err := load(t, "    - {name: x, profile: "+name+", hosts: [\"[2001:db8::1]:5060\", \"2001:db8::2\"], username: us, password: p}\n")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		p := profiles[name]
		e := set.Endpoint("x")
		if len(e.Codecs) == 0 || (len(set.Registrations) == 1) != p.register || len(e.Identify) != 2 || plan.Policies["x"].Profile != name || set.AOR("x").QualifyFrequency == 0 {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

// A password may stand elsewhere, and what is asked of a trunk that registers here.
func TestSecrets(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("from the file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CARRIER_SECRET", "from the environment")
	for setting, want := range map[string]string{"password_file: " + file: "from the file", "password_env: CARRIER_SECRET": "from the environment", "password: here": "here"} {
		set, _, err := load(t, "    - {name: x, username: us, authenticate: true, match_header: \"X-Key: 1\", match: [192.0.2.0/24], "+setting+"}\n")
		if err != nil {
			t.Fatal(err)
		}
		e := set.Endpoint("x")
		if e.Auth[0].Password != want || set.AOR("x").MaxContacts != 1 || len(e.Identify) != 0 || len(e.IdentifyMarks) != 1 || len(e.IdentifyMarks[0].Networks) != 1 {
			t.Errorf("%s: %+v", setting, e)
		}
	}
}

func TestMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"{hosts: [h]}":                                                                                      "a name has",
		"{name: \"a b\", hosts: [h]}":                                                                       "a name has",
		"{name: \"1001\", hosts: [h]}":                                                                      "of that name",
		"{name: x}":                                                                                         "no hosts",
		"{name: x, hosts: [h], profile: cisco}":                                                             "is none of asterisk, carrier-ip",
		"{name: x, hosts: [\"h h\"]}":                                                                       "host",
		"{name: x, hosts: [h], transport: sctp}":                                                            "transport",
		"{name: x, hosts: [h], codecs: [mp3]}":                                                              "codecs",
		"{name: x, hosts: [h], dtmf: pulse}":                                                                "dtmf",
		"{name: x, hosts: [h], rel100: maybe}":                                                              "rel100",
		"{name: x, hosts: [h], session_timers: maybe}":                                                      "session_timers",
		"{name: x, hosts: [h], encryption: rot13}":                                                          "encryption",
		"{name: x, hosts: [h], redirect_hosts: [h2]}":                                                       "without follow_redirects",
		"{name: x, hosts: [h], follow_redirects: true, redirect_hosts: [\"h h\"]}":                          "redirect_hosts",
		"{name: x, hosts: [h], register: true}":                                                             "register wants",
		"{name: x, hosts: [h], authenticate: true}":                                                         "authenticate wants",
		"{name: x, hosts: [h], match: [192.0.2.0/33]}":                                                      "match",
		"{name: x, hosts: [h], match_header: x}":                                                            "match_header",
		"{name: x, hosts: [h], match: [h], match_header: \"X: y\"}":                                         "match",
		"{name: x, hosts: [h], dialled: never}":                                                             "dialled",
		"{name: x, hosts: [h], max_calls: -1}":                                                              "max_calls",
		"{name: x, hosts: [h], qualify: -1s}":                                                               "qualify",
		"{name: x, hosts: [h], outbound: [{}]}":                                                             "outbound: rule 1",
		"{name: x, hosts: [h], caller_id: {policy: lie}}":                                                   "caller_id",
		"{name: x, hosts: [h], caller_id: {policy: fixed}}":                                                 "caller_id",
		"{name: x, hosts: [h], password: top, password_env: HOME}":                                          "one of them",
		"{name: x, hosts: [h], password_file: /does/not/exist}":                                             "password_file",
		"{name: x, hosts: [h], password_file: /}":                                                           "password_file",
		"{name: x, hosts: [h], password_env: THERE_IS_NO_SUCH_VARIABLE}":                                    "password_env",
		"{name: x, hosts: [h]}\n    - {name: x, hosts: [h]}":                                                "of that name",
		"{name: x, hosts: [h]}\n  trunk_groups: [{name: g}]":                                                "members",
		"{name: x, hosts: [h]}\n  trunk_groups: [{name: g, members: [{trunk: y}]}]":                         "no trunk",
		"{name: x, hosts: [h]}\n  trunk_groups: [{name: x, members: [{trunk: x}]}]":                         "name of an endpoint",
		"{name: x, hosts: [h]}\n  trunk_groups: [{name: g, members: [{trunk: x}], retry: {statuses: [1]}}]": "final response",
	} {
		_, _, err := load(t, "    - "+text+"\n")
		if err == nil || !strings.Contains(err.Error(), want) || fault.Of(err) != fault.Invalid {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "top") && strings.Contains(text, "top") {
			t.Errorf("%s: the password is in %v", text, err)
		}
	}
}

// The name in digests may be another than the account's, and the realm be said.
func TestAccounts(t *testing.T) {
	set, _, err := load(t, "    - {name: x, profile: carrier-register, hosts: [h], username: us, auth_username: us-1, realm: carrier.example, password: p}\n")
	if err != nil {
		t.Fatal(err)
	}
	e, reg := set.Endpoint("x"), set.Registrations[0]
	for _, a := range []endpoint.Auth{e.OutboundAuth[0], reg.Auth[0]} {
		if a.Username != "us-1" || a.Realm != "carrier.example" || a.Password != "p" {
			t.Errorf("%q in %q", a.Username, a.Realm)
		}
	}
	if reg.ClientURI != "sip:us@h" || e.ContactUser != "us" || e.FromUser != "us" {
		t.Errorf("%s, %s, %s", reg.ClientURI, e.ContactUser, e.FromUser)
	}
}

// What a proxy passes on comes from the proxy, which stands as a URI or as a host.
func TestProxies(t *testing.T) {
	for text, want := range map[string]string{
		"proxy: \"sip:192.0.2.7:5070;lr\"":                  "192.0.2.5/32 192.0.2.7/32 sip:192.0.2.7:5070;lr",
		"proxy: edge.example":                               "192.0.2.5/32 edge.example sip:edge.example",
		"proxy: edge.example, transport: tcp":               "192.0.2.5/32 edge.example sip:edge.example;transport=tcp",
		"proxy: \"192.0.2.5\"":                              "192.0.2.5/32 sip:192.0.2.5",
		"proxy: edge.example, match: [192.0.2.9]":           "192.0.2.9/32 sip:edge.example",
		"proxy: edge.example, match_header: \"X-Trunk: x\"": "sip:edge.example",
	} {
		set, _, err := load(t, "    - {name: x, profile: carrier-register, hosts: [192.0.2.5], username: us, password: p, "+text+"}\n")
		if err != nil {
			t.Fatal(err)
		}
		e := set.Endpoint("x")
		var got []string
		for _, p := range e.Identify {
			got = append(got, p.String())
		}
		got = append(append(got, e.IdentifyHosts...), e.OutboundProxy)
		if text := strings.Join(got, " "); text != want || set.AOR("x").OutboundProxy != e.OutboundProxy || set.Registrations[0].OutboundProxy != e.OutboundProxy {
			t.Errorf("%s: %s", text, want)
		}
	}
	if _, _, err := load(t, "    - {name: x, hosts: [192.0.2.5], proxy: \"a b\"}\n"); err == nil {
		t.Error("a proxy that is none is taken")
	}
}
