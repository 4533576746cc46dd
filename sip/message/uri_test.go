package message

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// uriCases feed the parse, print and fuzz tests. print is "" when it prints as it
// was read; a want with an empty Scheme is an error.
var uriCases = []struct {
	name, in, print string
	want            URI
}{
	{"plain", "sip:alice@atlanta.com", "", URI{Scheme: "sip", User: "alice", Host: "atlanta.com"}},
	{"host alone", "sip:192.0.2.1", "", URI{Scheme: "sip", Host: "192.0.2.1"}},
	{"port", "sips:alice@atlanta.com:5061", "", URI{Scheme: "sips", User: "alice", Host: "atlanta.com", Port: 5061}},
	{"scheme in capitals", "SIP:a@b", "sip:a@b", URI{Scheme: "sip", User: "a", Host: "b"}},
	{"password", "sip:alice:secretword@atlanta.com;transport=tcp", "",
		URI{Scheme: "sip", User: "alice", Password: "secretword", Host: "atlanta.com", Params: Params{{"transport", "tcp"}}}},
	{"ipv6", "sip:alice@[2001:db8::1]:5070;lr", "",
		URI{Scheme: "sip", User: "alice", Host: "2001:db8::1", Port: 5070, Params: Params{{"lr", ""}}}},
	{"headers", "sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com&priority=urgent", "",
		URI{Scheme: "sip", Host: "atlanta.com", Params: Params{{"method", "REGISTER"}},
			Headers: Params{{"to", "alice@atlanta.com"}, {"priority", "urgent"}}}},
	{"escapes", "sip:%61lice%20b@atlanta.com", "sip:alice%20b@atlanta.com", URI{Scheme: "sip", User: "alice b", Host: "atlanta.com"}},
	{"escaped nul", "sip:null-%00-null@example.com", "", URI{Scheme: "sip", User: "null-\x00-null", Host: "example.com"}},
	{"escaped line end", "sip:a%0D%0AX:b@h", "sip:a%0D%0AX:b@h", URI{Scheme: "sip", User: "a\r\nX", Password: "b", Host: "h"}},
	{"semicolon in the user", "sip:user;par=u%40example.net@example.com", "",
		URI{Scheme: "sip", User: "user;par=u@example.net", Host: "example.com"}},
	{"unusual user", "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com", "",
		URI{Scheme: "sip", User: "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*", Password: "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)", Host: "example.com"}},
	{"empty parameter dropped", "sip:a@b;;lr;", "sip:a@b;lr", URI{Scheme: "sip", User: "a", Host: "b", Params: Params{{"lr", ""}}}},
	{"utf-8 escaped", "sip:%D7%90@h", "", URI{Scheme: "sip", User: "א", Host: "h"}},
	{"utf-8 raw", "sip:א@h", "sip:%D7%90@h", URI{Scheme: "sip", User: "א", Host: "h"}},
	{"hash", "sip:*21#@h", "sip:*21%23@h", URI{Scheme: "sip", User: "*21#", Host: "h"}},
	{"tel", "tel:+33-1-23;phone-context=example.com", "",
		URI{Scheme: "tel", User: "+33-1-23", Params: Params{{"phone-context", "example.com"}}}},
	{"other scheme", "urn:service:sos", "", URI{Scheme: "urn", Opaque: "service:sos"}},
	{"websocket", "sip:abc@df7jal23ls0d.invalid;transport=ws", "",
		URI{Scheme: "sip", User: "abc", Host: "df7jal23ls0d.invalid", Params: Params{{"transport", "ws"}}}},
	{"name with underscore", "sip:a@my_host", "", URI{Scheme: "sip", User: "a", Host: "my_host"}},

	{"repeated parameter", "sip:a@b;lr;ob;lr", "sip:a@b;lr;ob", URI{Scheme: "sip", User: "a", Host: "b", Params: Params{{"lr", ""}, {"ob", ""}}}},

	{"empty", "", "", URI{}},
	{"parameter with two values", "sip:a@b;transport=udp;transport=tcp", "", URI{}},
	{"no scheme", "alice@atlanta.com", "", URI{}},
	{"no host", "sip:alice@", "", URI{}},
	{"empty user", "sip:@host", "", URI{}},
	{"two @", "sip:a@b@c", "", URI{}},
	{"space", "sip:a@b; lr", "", URI{}},
	{"brackets", "<sip:a@b>", "", URI{}},
	{"broken escape", "sip:a%4@b", "", URI{}},
	{"escape that is none", "sip:a%zz@b", "", URI{}},
	{"port too large", "sip:a@b:65536", "", URI{}},
	{"port zero", "sip:a@b:0", "", URI{}},
	{"port empty", "sip:a@b:", "", URI{}},
	{"a third colon before ipv4", "sip:a@[2001:db8:::192.0.2.1]:5070", "sip:a@[2001:db8::192.0.2.1]:5070",
		URI{Scheme: "sip", User: "a", Host: "2001:db8::192.0.2.1", Port: 5070}},
	{"a third colon elsewhere", "sip:a@[2001:::1]", "", URI{}},
	{"two third colons", "sip:a@[2001:::1:::192.0.2.1]", "", URI{}},
	{"ipv6 without brackets", "sip:a@2001:db8::1", "", URI{}},
	{"ipv6 without end", "sip:a@[2001:db8::1", "", URI{}},
	{"ipv4 in brackets", "sip:a@[192.0.2.1]", "", URI{}},
	{"nameless parameter", "sip:a@b;=x", "", URI{}},
	{"line end", "sip:a@b\r\nX: y", "", URI{}},
	{"nul", "sip:a\x00@b", "", URI{}},
}

func TestParseURI(t *testing.T) {
	for _, c := range uriCases {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseURI(c.in)
			if c.want.Scheme == "" {
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
			if got.String() != want {
				t.Errorf("printed %s, want %s", got, want)
			}
		})
	}
}

func TestURIInJSON(t *testing.T) {
	in := struct{ A, B URI }{A: URI{Scheme: "sip", User: "a", Host: "h"}}
	b, err := json.Marshal(in)
	if err != nil || string(b) != `{"A":"sip:a@h","B":""}` {
		t.Fatalf("%s %v", b, err)
	}
	out := in
	out.A = URI{}
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(in, out); d != "" {
		t.Error(d)
	}
}

func TestURIEqual(t *testing.T) { // the pairs of RFC 3261 §19.1.4
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp", true},
		{"sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", true},
		{"sip:carol@chicago.com", "sip:carol@chicago.com;security=on", true},
		{"sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5", true},
		{"sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
			"sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com", true},
		{"sip:alice@atlanta.com?subject=project%20x&priority=urgent", "sip:alice@atlanta.com?priority=urgent&subject=project%20x", true},
		{"SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP", false},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", false},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp", false},
		{"sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting", false},
		{"sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", false},
		{"sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off", false},
	} {
		a, err1 := ParseURI(c.a)
		b, err2 := ParseURI(c.b)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if a.Equal(b) != c.want || b.Equal(a) != c.want {
			t.Errorf("%s and %s: equal is not %v", c.a, c.b, c.want)
		}
	}
}

func FuzzParseURI(f *testing.F) {
	for _, c := range uriCases {
		f.Add(c.in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		u, err := ParseURI(in)
		if err != nil {
			return
		}
		text := u.String()
		if strings.ContainsAny(text, "\r\n\x00 <>\"") {
			t.Fatalf("%q printed as %q", in, text)
		}
		again, err := ParseURI(text)
		if err != nil {
			t.Fatalf("%q printed as %q: %v", in, text, err)
		}
		if d := cmp.Diff(u, again); d != "" {
			t.Fatal(d)
		}
		if !u.Equal(again) {
			t.Fatalf("%q is not equal to itself", in)
		}
	})
}
