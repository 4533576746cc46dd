package refer_test

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/refer"
)

// targets are Refer-To, what they say, and how that is written again.
var targets = []struct {
	text     string
	user     string
	host     string
	replaces string // empty for none
	printed  string
	kind     fault.Kind // of the error, with user empty
}{
	{text: "<sip:1002@127.0.0.1>", user: "1002", host: "127.0.0.1", printed: "<sip:1002@127.0.0.1>"},
	{text: "sip:1002@127.0.0.1", user: "1002", host: "127.0.0.1", printed: "<sip:1002@127.0.0.1>"},
	{text: `"Bob" <sips:bob@example.com:5061;transport=tcp>`, user: "bob", host: "example.com", printed: "<sips:bob@example.com:5061;transport=tcp>"},
	{text: "<sip:1002@h;method=INVITE>", user: "1002", host: "h", printed: "<sip:1002@h>"},
	{
		text: "<sip:1002@h?Replaces=abc%40h%3Bto-tag%3D1%3Bfrom-tag%3D2>", user: "1002", host: "h",
		replaces: "abc@h;to-tag=1;from-tag=2", printed: "<sip:1002@h?Replaces=abc%40h%3Bto-tag%3D1%3Bfrom-tag%3D2>",
	},
	{
		text: "<sip:1002@h?replaces=abc%3Bfrom-tag%3D2%3Bto-tag%3D1%3Bearly-only>", user: "1002", host: "h",
		replaces: "abc;to-tag=1;from-tag=2;early-only", printed: "<sip:1002@h?Replaces=abc%3Bto-tag%3D1%3Bfrom-tag%3D2%3Bearly-only>",
	},
	{text: "<sip:1002@h?Subject=x&Route=%3Csip%3Aevil%3E>", user: "1002", host: "h", printed: "<sip:1002@h>"},
	{text: "<tel:+4412345>", user: "+4412345", printed: "<tel:+4412345>"},
	{text: "", kind: fault.Malformed},
	{text: "*", kind: fault.Malformed},
	{text: "<sip:1002@h;method=BYE>", kind: fault.Unsupported},
	{text: "<sip:1002@h?Replaces=abc>", kind: fault.Malformed},
	{text: "<sip:1002@h?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2&Replaces=b%3Bto-tag%3D1%3Bfrom-tag%3D2>", kind: fault.Malformed},
	{text: "<sip:1002@h?Replaces=a%0D%0AX:y%3Bto-tag%3D1%3Bfrom-tag%3D2>", kind: fault.Malformed},
}

func TestTarget(t *testing.T) {
	for _, tc := range targets {
		r, err := refer.ParseTarget(tc.text)
		if tc.printed == "" {
			if err == nil || fault.Of(err) != tc.kind {
				t.Errorf("%s: %v, want kind %v", tc.text, err, tc.kind)
			}
			continue
		}
		if err != nil || r.To.User != tc.user || r.To.Host != tc.host {
			t.Errorf("%s: %+v, %v", tc.text, r.To, err)
			continue
		}
		got := ""
		if r.Replaces != nil {
			got = r.Replaces.String()
		}
		if got != tc.replaces {
			t.Errorf("%s: replaces %q, want %q", tc.text, got, tc.replaces)
		}
		if again := refer.Target(r.To, r.Replaces); again != tc.printed {
			t.Errorf("%s: printed %s, want %s", tc.text, again, tc.printed)
		}
	}
}

var replaces = []struct {
	text string
	want refer.Replaces // zero for an error
}{
	{"a@b;to-tag=1;from-tag=2", refer.Replaces{CallID: "a@b", ToTag: "1", FromTag: "2"}},
	{" a ; from-tag = 2 ; to-tag = 1 ; early-only ; x=y", refer.Replaces{CallID: "a", ToTag: "1", FromTag: "2", EarlyOnly: true}},
	{"a;to-tag=1", refer.Replaces{}},
	{"a;from-tag=1", refer.Replaces{}},
	{";to-tag=1;from-tag=2", refer.Replaces{}},
	{"a;to-tag=1;to-tag=3;from-tag=2", refer.Replaces{}},
	{"a b;to-tag=1;from-tag=2", refer.Replaces{}},
	{"a;to-tag=1\";from-tag=2", refer.Replaces{}},
	{"a, b;to-tag=1;from-tag=2", refer.Replaces{}},
}

func TestReplaces(t *testing.T) {
	for _, tc := range replaces {
		got, err := refer.ParseReplaces(tc.text)
		if (err == nil) != (tc.want != refer.Replaces{}) || got != tc.want {
			t.Errorf("%q: %+v, %v, want %+v", tc.text, got, err, tc.want)
		}
	}
}

func TestFragment(t *testing.T) {
	for _, status := range []int{100, 180, 200, 486, 603} {
		if got, err := refer.Status(refer.Fragment(status)); err != nil || got != status {
			t.Errorf("%d: %d, %v", status, got, err)
		}
	}
	for _, bad := range []string{"", "SIP/2.0", "SIP/2.0 abc OK", "SIP/2.0 99 Low", "SIP/2.0 1000 High", "HTTP/1.1 200 OK"} {
		if n, err := refer.Status([]byte(bad)); err == nil {
			t.Errorf("%q is read as %d", bad, n)
		}
	}
}

func FuzzTarget(f *testing.F) {
	for _, tc := range targets {
		f.Add(tc.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := refer.ParseTarget(text)
		if err != nil || r.To.Scheme != "sip" {
			return
		}
		printed := refer.Target(r.To, r.Replaces)
		again, err := refer.ParseTarget(printed)
		if err != nil || !again.To.Equal(r.To) || (again.Replaces == nil) != (r.Replaces == nil) || r.Replaces != nil && *again.Replaces != *r.Replaces {
			t.Errorf("%q is %q is %+v, %v", text, printed, again, err)
		}
		if message.CheckHeader("Refer-To", printed) != nil {
			t.Errorf("%q is printed as %q", text, printed)
		}
	})
}

func FuzzReplaces(f *testing.F) {
	for _, tc := range replaces {
		f.Add(tc.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := refer.ParseReplaces(text)
		if err != nil {
			return
		}
		if again, err := refer.ParseReplaces(r.String()); err != nil || again != r {
			t.Errorf("%q is %q is %+v, %v", text, r, again, err)
		}
	})
}
