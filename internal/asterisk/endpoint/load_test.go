package endpoint

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/option"
	"github.com/skygenesisenterprise/skybridge/internal/golden"
)

// TestLoad reads every file of testdata/asterisk/endpoint. It has parts that begin
// with "== name": the configuration's files, and "set", what they are read as. The set
// shows what differs from the defaults, without passwords.
func TestLoad(t *testing.T) {
	golden.Files(t, "../../../testdata/asterisk/endpoint/*.txt", "set", func(t *testing.T, input string) string {
		set, err := Load(asterisk.Loader{FS: golden.FS(input)})
		if err != nil {
			t.Fatal(err)
		}
		return dump(set)
	})
}

func dump(s *Set) string {
	var b strings.Builder
	for _, t := range s.Transports {
		changed(&b, "transport "+t.Name, t, Transport{})
	}
	for _, e := range s.Endpoints {
		changed(&b, "endpoint "+e.Tech+"/"+e.Name, e, defaultEndpoint(e.Name))
	}
	for _, a := range s.AORs {
		changed(&b, "aor "+a.Name, a, defaultAOR(a.Name))
	}
	for _, r := range s.Registrations {
		changed(&b, "registration "+r.Name, r, defaultRegistration(r.Name))
	}
	changed(&b, "global", s.Global, defaultGlobal())
	if !s.ACL.Empty() {
		fmt.Fprintf(&b, "acl %v\n", s.ACL)
	}
	if !s.ContactACL.Empty() {
		fmt.Fprintf(&b, "contact acl %v\n", s.ContactACL)
	}
	for _, w := range s.Warnings {
		fmt.Fprintf(&b, "! %s\n", w)
	}
	return b.String()
}

// changed writes the fields of a struct that differ from another's.
func changed(b *strings.Builder, title string, v, from any) {
	fmt.Fprintf(b, "%s\n", title)
	rv, rf := reflect.ValueOf(v), reflect.ValueOf(from)
	for i := range rv.NumField() {
		name := rv.Type().Field(i).Name
		if !rv.Type().Field(i).IsExported() || name == "Name" || name == "File" || name == "Line" || name == "Tech" || reflect.DeepEqual(rv.Field(i).Interface(), rf.Field(i).Interface()) {
			continue
		}
		if auths, ok := rv.Field(i).Interface().([]Auth); ok {
			for _, a := range auths {
				fmt.Fprintf(b, "  %s %s user %s realm %q password %d bytes, %d digests\n", name, a.Name, a.Username, a.Realm, len(a.Password), len(a.Digests))
			}
			continue
		}
		fmt.Fprintf(b, "  %s %v\n", name, rv.Field(i).Interface())
	}
}

// TestSeeds reads the configuration blocks of the integration guide, in both
// languages, exactly as it prints them.
func TestSeeds(t *testing.T) {
	for _, c := range []struct{ dir, trunk, name string }{
		{"seed-en", "skygenesisenterprise-trunk", "skygenesisenterprise"},
		{"seed-fr", "sky-genesis-trunk", "sky-genesis"},
	} {
		t.Run(c.dir, func(t *testing.T) {
			from, err := asterisk.OpenDir("../../../testdata/asterisk/" + c.dir)
			if err != nil {
				t.Fatal(err)
			}
			set, err := Load(from)
			if err != nil {
				t.Fatal(err)
			}
			phone := set.Endpoint("1001")
			if phone == nil || phone.Tech != SIP || phone.Context != "sky-genesis-voip" || len(phone.Auth) != 1 ||
				phone.Auth[0].Username != "1001" || phone.Auth[0].Password != "user_password" || phone.AccountCode != "1001" {
				t.Errorf("1001 is %+v", phone)
			}
			trunk := set.Endpoint(c.trunk)
			if trunk == nil || !reflect.DeepEqual(trunk.Codecs, []string{"ulaw", "alaw", "g729"}) || trunk.DTMFMode != DTMFRFC4733 {
				t.Errorf("trunk is %+v", trunk)
			}
			if a := set.AOR(c.trunk); a == nil || a.QualifyFrequency == 0 || a.MaxContacts != 1 {
				t.Errorf("trunk's aor is %+v", a)
			}
			e := set.Endpoint(c.name + "-endpoint")
			if e == nil || e.Tech != PJSIP || e.DirectMedia || !e.SendPAI || e.RTPTimeout.Seconds() != 30 ||
				len(e.Auth) != 1 || e.Auth[0].Username != c.name || e.Auth[0].Password != "secure_password" ||
				!reflect.DeepEqual(e.Codecs, []string{"ulaw", "alaw", "opus", "g729"}) {
				t.Errorf("endpoint is %+v", e)
			}
			if a := set.AOR(c.name + "-aor"); a == nil || a.MaxContacts != 1 || !a.RemoveExisting {
				t.Errorf("aor is %+v", a)
			}
			if len(set.Transports) != 1 || set.Transports[0].Bind.String() != "0.0.0.0:5060" || set.Transports[0].Protocol != "udp" {
				t.Errorf("transports are %+v", set.Transports)
			}
			found := false
			for _, w := range set.Warnings {
				if w.File == "" || w.Line == 0 {
					t.Errorf("warning without a place: %s", w)
				}
				found = found || w.File == "sip.conf" && w.Line == 7 && strings.Contains(w.Text, "rfc4733")
			}
			if !found {
				t.Errorf("no warning of dtmfmode in %v", set.Warnings)
			}
		})
	}
}

// TestTables: what nothing is done with is read, and what has no effect is not.
func TestTables(t *testing.T) {
	tables(t, &pjsipEndpoint)
	tables(t, &pjsipAuth)
	tables(t, &pjsipAOR)
	tables(t, &pjsipIdentify)
	tables(t, &pjsipRegistration)
	tables(t, &pjsipTransport)
	tables(t, &pjsipGlobal)
	tables(t, &pjsipSystem)
	tables(t, &pjsipACL)
	tables(t, &sipPeer)
	tables(t, &sipGeneral)
}

func tables[T any](t *testing.T, table *option.Table[T]) {
	t.Helper()
	for _, name := range table.Idle {
		if table.Rows[name] == nil {
			t.Errorf("%s: %s is idle and not read", table.Name, name)
		}
	}
	for _, name := range table.Inert {
		if _, read := table.Rows[name]; read {
			t.Errorf("%s: %s is read and has no effect", table.Name, name)
		}
	}
}
