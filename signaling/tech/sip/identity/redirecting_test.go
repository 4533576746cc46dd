package identity

import (
	"fmt"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling/party"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// ways are what requests tell of how the call was sent on.
var ways = []struct {
	name, headers string
	want          string // hops: number reason count presentation
	count         int
}{
	{"not at all", "", "", 0},
	{"once", "Diversion: \"Ana\" <sip:100@x>;reason=user-busy\n", "100 cfb 1 allowed_not_screened", 1},
	{"twice, in one line", "Diversion: <sip:101@x>;reason=no-answer, <sip:100@x>;reason=unconditional;privacy=full;screen=yes\n",
		"100 cfu 1 prohib_passed_screen|101 cfnr 1 allowed_not_screened", 2},
	{"often, by one", "Diversion: <sip:100@x>;reason=deflection;counter=7\n", "100 deflection 7 allowed_not_screened", 7},
	{"more often than can be", "Diversion: <sip:100@x>;counter=99999999999999999999\n", "100 unknown 1 allowed_not_screened", 1},
	{"very often", "Diversion: <sip:100@x>;counter=100000\n", "100 unknown 255 allowed_not_screened", 255},
	{"history", "History-Info: <sip:100@x>;index=1, <sip:101@x;cause=486>;index=1.1;mp=1\nHistory-Info: <sip:102@x;cause=408>;index=1.1.1;mp=1.1\n",
		"100 cfb 1 allowed_not_screened|101 cfnr 1 allowed_not_screened", 2},
	{"history without a forward", "History-Info: <sip:100@x>;index=1, <sip:100@192.0.2.1>;index=1.1;rc=1\n", "", 0},
	{"private history", "History-Info: <sip:100@x?Privacy=history>;index=1, <sip:101@x;cause=302>;index=1.1\n", "100 cfu 1 prohib_not_screened", 1},
	{"all of it private", "Privacy: history\nHistory-Info: <sip:100@x>;index=1, <sip:101@x;cause=302>;index=1.1\n", "100 cfu 1 prohib_not_screened", 1},
	{"both, of which one knows more", "Diversion: <sip:100@x>;reason=unconditional\n" +
		"History-Info: <sip:9@x>;index=1, <sip:100@x;cause=302>;index=1.1, <sip:101@x;cause=302>;index=1.1.1\n", "100 cfu 2 allowed_not_screened", 2},
	{"what cannot be read", "Diversion: \"Ana <sip:100@x>\n", "", 0},
	{"a space before the colon", "diversion : <sip:100@x>;reason=away\n", "100 away 1 allowed_not_screened", 1},
}

func TestHowACallCame(t *testing.T) {
	for _, ca := range ways {
		t.Run(ca.name, func(t *testing.T) {
			m := request(t, ca.headers)
			trusted := Rules{TrustInbound: true}
			way := trusted.Redirecting(m)
			var hops []string
			if way != nil {
				for _, h := range way.Hops {
					hops = append(hops, fmt.Sprintf("%s %s %d %s", h.By.Number, h.Reason, h.Count, h.By.NumberPres))
				}
			}
			if got := strings.Join(hops, "|"); got != ca.want || way.Count() != ca.count {
				t.Errorf("%s, %d times; want %s", got, way.Count(), ca.want)
			}
			// Of a stranger it counts, and says nothing.
			stranger := (&Rules{}).Redirecting(m)
			if stranger.Count() != ca.count || !stranger.From().IsZero() || stranger.Reason() != party.Unknown {
				t.Errorf("a stranger's: %+v", stranger)
			}
		})
	}
}

func TestHowACallWasSentOnIsTold(t *testing.T) {
	way := &party.Redirecting{Hops: []party.Hop{
		{By: party.ID{Name: "Ana", Number: "100"}, Reason: party.Unconditional, Count: 2},
		{By: party.ID{Number: "101"}.Present(party.Private), Reason: party.NoAnswer, Count: 1},
	}}
	to := message.URI{Scheme: "sip", User: "0123", Host: "trunk.example", Port: 5080}
	for _, ca := range []struct {
		name  string
		way   *party.Redirecting
		rules Rules
		want  []string
	}{
		{"nobody did", nil, Rules{SendDiversion: true, SendHistory: true}, nil},
		{"nothing is told", way, Rules{}, nil},
		{"Diversion", way, Rules{SendDiversion: true}, []string{
			"Diversion: <sip:anonymous@anonymous.invalid>;reason=no-answer;counter=1;privacy=full",
			`Diversion: "Ana" <sip:100@pbx.example>;reason=unconditional;counter=2`,
		}},
		{"Diversion for who is trusted", way, Rules{SendDiversion: true, TrustOutbound: true, FromDomain: "carrier.example", UserEqPhone: true}, []string{
			"Diversion: <sip:101@carrier.example;user=phone>;reason=no-answer;counter=1;privacy=full",
			`Diversion: "Ana" <sip:100@carrier.example;user=phone>;reason=unconditional;counter=2`,
		}},
		{"History-Info", way, Rules{SendHistory: true}, []string{"History-Info: <sip:100@pbx.example>;index=1, " +
			"<sip:anonymous@anonymous.invalid;cause=302>;index=1.1;mp=1, <sip:0123@trunk.example:5080;cause=408>;index=1.1.1;mp=1.1"}},
		{"History-Info for who is trusted", way, Rules{SendHistory: true, TrustOutbound: true}, []string{"History-Info: <sip:100@pbx.example>;index=1, " +
			"<sip:101@pbx.example;cause=302?Privacy=history>;index=1.1;mp=1, <sip:0123@trunk.example:5080;cause=408>;index=1.1.1;mp=1.1"}},
	} {
		t.Run(ca.name, func(t *testing.T) {
			var got []string
			for _, h := range ca.rules.RedirectHeaders(ca.way, to, "pbx.example") {
				got = append(got, h.Name+": "+h.Value)
			}
			if strings.Join(got, "\n") != strings.Join(ca.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(ca.want, "\n"))
			}
		})
	}
}
