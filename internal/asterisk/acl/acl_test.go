package acl

import (
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/option"
)

// section is what stands in a file.
type section struct{ source ACL }

var table = option.Table[section]{
	Name: "a test",
	Rows: option.Rows[section]{
		"acl":    Names(func(s *section) *ACL { return &s.source }),
		"permit": Rules(func(s *section) *ACL { return &s.source }, true),
		"deny":   Rules(func(s *section) *ACL { return &s.source }, false),
	},
}

// read is what a section says, with acl.conf beside it, and the warnings of both.
func read(t testing.TB, lines, named string) (ACL, []asterisk.Warning) {
	t.Helper()
	files := fstest.MapFS{"test.conf": {Data: []byte("[s]\n" + lines)}}
	if named != "" {
		files[File] = &fstest.MapFile{Data: []byte(named)}
	}
	var w asterisk.Warnings
	from := asterisk.Loader{FS: files}
	config, err := from.Load("test.conf", &w)
	if err != nil {
		t.Skip(err)
	}
	lists, err := Load(from, &w)
	if err != nil {
		t.Skip(err)
	}
	var s section
	if sec := config.Section("s"); sec != nil {
		table.Apply(&s, sec, &w)
		s.source.Placed(sec, "acl")
	}
	s.source.Find(lists, &w)
	return s.source, w.List()
}

const offices = `
[office]
deny=0.0.0.0/0.0.0.0
permit=192.0.2.0/255.255.255.0
deny=192.0.2.9
[lab](!)
deny=0.0.0.0/0,::/0
[bench](lab)
permit=2001:db8::/32
[twice]
deny=0.0.0.0/0
[twice]
permit=192.0.2.1
[slip]
permit=192.0.2.0/24
deny=192.0.2.0.24
permit=0.0.0.0/0
[word]
permit=0.0.0.0/0
dney=192.0.2.0/24
[empty]
`

// TestLists: the last rule that fits decides, and every list has a word.
func TestLists(t *testing.T) {
	for _, tc := range []struct {
		name, lines string
		permitted   string
		refused     string
	}{
		{"nothing", "", "192.0.2.1 ::1", ""},
		{"one host", "deny=0.0.0.0/0\npermit=192.0.2.1", "192.0.2.1 ::ffff:192.0.2.1 ::1", "192.0.2.2 ::ffff:192.0.2.2"},
		{"order", "permit=192.0.2.1\ndeny=0.0.0.0/0", "", "192.0.2.1"},
		{"last wins", "deny=0.0.0.0/0\npermit=10.0.0.0/8\ndeny=10.1.0.0/16\npermit=10.1.2.0/24", "10.2.0.1 10.1.2.3", "10.1.3.1 192.0.2.1"},
		{"masks", "deny=0.0.0.0/0.0.0.0\npermit=10.1.2.3/255.255.0.0", "10.1.0.1", "10.2.0.1"},
		{"several in a line", "deny=0.0.0.0/0, ::/0\npermit = 192.0.2.1,2001:db8::/32", "192.0.2.1 2001:db8::7", "192.0.2.2 2001:db9::7"},
		{"negated", "deny=!192.0.2.0/24", "192.0.2.1 198.51.100.1", ""},
		{"negated among others", "permit=0.0.0.0/0,!192.0.2.0/24", "198.51.100.1", "192.0.2.1"},
		{"the other way round", "deny=0.0.0.0/0,!192.0.2.1", "192.0.2.1", "192.0.2.2"},
		{"families are apart", "deny=::/0", "192.0.2.1", "::1 2001:db8::1"},
		{"a zone", "deny=fe80::/10", "", "fe80::1%eth0"},
		{"brackets", "deny=[2001:db8::1]", "2001:db8::2", "2001:db8::1"},
		{"IPv4 in IPv6", "deny=::ffff:192.0.2.0/120", "192.0.3.1", "192.0.2.1 ::ffff:192.0.2.1"},
		{"a name", "acl=office", "192.0.2.1 ::1", "192.0.2.9 198.51.100.1"},
		{"a template", "acl=bench", "2001:db8::1", "192.0.2.1 2001:db9::1"},
		{"names are all asked", "acl=office,bench", "2001:db8::1", "192.0.2.1"},
		{"names and rules", "acl=office\ndeny=192.0.2.7\npermit=198.51.100.1", "192.0.2.1", "192.0.2.7 198.51.100.1"},
		{"a list in two parts", "acl=twice", "192.0.2.1", "192.0.2.2"},
		{"an empty list", "acl=empty", "192.0.2.1", ""},
	} {
		a, warnings := read(t, tc.lines, offices)
		for _, addr := range strings.Fields(tc.permitted) {
			if !a.Permits(netip.MustParseAddr(addr)) {
				t.Errorf("%s: %s is refused by %v", tc.name, addr, a)
			}
		}
		for _, addr := range strings.Fields(tc.refused) {
			if a.Permits(netip.MustParseAddr(addr)) {
				t.Errorf("%s: %s is permitted by %v", tc.name, addr, a)
			}
		}
		for _, w := range warnings {
			if w.File != File {
				t.Errorf("%s: %v", tc.name, w)
			}
		}
	}
}

// TestSlips: what cannot be read permits nobody, whatever else is there, and is told of.
func TestSlips(t *testing.T) {
	for _, tc := range []struct{ lines, named, at, text string }{
		{"deny=192.0.2.0/33", offices, "test.conf:2", `deny: "192.0.2.0/33" has no such mask`},
		{"deny=0.0.0.0/0\npermit=192.0.2.1\ndeny=300.1.1.1", offices, "test.conf:4", `"300.1.1.1" is no address or network`},
		{"deny=nonsense\npermit=0.0.0.0/0\npermit=::/0", offices, "test.conf:2", "no address or network"},
		{"permit=host.example", offices, "test.conf:2", "no address or network"},
		{"deny=", offices, "test.conf:2", "there is no address"},
		{"deny=10.0.0.0/255.0.255.0", offices, "test.conf:2", "has holes"},
		{"permit=0.0.0.0/0,!", offices, "test.conf:2", "no address"},
		{"permit=0.0.0.0/0\nacl=ofice", offices, "test.conf:3", `there is no list "ofice" in acl.conf`},
		{"acl=Office", offices, "test.conf:2", `there is no list "Office"`},
		{"acl=lab", offices, "test.conf:2", `there is no list "lab"`}, // a template is none
		{"acl=office", "", "test.conf:2", "there is no list"},
		{"acl=slip", offices, "acl.conf:16", "no address or network"},
		{"acl=word", offices, "acl.conf:20", "[word] dney: it is neither permit nor deny"},
	} {
		a, warnings := read(t, tc.lines, tc.named)
		for _, addr := range []string{"192.0.2.1", "203.0.113.7", "::1", "::ffff:192.0.2.1"} {
			if a.Permits(netip.MustParseAddr(addr)) {
				t.Errorf("%q permits %s", tc.lines, addr)
			}
		}
		told := false
		for _, w := range warnings {
			told = told || w.Grave && strings.HasPrefix(w.String(), tc.at+": ") && strings.Contains(w.Text, tc.text) && w.Here != ""
		}
		if !told {
			t.Errorf("%q: nothing of %q at %s in %v", tc.lines, tc.text, tc.at, warnings)
		}
	}
}

// TestNamesNotLookedUp: a list that nobody has looked for is no permission.
func TestNamesNotLookedUp(t *testing.T) {
	var s section
	if err := table.Rows["acl"](&s, "office"); err != nil {
		t.Fatal(err)
	}
	if s.source.Permits(netip.MustParseAddr("192.0.2.1")) || s.source.Empty() {
		t.Error("a name alone permits")
	}
}

// TestAnd: what two say has both to permit, and neither is changed by a third.
func TestAnd(t *testing.T) {
	one, _ := read(t, "deny=0.0.0.0/0\npermit=10.0.0.0/8", "")
	two, _ := read(t, "deny=10.1.0.0/16", "")
	both := one
	both.And(two)
	other := one
	other.And(one)
	for addr, want := range map[string]bool{"10.2.0.1": true, "10.1.0.1": false, "192.0.2.1": false} {
		if got := both.Permits(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %v by %v", addr, got, both)
		}
	}
	if want := "deny 0.0.0.0/0 permit 10.0.0.0/8 and deny 10.1.0.0/16"; both.String() != want {
		t.Errorf("%q, want %q", both.String(), want)
	}
}

// FuzzRules: what is warned of permits nobody, and nothing panics.
func FuzzRules(f *testing.F) {
	for _, s := range []string{"deny=0.0.0.0/0\npermit=!10.0.0.0/8,::1", "deny=x", "acl=office", "permit=::ffff:1.2.3.4/96", "deny=,"} {
		f.Add(s, offices)
	}
	f.Fuzz(func(t *testing.T, lines, named string) {
		a, warnings := read(t, lines, named)
		for _, w := range warnings {
			if w.Grave && w.File == "test.conf" && a.Permits(netip.MustParseAddr("192.0.2.1")) {
				t.Fatalf("%q permits in spite of %v", lines, w)
			}
		}
	})
}
