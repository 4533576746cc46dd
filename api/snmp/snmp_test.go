package snmp

import (
	"bytes"
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"
)

var figures = map[string]float64{
	"voip_calls": 3, `voip_calls{state="active"}`: 2, `voip_calls{state="ringing"}`: 1, "voip_channels": 7, "voip_bridges": 2,
	"voip_endpoints_registered": 5, "voip_calls_processed_total": 1 << 40,
	`voip_rated_parties{scale="narrowband"}`: 3, `voip_mos{scale="narrowband"}`: 4.0,
	`voip_rated_parties{scale="wideband"}`: 1, `voip_mos{scale="wideband"}`: 4.4,
}

var (
	looks  = User{Name: "looks", Auth: "SHA-256", AuthPassword: "auth-password"}
	secret = User{Name: "secret", Auth: "SHA", AuthPassword: "auth-password", Privacy: "AES", PrivacySecret: "privacy-password"}
)

func config(t *testing.T) Config {
	t.Helper()
	return Config{
		Listen: "127.0.0.1:0", Community: "public", Users: []User{looks, secret}, Folder: t.TempDir(), Name: "pbx", Description: "Skybridge test",
		Figures: func() (map[string]float64, error) { return figures, nil }, Started: time.Now().Add(-time.Hour), Now: time.Now,
		Log: slog.New(slog.DiscardHandler),
	}
}

func listen(t *testing.T, c Config) *Agent {
	t.Helper()
	a, err := Listen(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// manager asks an agent by SNMPv2c, or as a user.
func manager(t *testing.T, a *Agent, as func(*gosnmp.GoSNMP)) *gosnmp.GoSNMP {
	t.Helper()
	m := &gosnmp.GoSNMP{
		Target: a.Addr().Addr().String(), Port: a.Addr().Port(), Version: gosnmp.Version2c, Community: "public", Timeout: 10 * time.Second, MaxOids: 60,
	}
	if as != nil {
		as(m)
	}
	if err := m.Connect(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Conn.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// user is by SNMPv3.
func user(u User, level gosnmp.SnmpV3MsgFlags) func(*gosnmp.GoSNMP) {
	return func(m *gosnmp.GoSNMP) {
		p := &gosnmp.UsmSecurityParameters{UserName: u.Name, AuthenticationProtocol: authProtocols[u.Auth], AuthenticationPassphrase: u.AuthPassword, PrivacyProtocol: gosnmp.NoPriv}
		if u.Privacy != "" {
			p.PrivacyProtocol, p.PrivacyPassphrase = gosnmp.AES, u.PrivacySecret
		}
		m.Version, m.SecurityModel, m.MsgFlags, m.SecurityParameters, m.Retries = gosnmp.Version3, gosnmp.UserSecurityModel, level, p, 0
	}
}

// What the documents ask for, by each way.
func TestFigures(t *testing.T) {
	a := listen(t, config(t))
	for name, as := range map[string]func(*gosnmp.GoSNMP){"v2c": nil, "user": user(looks, gosnmp.AuthNoPriv), "secret user": user(secret, gosnmp.AuthPriv)} {
		t.Run(name, func(t *testing.T) {
			m := manager(t, a, as)
			names := []string{documented + ".1.1", documented + ".2.1", documented + ".3.1", documented + ".4.1", documented + ".9.1", ours + ".1.3.0", system + ".1.0", ours + ".9.9.0", ours + ".1.3.7"}
			got, err := m.Get(names)
			if err != nil {
				t.Fatal(err)
			}
			want := []any{uint(3), uint(7), uint(2), uint(5), uint(410), uint64(1 << 40), []byte("Skybridge test"), gosnmp.NoSuchObject, gosnmp.NoSuchInstance}
			for i, v := range got.Variables {
				is := v.Value
				if v.Value == nil {
					is = v.Type
				}
				if b, ok := is.([]byte); ok && bytes.Equal(b, want[i].([]byte)) {
					continue
				} else if !ok && is == want[i] {
					continue
				}
				t.Errorf("%s: %T %v, want %v", v.Name, is, is, want[i])
			}
			up, err := m.Get([]string{system + ".3.0"})
			if ticks, ok := up.Variables[0].Value.(uint32); err != nil || !ok || ticks < 360000 || ticks > 720000 {
				t.Errorf("up for %v, %v", up.Variables[0].Value, err)
			}
		})
	}
}

// All is found by walking, one by one and many at a time, and nothing twice.
func TestWalk(t *testing.T) {
	a := listen(t, config(t))
	m := manager(t, a, nil)
	walked, err := m.WalkAll(".1.3")
	many, err2 := m.BulkWalkAll(".1.3")
	if err := errors.Join(err, err2); err != nil || len(walked) != 4+len(objects) || len(many) != len(walked) {
		t.Fatalf("%d, %d, %v", len(walked), len(many), err)
	}
	for i := range walked {
		if walked[i].Name != many[i].Name || i > 0 && slices.Compare(mustOID(walked[i-1].Name), mustOID(walked[i].Name)) >= 0 {
			t.Errorf("%s, %s", walked[i].Name, many[i].Name)
		}
	}
	none, err := m.GetBulk([]string{system + ".1", ".2.1"}, 1, 200)
	if err != nil || len(none.Variables) != 2 || none.Variables[1].Type != gosnmp.EndOfMibView {
		t.Errorf("%v %v", none, err)
	}
	set, err := m.Set([]gosnmp.SnmpPDU{{Name: system + ".5.0", Type: gosnmp.OctetString, Value: "x"}})
	if err != nil || set.Error != gosnmp.NotWritable {
		t.Errorf("%v %v", set, err)
	}
	many64, err := m.Get(slices.Repeat([]string{system + ".1.0"}, 60))
	if err != nil || len(many64.Variables) != 60 && many64.Error != gosnmp.TooBig {
		t.Errorf("%v %v", many64, err)
	}
}

// Who may not ask is told nothing: by v2c not a word, by v3 what is wrong with the envelope.
func TestWhoMayNotAsk(t *testing.T) {
	a, err := Listen(config(t))
	if err != nil {
		t.Fatal(err)
	}
	wrong, weak, unknown := secret, secret, secret
	wrong.AuthPassword = "another-password"
	weak.Privacy = ""
	unknown.Name = "nobody"
	for name, as := range map[string]func(*gosnmp.GoSNMP){
		"community": func(m *gosnmp.GoSNMP) { m.Community, m.Timeout, m.Retries = "private", 300*time.Millisecond, 0 },
		"v1":        func(m *gosnmp.GoSNMP) { m.Version, m.Timeout, m.Retries = gosnmp.Version1, 300*time.Millisecond, 0 },
		"password":  user(wrong, gosnmp.AuthPriv),
		"level":     user(weak, gosnmp.AuthNoPriv),
		"user":      user(unknown, gosnmp.AuthPriv),
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := manager(t, a, as).Get([]string{documented + ".1.1"}); err == nil {
				t.Errorf("%v", got.Variables)
			}
		})
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if want := (usmCounts{levels: 1, names: 1, engines: 3, digests: 1}); a.counts != want {
		t.Errorf("%+v, want %+v", a.counts, want)
	}
}

// A request that was recorded is not answered again later, nor by the engine of the next start.
func TestOldRequests(t *testing.T) {
	c := config(t)
	now := time.Now()
	c.Now = func() time.Time { return now }
	a := listen(t, c)
	p := &gosnmp.UsmSecurityParameters{
		UserName: looks.Name, AuthenticationProtocol: gosnmp.SHA256, AuthenticationPassphrase: looks.AuthPassword, PrivacyProtocol: gosnmp.NoPriv,
		AuthoritativeEngineID: a.engine.id, AuthoritativeEngineBoots: a.engine.boots, Logger: a.quiet,
	}
	if err := p.InitSecurityKeys(); err != nil {
		t.Fatal(err)
	}
	request, err := (&gosnmp.SnmpPacket{
		Version: gosnmp.Version3, MsgID: 1, MsgMaxSize: 1400, MsgFlags: gosnmp.AuthNoPriv | gosnmp.Reportable, SecurityModel: gosnmp.UserSecurityModel, SecurityParameters: p,
		ContextEngineID: a.engine.id, PDUType: gosnmp.GetRequest, RequestID: 1, Logger: a.quiet, Variables: []gosnmp.SnmpPDU{{Name: documented + ".1.1", Type: gosnmp.Null}},
	}).MarshalMsg()
	if err != nil {
		t.Fatal(err)
	}
	says := func(a *Agent) string {
		t.Helper()
		text, err := a.answer(slices.Clone(request))
		if err != nil {
			t.Fatal(err)
		}
		reader := &gosnmp.GoSNMP{Version: gosnmp.Version3, SecurityModel: gosnmp.UserSecurityModel, MsgFlags: gosnmp.AuthNoPriv, SecurityParameters: p.Copy(), Logger: a.quiet}
		out, err := reader.UnmarshalTrap(text, true)
		if err != nil {
			t.Fatal(err)
		}
		return out.Variables[0].Name
	}
	if got := says(a); got != documented+".1.1" {
		t.Error(got)
	}
	now = now.Add(3 * time.Minute)
	if got := says(a); got != notInTimeWindows {
		t.Errorf("after three minutes: %s", got)
	}
	now = now.Add(-3 * time.Minute)
	again := listen(t, c)
	if again.engine.id != a.engine.id || again.engine.boots != a.engine.boots+1 {
		t.Errorf("%d, then %d", a.engine.boots, again.engine.boots)
	}
	if got := says(again); got != notInTimeWindows {
		t.Errorf("after a start: %s", got)
	}
}

// The MIB has the objects that the agent has, with their types.
func TestTheMIB(t *testing.T) {
	text, err := os.ReadFile("../../docs/mib/SKYBRIDGE-MIB.txt")
	if err != nil {
		t.Fatal(err)
	}
	groups := make(map[string]string)
	for _, m := range regexp.MustCompile(`(?m)^(\w+) +OBJECT IDENTIFIER ::= \{ skybridge (\d+) \}`).FindAllStringSubmatch(string(text), -1) {
		groups[m[1]] = m[2]
	}
	said := make(map[string]string)
	for _, m := range regexp.MustCompile(`(?s)OBJECT-TYPE\s+SYNTAX\s+(\w+).*?::= \{ (\w+) (\d+) \}`).FindAllStringSubmatch(string(text), -1) {
		said[ours+"."+groups[m[2]]+"."+m[3]+".0"] = m[1]
	}
	is := make(map[string]string)
	for _, o := range objects {
		if name := o.name.String(); strings.HasPrefix(name, ours) {
			is[name] = map[gosnmp.Asn1BER]string{gosnmp.Gauge32: "Gauge32", gosnmp.Counter64: "Counter64"}[o.kind]
		}
	}
	if !maps.Equal(said, is) {
		t.Errorf("the MIB has %v, the agent %v", said, is)
	}
	if !strings.Contains(string(text), "netSnmpPlaypen "+ours[strings.LastIndexByte(ours, '.')+1:]) {
		t.Error("another arc")
	}
}

func TestWhatCannotBe(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"short password": func(c *Config) { c.Users = []User{{Name: "a", Auth: "SHA", AuthPassword: "short"}} },
		"no such digest": func(c *Config) { c.Users = []User{{Name: "a", Auth: "MD5", AuthPassword: "long enough"}} },
		"no such privacy": func(c *Config) {
			c.Users = []User{{Name: "a", Auth: "SHA", AuthPassword: "long enough", Privacy: "DES", PrivacySecret: "long enough"}}
		},
		"a secret for none": func(c *Config) {
			c.Users = []User{{Name: "a", Auth: "SHA", AuthPassword: "long enough", PrivacySecret: "long enough"}}
		},
		"twice":     func(c *Config) { c.Users = []User{looks, looks} },
		"no port":   func(c *Config) { c.Listen = "127.0.0.1" },
		"no folder": func(c *Config) { c.Folder = filepath.Join(c.Folder, "none") },
		"a broken file": func(c *Config) {
			if err := os.WriteFile(filepath.Join(c.Folder, engineFile), []byte("{"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"no engine": func(c *Config) {
			if err := os.WriteFile(filepath.Join(c.Folder, engineFile), []byte(`{"id":"xyz"}`), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := config(t)
			change(&c)
			if a, err := Listen(c); err == nil || !strings.HasPrefix(err.Error(), "snmp: ") {
				t.Errorf("%v %v", a, err)
			}
		})
	}
}

// Figures that cannot be read are an error of the answer's, and of that answer alone.
func TestFiguresThatCannotBeRead(t *testing.T) {
	c := config(t)
	broken := true
	c.Figures = func() (map[string]float64, error) {
		if broken {
			return nil, errors.New("broken")
		}
		return figures, nil
	}
	a := &Agent{cfg: c, quiet: gosnmp.NewLogger(nil)}
	in := &gosnmp.SnmpPacket{PDUType: gosnmp.GetRequest, Variables: []gosnmp.SnmpPDU{{Name: documented + ".1.1", Type: gosnmp.Null}}}
	out := &gosnmp.SnmpPacket{Version: gosnmp.Version2c}
	if text, err := a.fill(out, in, maxAnswer); err != nil || len(text) == 0 || out.Error != gosnmp.GenErr {
		t.Errorf("%v %v", out.Error, err)
	}
	broken = false
	out = &gosnmp.SnmpPacket{Version: gosnmp.Version2c}
	if _, err := a.fill(out, in, maxAnswer); err != nil || out.Error != gosnmp.NoError || out.Variables[0].Value != uint32(3) {
		t.Errorf("%v %v", out, err)
	}
}

// FuzzAnswer: nothing that comes makes more than an answer of bounded size.
func FuzzAnswer(f *testing.F) {
	c := Config{Community: "public", Figures: func() (map[string]float64, error) { return figures, nil }, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	a := &Agent{cfg: c, engine: engine{id: "\x80\x00\x1f\x88\x05engine", boots: 1, began: time.Now()}, quiet: gosnmp.NewLogger(nil)}
	if err := a.know([]User{looks, secret}); err != nil {
		f.Fatal(err)
	}
	for _, kind := range []gosnmp.PDUType{gosnmp.GetRequest, gosnmp.GetNextRequest, gosnmp.GetBulkRequest, gosnmp.SetRequest} {
		p := &gosnmp.SnmpPacket{
			Version: gosnmp.Version2c, Community: "public", PDUType: kind, RequestID: 1, MaxRepetitions: 10,
			Variables: []gosnmp.SnmpPDU{{Name: system + ".1.0", Type: gosnmp.Null}},
		}
		text, err := p.MarshalMsg()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if out, err := a.answer(in); err == nil && len(out) > maxAnswer {
			t.Errorf("%d bytes", len(out))
		}
	})
}
