package identity

import (
	"strings"
	"testing"
	"unicode"

	"github.com/skygenesisenterprise/skybridge/signaling/party"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// request is an INVITE with some headers. A From among them is taken instead of the usual.
func request(t testing.TB, headers string) *message.Parsed {
	t.Helper()
	p, err := parse(headers)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func parse(headers string) (*message.Parsed, error) {
	from := "From: \"Phone\" <sip:1001@192.0.2.1>;tag=a\r\n"
	if strings.HasPrefix(headers, "From:") {
		from = ""
	}
	return message.Parse([]byte("INVITE sip:600@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n" + from +
		strings.ReplaceAll(headers, "\n", "\r\n") + "To: <sip:600@127.0.0.1>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"))
}

// callers are what requests say of who calls, and what is believed of it by whom.
var callers = []struct {
	name, headers string
	trusted       string // the caller where the endpoint is trusted: name <number> presentation of name, of number
	phone         string // of a phone with a caller id of its own, "Ana" <100>
	unknown       string // of an endpoint that has none
}{
	{"From alone", "", "Ana <100> allowed_not_screened allowed_not_screened", "Ana <100> allowed_not_screened allowed_not_screened", "Phone <1001> allowed_not_screened allowed_not_screened"},
	{"PAI", "P-Asserted-Identity: \"Boss\" <sip:1@x>\n", "Boss <1> allowed_not_screened allowed_not_screened", "", ""},
	{"PAI with a tel URI beside it", "P-Asserted-Identity: <tel:+49-(30)-12>, \"Boss\" <sip:boss@x>\n", "Boss <+493012> allowed_not_screened allowed_not_screened", "", ""},
	{"PAI before RPID", "Remote-Party-ID: <sip:2@x>\nP-Asserted-Identity: <sip:1@x>\n", " <1> allowed_not_screened allowed_not_screened", "", ""},
	{"a private PAI", "P-Asserted-Identity: <sip:1@x>\nPrivacy: id;critical\n", " <1> prohib_not_screened prohib_not_screened",
		"Ana <100> prohib_not_screened prohib_not_screened", "Phone <1001> prohib_not_screened prohib_not_screened"},
	{"privacy that is none", "P-Asserted-Identity: <sip:1@x>\nPrivacy: none\n", " <1> allowed_not_screened allowed_not_screened", "", ""},
	{"RPID", "Remote-Party-ID: \"Boss\" <sip:2@x>;party=calling;screen=yes;privacy=off\n", "Boss <2> allowed_passed_screen allowed_passed_screen", "", ""},
	{"a private RPID", "Remote-Party-ID: \"Boss\" <sip:2@x>;privacy=full;screen=yes\n", "Boss <2> prohib_passed_screen prohib_passed_screen", "", ""},
	{"a RPID with a private name", "Remote-Party-ID: \"Boss\" <sip:2@x>;privacy=name\n", "Boss <2> prohib_not_screened allowed_not_screened", "", ""},
	{"a RPID with a private number", "Remote-Party-ID: \"Boss\" <sip:2@x>;privacy=uri\n", "Boss <2> allowed_not_screened prohib_not_screened", "", ""},
	{"a PAI that names nobody", "P-Asserted-Identity: <sip:gateway.example>\nRemote-Party-ID: <sip:2@x>\n", " <2> allowed_not_screened allowed_not_screened", "", ""},
	{"a PAI that cannot be read", "P-Asserted-Identity: \"Boss <sip:1@x>\n", "Ana <100> allowed_not_screened allowed_not_screened", "", ""},
	{"an anonymous From", "From: \"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=a\n", "Ana <100> prohib_not_screened prohib_not_screened",
		"Ana <100> prohib_not_screened prohib_not_screened", "Anonymous <anonymous> prohib_not_screened prohib_not_screened"},
	{"an anonymous From with an identity that it prefers", "From: <sip:anonymous@anonymous.invalid>;tag=a\nP-Preferred-Identity: \"Me\" <sip:5@x>\nPrivacy: id\n",
		"Ana <100> prohib_not_screened prohib_not_screened", "Ana <100> prohib_not_screened prohib_not_screened", "Me <5> prohib_not_screened prohib_not_screened"},
	{"an identity that is preferred to a From with a name", "P-Preferred-Identity: <sip:5@x>\n", "Ana <100> allowed_not_screened allowed_not_screened", "", ""},
	// Attacks: a header by any spelling is the same header, and no other way round.
	{"a space before the colon", "P-Asserted-Identity : <sip:1@x>\n", " <1> allowed_not_screened allowed_not_screened", "", ""},
	{"a tab before the colon, in lower case", "p-asserted-identity\t:\t<sip:1@x>\n", " <1> allowed_not_screened allowed_not_screened", "", ""},
	{"RPID in lower case", "remote-party-id \t: <sip:2@x>\n", " <2> allowed_not_screened allowed_not_screened", "", ""},
	{"another header of that name", "X-P-Asserted-Identity: <sip:1@x>\n", "Ana <100> allowed_not_screened allowed_not_screened", "", ""},
	{"control characters in a name", "P-Asserted-Identity: \"Bo\x1b[31m\x07ss\x00\" <sip:1@x>\n", "Ana <100> allowed_not_screened allowed_not_screened", "", ""},
	{"control characters that may be escaped", "P-Asserted-Identity: \"Bo\x1b[31m\x7fss\" <sip:1%0d%0aX@x>\n", "Bo[31mss <1X> allowed_not_screened allowed_not_screened", "", ""},
	{"no UTF-8 in a name", "P-Asserted-Identity: \"B\xff\xfeoss\" <sip:1@x>\n", "Boss <1> allowed_not_screened allowed_not_screened", "", ""},
	{"a name without end", "P-Asserted-Identity: \"" + strings.Repeat("ä", 300) + "\" <sip:1@x>\n",
		strings.Repeat("ä", 40) + " <1> allowed_not_screened allowed_not_screened", "", ""},
}

func TestWhoCalls(t *testing.T) {
	for _, ca := range callers {
		t.Run(ca.name, func(t *testing.T) {
			own := party.ID{Name: "Ana", Number: "100"}
			trusted := Rules{Self: own, TrustInbound: true}
			phone, unknown := Rules{Self: own}, Rules{}
			if ca.phone == "" {
				ca.phone = "Ana <100> allowed_not_screened allowed_not_screened"
			}
			if ca.unknown == "" {
				ca.unknown = "Phone <1001> allowed_not_screened allowed_not_screened"
			}
			m, err := parse(ca.headers)
			if err != nil { // then nobody gets as far as who calls
				if !strings.ContainsRune(ca.headers, 0) {
					t.Fatal(err)
				}
				return
			}
			for _, x := range []struct {
				who, want string
				rules     *Rules
			}{{"trusted", ca.trusted, &trusted}, {"a phone", ca.phone, &phone}, {"somebody", ca.unknown, &unknown}} {
				id := x.rules.Caller(m)
				if got := id.Name + " <" + id.Number + "> " + id.NamePres.String() + " " + id.NumberPres.String(); got != x.want {
					t.Errorf("%s: %s, want %s", x.who, got, x.want)
				}
			}
		})
	}
}

func TestWhatTheFileSaysOfAnEndpoint(t *testing.T) {
	r := Rules{Self: party.ID{Number: "100", NumberPres: party.PrivatePassed, Tag: "sales"}}
	if id := r.Caller(request(t, "")); id.Number != "100" || id.Name != "Phone" || id.NumberPres != party.PrivatePassed || id.Tag != "sales" {
		t.Errorf("%+v", id)
	}
}

func TestWhoIsConnected(t *testing.T) {
	m := request(t, "P-Asserted-Identity: <sip:1@x>\n")
	for _, ca := range []struct {
		rules Rules
		want  bool
	}{
		{Rules{TrustInbound: true, TrustConnected: true}, true},
		{Rules{TrustInbound: true}, false},
		{Rules{TrustConnected: true}, false},
	} {
		if id, ok := ca.rules.Connected(m); ok != ca.want || ok && id.Number != "1" {
			t.Errorf("%+v: %v, %v", ca.rules, id, ok)
		}
	}
	all := Rules{TrustInbound: true, TrustConnected: true}
	if _, ok := all.Connected(request(t, "")); ok {
		t.Error("who is connected by From")
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"Ana": "Ana", "A\x00n\r\na\x7f\u0085": "Ana", "\xff\xfeAna": "Ana", "": "", strings.Repeat("x", 100): strings.Repeat("x", 80),
		strings.Repeat("x", 79) + "é": strings.Repeat("x", 79),
	} {
		if got := Clean(in); got != want {
			t.Errorf("%q became %q", in, got)
		}
	}
}

// told is From and the other headers of a call.
func told(r *Rules, id party.ID) string {
	out := []string{"From: " + r.From(id, "pbx.example").String()}
	for _, h := range r.Headers(id, "pbx.example", Calling) {
		out = append(out, h.Name+": "+h.Value)
	}
	return strings.Join(out, "\n")
}

func TestWhoIsToldWhoCalls(t *testing.T) {
	ana := party.ID{Name: "Ana", Number: "+100", Tag: "secret"}
	const anonymous = `From: "Anonymous" <sip:anonymous@anonymous.invalid>`
	for _, ca := range []struct {
		name  string
		id    party.ID
		rules Rules
		want  string
	}{
		{"nothing but From", ana, Rules{}, `From: "Ana" <sip:+100@pbx.example>`},
		{"PAI", ana, Rules{SendPAI: true}, "From: \"Ana\" <sip:+100@pbx.example>\nP-Asserted-Identity: \"Ana\" <sip:+100@pbx.example>"},
		{"RPID", ana, Rules{SendRPID: true},
			"From: \"Ana\" <sip:+100@pbx.example>\nRemote-Party-ID: \"Ana\" <sip:+100@pbx.example>;party=calling;privacy=off;screen=no"},
		{"a screened RPID", ana.Present(party.AllowedPassed), Rules{SendRPID: true},
			"From: \"Ana\" <sip:+100@pbx.example>\nRemote-Party-ID: \"Ana\" <sip:+100@pbx.example>;party=calling;privacy=off;screen=yes"},
		{"a private caller", ana.Present(party.Private), Rules{SendPAI: true, SendRPID: true}, anonymous},
		{"a private caller for who is trusted", ana.Present(party.Private), Rules{SendPAI: true, SendRPID: true, TrustOutbound: true},
			"From: \"Ana\" <sip:+100@pbx.example>\nP-Asserted-Identity: \"Ana\" <sip:+100@pbx.example>\n" +
				"Remote-Party-ID: \"Ana\" <sip:+100@pbx.example>;party=calling;privacy=full;screen=no\nPrivacy: id"},
		{"a private caller for who is trusted, by From alone", ana.Present(party.Private), Rules{TrustOutbound: true},
			"From: \"Ana\" <sip:+100@pbx.example>\nPrivacy: id"},
		{"a private name", party.ID{Name: "Ana", Number: "100", NamePres: party.Private}, Rules{SendPAI: true},
			"From: <sip:100@pbx.example>\nP-Asserted-Identity: <sip:100@pbx.example>"},
		{"a private number", party.ID{Name: "Ana", Number: "100", NumberPres: party.Private}, Rules{SendPAI: true}, anonymous},
		{"a private number for who is trusted", party.ID{Name: "Ana", Number: "100", NumberPres: party.Private}, Rules{SendRPID: true, TrustOutbound: true},
			"From: \"Ana\" <sip:100@pbx.example>\nRemote-Party-ID: \"Ana\" <sip:100@pbx.example>;party=calling;privacy=uri;screen=no\nPrivacy: id"},
		{"nobody", party.ID{}, Rules{SendPAI: true, SendRPID: true}, `From: <sip:anonymous@pbx.example>`},
		{"a name alone", party.ID{Name: "Ana"}, Rules{SendPAI: true}, `From: "Ana" <sip:anonymous@pbx.example>`},
		{"from_user and from_domain", ana, Rules{FromUser: "trunk", FromDomain: "carrier.example", SendPAI: true},
			"From: \"Ana\" <sip:trunk@carrier.example>\nP-Asserted-Identity: \"Ana\" <sip:+100@carrier.example>"},
		{"a private caller with from_user", ana.Present(party.Private), Rules{FromUser: "trunk", FromDomain: "carrier.example"},
			`From: "Anonymous" <sip:trunk@carrier.example>`},
		{"user_eq_phone", ana, Rules{UserEqPhone: true, SendPAI: true},
			"From: \"Ana\" <sip:+100@pbx.example;user=phone>\nP-Asserted-Identity: \"Ana\" <sip:+100@pbx.example;user=phone>"},
		{"user_eq_phone of a name", party.ID{Number: "ana"}, Rules{UserEqPhone: true}, "From: <sip:ana@pbx.example>"},
		{"what a plan wrote", party.ID{Name: "A\"n\r\na\x1b", Number: "1\r\n0@0"}, Rules{SendPAI: true},
			"From: \"A\\\"na\" <sip:10%400@pbx.example>\nP-Asserted-Identity: \"A\\\"na\" <sip:10%400@pbx.example>"},
	} {
		t.Run(ca.name, func(t *testing.T) {
			if got := told(&ca.rules, ca.id); got != ca.want {
				t.Errorf("got\n%s\nwant\n%s", got, ca.want)
			}
		})
	}
}

// FuzzIdentity reads whatever a peer may write, tells it on, and reads that again: it is
// the same, and nothing in it controls a terminal or ends a header.
func FuzzIdentity(f *testing.F) {
	for _, ca := range callers {
		f.Add(ca.headers)
	}
	for _, ca := range ways {
		f.Add(ca.headers)
	}
	f.Fuzz(func(t *testing.T, headers string) {
		m, err := parse(headers)
		if err != nil {
			return
		}
		r := Rules{TrustInbound: true, TrustOutbound: true, SendPAI: true, SendRPID: true, SendDiversion: true, SendHistory: true}
		id, way := r.Caller(m), r.Redirecting(m)
		if way.Count() < 0 || len(id.Name) > maxText || len(id.Number) > maxText || strings.ContainsFunc(id.Name+id.Number, unicode.IsControl) {
			t.Fatalf("%+v, %+v", id, way)
		}
		var again strings.Builder
		out := append(r.Headers(id, "pbx.example", Calling), r.RedirectHeaders(way, message.URI{Scheme: "sip", User: "1", Host: "x"}, "pbx.example")...)
		for _, h := range out {
			if err := message.CheckHeader(h.Name, h.Value); err != nil {
				t.Fatal(err)
			}
			again.WriteString(h.Name + ": " + h.Value + "\n")
		}
		n, err := parse(again.String())
		if err != nil {
			t.Skip("more headers than a message may have") // as many hops as one may hold
		}
		if back := r.Caller(n); id.Number != "" && (back.Number != id.Number || back.Name != id.Name) {
			t.Errorf("%+v came back as %+v", id, back)
		}
		if back := r.Redirecting(n); back.Count() != way.Count() {
			t.Errorf("sent on %d times, came back as %d", way.Count(), back.Count())
		}
	})
}
