package option

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
)

type settings struct {
	Name    string
	On      bool
	Count   int
	Wait    time.Duration
	Names   []string
	Color   color
	Word    string
	PIN     string
	Level   int
	ignored bool
}

type color uint8

var table = Table[settings]{
	Name: "a test",
	Rows: Merge(Rows[settings]{
		"name":  Text(func(s *settings) *string { return &s.Name }),
		"on":    Bool(func(s *settings) *bool { return &s.On }),
		"count": Number(func(s *settings) *int { return &s.Count }, 1, 10),
	}, Rows[settings]{
		"wait":  Duration(func(s *settings) *time.Duration { return &s.Wait }, time.Second),
		"names": List(func(s *settings) *[]string { return &s.Names }),
		"more":  More(func(s *settings) *[]string { return &s.Names }),
		"color": Choice(func(s *settings) *color { return &s.Color }, []string{"red", "green"}),
		"word":  OneOf(func(s *settings) *string { return &s.Word }, "Yes", "No"),
		"later": nil,
		"pin":   Text(func(s *settings) *string { return &s.PIN }),
		"level": Number(func(s *settings) *int { return &s.Level }, 0, 9),
	}),
	Idle:  Words("pin level"),
	Inert: Words("old older"),
}

func TestApply(t *testing.T) {
	for _, c := range []struct {
		key, value string
		want       settings
		warning    string // text; empty for none
	}{
		{"name", "x", settings{Name: "x"}, ""},
		{"NAME", "", settings{}, ""},
		{"on", "yes", settings{On: true}, ""},
		{"on", "off", settings{}, ""},
		{"on", "maybe", settings{}, `[s] on: "maybe" is neither yes nor no`},
		{"count", "10", settings{Count: 10}, ""},
		{"count", "11", settings{}, `[s] count: "11" is no number from 1 to 10`},
		{"wait", "1.5", settings{Wait: 1500 * time.Millisecond}, ""},
		{"wait", "-1", settings{}, `[s] wait: "-1" is no number of seconds`},
		{"wait", "NaN", settings{}, `[s] wait: "NaN" is no number of seconds`},
		{"wait", "1e300", settings{}, `[s] wait: "1e300" is no number of seconds`},
		{"color", "Green", settings{Color: 1}, ""},
		{"color", "blue", settings{}, `[s] color: "blue" is none of red, green`},
		{"word", "no", settings{Word: "No"}, ""},
		{"word", "perhaps", settings{}, `[s] word: "perhaps" is none of Yes, No`},
		{"later", "x", settings{}, ""},
		{"level", "3", settings{Level: 3}, "[s] level=3 is accepted"},
		{"level", "0", settings{}, ""}, // what it is anyway
		{"level", "x", settings{}, `[s] level: "x" is no number from 0 to 9`},
		{"PIN", "1234", settings{PIN: "1234"}, "[s] PIN is accepted"},
		{"type", "x", settings{}, ""},
		{"Old", "x", settings{}, "[s] Old is accepted"},
		{"cuont", "x", settings{}, `[s] there is no option "cuont" in a test`},
		{"nothinglike", "x", settings{}, `[s] there is no option "nothinglike" in a test`},
	} {
		var got settings
		var w asterisk.Warnings
		s := &asterisk.Section{Name: "s", Settings: []asterisk.Setting{{Key: c.key, Value: c.value, File: "f", Line: 7}}}
		table.Apply(&got, s, &w)
		text := ""
		for _, x := range w.List() {
			text += x.Text
			if x.File != "f" || x.Line != 7 || x.Here == "" {
				t.Errorf("%s=%s: warning %+v", c.key, c.value, x)
			}
			if c.key == "cuont" && x.Fix != "write count" {
				t.Errorf("%s=%s: fix %q", c.key, c.value, x.Fix)
			}
		}
		if text != c.warning || got.Name != c.want.Name || got.On != c.want.On || got.Count != c.want.Count ||
			got.Wait != c.want.Wait || got.Color != c.want.Color || got.Word != c.want.Word ||
			got.PIN != c.want.PIN || got.Level != c.want.Level || got.ignored {
			t.Errorf("%s=%s gives %+v and %q, want %+v and %q", c.key, c.value, got, text, c.want, c.warning)
		}
	}
}

func TestLists(t *testing.T) {
	var got settings
	for _, v := range []string{"a, b,,c", "d"} {
		if err := table.Rows["more"](&got, v); err != nil {
			t.Fatal(err)
		}
	}
	if len(got.Names) != 4 || got.Names[1] != "b" || got.Names[3] != "d" {
		t.Errorf("names %q", got.Names)
	}
	if err := table.Rows["names"](&got, "x"); err != nil || len(got.Names) != 1 {
		t.Errorf("names %q, %v", got.Names, err)
	}
}

func TestAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"10.0.0.1": "10.0.0.1/32", "10.0.0.0/8": "10.0.0.0/8", "10.1.2.3/255.255.0.0": "10.1.0.0/16", "2001:db8::/32": "2001:db8::/32",
		"[::1]": "::1/128", "10.0.0.0/33": "", "10.0.0.0/255.0.255.0": "", "x": "", "10.0.0.0/::": "", "fe80::1%eth0": "", "10.0.0.0/-1": "",
		"192.0.2.1/24": "192.0.2.0/24", "0.0.0.0/0": "0.0.0.0/0", "2001:db8::1/64": "2001:db8::/64", "::ffff:192.0.2.1": "192.0.2.1/32",
		"": "", "host.example": "", "192.0.2.1/": "", "2001:db8::1/255.255.255.0": "", "192.0.2": "",
	} {
		p, err := ParsePrefix(text)
		if (err != nil) != (want == "") || err == nil && p.String() != want {
			t.Errorf("%s is %v (%v), want %q", text, p, err, want)
		}
	}
	for text, want := range map[string]string{
		"0.0.0.0": "0.0.0.0:5060", "1.2.3.4:70": "1.2.3.4:70", "::": "[::]:5060", "[::]:9": "[::]:9", "[::]": "[::]:5060", "host": "", "1.2.3.4:99999": "",
	} {
		ap, err := ParseBind(text, 5060)
		if (err != nil) != (want == "") || err == nil && ap.String() != want {
			t.Errorf("%s is %v (%v), want %q", text, ap, err, want)
		}
	}
}
