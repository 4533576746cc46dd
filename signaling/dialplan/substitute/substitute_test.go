package substitute

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
)

var errNoSuchFunction = errors.New("no such function")

// mapEnv is an Env of fixed variables with a few functions.
type mapEnv map[string]string

func (m mapEnv) Var(name string) (string, bool) { v, ok := m[name]; return v, ok }

func (m mapEnv) ReadFunction(name, args string) (string, error) {
	switch name {
	case "LEN":
		return strconv.Itoa(len(args)), nil
	case "ARGS":
		return args, nil
	}
	return "", errNoSuchFunction
}

func TestLimits(t *testing.T) {
	env := mapEnv{"BIG": strings.Repeat("x", 40<<10), "A": "1"}
	got, err := Text(env, "${BIG}${BIG}")
	if len(got) != MaxBytes || !errors.Is(err, ErrTooLong) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if got, err := Text(env, strings.Repeat("y", 70<<10)); len(got) != MaxBytes || !errors.Is(err, ErrTooLong) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	deep := strings.Repeat("${", 40) + "A" + strings.Repeat("}", 40)
	if _, err := Text(env, deep); !errors.Is(err, ErrTooDeep) {
		t.Errorf("nested 40 deep: %v", err)
	}
	for _, text := range []string{"${A", "$[1+1", "${", "$["} {
		if _, err := Text(env, text); err == nil {
			t.Errorf("%q is taken without an error", text)
		}
	}
}

// FuzzText looks for panics, and for results beyond the limit.
func FuzzText(f *testing.F) {
	data, err := os.ReadFile("../../../testdata/dialplan/substitutions.tsv")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		text, _, _ := strings.Cut(line, "\t")
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got, _ := Text(mapEnv{"A": "hello", "RAW": "${A}"}, text); len(got) > MaxBytes {
			t.Fatalf("%d bytes", len(got))
		}
	})
}
