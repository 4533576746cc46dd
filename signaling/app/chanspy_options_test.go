package app

import "testing"

// Options with arguments are told from those without; check warns of those that are not served.
func TestSpyOptions(t *testing.T) {
	for text, want := range map[string]spyOptions{
		"":                      {},
		"qsb":                   {},
		"wq":                    {mode: spyWhispers},
		"BSEo":                  {mode: spyBarges, stop: true, once: true, only: true},
		"Wx(5)c(9)":             {mode: spyTalks, exit: '5', next: '9'},
		"dg(sales)v(-3)u":       {modes: true, group: "sales", volume: -3, byID: true},
		"v(9)x()":               {volume: 4},
		"n(1@default)r(base)eX": {unserved: "nreX"},
	} {
		if got := parseSpyOptions(text); got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
	for args, want := range map[string]int{"": 0, "PJSIP/1001,qwS": 0, "PJSIP/1001,nrq": 2, "PJSIP/1001,q${MORE}n": 0, ",DXe(a)": 3} {
		if found := judgeChanSpy(args); len(found) != want {
			t.Errorf("%q: %v", args, found)
		}
	}
}
