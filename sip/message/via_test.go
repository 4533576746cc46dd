package message

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// viaCases feed the parse, print and fuzz tests; an empty host is an error.
var viaCases = []struct {
	in, print string
	want      Via
}{
	{"SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds", "",
		Via{"2.0", "UDP", "pc33.atlanta.com", 0, Params{{"branch", "z9hG4bK776asdhds"}}}},
	{"SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bK87asdks7;rport;received=192.0.2.9", "",
		Via{"2.0", "TCP", "192.0.2.1", 5060, Params{{"branch", "z9hG4bK87asdks7"}, {"rport", ""}, {"received", "192.0.2.9"}}}},
	{"SIP  /   2.0  /UDP     192.0.2.2 : 5070 ; branch =390skdjuw", "SIP/2.0/UDP 192.0.2.2:5070;branch=390skdjuw",
		Via{"2.0", "UDP", "192.0.2.2", 5070, Params{{"branch", "390skdjuw"}}}},
	{"SIP/2.0/TLS [2001:db8::9:1]:6050;received=[2001:db8::9:255];branch=z9hG4bKas3", "",
		Via{"2.0", "TLS", "2001:db8::9:1", 6050, Params{{"received", "[2001:db8::9:255]"}, {"branch", "z9hG4bKas3"}}}},
	{"SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255", "",
		Via{"2.0", "UDP", "2001:db8::9:1", 0, Params{{"received", "2001:db8::9:255"}}}},
	{"SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK56sdasks", "",
		Via{"2.0", "WSS", "df7jal23ls0d.invalid", 0, Params{{"branch", "z9hG4bK56sdasks"}}}},
	{"SIP/2.0/UDP host;branch=z9hG4bK776/a=@x", "", Via{"2.0", "UDP", "host", 0, Params{{"branch", "z9hG4bK776/a=@x"}}}},
	{"SIP/2.0/UDP", "", Via{}},
	{"SIP/2.0/UDP a b;branch=1", "", Via{}},
	{"HTTP/1.1/TCP host", "", Via{}},
	{"SIP/2.0 /UDP", "", Via{}},
	{"SIP/2.0/UDP host:99999", "", Via{}},
}

func TestParseVia(t *testing.T) {
	for _, c := range viaCases {
		got, err := ParseVia(c.in)
		if c.want.Host == "" {
			if err == nil {
				t.Errorf("%q parsed as %+v", c.in, got)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", c.in, err)
			continue
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Error(d)
		}
		want := c.print
		if want == "" {
			want = c.in
		}
		if got.String() != want {
			t.Errorf("printed %s, want %s", got, want)
		}
	}
}

func FuzzParseVia(f *testing.F) {
	for _, c := range viaCases {
		f.Add(c.in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		v, err := ParseVia(in)
		if err != nil || strings.ContainsAny(in, "\r\n\x00") {
			return
		}
		again, err := ParseVia(v.String())
		if err != nil {
			t.Fatalf("%q printed as %q: %v", in, v, err)
		}
		if d := cmp.Diff(v, again); d != "" {
			t.Fatal(d)
		}
	})
}
