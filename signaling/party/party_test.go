package party_test

import (
	"strconv"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/party"
)

func TestPresentations(t *testing.T) {
	for word, want := range map[string]struct {
		p        party.Presentation
		shown    bool
		screened bool
		hidden   party.Presentation
	}{
		"allowed_not_screened":  {party.Allowed, true, false, party.Private},
		"allowed_passed_screen": {party.AllowedPassed, true, true, party.PrivatePassed},
		"allowed_failed_screen": {party.AllowedFailed, true, false, party.PrivateFailed},
		"allowed":               {party.AllowedNetwork, true, true, party.PrivateNetwork},
		"prohib_not_screened":   {party.Private, false, false, party.Private},
		"prohib_passed_screen":  {party.PrivatePassed, false, true, party.PrivatePassed},
		"prohib_failed_screen":  {party.PrivateFailed, false, false, party.PrivateFailed},
		"prohib":                {party.PrivateNetwork, false, true, party.PrivateNetwork},
		"unavailable":           {party.Unavailable, false, false, party.Unavailable},
	} {
		p, err := party.ParsePresentation(" " + word)
		if err != nil || p != want.p || p.String() != word || p.Shown() != want.shown || p.Screened() != want.screened || p.Hidden() != want.hidden {
			t.Errorf("%s: %v %v, shown %v, screened %v, hidden %v", word, p, err, p.Shown(), p.Screened(), p.Hidden())
		}
	}
	if _, err := party.ParsePresentation("secret"); fault.Of(err) != fault.Invalid {
		t.Errorf("secret: %v", err)
	}
}

func TestWhatEverybodyMaySee(t *testing.T) {
	both := party.ID{Name: "Ana", Number: "100", Tag: "t"}
	for _, ca := range []struct {
		name         string
		id           party.ID
		presentation party.Presentation
		seen, number string
	}{
		{"all of it", both, party.Allowed, "Ana", "100"},
		{"nothing", both.Present(party.Private), party.Private, "", ""},
		{"no name", party.ID{Name: "Ana", Number: "100", NamePres: party.Private}, party.Private, "", "100"},
		{"no number", party.ID{Name: "Ana", Number: "100", NumberPres: party.PrivatePassed}, party.PrivatePassed, "", ""},
		{"nobody", party.ID{}, party.Unavailable, "", ""},
	} {
		t.Run(ca.name, func(t *testing.T) {
			if p := ca.id.Presentation(); p != ca.presentation {
				t.Errorf("presentation %v", p)
			}
			if p := ca.id.Public(); p.Name != ca.seen || p.Number != ca.number {
				t.Errorf("seen as %v", p)
			}
		})
	}
}

func TestReasons(t *testing.T) {
	for _, ca := range []struct {
		word, diversion string
		cause           int
		back            string // what the cause alone means
	}{
		{"cfu", "unconditional", 302, "cfu"},
		{"cfb", "user-busy", 486, "cfb"},
		{"cfnr", "no-answer", 408, "cfnr"},
		{"unavailable", "unavailable", 503, "unavailable"},
		{"deflection", "deflection", 480, "deflection"},
		{"unknown", "unknown", 404, "unknown"},
		{"dnd", "do-not-disturb", 404, "unknown"},
		{"time_of_day", "time-of-day", 404, "unknown"},
	} {
		r, err := party.ParseReason(ca.word)
		if err != nil || r.String() != ca.word || r.Diversion() != ca.diversion || r.Cause() != ca.cause ||
			party.ReasonOfDiversion(ca.diversion) != r || party.ReasonOfCause(ca.cause).String() != ca.back {
			t.Errorf("%s: %v, %s, %d, %v", ca.word, err, r.Diversion(), r.Cause(), party.ReasonOfCause(ca.cause))
		}
	}
	if _, err := party.ParseReason("bored"); err == nil {
		t.Error("bored is a reason")
	}
	if party.ReasonOfDiversion("bored") != party.Unknown || party.ReasonOfCause(487) != party.Deflection || party.ReasonOfCause(1) != party.Unknown {
		t.Error("reasons of others")
	}
}

func TestACallIsSentOn(t *testing.T) {
	var way *party.Redirecting
	if way.Count() != 0 || way.Local() != 0 || !way.From().IsZero() || !way.Orig().IsZero() || !way.Target().IsZero() {
		t.Error("a call that was not sent on")
	}
	way = &party.Redirecting{Hops: []party.Hop{{By: party.ID{Number: "1001"}, Count: 3}}} // elsewhere
	first, err := way.Forward(party.ID{Number: "1001"}, party.ID{Number: "1002"}, party.Busy)
	if err != nil {
		t.Fatal("an extension elsewhere has the number of ours:", err)
	}
	second, err := first.Forward(party.ID{Number: "1002"}, party.ID{Number: "1003"}, party.NoAnswer)
	if err != nil {
		t.Fatal(err)
	}
	if second.Count() != 5 || second.Local() != 2 || second.From().Number != "1002" || second.Target().Number != "1003" ||
		second.Reason() != party.NoAnswer || second.Orig().Number != "1001" || len(first.Hops) != 2 || len(way.Hops) != 1 {
		t.Errorf("%+v", second)
	}
	if _, err := second.Forward(party.ID{Number: "1001"}, party.ID{Number: "1002"}, party.Busy); fault.Of(err) != fault.Looped {
		t.Errorf("a circle: %v", err)
	}
	for i := range 25 {
		next, err := second.Forward(party.ID{Number: strconv.Itoa(2000 + i)}, party.ID{}, party.Unconditional)
		if err != nil {
			if fault.Of(err) != fault.Looped || second.Count() != party.MaxRedirects {
				t.Errorf("ends at %d: %v", second.Count(), err)
			}
			return
		}
		second = next
	}
	t.Error("a chain of 25")
}

// What a plan changes of it.
func TestACopyIsChanged(t *testing.T) {
	var way *party.Redirecting
	way = way.With(func(h *party.Hop) { h.By.Number = "1" }).WithTo(party.ID{Number: "2"}).WithCount(4)
	if way.Count() != 4 || way.From().Number != "1" || way.Orig().Number != "1" || way.Target().Number != "2" {
		t.Errorf("%+v", way)
	}
	two := &party.Redirecting{Hops: []party.Hop{{By: party.ID{Number: "1"}, Count: 1}, {By: party.ID{Number: "2"}, Count: 1}}}
	changed := two.WithOrig(func(h *party.Hop) { h.Reason = party.Busy }).WithCount(1)
	if changed.Count() != 2 || changed.OrigReason() != party.Busy || two.OrigReason() != party.Unknown {
		t.Errorf("%+v", changed)
	}
}
