package app

import (
	"testing"
	"time"
)

func TestDialOptions(t *testing.T) {
	for text, want := range map[string]dialOptions{
		"":                        {},
		"g":                       {goOn: true},
		"tTkKg":                   {goOn: true},
		"r":                       {ring: true},
		"L(60000:10000)":          {limit: time.Minute},
		"S(5)L(60000)":            {limit: 5 * time.Second},
		"L(1000)S(5)g":            {goOn: true, limit: time.Second},
		"S(0)":                    {},
		"L(x)S(-1)":               {},
		"U(greeting,g)b(r^g(S)1)": {},
		"M(never-closed(g)":       {},
		")g":                      {goOn: true},
	} {
		if got := parseDialOptions(text); got != want {
			t.Errorf("%q gives %+v, want %+v", text, got, want)
		}
	}
}

func FuzzDialOptions(f *testing.F) {
	for _, s := range []string{"tTg", "L(60000:1:2)", "U((x)", "S(1e9)S(99999999999999)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if o := parseDialOptions(s); o.limit < 0 {
			t.Errorf("%q limits to %v", s, o.limit)
		}
	})
}
