package endpoint

import (
	"net/netip"
	"strings"
	"testing"
)

// marks are texts of match_header, what `pjsip show identifies` prints of them ("" for
// one that cannot be), and what fits and does not.
var marks = []struct {
	text, shown string
	fits, not   []string
}{
	{"X-Key: a b", "X-Key: a b", []string{"a b"}, []string{"a", "A b", "a b ", ""}},
	{" X-Key :7c", "X-Key: 7c", []string{"7c"}, []string{"7c7c"}},
	{"To: /sip:0800[0-9]+@/", "To: /sip:0800[0-9]+@/", []string{"<sip:08001@h>"}, []string{"sip:0800@h"}},
	{"X: /", "X: /", []string{"/"}, []string{"a/"}},
	{"X: /(/", "", nil, nil},
	{"X: //", "", nil, nil},
	{"X:", "", nil, nil},
	{"X", "", nil, nil},
	{": x", "", nil, nil},
	{"X Y: x", "", nil, nil},
	{"X: /" + strings.Repeat("a", 257) + "/", "", nil, nil},
}

func TestMarks(t *testing.T) {
	for _, tt := range marks {
		m, err := ParseHeaderMark(tt.text)
		if (err == nil) != (tt.shown != "") || err == nil && m.String() != tt.shown {
			t.Errorf("%q is %q (%v)", tt.text, m.String(), err)
			continue
		}
		for _, v := range tt.fits {
			if !m.Fits(netip.Addr{}, []string{"other", v}) {
				t.Errorf("%q: %q does not fit", tt.text, v)
			}
		}
		if m.Fits(netip.Addr{}, tt.not) || m.Fits(netip.Addr{}, nil) {
			t.Errorf("%q: one of %q fits, or nothing does", tt.text, tt.not)
		}
	}
	m, err := ParseURIMark("sip:1@h")
	if err != nil || m.String() != "sip:1@h" || m.Header != "" {
		t.Errorf("%+v, %v", m, err)
	}
	m.Networks = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	for addr, want := range map[string]bool{"192.0.2.7": true, "192.0.3.7": false} {
		if m.Fits(netip.MustParseAddr(addr), []string{"sip:1@h"}) != want {
			t.Errorf("from %s: %v", addr, !want)
		}
	}
}

func FuzzMark(f *testing.F) {
	for _, tt := range marks {
		f.Add(tt.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := ParseHeaderMark(text)
		if err != nil {
			return
		}
		again, err := ParseHeaderMark(m.String())
		if err != nil || again.String() != m.String() || again.Header != m.Header || again.Text != m.Text {
			t.Errorf("%q is %q, and that is %q (%v)", text, m.String(), again.String(), err)
		}
		if m.Fits(netip.Addr{}, nil) {
			t.Errorf("%q: nothing fits", text)
		}
	})
}
