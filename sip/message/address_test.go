package message

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
	{"quoted controls in the name", "\"BEL:\\\a DEL:\\\x7f\" <sip:a@b>", []Address{{Display: "BEL:\a DEL:\x7f", URI: uri("sip:a@b")}}, ""},
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

	{"tag of base64", `<sip:a@b>;tag=a/b+c==@d`, []Address{{URI: uri("sip:a@b"), Params: Params{{"tag", "a/b+c==@d"}}}}, ""},
	{"other value of base64", `<sip:a@b>;x=a/b==`, []Address{{URI: uri("sip:a@b"), Params: Params{{"x", "a/b=="}}}}, `<sip:a@b>;x="a/b=="`},

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
