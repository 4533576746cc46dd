package registrar

import (
	"cmp"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// torturedRegisters are the REGISTERs of RFC 4475 and RFC 5118, and what must be bound by each
// where To is an AOR: the contacts as a 200 lists them, without their expires.
var torturedRegisters = []struct {
	name, aor string
	status    int
	contacts  []string
	header    string // of a contact's URI: name=value, not escaped
}{
	// §3.1.1.4: two contacts, and a user that does not end at its NUL.
	{"escnull", "null-\x00-null", 200, []string{"<sip:%00@host5.example.com>", "<sip:%00%00@host5.example.com>"}, ""},
	// §3.1.1.8: what follows the first request of a datagram is no part of it.
	{"dblreq", "j.user", 200, []string{"<sip:j.user@host.example.com>"}, ""},
	// §3.1.2.4: numbers out of range.
	{"scalar02", "user", 400, nil, ""},
	// §3.1.2.13: headers of a URI need the brackets.
	{"regbadct", "user", 400, nil, ""},
	// §3.3.4: To is a SIP URI.
	{"unksm2", "2983792873", 400, nil, ""},
	// §3.3.7: nothing is asked for but what is bound.
	{"regaut01", "j.user", 200, nil, ""},
	// §3.3.12, §3.3.13: without brackets a parameter is the header's, within them the URI's.
	{"cparam01", "watson", 200, []string{"<sip:+19725552222@gw1.example.net>;unknownparam"}, ""},
	{"cparam02", "watson", 200, []string{"<sip:+19725552222@gw1.example.net;unknownparam>"}, ""},
	// §3.3.14: the header is bound with the URI.
	{"regescrt", "user", 200, []string{"<sip:user@example.com?Route=%3Csip:sip.example.com%3E>"}, "Route=<sip:sip.example.com>"},
	// RFC 5118 §4.1 to §4.4.
	{"ipv6-good", "user", 200, []string{`"Caller" <sip:caller@[2001:db8::1]>`}, ""},
	{"ipv6-bad", "user", 400, nil, ""},
	{"port-ambiguous", "user", 200, []string{`"Caller" <sip:caller@[2001:db8::1]>`}, ""},
	{"port-unambiguous", "user", 200, []string{`"Caller" <sip:caller@[2001:db8::1]>`}, ""},
}

// TestTortureRegisters sends each of them, byte for byte, to a registrar that has its AOR, and
// wants that to be bound which the RFC says: in the answer, when it is asked for again, in what
// the registrar knows, and in what it knows after a restart.
func TestTortureRegisters(t *testing.T) {
	for _, tt := range torturedRegisters {
		for _, network := range []string{"udp", "tcp"} {
			if tt.name == "dblreq" && network == "tcp" {
				continue // there the second request counts, and is refused (package sip)
			}
			t.Run(tt.name+"/"+network, func(t *testing.T) {
				text, err := os.ReadFile(filepath.Join("../../testdata/sip/torture", tt.name+".sip"))
				if err != nil {
					t.Fatal(err)
				}
				p := servePBX(t, nil)
				p.open.Store(true)
				aor := DefaultAOR(tt.aor)
				aor.MaxContacts = 5
				if err := p.registrar.Configure(t.Context(), []AOR{aor}); err != nil {
					t.Fatal(err)
				}
				w := p.phone(t, network, "nobody", "")
				w.Send(string(text))
				a := w.Next()
				if a.Status() != tt.status || !slices.Equal(withoutExpires(a.Headers("Contact")), tt.contacts) {
					t.Fatalf("got\n%s\nwant %d, Contact %q", a.Text, tt.status, tt.contacts)
				}
				user := strings.ReplaceAll(tt.aor, "\x00", "%00")
				if a := w.send(user, home); a.Status() != 200 || !slices.Equal(withoutExpires(a.Headers("Contact")), tt.contacts) {
					t.Errorf("asked for, it is\n%s", a.Text)
				}
				bound(t, p.registrar, tt.aor, tt.contacts, tt.header)
				again, err := New(Default(), p.server, p.store, slog.New(slog.DiscardHandler))
				if err != nil {
					t.Fatal(err)
				}
				if err := again.Configure(t.Context(), []AOR{aor}); err != nil {
					t.Fatal(err)
				}
				if err := again.Start(t.Context()); err != nil {
					t.Fatal(err)
				}
				defer again.Stop()
				bound(t, again, tt.aor, tt.contacts, tt.header)
			})
		}
	}
}

// bound wants an AOR to have certain contacts, each reached by its own URI.
func bound(t *testing.T, r *Registrar, aor string, want []string, header string) {
	t.Helper()
	var got []string
	for _, b := range r.Lookup(aor) {
		got = append(got, b.Contact.String())
		if !b.Target.Identical(b.Contact.URI) {
			t.Errorf("%s is reached by %s", b.Contact, b.Target)
		}
		if name, value, _ := strings.Cut(header, "="); header != "" && b.Target.Headers.Value(name) != value {
			t.Errorf("%s has no %s", b.Target, header)
		}
	}
	if !slices.Equal(withoutExpires(got), want) {
		t.Errorf("bound is %q, want %q", got, want)
	}
}

// withoutExpires are contacts in the order of the table's.
func withoutExpires(contacts []string) (out []string) {
	for _, c := range contacts {
		out = append(out, regexp.MustCompile(`;expires=\d+`).ReplaceAllString(c, ""))
	}
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) })
	return out
}

// TestTortureRegistersAreAll holds the table to the messages that there are.
func TestTortureRegistersAreAll(t *testing.T) {
	files, err := filepath.Glob("../../testdata/sip/torture/*.sip")
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(string(text), "REGISTER ") {
			want = append(want, strings.TrimSuffix(filepath.Base(f), ".sip"))
		}
	}
	for _, tt := range torturedRegisters {
		got = append(got, tt.name)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the table has %q, the folder %q", got, want)
	}
}
