package sip

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func uri(s string) URI {
	u, err := ParseURI(s)
	if err != nil {
		panic(err)
	}
	return u
}

// addressCases feed the parse, print and fuzz tests; a nil want is an error.
var addressCases = []struct {
	name, in string
	want     []Address
	print    string // "" when it prints as it was read
}{
	{"bare", "sip:a@b", []Address{{URI: uri("sip:a@b")}}, "<sip:a@b>"},
	{"bare with parameters", "sip:a@b;tag=1", []Address{{URI: uri("sip:a@b"), Params: Params{{"tag", "1"}}}}, "<sip:a@b>;tag=1"},
	{"brackets", "<sip:a@b;lr>;tag=1", []Address{{URI: uri("sip:a@b;lr"), Params: Params{{"tag", "1"}}}}, ""},
	{"name", `"Alice" <sip:a@b>`, []Address{{Display: "Alice", URI: uri("sip:a@b")}}, ""},
	{"tokens", `Alice Liddell <sip:a@b>`, []Address{{Display: "Alice Liddell", URI: uri("sip:a@b")}}, `"Alice Liddell" <sip:a@b>`},
	{"no space", `caller<sip:a@b>`, []Address{{Display: "caller", URI: uri("sip:a@b")}}, `"caller" <sip:a@b>`},
	{"quotes in the name", `"J Rosenberg \\\"" <sip:a@b>`, []Address{{Display: `J Rosenberg \"`, URI: uri("sip:a@b")}}, ""},
	{"brackets in the name", `"a <sip:x@y>, b" <sip:a@b>`, []Address{{Display: "a <sip:x@y>, b", URI: uri("sip:a@b")}}, ""},
	{"empty name", `"" <sip:a@b>`, []Address{{URI: uri("sip:a@b")}}, `<sip:a@b>`},
	{"white space", "\t \"A\"  <sip:a@b> ; q = 0.3 ;\tx", []Address{{Display: "A", URI: uri("sip:a@b"), Params: Params{{"q", "0.3"}, {"x", ""}}}},
		`"A" <sip:a@b>;q=0.3;x`},
	{"list", `<sip:a@b>;q=1, "C, D" <sip:c@d>,sip:e@f`, []Address{
		{URI: uri("sip:a@b"), Params: Params{{"q", "1"}}},
		{Display: "C, D", URI: uri("sip:c@d")},
		{URI: uri("sip:e@f")},
	}, `<sip:a@b>;q=1, "C, D" <sip:c@d>, <sip:e@f>`},
	{"instance", `<sip:a@b>;+sip.instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E128>";reg-id=1`,
		[]Address{{URI: uri("sip:a@b"), Params: Params{{"+sip.instance", "<urn:uuid:00000000-0000-1000-8000-000A95A0E128>"}, {"reg-id", "1"}}}}, ""},
	{"comma in brackets", `<sip:a,b@c>`, []Address{{URI: uri("sip:a,b@c")}}, ""},
	{"wildcard", "*", []Address{{Wildcard: true}}, ""},
	{"tel", "<tel:+331>", []Address{{URI: uri("tel:+331")}}, ""},
	{"opaque", "<http://www.example.com>;tag=1", []Address{{URI: uri("http://www.example.com"), Params: Params{{"tag", "1"}}}}, ""},
	{"utf-8 name", `"Žofie" <sip:a@b>`, []Address{{Display: "Žofie", URI: uri("sip:a@b")}}, ""},
	{"quoted parameter", `<sip:a@b>;x="y z\""`, []Address{{URI: uri("sip:a@b"), Params: Params{{"x", `y z"`}}}}, ""},

	{"empty", "", nil, ""},
	{"quote without end", `"Alice <sip:a@b>`, nil, ""},
	{"name alone", `"Alice"`, nil, ""},
	{"no end bracket", `<sip:a@b`, nil, ""},
	{"space in brackets", `"A" < sip:a@b >`, nil, ""},
	{"question mark outside brackets", "sip:a@b?Route=%3Csip:c%3E", nil, ""},
	{"comma in a name", `Bell, Alexander <sip:a@b>`, nil, ""},
	{"junk after", `<sip:a@b> junk`, nil, ""},
	{"empty parameter", `<sip:a@b>;;;;`, nil, ""},
	{"empty element", `<sip:a@b>,`, nil, ""},
	{"wildcard with another", `*, <sip:a@b>`, nil, ""},
}

func printAddresses(as []Address) string {
	var out []string
	for _, a := range as {
		out = append(out, a.String())
	}
	return strings.Join(out, ", ")
}

func TestParseAddressList(t *testing.T) {
	for _, c := range addressCases {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseAddressList(c.in)
			if c.want == nil {
				if err == nil {
					t.Fatalf("%q parsed as %#v", c.in, got)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
			want := c.print
			if want == "" {
				want = c.in
			}
			if text := printAddresses(got); text != want {
				t.Errorf("printed %s, want %s", text, want)
			}
		})
	}
}

func FuzzParseAddressList(f *testing.F) {
	for _, c := range addressCases {
		f.Add(c.in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		as, err := ParseAddressList(in)
		if err != nil || strings.ContainsAny(in, "\r\n\x00") { // a header line holds none
			return
		}
		text := printAddresses(as)
		if strings.ContainsAny(text, "\r\n\x00") {
			t.Fatalf("%q printed as %q", in, text)
		}
		again, err := ParseAddressList(text)
		if err != nil {
			t.Fatalf("%q printed as %q: %v", in, text, err)
		}
		if d := cmp.Diff(as, again); d != "" {
			t.Fatal(d)
		}
	})
}

// viaCases feed the parse, print and fuzz tests; an empty host is an error.
var viaCases = []struct {
	in, print string
	want      via
}{
	{"SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds", "",
		via{"2.0", "UDP", "pc33.atlanta.com", 0, Params{{"branch", "z9hG4bK776asdhds"}}}},
	{"SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bK87asdks7;rport;received=192.0.2.9", "",
		via{"2.0", "TCP", "192.0.2.1", 5060, Params{{"branch", "z9hG4bK87asdks7"}, {"rport", ""}, {"received", "192.0.2.9"}}}},
	{"SIP  /   2.0  /UDP     192.0.2.2 : 5070 ; branch =390skdjuw", "SIP/2.0/UDP 192.0.2.2:5070;branch=390skdjuw",
		via{"2.0", "UDP", "192.0.2.2", 5070, Params{{"branch", "390skdjuw"}}}},
	{"SIP/2.0/TLS [2001:db8::9:1]:6050;received=[2001:db8::9:255];branch=z9hG4bKas3", "",
		via{"2.0", "TLS", "2001:db8::9:1", 6050, Params{{"received", "[2001:db8::9:255]"}, {"branch", "z9hG4bKas3"}}}},
	{"SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255", "",
		via{"2.0", "UDP", "2001:db8::9:1", 0, Params{{"received", "2001:db8::9:255"}}}},
	{"SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK56sdasks", "",
		via{"2.0", "WSS", "df7jal23ls0d.invalid", 0, Params{{"branch", "z9hG4bK56sdasks"}}}},
	{"SIP/2.0/UDP", "", via{}},
	{"SIP/2.0/UDP a b;branch=1", "", via{}},
	{"HTTP/1.1/TCP host", "", via{}},
	{"SIP/2.0 /UDP", "", via{}},
	{"SIP/2.0/UDP host:99999", "", via{}},
}

func TestParseVia(t *testing.T) {
	for _, c := range viaCases {
		got, err := parseVia(c.in)
		if c.want.host == "" {
			if err == nil {
				t.Errorf("%q parsed as %+v", c.in, got)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", c.in, err)
			continue
		}
		if d := cmp.Diff(c.want, got, cmp.AllowUnexported(via{})); d != "" {
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
		v, err := parseVia(in)
		if err != nil || strings.ContainsAny(in, "\r\n\x00") {
			return
		}
		again, err := parseVia(v.String())
		if err != nil {
			t.Fatalf("%q printed as %q: %v", in, v, err)
		}
		if d := cmp.Diff(v, again, cmp.AllowUnexported(via{})); d != "" {
			t.Fatal(d)
		}
	})
}
