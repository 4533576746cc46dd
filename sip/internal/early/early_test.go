package early_test

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip/internal/early"
)

func TestParseRAck(t *testing.T) {
	for text, want := range map[string]early.RAck{
		"776656 1 INVITE":         {RSeq: 776656, CSeq: 1, Method: "INVITE"},
		"4294967295 2147483647 X": {RSeq: 4294967295, CSeq: 2147483647, Method: "X"},
		"  1\t0  INVITE ":         {RSeq: 1, CSeq: 0, Method: "INVITE"},
		"":                        {}, "1 1": {}, "0 1 INVITE": {}, "4294967296 1 INVITE": {}, "1 2147483648 INVITE": {},
		"-1 1 INVITE": {}, "1 1 INVITE x": {}, "a 1 INVITE": {}, "1 b INVITE": {},
	} {
		got, err := early.ParseRAck(text)
		if got != want || (err == nil) != (want.Method != "") {
			t.Errorf("%q is %+v, %v", text, got, err)
		}
		if again, err := early.ParseRAck(got.String()); want.Method != "" && (again != want || err != nil) {
			t.Errorf("%q printed is %q", text, got)
		}
	}
	for _, text := range []string{"0", "", "x", "4294967296"} {
		if n, err := early.ParseRSeq(text); err == nil {
			t.Errorf("RSeq %q is %d", text, n)
		}
	}
}

func FuzzParseRAck(f *testing.F) {
	f.Add("776656 1 INVITE")
	f.Add("0 1 INVITE")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := early.ParseRAck(text)
		if err != nil {
			return
		}
		if again, err := early.ParseRAck(a.String()); err != nil || again != a {
			t.Errorf("%q is %+v, printed %q: %v", text, a, a, err)
		}
	})
}

// TestReceiver: RFC 3262 §4.
func TestReceiver(t *testing.T) {
	var r early.Receiver
	for i, c := range []struct {
		cseq, rseq uint32
		want       early.Verdict
	}{
		{1, 100, early.Fresh}, {1, 100, early.Repeated}, {1, 102, early.Gap}, {1, 101, early.Fresh}, {1, 102, early.Fresh},
		{1, 100, early.Repeated}, {2, 7, early.Fresh}, {1, 103, early.Repeated}, {2, 8, early.Fresh}, {2, 4294967295, early.Gap},
	} {
		if got := r.Take(c.cseq, c.rseq); got != c.want {
			t.Errorf("%d: response %d to %d is %v, want %v", i, c.rseq, c.cseq, got, c.want)
		}
	}
}

// TestExchange: who may describe what before the answer (RFC 6337 §2.2).
func TestExchange(t *testing.T) {
	for _, c := range []struct {
		name string
		e    early.Exchange
		ours []bool // who described something in a reliable response
		want early.Exchange
	}{
		{"called with an offer", early.ByPeer(true), nil, early.Theirs},
		{"answered early", early.ByPeer(true), []bool{true}, early.Closed},
		{"said once more", early.ByPeer(true), []bool{true, true}, early.Closed},
		{"called without an offer", early.ByPeer(false), nil, early.Unbegun},
		{"offered early", early.ByPeer(false), []bool{true}, early.Ours},
		{"calling with an offer", early.ByUs(true), nil, early.Ours},
		{"its early answer", early.ByUs(true), []bool{false}, early.Closed},
		{"calling without an offer", early.ByUs(false), nil, early.Unbegun},
		{"its early offer", early.ByUs(false), []bool{false}, early.Theirs},
	} {
		e := c.e
		for _, ours := range c.ours {
			e = e.Described(ours)
		}
		if e != c.want {
			t.Errorf("%s: %v, want %v", c.name, e, c.want)
		}
	}
}
