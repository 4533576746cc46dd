package dialogs_test

import (
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip/internal/dialogs"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// The caller's route set is the Record-Route backwards (RFC 3261 §12.1.2), and what is not
// there or unusable leaves the target as it was.
func TestOfCaller(t *testing.T) {
	local := message.Address{URI: uri(t, "sip:100@a.example")}
	for _, tt := range []struct{ headers, target, route string }{
		{"Contact: <sip:200@192.0.2.7:5070>\r\nRecord-Route: <sip:near.example;lr>, <sip:far.example;lr>\r\n",
			"sip:200@192.0.2.7:5070", "sip:far.example;lr sip:near.example;lr"},
		{"", "sip:200@b.example", ""},
		{"Contact: *\r\n", "sip:200@b.example", ""},
		{"Contact: <sip:200@192.0.2.7>\r\nRecord-Route: nonsense<\r\n", "sip:200@192.0.2.7", ""},
	} {
		parsed, err := message.Parse([]byte("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a.example;branch=z9hG4bK1\r\nFrom: <sip:100@a.example>;tag=l\r\n" +
			"To: <sip:200@b.example>;tag=r\r\nCall-ID: c\r\nCSeq: 7 INVITE\r\n" + tt.headers + "Content-Length: 0\r\n\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		st := dialogs.OfCaller(dialogs.ID{CallID: "c", LocalTag: "l"}, local, uri(t, "sip:200@b.example"), message.NewResponse(parsed, message.Source{}))
		var route []string
		for _, a := range st.Route {
			route = append(route, a.URI.String())
		}
		if st.Target.String() != tt.target || strings.Join(route, " ") != tt.route {
			t.Errorf("%q: target %s, route %v", tt.headers, st.Target, route)
		}
		if st.ID != (dialogs.ID{CallID: "c", LocalTag: "l", RemoteTag: "r"}) || st.LocalSeq != 7 || !st.Caller || !st.Invite {
			t.Errorf("%+v", st)
		}
	}
}

func uri(t *testing.T, s string) message.URI {
	t.Helper()
	u, err := message.ParseURI(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
