package directory

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// TestUsers: what a URI dials, as it stands and without what follows a semicolon.
func TestUsers(t *testing.T) {
	for _, tc := range []struct{ uri, whole, cut string }{
		{"sip:+33123456789@h", "+33123456789", "+33123456789"},
		{"sip:+33123456789;npdi;rn=+14155550000@h;user=phone", "+33123456789;npdi;rn=+14155550000", "+33123456789"},
		{"sip:+33123456789;npdi;rn=+14155550000@h", "+33123456789;npdi;rn=+14155550000", "+33123456789"},
		{"sip:+1-(415).555-0000;phone-context=a.b-c@h;user=phone", "+14155550000;phone-context=a.b-c", "+14155550000"},
		{"sip:+1-415-555-0000@h;user=PHONE", "+14155550000", "+14155550000"},
		{"sip:+1-415-555-0000@h", "+1-415-555-0000", "+1-415-555-0000"}, // nobody says that it is a telephone's
		{"sip:ana-b.c@h;user=phone", "ana-b.c", "ana-b.c"},
		{"sip:ana;x=y@h", "ana;x=y", "ana"},
		{"sip:ana%3Bx@h", "ana;x", "ana"},
		{"sip:;x=y@h", ";x=y", ""},
		{"sip:(-)@h;user=phone", "(-)", "(-)"},
		{"sip:1001%26PJSIP%2F(0044)@h;user=phone", "1001&PJSIP/(0044)", "1001&PJSIP/(0044)"},
		{"tel:+1-415-555-0000;rn=+1", "+14155550000", "+14155550000"},
		{"sip:h", "", ""},
	} {
		u, err := message.ParseURI(tc.uri)
		if err != nil {
			t.Fatalf("%s: %v", tc.uri, err)
		}
		if whole, cut := bare(false).user(u), bare(true).user(u); whole != tc.whole || cut != tc.cut {
			t.Errorf("%s is %q and %q, want %q and %q", tc.uri, whole, cut, tc.whole, tc.cut)
		}
	}
}
