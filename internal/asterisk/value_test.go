package asterisk

import "testing"

func TestNearest(t *testing.T) {
	known := []string{"context", "callerid", "dtmf_mode", "direct_media", "aors"}
	for name, want := range map[string]string{
		"contex": "context", "CONTEXT": "context", "cotnext": "context", "calerid": "callerid", "dtmfmode": "dtmf_mode",
		"directmedia": "direct_media", "aor": "aors", "xyz": "", "": "", "somethingelseentirely": "",
	} {
		if got := Nearest(name, known); got != want {
			t.Errorf("%q is nearest to %q, want %q", name, got, want)
		}
	}
}

func TestBooleans(t *testing.T) {
	for text, want := range map[string][2]bool{
		"yes": {true, false}, "TRUE": {true, false}, "1": {true, false}, "on": {true, false}, "n": {false, true}, "0": {false, true},
		"off": {false, true}, "": {false, false}, "2": {false, false},
	} {
		if True(text) != want[0] || False(text) != want[1] {
			t.Errorf("%q is true %v, false %v", text, True(text), False(text))
		}
	}
}

func TestParseCallerID(t *testing.T) {
	for text, want := range map[string][2]string{
		`"Ann Smith" <1001>`: {"Ann Smith", "1001"}, `Ann <1001>`: {"Ann", "1001"}, `<1001>`: {"", "1001"}, `1001`: {"", "1001"},
		`+33 (1) 23-45`: {"", "+33 (1) 23-45"}, `Ann`: {"Ann", ""}, `"Ann"`: {"Ann", ""}, ``: {"", ""}, `"A <b>" <7>`: {"A <b>", "7"}, `x<`: {"x", ""},
	} {
		if name, number := ParseCallerID(text); name != want[0] || number != want[1] {
			t.Errorf("%s is %q and %q, want %q", text, name, number, want)
		}
	}
}

func TestWarnings(t *testing.T) {
	var w Warnings
	w.Addf("b.conf", 2, "later")
	w.Add(Warning{File: "a.conf", Line: 9, Text: "text", Asterisk: "does this", Here: "that", Fix: "do it"})
	w.Addf("b.conf", 1, "first")
	list := w.List()
	if len(list) != 3 || list[1].Text != "first" || list[0].String() != "a.conf:9: text; Asterisk does this; here: that; fix: do it" {
		t.Errorf("%v", list)
	}
}
