package peers

import (
	"reflect"
	"strings"
	"testing"
)

// values are printed, and read again.
var values = map[string]any{
	"0:":                         "",
	"4:spam":                     "spam",
	"l1:a2:bce":                  list{"a", "bc"},
	"d3:cow3:moo4:spaml1:a1:bee": dictionary{"cow": "moo", "spam": list{"a", "b"}},
}

func TestBencode(t *testing.T) {
	for text, v := range values {
		if got := bencode(v); got != text {
			t.Errorf("%v is printed as %q, want %q", v, got, text)
		}
		got, rest, err := readBencode(text+"x", 0)
		if err != nil || rest != "x" || !reflect.DeepEqual(got, v) {
			t.Errorf("%q is read as %v, %q left, %v", text, got, rest, err)
		}
	}
	if v, _, err := readBencode("i-42e", 0); err != nil || v != "-42" {
		t.Errorf("a number: %v, %v", v, err)
	}
	for _, bad := range []string{"", "x", "5:abc", "-1:a", "i5", "l1:a", "d1:a", "dlelee", strings.Repeat("l", 100)} {
		if v, _, err := readBencode(bad, 0); err == nil {
			t.Errorf("%q is read as %v", bad, v)
		}
	}
}

func FuzzBencode(f *testing.F) {
	for text := range values {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, rest, err := readBencode(text, 0); err == nil && !strings.HasSuffix(text, rest) {
			t.Errorf("%q: %q is left", text, rest)
		}
	})
}
