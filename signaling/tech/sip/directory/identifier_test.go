package directory

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Who a request is from, by the order that the file gives and, within it, what is
// narrowest or stands first; who nothing speaks for is nobody (CVE-2024-35190 let one
// section match all).
func TestIdentifier(t *testing.T) {
	matches := []match{
		{"provider", netip.MustParsePrefix("192.0.2.0/24")},
		{"pbx", netip.MustParsePrefix("192.0.2.10/32")},
		{"second", netip.MustParsePrefix("192.0.2.10/32")},
		{"six", netip.MustParsePrefix("2001:db8::/32")},
	}
	marks := []mark{
		{"carrier", headerMark(t, "X-Trunk: carrier")},
		{"shadow", headerMark(t, "X-Trunk: carrier")},
		{"any", headerMark(t, "X-Trunk: /^any[0-9]+$/")},
		{"fenced", headerMark(t, "X-Fenced: yes", "198.51.100.0/24")},
		{"did", uriMark(t, "/^sip:0800/")},
	}
	exists := func(name string) bool { return name == "1001" || name == "provider" }
	lines := func(token string) string { return map[string]string{"t0ken": "registered"}[token] }
	usual := readOrder(nil)
	far := "198.51.100.1"
	x := func(value string) map[string]string { return map[string]string{"X-Trunk": value} }
	for _, tt := range []struct {
		name      string
		order     []method
		anonymous string
		asking    asking
		source    string
		has       map[string]string // headers, and the Request-URI under ""
		want      string
		by        method
	}{
		{name: "network", order: usual, source: "192.0.2.1", want: "provider", by: byIP},
		{name: "narrowest", order: usual, source: "192.0.2.10", want: "pbx", by: byIP},
		{name: "IPv4 in IPv6", order: usual, source: "::ffff:192.0.2.10", want: "pbx", by: byIP},
		{name: "IPv6", order: usual, source: "2001:db8::1%eth0", want: "six", by: byIP},
		{name: "address before user", order: usual, source: "192.0.2.1", asking: asking{username: "1001"}, want: "provider", by: byIP},
		{name: "user before address", order: []method{byUsername, byIP}, source: "192.0.2.1", asking: asking{username: "1001"}, want: "1001", by: byUsername},
		{name: "unknown user, then address", order: []method{byUsername, byIP}, source: "192.0.2.1", asking: asking{username: "1002"}, want: "provider", by: byIP},
		{name: "user", order: usual, source: far, asking: asking{username: "1001"}, want: "1001", by: byUsername},
		{name: "name of an endpoint that is identified by address", order: usual, source: far, asking: asking{username: "provider"}, want: "provider", by: byUsername},
		{name: "credentials are not looked at", order: usual, source: far, asking: asking{username: "x", auth: "1001"}},
		{name: "credentials", order: []method{byAuthUsername}, source: far, asking: asking{username: "x", auth: "1001"}, want: "1001", by: byAuthUsername},
		{name: "nobody", order: usual, source: far, asking: asking{username: "1002"}},
		{name: "nobody without names", order: usual, source: far},
		{name: "anonymous", order: usual, anonymous: "guest", source: far, asking: asking{username: "1002"}, want: "guest", by: byAnonymous},
		{name: "anonymous is not in the order", order: []method{byIP, byUsername}, anonymous: "guest", source: far, asking: asking{username: "1002"}},
		{name: "no order", anonymous: "guest", source: "192.0.2.1", asking: asking{username: "1001", auth: "1001"}, has: x("carrier")},
		{name: "no address", order: usual},

		{name: "header", order: usual, source: far, has: x("carrier"), want: "carrier", by: byHeader},
		{name: "header that fits no more", order: usual, source: far, has: x("carrier2")},
		{name: "header with another case", order: usual, source: far, has: x("Carrier")},
		{name: "empty header", order: usual, source: far, has: x("")},
		{name: "header by an expression", order: usual, source: far, has: x("any42"), want: "any", by: byHeader},
		{name: "header that the expression does not fit", order: usual, source: far, has: x("many42")},
		{name: "address before header", order: usual, source: "192.0.2.1", has: x("carrier"), want: "provider", by: byIP},
		{name: "user before header", order: usual, source: far, asking: asking{username: "1001"}, has: x("carrier"), want: "1001", by: byUsername},
		{name: "header before address", order: readOrder([]string{"header", "ip"}), source: "192.0.2.1", has: x("carrier"), want: "carrier", by: byHeader},
		{name: "header before anonymous", order: usual, anonymous: "guest", source: far, has: x("carrier"), want: "carrier", by: byHeader},
		{name: "header and its network", order: usual, source: "198.51.100.7", has: map[string]string{"X-Fenced": "yes"}, want: "fenced", by: byHeader},
		{name: "header from elsewhere", order: usual, source: "203.0.113.1", has: map[string]string{"X-Fenced": "yes"}},
		{name: "Request-URI", order: usual, source: far, has: map[string]string{"": "sip:0800123@example.com"}, want: "did", by: byRequestURI},
		{name: "another Request-URI", order: usual, source: far, has: map[string]string{"": "sip:0900123@example.com"}},
		{name: "Request-URI in a header", order: usual, source: far, has: x("sip:0800123@example.com")},

		{name: "line", order: usual, source: far, asking: asking{line: "t0ken"}, want: "registered", by: byLine},
		{name: "line before all", order: usual, source: "192.0.2.1", asking: asking{line: "t0ken", username: "1001"}, want: "registered", by: byLine},
		{name: "line of nobody", order: usual, source: far, asking: asking{line: "token"}},
		{name: "line of nobody, from a network", order: usual, source: "192.0.2.1", asking: asking{line: "token"}, want: "provider", by: byIP},
	} {
		t.Run(tt.name, func(t *testing.T) {
			id, err := newIdentifier(tt.order, matches, exists, tt.anonymous)
			if err != nil {
				t.Fatal(err)
			}
			id.marks, id.lines = marks, lines
			q := tt.asking
			if tt.source != "" {
				q.source = netip.MustParseAddr(tt.source)
			}
			if tt.has != nil {
				q.values = func(header string) []string {
					if v, is := tt.has[header]; is {
						return []string{v}
					}
					return nil
				}
			}
			got, by, ok := id.identify(q)
			if got != tt.want || ok != (tt.want != "") || by != tt.by {
				t.Errorf("got %q by %v, %v", got, by, ok)
			}
		})
	}
	all := asking{source: netip.MustParseAddr("192.0.2.1"), username: "1001", auth: "1001", line: "t0ken", values: func(string) []string { return []string{"carrier"} }}
	if _, _, ok := new(identifier).identify(all); ok {
		t.Error("the zero identifier knows somebody")
	}
	for name, bad := range map[string]match{
		"without network":  {endpoint: "x"},
		"without endpoint": {network: netip.MustParsePrefix("::/0")},
	} {
		if _, err := newIdentifier(usual, []match{bad}, nil, ""); fault.Of(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func headerMark(t *testing.T, text string, networks ...string) endpoint.Mark {
	t.Helper()
	m, err := endpoint.ParseHeaderMark(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range networks {
		m.Networks = append(m.Networks, netip.MustParsePrefix(n))
	}
	return m
}

func uriMark(t *testing.T, text string) endpoint.Mark {
	t.Helper()
	m, err := endpoint.ParseURIMark(text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestReadOrder(t *testing.T) {
	for _, tt := range []struct{ names, want []string }{
		{[]string{"username", " IP", "auth_username", "anonymous"}, []string{"username", "ip", "auth_username", "header", "request_uri", "anonymous"}},
		{[]string{"ip", "header", "ip"}, []string{"ip", "header", "request_uri"}},
		{[]string{"nonsense", "line", ""}, []string{"ip", "username", "header", "request_uri", "anonymous"}},
		{nil, []string{"ip", "username", "header", "request_uri", "anonymous"}},
	} {
		var got []string
		for _, m := range readOrder(tt.names) {
			got = append(got, m.String())
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%q is %q, want %q", tt.names, got, tt.want)
		}
	}
}
